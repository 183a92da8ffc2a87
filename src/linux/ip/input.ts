import type { EthernetFrame } from "../../wire/ethernet.ts";
import { type Ipv4Packet, withTtl } from "../../wire/ipv4.ts";
import { conf, confOf } from "../device/conf.ts";
import { isForOtherHost } from "../device/link.ts";
import { drop } from "../drop.ts";
import type { DropReason } from "../drop-reason.ts";
import { wasSeenOnBridge } from "../netfilter/bridge.ts";
import { isHooked, passHook } from "../netfilter/hook.ts";
import { ipOf } from "../netfilter/packet-ip.ts";
import { hook } from "../netfilter/position.ts";
import { routeType } from "../routes.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { fibLookup, isBroadcastHere } from "./fib.ts";
import { isFragment, reassemble } from "./fragment.ts";
import { sendIcmpError } from "./icmp-error.ts";
import { isLocalAddress } from "./local.ts";
import { leaveBy } from "./output.ts";
import { sendRedirect } from "./redirect.ts";
import { nextHopOf } from "./source.ts";
import { deliverToTransport } from "./transport.ts";
import { sourceDropReason, sourceVerdict, validateSource } from "./validate-source.ts";

/** Receiving and forwarding IPv4 (net/ipv4/ip_input.c, route.c, ip_forward.c). */
export function registerInput(world: World): void {
  const { sim } = world;
  sim.on(stage.ipReceive, (packet) => receive(world, packet));
  sim.on(stage.routeInput, (packet) => route(world, packet));
  sim.on(stage.ipForward, (packet) => forward(world, packet));
  sim.on(stage.ipDeliver, (packet) => deliverToTransport(world, packet, ipOf(world, packet)));
}

/** `ip_rcv`: what a bridge delivers has passed PREROUTING there. */
function receive(world: World, packet: number): void {
  const { packets } = world;
  if (isForOtherHost(world, packet)) return drop(world, packet, "OTHERHOST");
  if (isHooked(world, packet, hook.prerouting) && !wasSeenOnBridge(world, packet))
    return passHook(world, packet, hook.prerouting, packets.device.get(packet), 0, stage.routeInput);
  packets.stage.set(packet, stage.routeInput);
}

/** `ip_route_input_slow`: for this machine, for another one, or for nobody? */
function route(world: World, packet: number): void {
  const { packets, namespaces, routes, devices } = world;
  const netns = packets.netns.get(packet);
  const ip = (packets.data.get(packet) as EthernetFrame).payload as Ipv4Packet;
  const device = packets.device.get(packet);
  const isLoopback = device === namespaces.loopback.get(netns);
  const martian = isLoopback ? undefined : martianReason(world, device, ip);
  if (martian !== undefined) return drop(world, packet, martian);
  if (isLocalAddress(world, netns, ip.destination) || isBroadcastHere(world, netns, device, ip.destination)) {
    const verdict =
      isLoopback || ip.source === 0 ? 0 : validateSource(world, netns, device, ip.source, ip.destination, 0);
    return verdict < 0 ? drop(world, packet, sourceDropReason(verdict)) : deliver(world, packet, ip);
  }
  if (confOf(world, device, conf.forwarding) === 0) return drop(world, packet, "IP_INADDRERRORS");
  const row = fibLookup(world, netns, ip.destination, ip.source, device, packets.mark.get(packet));
  if (row === 0 || (routes.type.get(row) === routeType.unicast && devices.up.get(routes.device.get(row)) === 0)) {
    refuse(world, packet, ip, 0);
    return drop(world, packet, "IP_INNOROUTES");
  }
  const type = routes.type.get(row);
  if (type !== routeType.unicast) {
    if (type === routeType.unreachable) refuse(world, packet, ip, 1);
    if (type === routeType.prohibit) refuse(world, packet, ip, 13);
    return drop(world, packet, "IP_ROUTE_REFUSES");
  }
  const outDevice = routes.device.get(row);
  const verdict = validateSource(world, netns, device, ip.source, ip.destination, outDevice);
  if (verdict < 0) return drop(world, packet, sourceDropReason(verdict));
  packets.mayRedirect.set(packet, verdict === sourceVerdict.neighbour && outDevice === device ? 1 : 0);
  packets.outDevice.set(packet, outDevice);
  packets.nextHop.set(packet, nextHopOf(world, row, ip.destination));
  packets.stage.set(packet, stage.ipForward);
}

/** Addresses that no packet from outside may carry ("martian"); the commonest packets have none of them. */
function martianReason(world: World, device: number, { source, destination }: Ipv4Packet): DropReason | undefined {
  const isLocalNet = source >>> 24 === 127 || destination >>> 24 === 127;
  if (isLocalNet && confOf(world, device, conf.routeLocalnet) === 0) return "IP_LOCALNET";
  if (source >>> 28 === 0xe || source === 0xffff_ffff) return "IP_INVALID_SOURCE";
  if (source >>> 24 === 0 && !(source === 0 && destination === 0xffff_ffff)) return "IP_INVALID_SOURCE";
  return destination >>> 24 === 0 ? "IP_INVALID_DEST" : undefined;
}

/** `ip_error`: no way leads there. Such errors have a limit of their own before that of all ICMP errors. */
function refuse(world: World, packet: number, ip: Ipv4Packet, code: number): void {
  const netns = world.packets.netns.get(packet);
  if (world.icmpLimits.allowRouteError(netns, ip.source, world.nowInJiffiesNs))
    sendIcmpError(world, packet, ip, 3, code, 0);
}

/** `ip_local_deliver`: whole packets go to their protocol. */
function deliver(world: World, packet: number, ip: Ipv4Packet): void {
  if (isFragment(ip)) return reassemble(world, packet, ip, deliverWhole);
  deliverWhole(world, packet, ip);
}

function deliverWhole(world: World, packet: number, ip: Ipv4Packet): void {
  if (!isHooked(world, packet, hook.input)) return deliverToTransport(world, packet, ip);
  passHook(world, packet, hook.input, world.packets.device.get(packet), 0, stage.ipDeliver);
}

/** `ip_forward`: one hop less to live, and the link header goes. */
function forward(world: World, packet: number): void {
  const { packets, devices } = world;
  const ip = (packets.data.get(packet) as EthernetFrame).payload as Ipv4Packet;
  if (ip.ttl <= 1) {
    sendIcmpError(world, packet, ip, 11, 0, 0);
    return drop(world, packet, "IP_TTL_EXPIRED");
  }
  const device = packets.outDevice.get(packet);
  const mtu = devices.mtu.get(device);
  if (ip.totalLength > mtu && ip.dontFragment) {
    sendIcmpError(world, packet, ip, 3, 4, mtu);
    return drop(world, packet, "PKT_TOO_BIG");
  }
  const forwarded = withTtl(ip, ip.ttl - 1);
  if (packets.mayRedirect.get(packet) === 1) sendRedirect(world, packet, forwarded);
  packets.data.set(packet, forwarded);
  if (!isHooked(world, packet, hook.forward)) return leaveBy(world, packet, device, packets.nextHop.get(packet), mtu);
  packets.limitFragments(packet, mtu);
  passHook(world, packet, hook.forward, packets.inDevice.get(packet), device, stage.ipOutput);
}
