import { mix } from "../../sim/random.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { type IcmpError, icmpType, unreachableCode } from "../../wire/icmp.ts";
import { makeIcmpError } from "../../wire/icmp-error.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import { isGroupMac } from "../../wire/mac-address.ts";
import { attachConnection } from "../conntrack/track.ts";
import { makeOrigin, type Origin } from "../packets.ts";
import { routeType } from "../routes.ts";
import type { World } from "../world.ts";
import { isBroadcastHere } from "./fib.ts";
import { isBroadcastAddress, isLocalAddress, loopbackAddress } from "./local.ts";
import { type OutputHeader, sendIp } from "./output.ts";
import { routeOutput, sourceFor } from "./source.ts";

/** Precedence "internetwork control", which every ICMP error carries (RFC 1812 section 4.3.2.5). */
const internetworkControl = 0xc0;

/** net.ipv4.icmp_ratemask: destination unreachable, source quench, time exceeded, parameter problem. */
const defaultRateMask = 0x1818;

/**
 * `icmp_send` (net/ipv4/icmp.c): tells the sender of `ip`, if it may be told, that its packet is lost. The error is put
 * under way on top of the packet that is, so it goes first.
 */
export function sendIcmpError(
  world: World,
  packet: number,
  ip: Ipv4Packet,
  type: number,
  code: number,
  rest: number,
): void {
  if (!mayBeTold(ip) || wasBroadcast(world, packet, ip)) return;
  const netns = world.packets.netns.get(packet);
  const source = isLocalAddress(world, netns, ip.destination) ? ip.destination : 0;
  const answer = send(world, netns, ip, makeIcmpError(type, code, rest, ip), source, world.packets.causedBy(packet));
  if (answer !== 0) attachConnection(world, answer, packet);
}

/** `ipv4_link_failure`: the next hop does not answer; the packet itself is not under way, but waited for it. */
export function sendHostUnreachable(world: World, packet: number, ip: Ipv4Packet): void {
  if (!mayBeTold(ip) || isRouteGone(world, packet, ip)) return;
  const { packets } = world;
  const error = makeIcmpError(3, 1, 0, ip);
  const answer = send(world, packets.netns.get(packet), ip, error, 0, packets.causedBy(packet));
  if (answer !== 0) attachConnection(world, answer, packet);
}

/**
 * The route that the packet waits on was removed meanwhile: what is left of it has no device in this namespace any more
 * (`dst_dev_put`: `blackhole_netdev`), and nothing can be sent about it.
 */
function isRouteGone(world: World, packet: number, ip: Ipv4Packet): boolean {
  const { packets, routes, exceptions, nowNs } = world;
  const [device, nextHop] = [packets.outDevice.get(packet), packets.nextHop.get(packet)];
  // Another one may be chosen by now; that does not matter to it.
  return !routes.byNetns.all(packets.netns.get(packet), 0).some((route) => {
    if (routes.device.get(route) !== device || routes.type.get(route) !== routeType.unicast) return false;
    const prefix = { address: routes.network.get(route), length: routes.prefixLength.get(route) };
    if (!prefixContains(prefix, ip.destination)) return false;
    const exception = exceptions.find(route, ip.destination, nowNs);
    const gateway = (exception !== 0 && exceptions.gateway.get(exception)) || routes.gateway.get(route);
    return (gateway || ip.destination) === nextHop;
  });
}

/** An error about a packet of which no row is left. */
export function sendIcmpErrorFor(world: World, netns: number, ip: Ipv4Packet, type: number, code: number): void {
  if (!mayBeTold(ip)) return;
  const origin = makeOrigin(world.packets.nextName(), 0);
  send(world, netns, ip, makeIcmpError(type, code, 0, ip), 0, origin);
}

/** The packet that was made, or 0. */
function send(
  world: World,
  netns: number,
  ip: Ipv4Packet,
  error: IcmpError,
  source: Ipv4Address,
  origin: Origin,
): number {
  const { icmpLimits, nowInJiffiesNs } = world;
  const isLimited = isMasked(world, netns, error);
  if (isLimited && !isGloballyAllowed(world, netns)) return 0;
  // `ip_route_output_key_hash`: to nobody is to this host. Where it has no address it sends from 0.0.0.0.
  const sender = ip.source === 0 ? loopbackAddress : ip.source;
  const way = routeOutput(world, netns, sender, source);
  if (way.kind !== "local" && way.kind !== "unicast") return 0;
  const rateNs = world.namespaces.icmpRateLimitMs.get(netns) * 1_000_000;
  if (isLimited && way.kind === "unicast" && !icmpLimits.allow(netns, sender, nowInJiffiesNs, rateNs)) return 0;
  if (isLimited) icmpLimits.consumeGlobal(netns, nowInJiffiesNs, mix(mix(world.seed, netns), world.nowNs) % 3);
  const header: OutputHeader = {
    source: source === 0 ? sourceFor(world, way) : source,
    destination: sender,
    ttl: world.namespaces.defaultTtl.get(netns),
    tos: internetworkControl,
    dontFragment: false,
    routedFrom: source,
  };
  return sendIp(world, netns, header, error, origin);
}

/** net.ipv4.icmp_msgs_per_sec and icmp_msgs_burst. */
function isGloballyAllowed({ icmpLimits, namespaces, nowInJiffiesNs }: World, netns: number): boolean {
  const sysctls = namespaces.sysctls.get(netns);
  const perSecond = sysctls["net.ipv4.icmp_msgs_per_sec"] ?? 1000;
  return icmpLimits.allowGlobal(netns, nowInJiffiesNs, perSecond, sysctls["net.ipv4.icmp_msgs_burst"] ?? 50);
}

/** `icmpv4_mask_allow`: the types that have a limit; redirects have one of their own, and path MTU discovery has none. */
function isMasked(world: World, netns: number, { type, code }: IcmpError): boolean {
  if (type === icmpType.destinationUnreachable && code === unreachableCode.fragmentationNeeded) return false;
  const mask = world.namespaces.sysctls.get(netns)["net.ipv4.icmp_ratemask"] ?? defaultRateMask;
  return ((mask >>> type) & 1) === 1;
}

/** Never about an error, a later fragment, or something that nobody in particular sent (RFC 1122 section 3.2.2). */
function mayBeTold(ip: Ipv4Packet): boolean {
  if (ip.fragmentOffset !== 0) return false;
  if (ip.payload.kind === "icmp-error" || ip.payload.kind === "icmp-other") return false;
  return ip.destination >>> 28 !== 0xe && ip.source >>> 28 !== 0xe;
}

function wasBroadcast(world: World, packet: number, ip: Ipv4Packet): boolean {
  const device = world.packets.device.get(packet);
  const netns = world.devices.netns.get(device);
  if (isBroadcastHere(world, netns, device, ip.destination)) return true;
  if (isBroadcastAddress(world, device, ip.source)) return true;
  const data = world.packets.data.get(packet) as EthernetFrame | Ipv4Packet;
  return "trailer" in data && isGroupMac(data.destination);
}
