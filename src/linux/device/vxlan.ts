import { mix } from "../../sim/random.ts";
import { type EthernetFrame, emitFrame, frameLength, parseFrame } from "../../wire/ethernet.ts";
import { type Ipv4Packet, ipv4HeaderLength, ipv4Packet } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isGroupMac, type MacAddress } from "../../wire/mac-address.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { type UdpDatagram, udpDatagram, udpHeaderLength } from "../../wire/udp.ts";
import { emitVxlan, parseVxlan, vxlanHeader, vxlanHeaderLength } from "../../wire/vxlan.ts";
import { drop } from "../drop.ts";
import { notePathMtu } from "../ip/path-mtu.ts";
import { routeOutput, sourceFor } from "../ip/source.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { receive } from "./link.ts";

/** Outer IPv4 and UDP headers, the VXLAN header, and the inner frame's own: what the device takes off its MTU (`VXLAN_HEADROOM`). */
export const vxlanHeadroom = ipv4HeaderLength + udpHeaderLength + vxlanHeaderLength + 14;

/** "All others": the entry for addresses that no entry of their own has, and for groups. */
const allZeros = 0;

/** VXLAN devices (RFC 7348, drivers/net/vxlan/vxlan_core.c). The packet stays one: it goes on in another envelope. */
export function registerVxlan(world: World): void {
  world.sim.on(stage.vxlanTransmit, (packet) => transmit(world, packet));
  world.sim.on(stage.vxlanDecapsulate, (packet) => decapsulate(world, packet));
  world.sim.on(stage.vxlanReceive, (packet) => receive(world, packet));
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
  const copies = rows.slice(1).map((row) => {
    const copy = packets.copy(packet, device, stage.routeOutput, flooded);
    encapsulate(world, copy, device, vteps.remote.get(row));
    return copy;
  });
  encapsulate(world, packet, device, vteps.remote.get(rows[0]));
  // The first of the list goes last (`vxlan_xmit` keeps it until the others are cloned); the top of the stack goes first.
  for (let i = copies.length - 1; i >= 0; i--) sim.underWay.push(copies[i]);
}

function remotesOf(world: World, device: number, mac: MacAddress): readonly number[] {
  const own = isGroupMac(mac) ? [] : world.vteps.of(device, mac);
  return own.length > 0 ? own : world.vteps.of(device, allZeros);
}

/** `vxlan_xmit_one`, `udp_tunnel_xmit_skb`: nothing that this machine noted about the inner packet holds for the outer one. */
function encapsulate(world: World, packet: number, device: number, remote: Ipv4Address): void {
  const { packets, vxlans, namespaces } = world;
  const vxlan = vxlans.ofDevice(device);
  const netns = world.devices.netns.get(device);
  const frame = packets.data.get(packet) as EthernetFrame;
  const local = vxlans.local.get(vxlan);
  const way = routeOutput(world, netns, remote, local);
  if (way.kind !== "unicast" && way.kind !== "local") return drop(world, packet, "IP_OUTNOROUTES");
  if (way.device === device) return drop(world, packet, "RECURSION_LIMIT");
  if (frame.payload.kind === "ipv4") noteInnerMtu(world, netns, frame.payload, way.mtu - vxlanHeadroom);
  const inner = emitFrame(frame);
  const data = new Uint8Array(vxlanHeaderLength + inner.length);
  data.set(emitVxlan(vxlanHeader(vxlans.vni.get(vxlan))));
  data.set(inner, vxlanHeaderLength);
  const outer = ipv4Packet({
    source: local || sourceFor(world, way),
    destination: remote,
    ttl: vxlans.ttl.get(vxlan) || namespaces.defaultTtl.get(netns),
    tos: frame.payload.kind === "ipv4" ? frame.payload.tos & ecnMask : 0,
    dontFragment: false,
    identification: namespaces.takeIpId(netns),
    payload: udpDatagram(sourcePort(world, frame), vxlans.port.get(vxlan), data),
  });
  packets.data.set(packet, outer);
  packets.device.set(packet, namespaces.loopback.get(netns));
  packets.inDevice.set(packet, 0);
  packets.outDevice.set(packet, 0);
  packets.nextHop.set(packet, outer.source);
  scrub(world, packet);
  packets.stage.set(packet, stage.routeOutput);
}

/** RFC 6040: what routers may have marked on the outer packet must reach the inner one. */
const ecnMask = 3;

/** `skb_scrub_packet`. */
function scrub(world: World, packet: number): void {
  const { packets } = world;
  packets.confirms.set(packet, 0);
  packets.mayRedirect.set(packet, 0);
  packets.scrub(packet, false);
}

/** `skb_tunnel_check_pmtu`: the sender's route learns what the tunnel bears; this packet still goes, in fragments. */
function noteInnerMtu(world: World, netns: number, inner: Ipv4Packet, mtu: number): void {
  if (inner.totalLength > mtu) notePathMtu(world, netns, inner, mtu);
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

/** A kernel's UDP socket for the port of a vxlan device that is up. */
export function isVxlanPort(world: World, netns: number, port: number): boolean {
  const { vxlans, devices } = world;
  if (vxlans.table.size === 0) return false;
  for (const row of vxlans.table.rows()) {
    const device = vxlans.device.get(row);
    if (vxlans.port.get(row) === port && devices.netns.get(device) === netns && devices.up.get(device) === 1)
      return true;
  }
  return false;
}

/** `vxlan_rcv`: the inner frame arrives at the device of its VNI. */
function decapsulate(world: World, packet: number): void {
  const { packets, devices, sim } = world;
  const ip = (packets.data.get(packet) as EthernetFrame).payload as Ipv4Packet;
  const udp = ip.payload as UdpDatagram;
  const header = parseVxlan(udp.data);
  if (isMalformed(header)) return drop(world, packet, "VXLAN_INVALID_HDR");
  const vxlan = findVni(world, packets.netns.get(packet), header.vni, udp.destinationPort);
  if (vxlan === 0) return drop(world, packet, "VXLAN_VNI_NOT_FOUND");
  const frame = parseFrame(udp.data.subarray(vxlanHeaderLength));
  if (isMalformed(frame)) return drop(world, packet, "PKT_TOO_SMALL");
  const device = world.vxlans.device.get(vxlan);
  if (frame.source === devices.mac.get(device)) return drop(world, packet, "LOCAL_MAC");
  if (world.vxlans.learning.get(vxlan) === 1) learn(world, device, frame.source, ip.source);
  packets.data.set(packet, frame);
  packets.device.set(packet, device);
  scrub(world, packet);
  packets.stage.set(packet, stage.vxlanReceive);
  // `gro_cells_receive`: it waits its turn as what another device received.
  sim.underWay.pop();
  world.links.push(packet, sim.nowNs);
}

function findVni(world: World, netns: number, vni: number, port: number): number {
  const { vxlans, devices } = world;
  for (const row of vxlans.ofVni(vni)) {
    const device = vxlans.device.get(row);
    if (devices.netns.get(device) === netns && vxlans.port.get(row) === port && devices.up.get(device) === 1)
      return row;
  }
  return 0;
}

/** `vxlan_snoop`: what was entered by hand is not moved. */
function learn(world: World, device: number, mac: MacAddress, from: Ipv4Address): void {
  if (isGroupMac(mac) || mac === 0) return;
  const { vteps } = world;
  const [row] = vteps.of(device, mac);
  if (row === undefined) vteps.add(device, mac, from, 1);
  else if (vteps.isLearned.get(row) === 1) vteps.remote.set(row, from);
}
