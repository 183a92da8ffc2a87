import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { slotAddress } from "./ipam.ts";
import { type ClusterLayout, memberNodeAddress } from "./layout.ts";
import { type ClusterModel, memberCount, memberName, type NodeGroup, type PodGroup } from "./model.ts";

/** One pod of the cluster, with what an EndpointSlice says of it. */
export interface PlacedPod {
  readonly pod: PodGroup;
  readonly podName: string;
  /** See `podKey`. */
  readonly key: string;
  readonly nodeName: string;
  /** Undefined: it has none (yet). */
  readonly address: Ipv4Address | undefined;
}

/** What a pod is known by: its node and its name. */
export function podKey(nodeName: string, pod: PodGroup, member: number): string {
  return `${nodeName}/${memberName(pod.name, member)}`;
}

type Labels = Readonly<Record<string, string>>;

/** Whether a declaration's pods carry all labels of a selector. */
export function isSelected(pod: PodGroup, namespace: string, selector: Labels): boolean {
  if (pod.namespace !== namespace) return false;
  return Object.entries(selector).every(([key, value]) => Object.hasOwn(pod.labels, key) && pod.labels[key] === value);
}

/** The declarations whose pods a selector finds; an empty one finds none. */
export function selectedGroups(
  { nodes }: Pick<ClusterModel, "nodes">,
  namespace: string,
  selector: Labels,
): { readonly group: NodeGroup; readonly pod: PodGroup }[] {
  if (Object.keys(selector).length === 0) return [];
  return nodes.flatMap((group) =>
    group.pods.filter((pod) => isSelected(pod, namespace, selector)).map((pod) => ({ group, pod })),
  );
}

/** Every single pod of a declaration, node by node. */
export function* placedPods(layout: ClusterLayout, group: NodeGroup, pod: PodGroup): Generator<PlacedPod> {
  const slots = layout.nodeLayout(group).slots.filter((slot) => slot.pod === pod);
  for (let member = 0; member < memberCount(group.name); member++) {
    const nodeName = layout.names.nodeName(group, member);
    const cidr = layout.cidrs.of(group, member);
    const [key, address] = [podKey(nodeName, pod, 0), memberNodeAddress(group, member)?.address];
    if (pod.hostNetwork) yield { pod, podName: memberName(pod.name, 0), key, nodeName, address };
    for (const slot of slots) {
      const podName = memberName(pod.name, slot.member);
      yield { pod, podName, key: podKey(nodeName, pod, slot.member), nodeName, address: slotAddress(slot, cidr) };
    }
  }
}
