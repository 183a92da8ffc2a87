import type { SourceRange } from "../base/source-range.ts";
import type { SetUpCommand } from "../plan/commands.ts";
import type { Ipv4Prefix } from "../wire/ipv4-address.ts";
import { type PodSlot, slotAddress } from "./ipam.ts";
import { type ClusterLayout, memberBridge, memberBridgeAddresses } from "./layout.ts";
import { hostEndMac, macFromNames, podMac } from "./mac-derivation.ts";
import { type BridgeModel, memberCount, type NamespaceContents, type NodeGroup } from "./model.ts";
import { proxySysctls } from "./proxy/node-ports.ts";
import { proxyConfigOf, usesIptablesProxy } from "./proxy-config.ts";
import { configurationCommands, hubCommands, rawVethCommands } from "./raw-wiring.ts";
import { isOfDevice, nodeSysctls, podSysctls } from "./sysctls.ts";
import { switchCommands, underlayOf, uplinkCommands } from "./underlay.ts";

/**
 * Everything an administrator would type to build the cluster, in order. Made on demand: large clusters have millions.
 * `membersPerGroup` limits how many nodes of each range are built.
 */
export function* setUpCommands(
  layout: ClusterLayout,
  membersPerGroup: number = Number.POSITIVE_INFINITY,
): Generator<SetUpCommand> {
  const underlay = underlayOf(layout);
  if (underlay) yield* switchCommands(layout, underlay);
  for (const group of layout.model.nodes) {
    const members = Math.min(memberCount(group.name), membersPerGroup);
    for (let member = 0; member < members; member++) yield* nodeCommands(layout, group, member);
  }
  if (underlay) yield* uplinkCommands(layout, underlay);
  for (const raw of layout.model.namespaces) {
    const netns = layout.names.rawName(raw);
    const node = raw.node ? layout.names.nodeName(raw.node, 0) : netns;
    if (raw.node === undefined) yield { do: "node add", node, source: raw.source };
    yield* namespaceCommands(netns, node, "netns", raw.contents, raw.source);
    for (const bridge of raw.contents.bridges) yield* rawBridge(netns, bridge);
  }
  yield* rawVethCommands(layout.model.veths);
  yield* hubCommands(layout.model.hubs);
  yield* configurationCommands(layout, membersPerGroup);
}

function* nodeCommands(layout: ClusterLayout, group: NodeGroup, member: number): Generator<SetUpCommand> {
  const node = layout.names.nodeName(group, member);
  const { source } = group;
  yield { do: "node add", node, source };
  const proxy = usesIptablesProxy(layout) ? proxySysctls(proxyConfigOf(layout, group, member)) : [];
  yield* namespaceCommands(node, node, "node", group.contents, source, proxy);
  const cidr = layout.cidrs.of(group, member);
  const nodeLayout = layout.nodeLayout(group);
  const podBridge = memberBridge(nodeLayout, cidr);
  if (podBridge && !podBridge.declared) {
    const bridge = { name: podBridge.name, addresses: [], source: group.podCidr?.source ?? source };
    yield* bridgeCommands(node, bridge, podBridge.mac, podBridge.gateway ? [podBridge.gateway] : []);
  }
  for (const bridge of group.contents.bridges) {
    const stated = memberBridgeAddresses(bridge, layout.cidrs.of(group, 0), cidr);
    const isPodBridge = bridge === podBridge?.declared;
    const addresses = isPodBridge && stated.length === 0 && podBridge?.gateway ? [podBridge.gateway] : stated;
    const mac = bridge.mac ? bridge.mac.value + member : addresses[0] ? podMac(addresses[0].address) : undefined;
    yield* bridgeCommands(node, bridge, mac, addresses);
  }
  for (const slot of nodeLayout.slots) yield* podCommands(layout, group, member, slot, podBridge);
}

function* namespaceCommands(
  netns: string,
  node: string,
  role: "node" | "pod" | "netns",
  contents: NamespaceContents,
  source: SourceRange,
  fromProxy: ReturnType<typeof proxySysctls> = [],
): Generator<SetUpCommand> {
  yield { do: "netns add", netns, node, role, source };
  for (const [key, value] of role === "node" ? nodeSysctls : podSysctls) {
    yield { do: "sysctl", netns, key, value, source };
  }
  for (const { name: key, value } of fromProxy) yield { do: "sysctl", netns, key, value, source };
  for (const { key, value, source: place } of contents.sysctls) {
    if (isOfDevice(key)) continue;
    yield { do: "sysctl", netns, key, value, source: place };
  }
  yield { do: "link set", netns, dev: "lo", up: true, source };
}

function* rawBridge(netns: string, bridge: BridgeModel): Generator<SetUpCommand> {
  const addresses = bridge.addresses.map(({ value }) => value);
  yield* bridgeCommands(netns, bridge, bridge.mac?.value, addresses);
}

function* bridgeCommands(
  netns: string,
  { name: dev, ageingTimeNs, source }: BridgeModel,
  mac: number | undefined,
  addresses: readonly Ipv4Prefix[],
): Generator<SetUpCommand> {
  yield { do: "bridge add", netns, dev, mac: mac ?? macFromNames(netns, dev), ageingTimeNs, source };
  for (const prefix of addresses) yield { do: "addr add", netns, dev, prefix, source };
  yield { do: "link set", netns, dev, up: true, source };
}

/** The CNI ADD of one pod: its namespace, its cable to the node's bridge, its address and default route. */
function* podCommands(
  layout: ClusterLayout,
  group: NodeGroup,
  member: number,
  slot: PodSlot,
  podBridge: ReturnType<typeof memberBridge>,
): Generator<SetUpCommand> {
  const { pod } = slot;
  const { source } = pod;
  const node = layout.names.nodeName(group, member);
  const netns = layout.names.podName(group, member, pod, slot.member);
  yield* namespaceCommands(netns, node, "pod", pod.contents, source);
  for (const bridge of pod.contents.bridges) yield* rawBridge(netns, bridge);
  if (podBridge === undefined) return;
  const cidr = layout.cidrs.of(group, member);
  const address = slotAddress(slot, cidr);
  const end = pod.hostEnd;
  const statedMac = pod.mac && pod.mac.value + slot.member;
  yield {
    do: "veth add",
    netns,
    dev: "eth0",
    mac: statedMac ?? (address === undefined ? macFromNames(netns, "eth0") : podMac(address)),
    peerNetns: node,
    peerDev: slot.hostDev,
    peerMac: end?.mac
      ? end.mac.value + slot.member
      : address === undefined
        ? macFromNames(node, slot.hostDev)
        : hostEndMac(address),
    source,
    peerSource: end?.source,
  };
  const master = end?.master?.value ?? podBridge.name;
  const joining = end?.master?.source ?? end?.source ?? source;
  yield { do: "link set", netns: node, dev: slot.hostDev, master, up: true, source: joining };
  if (address !== undefined && cidr) {
    const place = pod.address?.source ?? source;
    yield { do: "addr add", netns, dev: "eth0", prefix: { address, length: cidr.length }, source: place };
  }
  yield { do: "link set", netns, dev: "eth0", up: true, source };
  if (address === undefined || podBridge.gateway === undefined) return;
  const via = podBridge.gateway.address;
  yield { do: "route add", netns, type: "unicast", destination: { address: 0, length: 0 }, via, dev: "eth0", source };
}
