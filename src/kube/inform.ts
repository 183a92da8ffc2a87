import type { SourceRange } from "../base/source-range.ts";
import type { Inform } from "../plan/commands.ts";
import { clusterNames } from "./dns/cluster-names.ts";
import { ingressSettings } from "./ingress/controller.ts";
import type { ClusterLayout } from "./layout.ts";
import { placedPods } from "./selected-pods.ts";
import type { EndpointSliceModel } from "./service-model.ts";

/** What CoreDNS and the ingress controller learn from the API server when endpoints have changed. Empty where it is nothing new to them. */
export function informCommands(
  layout: ClusterLayout,
  before: readonly EndpointSliceModel[],
  after: readonly EndpointSliceModel[],
  source: SourceRange,
): Inform[] {
  const { dns, ingressController } = layout.model;
  const names = dns && changed(clusterNames(layout, before), clusterNames(layout, after));
  const proxy = ingressController && changed(ingressSettings(layout, before), ingressSettings(layout, after));
  if (names === undefined && proxy === undefined) return [];
  return [...controllers(layout)].flatMap(({ netns, container, isDns }): Inform[] => {
    const news = isDns ? names && { names } : proxy && { proxy };
    return news === undefined ? [] : [{ do: "inform", netns, container, ...news, source }];
  });
}

function changed<Value>(before: Value, after: Value): Value | undefined {
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
}

/** The containers that watch the API server. */
function* controllers(layout: ClusterLayout): Generator<{ netns: string; container: string; isDns: boolean }> {
  for (const group of layout.model.nodes) {
    for (const pod of group.pods) {
      for (const { name: container, listeners } of pod.contents.containers) {
        const isDns = listeners.some(({ isClusterDns }) => isClusterDns === true);
        if (!isDns && !listeners.some(({ program }) => program === "ingress")) continue;
        for (const { nodeName, podName } of placedPods(layout, group, pod)) {
          const found = layout.names.resolve(`${nodeName}/${podName}`);
          if (found.kind === "found") yield { netns: found.ref.netns, container, isDns };
        }
      }
    }
  }
}
