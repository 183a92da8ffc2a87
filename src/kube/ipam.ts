import type { Diagnostic } from "../base/diagnostic.ts";
import {
  broadcastAddress,
  formatIpv4,
  formatPrefix,
  type Ipv4Address,
  type Ipv4Prefix,
  networkAddress,
  prefixContains,
} from "../wire/ipv4-address.ts";
import { caliName } from "./calico.ts";
import {
  type BridgeModel,
  type ClusterModel,
  type Cni,
  memberCount,
  memberName,
  type NodeGroup,
  type PodGroup,
} from "./model.ts";

/** One pod of a node, the same on every member of the node's group but for the block its address counts from. */
export interface PodSlot {
  readonly pod: PodGroup;
  /** Which member of the pod's group, counted from 0. */
  readonly member: number;
  /** Distance from the node's first pod address; the address itself where the node has no pod CIDR. */
  readonly offset?: number;
  /** The node's end of the cable. */
  readonly hostDev: string;
}

/** How the CNI plugin and its IPAM furnish one node of a group. */
export interface NodeLayout {
  readonly slots: readonly PodSlot[];
  /** The bridge that pods join, with its address as offset; absent where pods are wired by hand. */
  readonly bridge?: PodBridge;
  readonly problems: readonly Diagnostic[];
}

export interface PodBridge {
  readonly name: string;
  /** Absent: the plugin makes it (`cbr0`, the block's first address). */
  readonly declared?: BridgeModel;
  /** The pods' gateway: distance from the node's first pod address. */
  readonly gatewayOffset?: number;
}

/** Hands out addresses like host-local: the gateway first, then the next free one in order, stated ones skipped. Pods in the node's own network get none. */
export function layOutNode(model: ClusterModel, group: NodeGroup, cidr: Ipv4Prefix | undefined): NodeLayout {
  const problems: Diagnostic[] = [];
  const bridge = podBridge(model, group, cidr);
  checkGateway(bridge, group, cidr, problems);
  const taken = statedOffsets(group, cidr, problems);
  if (bridge?.gatewayOffset !== undefined) taken.add(bridge.gatewayOffset);
  const automatic = automaticOffsets(cidr, taken);
  const hostDevs = hostDevNames(model, group);
  const slots: PodSlot[] = [];
  for (const pod of group.pods) {
    if (pod.hostNetwork) continue;
    let exhausted = false;
    for (let member = 0; member < memberCount(pod.name); member++) {
      const offset = pod.address
        ? statedOffset(pod, member, cidr)
        : model.cni === "none"
          ? undefined
          : automatic.next().value;
      exhausted ||= offset === undefined && model.cni !== "none";
      slots.push({ pod, member, offset, hostDev: hostDevs(pod, member) });
    }
    if (exhausted) problems.push(noAddressLeft(group, pod, cidr));
  }
  return { slots, bridge, problems };
}

/** The address of a slot on a node whose pods are numbered from `base`. */
export function slotAddress(slot: PodSlot, cidr: Ipv4Prefix | undefined): Ipv4Address | undefined {
  if (slot.offset === undefined) return undefined;
  return (cidr ? networkAddress(cidr) : 0) + slot.offset;
}

/** kubenet calls its bridge `cbr0`; flannel leaves the name to the bridge plugin, whose default is `cni0`. */
const bridgingCnis: ReadonlySet<Cni> = new Set<Cni>(["bridge", "host-gw", "vxlan"]);

function podBridge(model: ClusterModel, group: NodeGroup, cidr: Ipv4Prefix | undefined): PodBridge | undefined {
  if (!bridgingCnis.has(model.cni) || (group.pods.length === 0 && group.podCidr === undefined)) return undefined;
  const declared = group.contents.bridges[0];
  const name = declared?.name ?? (model.cni === "bridge" ? "cbr0" : "cni0");
  if (cidr === undefined) return { name, declared };
  const base = networkAddress(cidr);
  const stated = declared?.addresses.find((address) => prefixContains(cidr, address.value.address));
  return { name, declared, gatewayOffset: stated ? stated.value.address - base : 1 };
}

/** Pods reach the world through the bridge, so its address must be on their network. */
function checkGateway(
  bridge: PodBridge | undefined,
  group: NodeGroup,
  cidr: Ipv4Prefix | undefined,
  problems: Diagnostic[],
): void {
  const stated = bridge?.declared?.addresses ?? [];
  if (cidr === undefined || stated.length === 0) return;
  if (stated.some(({ value }) => prefixContains(cidr, value.address))) return;
  problems.push({
    severity: "error",
    code: "address-outside-pod-cidr",
    range: stated[0].source,
    message: `The bridge's ${formatIpv4(stated[0].value.address)} is not inside ${formatPrefix(cidr)}, the pod CIDR of ${memberName(group.name, 0)}: its pods could not reach their gateway.`,
  });
}

function statedOffset(pod: PodGroup, member: number, cidr: Ipv4Prefix | undefined): number | undefined {
  if (pod.address === undefined) return undefined;
  return pod.address.value + member - (cidr ? networkAddress(cidr) : 0);
}

function statedOffsets(group: NodeGroup, cidr: Ipv4Prefix | undefined, problems: Diagnostic[]): Set<number> {
  const offsets = new Set<number>();
  for (const pod of group.pods) {
    if (pod.address === undefined) continue;
    if (group.name.range) problems.push(oneAddressForMany(group, pod));
    for (let member = 0; member < memberCount(pod.name); member++) {
      offsets.add(statedOffset(pod, member, cidr) as number);
    }
    const last = pod.address.value + memberCount(pod.name) - 1;
    if (cidr && !(prefixContains(cidr, pod.address.value) && prefixContains(cidr, last))) {
      problems.push({
        severity: "error",
        code: "address-outside-pod-cidr",
        range: pod.address.source,
        message: `${formatIpv4(pod.address.value)} is not inside ${formatPrefix(cidr)}, the pod CIDR of ${memberName(group.name, 0)}.`,
      });
    } else if (cidr && (pod.address.value === networkAddress(cidr) || last === broadcastAddress(cidr))) {
      problems.push({
        severity: "error",
        code: "reserved-address",
        range: pod.address.source,
        message: `The first and the last address of ${formatPrefix(cidr)} name the network and its broadcast; no pod can have them.`,
      });
    }
  }
  return offsets;
}

/** Every host address of the block in order, without those taken. */
function* automaticOffsets(cidr: Ipv4Prefix | undefined, taken: ReadonlySet<number>): Generator<number, undefined> {
  if (cidr === undefined) return undefined;
  const last = broadcastAddress(cidr) - networkAddress(cidr) - 1;
  for (let offset = 1; offset <= last; offset++) if (!taken.has(offset)) yield offset;
  return undefined;
}

/** Numbers host ends `veth1`, `veth2`, … in order, around those that are named in the file; Calico's have names of its own. */
function hostDevNames({ cni }: ClusterModel, group: NodeGroup): (pod: PodGroup, member: number) => string {
  const named = new Set<string>();
  for (const pod of group.pods) {
    for (let member = 0; pod.hostEnd?.dev && member < memberCount(pod.name); member++)
      named.add(namedHostDev(pod, member));
  }
  let number = 0;
  return (pod, member) => {
    if (pod.hostEnd?.dev) return namedHostDev(pod, member);
    if (cni === "routed") return caliName(pod.namespace, memberName(pod.name, member));
    number++;
    while (named.has(`veth${number}`)) number++;
    return `veth${number}`;
  };
}

/** The stated name; in a range of pods the pod's number follows it. */
function namedHostDev(pod: PodGroup, member: number): string {
  const name = pod.hostEnd?.dev?.value ?? "";
  return pod.name.range ? `${name}${pod.name.range.first + member}` : name;
}

function oneAddressForMany(group: NodeGroup, pod: PodGroup): Diagnostic {
  return {
    severity: "error",
    code: "address-in-node-range",
    range: pod.address?.source ?? pod.source,
    message: `${pod.name.base} stands in every node of ${group.name.base}[…], so it cannot have one address. Leave the address to IPAM.`,
  };
}

function noAddressLeft(group: NodeGroup, pod: PodGroup, cidr: Ipv4Prefix | undefined): Diagnostic {
  const node = memberName(group.name, 0);
  return {
    severity: "error",
    code: cidr ? "pod-cidr-exhausted" : "no-pod-cidr",
    range: pod.name.source,
    message: cidr
      ? `${formatPrefix(cidr)}, the pod CIDR of ${node}, has no address left for ${pod.name.base}.`
      : `${node} has no podCIDR, so ${pod.name.base} gets no address.`,
  };
}
