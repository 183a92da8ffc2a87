import type { Diagnostic } from "../base/diagnostic.ts";
import type { NameServerSettings } from "../plan/names.ts";
import type { ReverseProxySettings } from "../plan/reverse-proxy.ts";
import { type Ipv4Prefix, networkAddress, prefixContains } from "../wire/ipv4-address.ts";
import { assignNodeCidrs, type NodeCidrs } from "./cidr.ts";
import { clusterNames } from "./dns/cluster-names.ts";
import { endpointSlices } from "./endpoint-slices.ts";
import { ingressSettings } from "./ingress/controller.ts";
import { layOutNode, type NodeLayout, type PodSlot, slotAddress } from "./ipam.ts";
import { nodeMac, podMac } from "./mac-derivation.ts";
import type { BridgeModel, ClusterModel, NodeGroup, VethEnd } from "./model.ts";
import { type ClusterNames, indexNames, type NamespaceRef } from "./names.ts";
import { allocateServices } from "./service-allocation.ts";
import type { EndpointSliceModel, ServiceModel } from "./service-model.ts";

/** The cluster with everything decided that it left open: names in the plan, blocks of addresses, addresses of pods. */
export interface ClusterLayout {
  readonly model: ClusterModel;
  readonly names: ClusterNames;
  readonly cidrs: NodeCidrs;
  nodeLayout(group: NodeGroup): NodeLayout;
  /** The addresses of a namespace, device by device, as far as the file decides them; the primary one first. */
  addressesOf(ref: NamespaceRef): readonly DeviceAddress[];
  /** With the cluster IPs and node ports that they were given. */
  readonly services: readonly ServiceModel[];
  /** Of all Services; made when asked for. */
  endpointSlices(): readonly EndpointSliceModel[];
  /** What the cluster's DNS knows; made when asked for. */
  clusterNames(): NameServerSettings;
  /** What the ingress controller knows; made when asked for. */
  ingressSettings(): ReverseProxySettings;
  readonly problems: readonly Diagnostic[];
}

export interface DeviceAddress {
  readonly dev: string;
  readonly prefix: Ipv4Prefix;
}

export function layOutCluster(model: ClusterModel): ClusterLayout {
  const cidrs = assignNodeCidrs(model);
  const problems = [...cidrs.problems];
  const layouts = new Map<NodeGroup, NodeLayout>();
  for (const group of model.nodes) {
    const layout = layOutNode(model, group, cidrs.of(group, 0));
    layouts.set(group, layout);
    problems.push(...layout.problems);
  }
  const nodeLayout = (group: NodeGroup) => layouts.get(group) as NodeLayout;
  const allocation = allocateServices(model);
  problems.push(...allocation.problems);
  let slices: readonly EndpointSliceModel[] | undefined;
  let names: NameServerSettings | undefined;
  let proxied: ReverseProxySettings | undefined;
  const layout: ClusterLayout = {
    model,
    names: indexNames(model),
    cidrs,
    nodeLayout,
    addressesOf: (ref) => addressesOf(model, cidrs, nodeLayout, ref),
    services: allocation.services,
    endpointSlices: () => {
      slices ??= endpointSlices(layout);
      return slices;
    },
    clusterNames: () => {
      names ??= clusterNames(layout, layout.endpointSlices());
      return names;
    },
    ingressSettings: () => {
      proxied ??= ingressSettings(layout, layout.endpointSlices());
      return proxied;
    },
    problems,
  };
  return layout;
}

/** The `address` and `bridge` addresses of a member of a node group: the first member's, counted up. */
export function memberNodeAddress(group: NodeGroup, member: number): Ipv4Prefix | undefined {
  const prefix = group.address?.value;
  return prefix && { address: (prefix.address + member) >>> 0, length: prefix.length };
}

export function memberNodeMac(group: NodeGroup, member: number): number {
  const prefix = memberNodeAddress(group, member);
  return group.mac ? group.mac.value + member : nodeMac(prefix?.address ?? 0);
}

/** Where the pods of one member of a node group find their bridge: its name, address and MAC. */
export function memberBridge(
  layout: NodeLayout,
  cidr: Ipv4Prefix | undefined,
):
  | { readonly name: string; readonly gateway?: Ipv4Prefix; readonly mac?: number; readonly declared?: BridgeModel }
  | undefined {
  const bridge = layout.bridge;
  if (bridge === undefined) return undefined;
  if (cidr === undefined || bridge.gatewayOffset === undefined) return { name: bridge.name, declared: bridge.declared };
  const gateway = { address: networkAddress(cidr) + bridge.gatewayOffset, length: cidr.length };
  return { name: bridge.name, gateway, mac: podMac(gateway.address), declared: bridge.declared };
}

/** The addresses that a declared bridge has on one member of its node's group: those inside the pod CIDR follow it. */
export function memberBridgeAddresses(
  bridge: BridgeModel,
  first: Ipv4Prefix | undefined,
  own: Ipv4Prefix | undefined,
): Ipv4Prefix[] {
  return bridge.addresses.map(({ value }) => {
    if (!first || !own || !prefixContains(first, value.address)) return value;
    return { address: value.address - networkAddress(first) + networkAddress(own), length: value.length };
  });
}

/** The slot of a pod in its node's layout. */
function slotOf(layout: NodeLayout, ref: NamespaceRef): PodSlot | undefined {
  if (ref.role !== "pod") return undefined;
  return layout.slots.find((slot) => slot.pod === ref.pod && slot.member === ref.podMember);
}

function addressesOf(
  model: ClusterModel,
  cidrs: NodeCidrs,
  nodeLayout: (group: NodeGroup) => NodeLayout,
  asked: NamespaceRef,
): DeviceAddress[] {
  const ref: NamespaceRef = asked.role === "pod" && asked.pod.hostNetwork ? { ...asked, role: "node" } : asked;
  const found: DeviceAddress[] = [];
  const add = (dev: string, prefix: Ipv4Prefix | undefined) => {
    if (prefix) found.push({ dev, prefix });
  };
  if (ref.role === "pod") {
    const cidr = cidrs.of(ref.group, ref.member);
    const slot = slotOf(nodeLayout(ref.group), ref);
    const address = slot && slotAddress(slot, cidr);
    const length = model.cni === "routed" ? 32 : (cidr?.length ?? ref.pod.addressLength ?? 32);
    if (address !== undefined) add("eth0", { address, length });
  }
  if (ref.role === "netns") {
    for (const [i, { address }] of (ref.raw.machine?.uplinks ?? []).entries()) add(`eth${i}`, address.value);
  }
  if (ref.role === "node") addNodeAddresses(add, cidrs, nodeLayout(ref.group), ref.group, ref.member);
  const contents = ref.role === "pod" ? ref.pod.contents : ref.role === "node" ? undefined : ref.raw.contents;
  for (const bridge of contents?.bridges ?? []) for (const { value } of bridge.addresses) add(bridge.name, value);
  const interfaces = ref.role === "node" ? ref.group.contents.interfaces : contents?.interfaces;
  for (const device of interfaces ?? []) for (const { value } of device.addresses) add(device.dev, value);
  for (const { ends } of model.veths) addEndAddresses(add, ends, ref);
  for (const { stations } of model.hubs) addEndAddresses(add, stations, ref);
  return found;
}

function addEndAddresses(
  add: (dev: string, prefix: Ipv4Prefix) => void,
  ends: readonly VethEnd[],
  { netns }: NamespaceRef,
): void {
  for (const end of ends) if (end.netns === netns) for (const { value } of end.addresses) add(end.dev, value);
}

function addNodeAddresses(
  add: (dev: string, prefix: Ipv4Prefix | undefined) => void,
  cidrs: NodeCidrs,
  layout: NodeLayout,
  group: NodeGroup,
  member: number,
): void {
  add("eth0", memberNodeAddress(group, member));
  const cidr = cidrs.of(group, member);
  const podBridge = memberBridge(layout, cidr);
  if (podBridge && !podBridge.declared?.addresses.length) add(podBridge.name, podBridge.gateway);
  for (const bridge of group.contents.bridges) {
    for (const prefix of memberBridgeAddresses(bridge, cidrs.of(group, 0), cidr)) add(bridge.name, prefix);
  }
}
