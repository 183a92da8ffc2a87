import type { EthernetFrame } from "../../wire/ethernet.ts";
import { type Ipv4Packet, withTtl } from "../../wire/ipv4.ts";
import { isForOtherHost } from "../device/link.ts";
import { drop } from "../drop.ts";
import { routeType } from "../routes.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { isFragment, reassemble } from "./fragment.ts";
import { sendIcmpError } from "./icmp-error.ts";
import { isBroadcastAddress, isLocalAddress } from "./local.ts";
import { leaveBy } from "./output.ts";
import { deliverToTransport } from "./transport.ts";

/** Receiving and forwarding IPv4 (net/ipv4/ip_input.c, route.c, ip_forward.c). */
export function registerInput(world: World): void {
  const { sim } = world;
  sim.on(stage.ipReceive, (packet) => receive(world, packet));
  sim.on(stage.routeInput, (packet) => route(world, packet));
  sim.on(stage.ipForward, (packet) => forward(world, packet));
}

/** `ip_rcv_core`. */
function receive(world: World, packet: number): void {
  if (isForOtherHost(world, packet)) return drop(world, packet, "OTHERHOST");
  world.packets.stage.set(packet, stage.routeInput);
}

/** `ip_route_input_slow`: for this machine, for another one, or for nobody? */
function route(world: World, packet: number): void {
  const { packets, namespaces, routes, devices } = world;
  const netns = packets.netns.get(packet);
  const ip = (packets.data.get(packet) as EthernetFrame).payload as Ipv4Packet;
  const device = packets.device.get(packet);
  const isLoopback = device === namespaces.loopback.get(netns);
  // "martian source": such addresses live on `lo` only.
  if (!isLoopback && (ip.source >>> 24 === 127 || ip.destination >>> 24 === 127))
    return drop(world, packet, "IP_INVALID_SOURCE");
  if (isLocalAddress(world, netns, ip.destination) || isBroadcastAddress(world, device, ip.destination))
    return deliver(world, packet, ip);
  // fib_validate_source: an address of this machine cannot come from outside.
  if (!isLoopback && isLocalAddress(world, netns, ip.source)) return drop(world, packet, "IP_INVALID_SOURCE");
  if (namespaces.forwarding.get(netns) === 0) return drop(world, packet, "IP_FORWARDING_OFF");
  const row = routes.lookup(netns, ip.destination);
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
  packets.outDevice.set(packet, routes.device.get(row));
  packets.nextHop.set(packet, routes.gateway.get(row) || ip.destination);
  packets.stage.set(packet, stage.ipForward);
}

/** `ip_error`: no way leads there. Such errors have a limit of their own before that of all ICMP errors. */
function refuse(world: World, packet: number, ip: Ipv4Packet, code: number): void {
  const netns = world.packets.netns.get(packet);
  if (world.icmpLimits.allowRouteError(netns, ip.source, world.nowNs)) sendIcmpError(world, packet, ip, 3, code, 0);
}

/** `ip_local_deliver`: whole packets go to their protocol. */
function deliver(world: World, packet: number, ip: Ipv4Packet): void {
  if (isFragment(ip)) return reassemble(world, packet, ip);
  deliverToTransport(world, packet, ip);
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
  packets.data.set(packet, withTtl(ip, ip.ttl - 1));
  leaveBy(world, packet, device, packets.nextHop.get(packet));
}
