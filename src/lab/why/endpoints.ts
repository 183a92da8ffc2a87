import type { Item } from "../../language/generated/ast.ts";
import { refusedServiceOf } from "../refused-service.ts";
import type { Asked } from "./asked.ts";
import type { Idea } from "./explanation.ts";
import { type FileEdits, idea } from "./file-edits.ts";
import { selectorIdeas } from "./selectors.ts";

/** A Service without endpoints, or without one on this node: labels that no pod has, pods that are not ready, a policy that keeps to the node. */
export function endpointIdeas(asked: Asked): readonly Idea[] {
  const { file, world, packet, netns, layout } = asked;
  const refused = refusedServiceOf(world, packet);
  if (refused === undefined || file === undefined) return [];
  const name = refused.service.slice(refused.service.indexOf("/") + 1);
  const service = file.items("Service").find((item) => "name" in item && item.name === name);
  const node = world.namespaces.name.get(netns);
  const unready = podsNotReady(file, refused.isLocal ? node : undefined);
  const readied = unready.flatMap(({ line, pod }) =>
    idea(`Pod ${pod} is ready`, [file.replaceIn(line, /\bready\s+false\b/, "ready true")]),
  );
  const known = layout()?.services.find((one) => `${one.namespace}/${one.name}` === refused.service);
  const selected = known === undefined ? [] : selectorIdeas(asked, known);
  return [...selected, ...readied, ...(service === undefined ? [] : clusterPolicy(file, service))];
}

/** Lines that say that a pod is not ready, of all nodes or of one. */
function podsNotReady(file: FileEdits, node: string | undefined): readonly { line: number; pod: string }[] {
  return file.items("Pod").flatMap((pod) => {
    const home = pod.$container.$container as Item | undefined;
    const isThere = node === undefined || (home?.$type === "Node" && home.name === node);
    if (!isThere || !("name" in pod)) return [];
    return file
      .lines(pod, "ready", "false")
      .map((line) => ({ line: file.rangeOfLine(line).line, pod: pod.name ?? "" }));
  });
}

function clusterPolicy(file: FileEdits, service: Item): readonly Idea[] {
  return ["externalTrafficPolicy", "internalTrafficPolicy"].flatMap((name) =>
    file
      .lines(service, name, "Local")
      .flatMap((line) =>
        idea(`${name} Cluster`, [file.replaceIn(file.rangeOfLine(line).line, /\bLocal\b/, "Cluster")]),
      ),
  );
}
