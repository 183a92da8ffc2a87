import type { SourceRange } from "../base/source-range.ts";
import type { NetnsRole, SetUpCommand } from "../plan/commands.ts";
import type { ResolvConf } from "../plan/names.ts";
import type { Ipv4Prefix } from "../wire/ipv4-address.ts";
import { caliCommands } from "./calico.ts";
import { podResolvConf } from "./dns/resolv-conf.ts";
import type { PodSlot } from "./ipam.ts";
import { type ClusterLayout, memberBridge, memberBridgeAddresses } from "./layout.ts";
import { macFromNames, podMac } from "./mac-derivation.ts";
import { allMembers, type MemberChoice } from "./member-choice.ts";
import type { BridgeModel, NamespaceContents, NodeGroup, Sourced } from "./model.ts";
import { nodeRouteCommands } from "./node-routes.ts";
import { type PodCable, podCable, vethCommand } from "./pod-cable.ts";
import { podMtu } from "./pod-mtu.ts";
import { proxySysctls } from "./proxy/node-ports.ts";
import { proxyConfigOf, proxyModeOf } from "./proxy-config.ts";
import { configurationCommands, hubCommands, rawVethCommands } from "./raw-wiring.ts";
import { isOfDevice, nodeSysctls, podSysctls, routerSysctls } from "./sysctls.ts";
import { implicitSwitchCommands, uplinkCommands } from "./underlay.ts";

/**
 * Everything an administrator would type to build the cluster, in order. Made on demand: large clusters have millions.
 * `members` says which nodes of each range are built, and `plugged` which of them have their cables.
 */
export function* setUpCommands(
  layout: ClusterLayout,
  members: MemberChoice = allMembers,
  plugged: MemberChoice = members,
): Generator<SetUpCommand> {
  yield* implicitSwitchCommands(layout);
  for (const group of layout.model.nodes) {
    for (const member of members(group)) yield* nodeCommands(layout, group, member);
  }
  for (const raw of layout.model.namespaces) {
    const netns = layout.names.rawName(raw);
    const node = raw.node ? layout.names.nodeName(raw.node, 0) : netns;
    if (raw.node === undefined) yield { do: "node add", node, source: raw.source };
    yield* namespaceCommands(netns, node, raw.machine?.role ?? "netns", raw.contents, raw.source);
    for (const bridge of raw.contents.bridges) yield* rawBridge(netns, bridge);
  }
  yield* uplinkCommands(layout, plugged);
  yield* nodeRouteCommands(layout, members);
  yield* rawVethCommands(layout.model.veths);
  yield* hubCommands(layout.model.hubs);
  yield* configurationCommands(layout, members);
}

function* nodeCommands(layout: ClusterLayout, group: NodeGroup, member: number): Generator<SetUpCommand> {
  const node = layout.names.nodeName(group, member);
  const { source } = group;
  yield { do: "node add", node, source };
  const proxy = proxyModeOf(layout) === "iptables" ? proxySysctls(proxyConfigOf(layout, group, member)) : [];
  yield* namespaceCommands(node, node, "node", group.contents, source, { fromProxy: proxy });
  const cidr = layout.cidrs.of(group, member);
  const nodeLayout = layout.nodeLayout(group);
  const podBridge = memberBridge(nodeLayout, cidr);
  const mtu = podMtu(layout.model, group);
  if (podBridge && !podBridge.declared) {
    const bridge = { name: podBridge.name, addresses: [], source: group.podCidr?.source ?? source };
    yield* bridgeCommands(node, bridge, podBridge.mac, podBridge.gateway ? [podBridge.gateway] : [], mtu);
  }
  for (const bridge of group.contents.bridges) {
    const stated = memberBridgeAddresses(bridge, layout.cidrs.of(group, 0), cidr);
    const isPodBridge = bridge === podBridge?.declared;
    const addresses = isPodBridge && stated.length === 0 && podBridge?.gateway ? [podBridge.gateway] : stated;
    const mac = bridge.mac ? bridge.mac.value + member : addresses[0] ? podMac(addresses[0].address) : undefined;
    yield* bridgeCommands(node, bridge, mac, addresses, isPodBridge ? mtu : undefined);
  }
  for (const slot of nodeLayout.slots) yield* podCommands(layout, group, member, slot, podBridge);
}

interface NamespaceExtras {
  /** What kube-proxy sets on a node. */
  readonly fromProxy?: ReturnType<typeof proxySysctls>;
  readonly resolvConf?: ResolvConf;
}

function* namespaceCommands(
  netns: string,
  node: string,
  role: NetnsRole,
  contents: NamespaceContents,
  source: SourceRange,
  { fromProxy = [], resolvConf }: NamespaceExtras = {},
): Generator<SetUpCommand> {
  yield { do: "netns add", netns, node, role, resolvConf, source };
  for (const [key, value] of sysctlsOf(role)) {
    yield { do: "sysctl", netns, key, value, source };
  }
  for (const { name: key, value } of fromProxy) yield { do: "sysctl", netns, key, value, source };
  for (const { key, value, source: place } of contents.sysctls) {
    if (isOfDevice(key)) continue;
    yield { do: "sysctl", netns, key, value, source: place };
  }
  yield { do: "link set", netns, dev: "lo", up: true, source };
}

function sysctlsOf(role: NetnsRole): typeof podSysctls {
  if (role === "node") return nodeSysctls;
  return role === "router" ? routerSysctls : podSysctls;
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
  mtu?: number,
): Generator<SetUpCommand> {
  yield { do: "bridge add", netns, dev, mac: mac ?? macFromNames(netns, dev), ageingTimeNs, source };
  for (const prefix of addresses) yield { do: "addr add", netns, dev, prefix, source };
  yield { do: "link set", netns, dev, mtu, up: true, source };
}

/** The CNI ADD of one pod: its namespace, its cable to the node, its address and routes. */
function* podCommands(
  layout: ClusterLayout,
  group: NodeGroup,
  member: number,
  slot: PodSlot,
  podBridge: ReturnType<typeof memberBridge>,
): Generator<SetUpCommand> {
  const { pod } = slot;
  const cable = podCable(layout, group, member, slot);
  const { netns, node } = cable;
  yield* namespaceCommands(netns, node, "pod", pod.contents, pod.source, { resolvConf: podResolvConf(layout, pod) });
  for (const bridge of pod.contents.bridges) yield* rawBridge(netns, bridge);
  if (layout.model.cni === "none") return;
  yield vethCommand(cable, pod.hostEnd?.source);
  if (podBridge === undefined) yield* caliCommands(cable);
  else yield* bridgePluginCommands(cable, podBridge, pod.hostEnd?.master);
}

/** What is left to the bridge plugin when the cable is laid. A list, since it is asked for so often. */
function bridgePluginCommands(
  { netns, node, hostDev, address, mtu, source, places }: PodCable,
  bridge: NonNullable<ReturnType<typeof memberBridge>>,
  stated: Sourced<string> | undefined,
): readonly SetUpCommand[] {
  const master = stated?.value ?? bridge.name;
  const joining = stated?.source ?? places.hostEnd;
  const join: SetUpCommand = { do: "link set", netns: node, dev: hostDev, mtu, master, up: true, source: joining };
  const up: SetUpCommand = { do: "link set", netns, dev: "eth0", mtu, up: true, source };
  if (address === undefined || bridge.gateway === undefined) return [join, up];
  const { address: via, length } = bridge.gateway;
  const destination = { address: 0, length: 0 };
  return [
    join,
    { do: "addr add", netns, dev: "eth0", prefix: { address, length }, source: places.address },
    up,
    { do: "route add", netns, type: "unicast", destination, via, dev: "eth0", source },
  ];
}
