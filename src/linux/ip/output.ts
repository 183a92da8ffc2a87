import { type Ipv4Packet, type Ipv4Payload, ipv4Packet } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { drop } from "../drop.ts";
import { isHooked, passHook } from "../netfilter/hook.ts";
import { hook } from "../netfilter/position.ts";
import type { Origin } from "../packets.ts";
import { routeType } from "../routes.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { fibLookup } from "./fib.ts";
import { isLocalAddress } from "./local.ts";
import { nextHopOf, pathMtu } from "./source.ts";

/** What a packet made on this machine says in its header, besides its payload. */
export interface OutputHeader {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly ttl: number;
  readonly tos: number;
  readonly dontFragment: boolean;
  /** The source that rules see, where it is not the header's: 0 where the sender was not bound to one. */
  readonly routedFrom?: Ipv4Address;
  /** The sender has heard from the other side: the way there works, and so does its next hop. */
  readonly confirms?: boolean;
}

/** Sends a packet made in this namespace: its first stage looks up the route. */
export function sendIp(
  world: World,
  netns: number,
  header: OutputHeader,
  payload: Ipv4Payload,
  origin: Origin,
): number {
  const packet = ipv4Packet({
    source: header.source,
    destination: header.destination,
    ttl: header.ttl,
    tos: header.tos,
    dontFragment: header.dontFragment,
    identification: world.namespaces.takeIpId(netns),
    payload,
  });
  const row = world.packets.make(netns, world.namespaces.loopback.get(netns), stage.routeOutput, packet, origin);
  if (header.confirms === true) world.packets.confirms.set(row, 1);
  world.packets.nextHop.set(row, header.routedFrom ?? header.source);
  world.sim.underWay.push(row);
  return row;
}

export function registerOutput(world: World): void {
  const { sim } = world;
  sim.on(stage.routeOutput, (packet) => route(world, packet));
  sim.on(stage.ipOutput, (packet) => output(world, packet));
  sim.on(stage.ipFinish, (packet) => finish(world, packet, world.packets.fragmentMtu.get(packet)));
}

/** `ip_queue_xmit`, `ip_send_skb`: where to, and does it fit? */
function route(world: World, packet: number): void {
  const { packets, devices, routes, namespaces } = world;
  const netns = packets.netns.get(packet);
  const ip = packets.data.get(packet) as Ipv4Packet;
  if (isLocalAddress(world, netns, ip.destination)) {
    const loopback = namespaces.loopback.get(netns);
    return localOut(world, packet, loopback, ip.destination, devices.mtu.get(loopback));
  }
  // Until here `nextHop` holds the source that the route is chosen for.
  const row = fibLookup(world, netns, ip.destination, packets.nextHop.get(packet), 0, packets.mark.get(packet));
  if (row === 0) return drop(world, packet, "IP_OUTNOROUTES");
  if (routes.type.get(row) !== routeType.unicast) return drop(world, packet, "IP_ROUTE_REFUSES");
  const device = routes.device.get(row);
  if (devices.up.get(device) === 0) return drop(world, packet, "IP_OUTNOROUTES");
  localOut(world, packet, device, nextHopOf(world, row, ip.destination), pathMtu(world, row, ip.destination));
}

/** `__ip_local_out`: what this machine sends passes OUTPUT, once; a second route that rules made necessary is behind it. */
function localOut(world: World, packet: number, device: number, nextHop: Ipv4Address, mtu: number): void {
  const { packets } = world;
  const isPast = packets.inNetfilter.get(packet) === 1 && packets.hookAt.get(packet) !== null;
  if (isPast) {
    packets.hookAt.set(packet, null);
    packets.fragmentMtu.set(packet, 0);
  }
  if (isPast || !isHooked(world, packet, hook.output)) return leaveBy(world, packet, device, nextHop, mtu);
  packets.outDevice.set(packet, device);
  packets.nextHop.set(packet, nextHop);
  packets.fragmentMtu.set(packet, mtu);
  passHook(world, packet, hook.output, 0, device, stage.ipOutput);
}

/** `dst_output` after OUTPUT or FORWARD. */
function output(world: World, packet: number): void {
  const { packets } = world;
  const { outDevice, nextHop, fragmentMtu } = packets;
  leaveBy(world, packet, outDevice.get(packet), nextHop.get(packet), fragmentMtu.get(packet));
}

/** `ip_output`: POSTROUTING sees the packet whole. */
export function leaveBy(world: World, packet: number, device: number, nextHop: Ipv4Address, mtu: number): void {
  const { packets } = world;
  packets.outDevice.set(packet, device);
  packets.nextHop.set(packet, nextHop);
  if (!isHooked(world, packet, hook.postrouting)) return finish(world, packet, mtu);
  packets.limitFragments(packet, mtu);
  passHook(world, packet, hook.postrouting, packets.inDevice.get(packet), device, stage.ipFinish);
}

/** `ip_finish_output`: sends the packet on to the neighbour code of the device, in fragments if it must. */
function finish(world: World, packet: number, mtu: number): void {
  const { packets } = world;
  const ip = packets.data.get(packet) as Ipv4Packet;
  if (ip.totalLength > mtu) {
    if (ip.dontFragment) return drop(world, packet, "PKT_TOO_BIG");
    packets.fragmentMtu.set(packet, mtu);
    packets.device.set(packet, packets.outDevice.get(packet));
    packets.stage.set(packet, stage.ipFragment);
    return;
  }
  packets.device.set(packet, packets.outDevice.get(packet));
  packets.stage.set(packet, stage.neighOutput);
}
