import { conf, confOf } from "../linux/device/conf.ts";
import { dropReasonOf } from "../linux/drop.ts";
import { type DropReason, dropReasons } from "../linux/drop-reason.ts";
import { fibLookup } from "../linux/ip/fib.ts";
import { routeOutput } from "../linux/ip/source.ts";
import { rejectionOf } from "../linux/netfilter/rejection.ts";
import { policy } from "../linux/netfilter/rules.ts";
import { getSysctl } from "../linux/setup/sysctl.ts";
import { socketKind } from "../linux/sockets.ts";
import type { World } from "../linux/world.ts";
import type { Ipv4Packet } from "../wire/ipv4.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import { formatMac } from "../wire/mac-address.ts";
import { printEndpoint } from "./inspect/print.ts";
import { ruleText } from "./inspect/rules.ts";
import { ruleName, tableName } from "./names.ts";

/** Why a packet that stands before its drop is to be dropped, in words: with the rule, the device, the setting that did it. */
export function dropExplanation(world: World, packet: number): string {
  const reason = dropReasonOf(world, packet);
  return explanations[reason]?.(world, packet) ?? dropReasons[reason];
}

/** Undefined where there is no more to say than what the reason itself says. */
type Explanation = (world: World, packet: number) => string | undefined;

const explanations: Readonly<Partial<Record<DropReason, Explanation>>> = {
  IP_INADDRERRORS: notForwarded,
  IP_INNOROUTES: noRoute,
  IP_OUTNOROUTES: noRoute,
  IP_RPFILTER: wrongWay,
  PKT_TOO_BIG: tooBig,
  NEIGH_FAILED: (world, packet) => `${dropReasons.NEIGH_FAILED}, ${formatIpv4(world.packets.nextHop.get(packet))}`,
  NO_SOCKET: noSocket,
  BRIDGE_SAME_PORT: backToItsPort,
  NETFILTER_DROP: refusedByRule,
  NO_TX_TARGET: unknownVtep,
  ICMP_ECHO_IGNORED: echoIgnored,
  NO_WAY_BACK: noWayBack,
};

/** Not an address of this machine, which does not forward what comes in by that device. */
function notForwarded(world: World, packet: number): string | undefined {
  const { devices, namespaces, packets } = world;
  const ip = ipOf(world, packet);
  if (ip === undefined) return undefined;
  const netns = packets.netns.get(packet);
  const device = packets.device.get(packet);
  const isOffForAll = namespaces.forwarding.get(netns) === 0;
  const setting = isOffForAll ? "ip_forward" : `conf.${devices.name.get(device)}.forwarding`;
  return `${formatIpv4(ip.destination)} is no address of ${namespaces.name.get(netns)}, where net.ipv4.${setting} is 0`;
}

function noRoute(world: World, packet: number): string | undefined {
  const ip = ipOf(world, packet);
  if (ip === undefined) return undefined;
  const name = world.namespaces.name.get(world.packets.netns.get(packet));
  return `${name} has no route to ${formatIpv4(ip.destination)}`;
}

/** The filter's two questions: strict, by this very device? loose, by any? */
function wrongWay(world: World, packet: number): string | undefined {
  const { devices, packets, routes } = world;
  const ip = ipOf(world, packet);
  if (ip === undefined) return undefined;
  const device = packets.device.get(packet);
  const name = devices.name.get(device);
  const netns = packets.netns.get(packet);
  const row = fibLookup(world, netns, ip.source, ip.destination, 0);
  const back = row === 0 ? 0 : routes.device.get(row);
  const way = back === 0 ? "no route leads back" : `an answer would leave by ${devices.name.get(back)}`;
  const filter = confOf(world, device, conf.rpFilter);
  const isOwn = getSysctl(world, netns, `net.ipv4.conf.${name}.rp_filter`) === filter;
  const setting = `net.ipv4.conf.${isOwn ? name : "all"}.rp_filter is ${filter}`;
  return `from ${formatIpv4(ip.source)} it came in by ${name}, and ${way} (${setting})`;
}

function tooBig(world: World, packet: number): string | undefined {
  const { devices, packets } = world;
  const ip = ipOf(world, packet);
  const device = packets.outDevice.get(packet);
  if (ip === undefined || device === 0 || ip.totalLength <= devices.mtu.get(device)) return undefined;
  const link = `the MTU of ${devices.name.get(device)} is ${devices.mtu.get(device)}`;
  return `it has ${ip.totalLength} bytes, ${link}, and it must not be fragmented`;
}

/** Nobody has this port; or somebody who talks with another one: so an answer looks that nobody translated back. */
function noSocket(world: World, packet: number): string | undefined {
  const { namespaces, packets, sockets } = world;
  const ip = ipOf(world, packet);
  if (ip?.payload.kind !== "tcp" && ip?.payload.kind !== "udp") return undefined;
  const { kind, sourcePort, destinationPort } = ip.payload;
  const netns = packets.netns.get(packet);
  const port = `${kind} port ${destinationPort}`;
  const sender = printEndpoint({ address: ip.source, port: sourcePort });
  const rows = socketsOf(world, netns, kind, destinationPort);
  if (rows.some((row) => sockets.kind.get(row) === socketKind.tcpListen))
    return `who listens on ${port} has no connection with ${sender}`;
  const connected = rows.find((row) => sockets.remotePort.get(row) !== 0);
  if (connected === undefined) return `no socket of ${namespaces.name.get(netns)} listens on ${port}`;
  const { remoteAddress, remotePort } = sockets;
  const peer = printEndpoint({ address: remoteAddress.get(connected), port: remotePort.get(connected) });
  return `the socket of ${port} talks with ${peer}, and this comes from ${sender}`;
}

function socketsOf({ sockets }: World, netns: number, protocol: "tcp" | "udp", port: number): readonly number[] {
  const kinds = protocol === "tcp" ? [socketKind.tcp, socketKind.tcpListen] : [socketKind.udp];
  const rows: number[] = [];
  for (let row = sockets.byPort.find(netns, port); row !== 0; row = sockets.byPort.findNext(row))
    if (kinds.some((kind) => kind === sockets.kind.get(row))) rows.push(row);
  return rows;
}

function backToItsPort({ devices, packets }: World, packet: number): string {
  const port = devices.name.get(packets.outDevice.get(packet));
  return `its destination is behind ${port}, the port it came from, and hairpin mode is off there`;
}

function refusedByRule(world: World, packet: number): string | undefined {
  const { netfilter, packets } = world;
  const at = packets.hookAt.get(packet);
  if (at === null || at.chain === 0) return undefined;
  const row = netfilter.chainRules.get(at.chain)[at.rule];
  const itsPolicy = netfilter.chainPolicy.get(at.chain) === policy.drop ? " DROP" : "";
  const text = row === undefined ? itsPolicy : `: ${ruleText(world, row)}`;
  const isRefusal = row !== undefined && rejectionOf(world, row) !== undefined;
  const what = isRefusal ? "netfilter refused it" : dropReasons.NETFILTER_DROP;
  return `${what}: table ${tableName(world, at.chain)}, ${ruleName(world, at)}${text}`;
}

function unknownVtep({ devices, packets }: World, packet: number): string | undefined {
  const data = packets.data.get(packet);
  if (data === null || "ttl" in data) return undefined;
  const vxlan = devices.name.get(packets.device.get(packet));
  return `${vxlan} has no FDB entry that says which VTEP ${formatMac(data.destination)} is behind`;
}

/** The setting that says so: the one for broadcasts says nothing of a packet for one machine. */
function echoIgnored(world: World, packet: number): string {
  const netns = world.packets.netns.get(packet);
  const name = world.namespaces.name.get(netns);
  return `${name} answers no such echo request: net.ipv4.${ignoringSysctl(world, netns)} is 1`;
}

/** Which of the two settings by which echo requests are ignored is on; that for all comes first. */
export function ignoringSysctl(world: World, netns: number): "icmp_echo_ignore_all" | "icmp_echo_ignore_broadcasts" {
  const ignoresAll = getSysctl(world, netns, "net.ipv4.icmp_echo_ignore_all") === 1;
  return ignoresAll ? "icmp_echo_ignore_all" : "icmp_echo_ignore_broadcasts";
}

/** It has arrived, and who would answer has no route to its sender; what `ping` and sendto(2) there call ENETUNREACH. */
export function noWayBack(world: World, packet: number): string | undefined {
  const ip = ipOf(world, packet);
  if (ip === undefined) return undefined;
  const netns = world.packets.netns.get(packet);
  const name = world.namespaces.name.get(netns);
  const isRefused = routeOutput(world, netns, ip.source, ip.destination).kind === "refused";
  const sender = formatIpv4(ip.source);
  const why = isRefused
    ? `has a route to ${sender} that refuses`
    : `has no route to ${sender} (Network is unreachable)`;
  return `it arrived at ${name}, and the answer cannot be sent: ${name} ${why}`;
}

function ipOf({ packets }: World, packet: number): Ipv4Packet | undefined {
  const data = packets.data.get(packet);
  if (data === null || "ttl" in data) return data ?? undefined;
  return data.payload.kind === "ipv4" ? data.payload : undefined;
}
