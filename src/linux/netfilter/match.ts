import { unreachable } from "../../base/assert.ts";
import type { AddressType, Inverted, Match, PortRange, Rule } from "../../config/iptables/rule-set.ts";
import { ipProtocol, protocolNumber } from "../../wire/ipv4.ts";
import { type Ipv4Address, type Ipv4Prefix, prefixContains } from "../../wire/ipv4-address.ts";
import { isBroadcastAddress, isLocalAddress } from "../ip/local.ts";
import type { World } from "../world.ts";
import { matchConnmark, matchConntrack, matchState } from "./match-conntrack.ts";
import { matchLimit, matchStatistic } from "./match-memory.ts";
import { matchRecent } from "./recent.ts";
import { matchSet } from "./sets.ts";
import { portsOf, type Subject } from "./subject.ts";

/** Whether a packet is what a rule is about: its header first, then the matches, until one fails. */
export function matchesRule(world: World, row: number, rule: Rule, subject: Subject): boolean {
  if (!matchesHeader(world, rule, subject)) return false;
  const { matches } = rule;
  for (let i = 0; i < matches.length; i++) if (!matchesOne(world, row, i, matches[i], subject)) return false;
  return true;
}

/** Whether what a condition asks for is so, turned round by `!`; without a condition all is well. */
function holds<Value>(asked: Inverted<Value> | undefined, test: (value: Value) => boolean): boolean {
  return asked === undefined || test(asked.value) !== asked.inverted;
}

function matchesHeader(world: World, rule: Rule, { ip, at }: Subject): boolean {
  const contains = (address: Ipv4Address) => (prefix: Ipv4Prefix) => prefixContains(prefix, address);
  return (
    holds(rule.source, contains(ip.source)) &&
    holds(rule.destination, contains(ip.destination)) &&
    holds(rule.inInterface, (name) => isNamed(world, at.inDevice, name)) &&
    holds(rule.outInterface, (name) => isNamed(world, at.outDevice, name)) &&
    holds(rule.protocol, (protocol) => protocol === 0 || protocol === protocolNumber(ip.payload)) &&
    holds(rule.fragment, () => ip.fragmentOffset !== 0)
  );
}

/** A device's name, or its beginning before `+`; where there is no device, only `+` alone fits. */
function isNamed({ devices }: World, device: number, pattern: string): boolean {
  const name = device === 0 ? "" : devices.name.get(device);
  return pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function matchesOne(world: World, row: number, index: number, match: Match, subject: Subject): boolean {
  switch (match.match) {
    case "comment":
    case "nfacct":
      return true;
    case "addrtype":
      return matchAddressType(world, match, subject);
    case "conntrack":
      return matchConntrack(world, match, subject);
    case "state":
      return matchState(world, match, subject);
    case "connmark":
      return matchConnmark(world, match, subject);
    case "mark":
      return ((world.packets.mark.get(subject.packet) & match.mask) >>> 0 === match.value) !== match.inverted;
    case "physdev":
      return matchPhysicalDevice(world, match, subject);
    case "recent":
      return matchRecent(world, match, subject);
    case "statistic":
      return matchStatistic(world, row, index, match, subject);
    case "limit":
      return matchLimit(world, row, index, match);
    case "set":
      return matchSet(world, match, subject);
    default:
      return matchTransport(match, subject);
  }
}

type TransportMatch = Extract<Match, { match: "multiport" | "tcp" | "udp" | "sctp" | "icmp" }>;

function matchTransport(match: TransportMatch, subject: Subject): boolean {
  switch (match.match) {
    case "multiport":
      return matchPorts(match, subject);
    case "tcp":
      return matchTcp(match, subject);
    case "udp":
    case "sctp": {
      const ports = portsOf(subject.ip);
      if (ports?.protocol !== ipProtocol[match.match]) return false;
      return holds(match.sourcePorts, isIn(ports.source)) && holds(match.destinationPorts, isIn(ports.destination));
    }
    case "icmp":
      return matchIcmp(match, subject);
    default:
      return unreachable(match);
  }
}

function isIn(port: number): (range: PortRange) => boolean {
  return ({ first, last }) => port >= first && port <= last;
}

function matchPorts(match: Extract<Match, { match: "multiport" }>, { ip }: Subject): boolean {
  const ports = portsOf(ip);
  if (ports === undefined) return false;
  const found = match.ports.some(
    (range) =>
      (match.which !== "dports" && isIn(ports.source)(range)) ||
      (match.which !== "sports" && isIn(ports.destination)(range)),
  );
  return found !== match.inverted;
}

/** net/netfilter/xt_tcpudp.c. */
function matchTcp(match: Extract<Match, { match: "tcp" }>, { ip }: Subject): boolean {
  const ports = portsOf(ip);
  if (ports?.protocol !== ipProtocol.tcp) return false;
  if (!holds(match.sourcePorts, isIn(ports.source)) || !holds(match.destinationPorts, isIn(ports.destination)))
    return false;
  const segment = ip.payload.kind === "tcp" ? ip.payload : undefined;
  if (match.flags === undefined && match.option === undefined) return true;
  if (segment === undefined) return false;
  return (
    holds(match.flags, ({ mask, set }) => (segment.flags & mask) === set) &&
    holds(match.option, (option) => hasOption(segment.options, option))
  );
}

function hasOption(options: Uint8Array, kind: number): boolean {
  for (let at = 0; at < options.length; ) {
    if (options[at] === kind) return true;
    at += options[at] < 2 ? 1 : options[at + 1] || 1;
  }
  return false;
}

function matchIcmp(match: Extract<Match, { match: "icmp" }>, { ip }: Subject): boolean {
  const { payload } = ip;
  if (payload.kind === "udp" || payload.kind === "tcp" || payload.kind === "raw") return false;
  const code = payload.kind === "icmp-echo" ? 0 : payload.code;
  const isSame = match.type === 255 || (match.type === payload.type && isIn(code)(match.codes));
  return isSame !== match.inverted;
}

/** net/netfilter/xt_addrtype.c: what table local says of an address, for all devices or for one. */
function matchAddressType(world: World, match: Extract<Match, { match: "addrtype" }>, subject: Subject): boolean {
  const { ip, at, netns } = subject;
  const device = match.limitInterfaceIn ? at.inDevice : match.limitInterfaceOut ? at.outDevice : 0;
  const is = (address: Ipv4Address) => (types: readonly AddressType[]) =>
    types.includes(addressType(world, netns, device, address));
  return holds(match.source, is(ip.source)) && holds(match.destination, is(ip.destination));
}

/** `inet_addr_type` and `inet_dev_addr_type` (net/ipv4/fib_frontend.c). */
export function addressType(world: World, netns: number, device: number, address: Ipv4Address): AddressType {
  const { addresses, devices, namespaces } = world;
  if (address >>> 24 === 0 || address === 0xffff_ffff) return "BROADCAST";
  if (address >>> 28 === 0xe) return "MULTICAST";
  const own = addresses.find(netns, address);
  const isHere =
    device === 0 || (own === 0 ? device === namespaces.loopback.get(netns) : addresses.device.get(own) === device);
  if (isLocalAddress(world, netns, address)) return isHere ? "LOCAL" : "UNICAST";
  if (device !== 0) return isBroadcastAddress(world, device, address) ? "BROADCAST" : "UNICAST";
  for (let one = namespaces.firstDevice.get(netns); one !== 0; one = devices.nextInNetns.get(one))
    if (isBroadcastAddress(world, one, address)) return "BROADCAST";
  return "UNICAST";
}

/** net/netfilter/xt_physdev.c: the bridge ports of a bridged packet. One that no bridge handed over has none. */
function matchPhysicalDevice(world: World, match: Extract<Match, { match: "physdev" }>, subject: Subject): boolean {
  const info = world.packets.bridgeInfo.get(subject.packet);
  const { inPort, outPort } = info ?? { inPort: 0, outPort: 0 };
  return (
    holds(match.isBridged, () => outPort !== 0) &&
    holds(match.isIn, () => inPort !== 0) &&
    holds(match.isOut, () => outPort !== 0) &&
    holds(match.in, (name) => inPort !== 0 && isNamed(world, inPort, name)) &&
    holds(match.out, (name) => outPort !== 0 && isNamed(world, outPort, name))
  );
}
