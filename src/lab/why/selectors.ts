import { selectedGroups } from "../../kube/selected-pods.ts";
import type { ServiceModel } from "../../kube/service-model.ts";
import type { Asked } from "./asked.ts";
import type { Idea } from "./explanation.ts";
import { idea } from "./file-edits.ts";

/** The Service has a selector, and no pod of its namespace has these labels. */
export function selectsNobody({ layout }: Asked, { namespace, selector }: ServiceModel): boolean {
  const model = layout()?.model;
  return model !== undefined && selector !== undefined && selectedGroups(model, namespace, selector).length === 0;
}

export function selectorText({ selector = {} }: ServiceModel): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

/** A value that pods of the namespace have for a label, where the selector asks for one that none has. */
export function selectorIdeas(asked: Asked, service: ServiceModel): readonly Idea[] {
  const { file, layout } = asked;
  const declaration = file?.declarationAt(service.source);
  const model = layout()?.model;
  if (file === undefined || declaration === undefined || model === undefined || !selectsNobody(asked, service))
    return [];
  const pods = model.nodes.flatMap((group) => group.pods).filter((pod) => pod.namespace === service.namespace);
  return Object.entries(service.selector ?? {}).flatMap(([key, value]) => {
    const others = new Set(pods.flatMap((pod) => pod.labels[key] ?? []));
    if (others.has(value)) return [];
    const written = new RegExp(`\\b${literal(key)}=${literal(value)}(?![\\w.-])`);
    return [...others].flatMap((other) =>
      file
        .lines(declaration, "selector")
        .flatMap((line) =>
          idea(`In ${service.name}: selector ${key}=${other} in the place of ${key}=${value}`, [
            file.replaceIn(file.rangeOfLine(line).line, written, `${key}=${other}`),
          ]),
        ),
    );
  });
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
