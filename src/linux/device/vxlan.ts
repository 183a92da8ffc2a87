import { mix } from "../../sim/random.ts";
import { type EthernetFrame, emitFrame, ethernetFrame, frameLength } from "../../wire/ethernet.ts";
import { makeIcmpError } from "../../wire/icmp-error.ts";
import { type Ipv4Packet, ipv4HeaderLength, ipv4Packet } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { MacAddress } from "../../wire/mac-address.ts";
import { udpDatagram, udpHeaderLength } from "../../wire/udp.ts";
import { emitVxlan, vxlanHeader, vxlanHeaderLength } from "../../wire/vxlan.ts";
import { drop } from "../drop.ts";
import type { DropReason } from "../drop-reason.ts";
import { isLocalAddress } from "../ip/local.ts";
import { notePathMtu } from "../ip/path-mtu.ts";
import { type RouteDecision, routeOutput, sourceFor } from "../ip/source.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { outerTos } from "./ecn.ts";
import { receive } from "./link.ts";
import { bypass, decapsulate, forgetSilent } from "./vxlan-receive.ts";

/** Outer IPv4 and UDP headers, the VXLAN header, and the inner frame's own: what the device takes off its MTU (`VXLAN_HEADROOM`). */
export const vxlanHeadroom = ipv4HeaderLength + udpHeaderLength + vxlanHeaderLength + 14;

/** "All others": the entry for addresses that have none of their own, groups among them. */
const allZeros = 0;

/** VXLAN devices (RFC 7348, drivers/net/vxlan/vxlan_core.c). The packet stays one: it goes on in another envelope. */
export function registerVxlan(world: World): void {
  world.sim.on(stage.vxlanTransmit, (packet) => transmit(world, packet));
  world.sim.on(stage.vxlanDecapsulate, (packet) => decapsulate(world, packet));
  world.sim.on(stage.vxlanReceive, (packet) => receive(world, packet));
  world.sim.on(stage.vxlanAge, (vxlan) => forgetSilent(world, vxlan));
}

/** `vxlan_xmit`: a copy for each VTEP that the inner destination may be behind. */
function transmit(world: World, packet: number): void {
  const { packets, devices, vteps, sim } = world;
  const device = packets.device.get(packet);
  if (devices.up.get(device) === 0) return drop(world, packet, "DEV_READY");
  const frame = packets.data.get(packet) as EthernetFrame;
  const rows = remotesOf(world, device, frame.destination);
  if (rows.length === 0) return drop(world, packet, "NO_TX_TARGET");
  devices.countTransmitted(device, frameLength(frame));
  const { flooded } = packets.origin.get(packet);
  const copies = rows.slice(1).flatMap((row) => {
    const copy = packets.copy(packet, device, stage.routeOutput, flooded);
    return sendTo(world, copy, device, vteps.remote.get(row)) ? [copy] : [];
  });
  if (!sendTo(world, packet, device, vteps.remote.get(rows[0]))) sim.underWay.pop();
  // The first of the list goes last (`vxlan_xmit` keeps it until the others are cloned); the top of the stack goes first.
  for (let i = copies.length - 1; i >= 0; i--) sim.underWay.push(copies[i]);
}

/** `vxlan_change_mtu`: what goes into the envelope must fit into the device below, where one was stated. */
export function largestMtu({ vxlans, devices }: World, device: number): number {
  const vxlan = vxlans.ofDevice(device);
  const below = vxlan === 0 ? 0 : vxlans.underlying.get(vxlan);
  return below === 0 ? Number.POSITIVE_INFINITY : devices.mtu.get(below) - vxlanHeadroom;
}

/** The entries that say where a frame to this address goes, oldest first. */
export function remotesOf({ vteps }: World, device: number, mac: MacAddress): readonly number[] {
  const own = vteps.of(device, mac);
  return own.length > 0 ? own : vteps.of(device, allZeros);
}

/** `vxlan_xmit_one`. False where the packet is not under way any more, but waits at a device of this machine. */
function sendTo(world: World, packet: number, device: number, remote: Ipv4Address): boolean {
  const { vxlans, devices } = world;
  const local = vxlans.local.get(vxlans.ofDevice(device));
  const netns = devices.netns.get(device);
  if (local !== 0 && !isLocalAddress(world, netns, local)) {
    drop(world, packet, "VXLAN_LOCAL");
    return true;
  }
  const way = routeOutput(world, netns, remote, local, world.packets.mark.get(packet));
  if (way.kind === "local" && bypass(world, packet, device)) return false;
  const reason = refusal(world, packet, device, way);
  if (reason !== undefined) drop(world, packet, reason);
  else encapsulate(world, packet, device, remote, way as UnicastWay);
  return true;
}

type UnicastWay = Extract<RouteDecision, { kind: "unicast" }>;

/** Why it cannot be sent this way. */
function refusal(world: World, packet: number, device: number, way: RouteDecision): DropReason | undefined {
  if (way.kind === "local") return "VXLAN_VNI_NOT_FOUND";
  if (way.kind !== "unicast") return "IP_OUTNOROUTES";
  if (way.device === device) return "RECURSION_LIMIT";
  return isTooLong(world, packet, device, way.mtu - vxlanHeadroom) ? "PKT_TOO_BIG" : undefined;
}

/** `udp_tunnel_xmit_skb`: nothing that this machine noted about the inner packet holds for the outer one. */
function encapsulate(world: World, packet: number, device: number, remote: Ipv4Address, way: UnicastWay): void {
  const { packets, vxlans, namespaces } = world;
  const vxlan = vxlans.ofDevice(device);
  const netns = world.devices.netns.get(device);
  const frame = packets.data.get(packet) as EthernetFrame;
  const inner = emitFrame(frame);
  const data = new Uint8Array(vxlanHeaderLength + inner.length);
  data.set(emitVxlan(vxlanHeader(vxlans.vni.get(vxlan))));
  data.set(inner, vxlanHeaderLength);
  const outer = ipv4Packet({
    source: vxlans.local.get(vxlan) || sourceFor(world, way),
    destination: remote,
    ttl: vxlans.ttl.get(vxlan) || namespaces.defaultTtl.get(netns),
    tos: frame.payload.kind === "ipv4" ? outerTos(frame.payload.tos) : 0,
    dontFragment: false,
    identification: namespaces.takeIpId(netns),
    payload: udpDatagram(sourcePort(world, frame), vxlans.port.get(vxlan), data),
  });
  packets.data.set(packet, outer);
  packets.device.set(packet, namespaces.loopback.get(netns));
  packets.inDevice.set(packet, 0);
  packets.outDevice.set(packet, 0);
  packets.nextHop.set(packet, outer.source);
  packets.mayRedirect.set(packet, 0);
  packets.scrub(packet, false);
  packets.stage.set(packet, stage.routeOutput);
}

/**
 * `skb_tunnel_check_pmtu`: the sender's route learns what the tunnel bears, and the packet still goes, in fragments. Where a
 * bridge forwards it there is no route: the device answers in the destination's name, and the packet is lost.
 */
function isTooLong(world: World, packet: number, device: number, mtu: number): boolean {
  const { packets, devices } = world;
  const { source, destination, payload } = packets.data.get(packet) as EthernetFrame;
  if (payload.kind !== "ipv4" || payload.totalLength <= mtu) return false;
  const isForwarded = devices.master.get(device) !== 0 && packets.inDevice.get(packet) !== 0;
  if (!isForwarded) notePathMtu(world, devices.netns.get(device), payload, mtu);
  if (devices.master.get(device) === 0 || !mayAnswer(payload, mtu)) return false;
  const answer = ipv4Packet({
    source: payload.destination,
    destination: payload.source,
    ttl: payload.ttl,
    tos: 0,
    dontFragment: true,
    identification: 0,
    payload: makeIcmpError(3, 4, mtu, payload),
  });
  const frame = ethernetFrame(source, destination, answer);
  const row = packets.make(packets.netns.get(packet), device, stage.vxlanReceive, frame, packets.causedBy(packet));
  packets.takeAsOwn(row);
  world.links.push(row, world.sim.nowNs);
  return true;
}

/** `iptunnel_pmtud_check_icmp`. */
function mayAnswer({ dontFragment, source, destination, payload }: Ipv4Packet, mtu: number): boolean {
  if (mtu < 576 || !dontFragment || payload.kind === "icmp-error") return false;
  return destination >>> 28 !== 0xe && source >>> 28 !== 0xe && source >>> 24 !== 127 && source >>> 24 !== 0;
}

/** `udp_flow_src_port`: the same for all frames of one flow, so that routers that spread flows keep them in order. */
function sourcePort(world: World, { source, destination, payload }: EthernetFrame): number {
  let hash = mix(mix(world.seed, source), destination);
  if (payload.kind === "ipv4") {
    hash = mix(mix(hash, payload.source), payload.destination);
    const transport = payload.payload;
    if (transport.kind === "udp" || transport.kind === "tcp")
      hash = mix(mix(hash, transport.sourcePort), transport.destinationPort);
  }
  return firstPort + (hash % (lastPort - firstPort));
}

/** net.ipv4.ip_local_port_range. */
const firstPort = 32_768;
const lastPort = 60_999;
