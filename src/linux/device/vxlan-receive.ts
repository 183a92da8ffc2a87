import { never } from "../../sim/timers.ts";
import { type EthernetFrame, ethernetFrame, parseFrame } from "../../wire/ethernet.ts";
import { withOriginal } from "../../wire/icmp-error.ts";
import { type Ipv4Packet, ipv4Packet } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isGroupMac, type MacAddress } from "../../wire/mac-address.ts";
import { isMalformed } from "../../wire/malformed.ts";
import type { UdpDatagram } from "../../wire/udp.ts";
import { parseVxlan, vxlanHeaderLength } from "../../wire/vxlan.ts";
import { drop } from "../drop.ts";
import type { DropReason } from "../drop-reason.ts";
import { jiffyNs } from "../fdb.ts";
import { stage } from "../stage.ts";
import { vtepState } from "../vxlans.ts";
import type { World } from "../world.ts";
import { combinedTos } from "./ecn.ts";

/** What was learned is forgotten after so long (`FDB_AGE_DEFAULT`). */
const ageingTimeNs = 300_000_000_000;
/** 127.0.0.1 */
const localhost = 0x7f00_0001;

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
export function decapsulate(world: World, packet: number): void {
  const { packets, devices, sim } = world;
  const ip = (packets.data.get(packet) as EthernetFrame).payload as Ipv4Packet;
  const udp = ip.payload as UdpDatagram;
  const header = parseVxlan(udp.data);
  if (isMalformed(header)) return drop(world, packet, "VXLAN_INVALID_HDR");
  const device = findVni(world, packets.netns.get(packet), header.vni, udp.destinationPort);
  if (device === 0) return drop(world, packet, "VXLAN_VNI_NOT_FOUND");
  const frame = parseFrame(udp.data.subarray(vxlanHeaderLength));
  if (isMalformed(frame)) return drop(world, packet, "PKT_TOO_SMALL");
  if (frame.source === devices.mac.get(device)) return drop(world, packet, "LOCAL_MAC");
  const refusal = learn(world, device, frame.source, ip.source);
  if (refusal !== undefined) return drop(world, packet, refusal);
  const inner = withEcn(frame, ip.tos);
  if (inner === undefined) return drop(world, packet, "IP_TUNNEL_ECN");
  packets.data.set(packet, withQuoted(inner));
  packets.mayRedirect.set(packet, 0);
  packets.scrub(packet, false);
  arriveAt(world, packet, device);
  // `gro_cells_receive`: it waits its turn as what another device received.
  sim.underWay.pop();
  world.links.push(packet, sim.nowNs);
}

/** What an ICMP error in it quotes was bytes on the way, too. */
function withQuoted(frame: EthernetFrame): EthernetFrame {
  const { payload } = frame;
  if (payload.kind !== "ipv4" || payload.payload.kind !== "icmp-error") return frame;
  return { ...frame, payload: { ...payload, payload: withOriginal(payload.payload) } };
}

function arriveAt({ packets }: World, packet: number, device: number): void {
  packets.device.set(packet, device);
  packets.stage.set(packet, stage.vxlanReceive);
}

/**
 * `vxlan_encap_bypass`: the VTEP is this machine, so the frame arrives at its own device without having left. It is not under
 * way then, but waits its turn there; false where no device has the VNI.
 */
export function bypass(world: World, packet: number, from: number): boolean {
  const { packets, devices, vxlans, links, sim } = world;
  const vxlan = vxlans.ofDevice(from);
  const device = findVni(world, devices.netns.get(from), vxlans.vni.get(vxlan), vxlans.port.get(vxlan));
  if (device === 0) return false;
  learn(world, device, (packets.data.get(packet) as EthernetFrame).source, localhost);
  packets.takeAsOwn(packet);
  arriveAt(world, packet, device);
  links.push(packet, sim.nowNs);
  return true;
}

/** The device of a VNI that is up, or 0. */
function findVni(world: World, netns: number, vni: number, port: number): number {
  const { vxlans, devices } = world;
  for (const row of vxlans.ofVni(vni)) {
    const device = vxlans.device.get(row);
    if (devices.netns.get(device) === netns && vxlans.port.get(row) === port && devices.up.get(device) === 1)
      return device;
  }
  return 0;
}

/** `vxlan_snoop`: what was entered by hand is not moved, and what contradicts it is not let in. */
function learn(world: World, device: number, mac: MacAddress, from: Ipv4Address): DropReason | undefined {
  const { vteps, vxlans } = world;
  const vxlan = vxlans.ofDevice(device);
  if (vxlans.learning.get(vxlan) === 0) return undefined;
  if (isGroupMac(mac) || mac === 0) return "MAC_INVALID_SOURCE";
  const [row] = vteps.of(device, mac);
  const jiffies = Math.floor(world.nowNs / jiffyNs);
  if (row === undefined) {
    vteps.add(device, mac, from, vtepState.dynamic, jiffies);
    startAgeing(world, vxlan);
    return undefined;
  }
  vteps.updatedJiffies.set(row, jiffies);
  if (vteps.remote.get(row) === from) return undefined;
  if (vteps.state.get(row) !== vtepState.dynamic) return "VXLAN_ENTRY_EXISTS";
  vteps.remote.set(row, from);
  return undefined;
}

/** Sets the timer for an entry that ages, where none is set. */
export function startAgeing(world: World, vxlan: number): void {
  const { vxlans, devices, nowNs } = world;
  if (vxlans.ageing.get(vxlan) === never && devices.up.get(vxlans.device.get(vxlan)) === 1)
    vxlans.ageing.set(vxlan, world.timerNs(nowNs + ageingTimeNs));
}

/** `vxlan_cleanup`: forgets addresses that were silent for the ageing time, and comes again when the next one is due. */
export function forgetSilent(world: World, vxlan: number): void {
  const { vteps, vxlans, nowNs } = world;
  let nextNs = Number.POSITIVE_INFINITY;
  for (const row of vteps.ofDevice(vxlans.device.get(vxlan))) {
    if (vteps.state.get(row) !== vtepState.dynamic) continue;
    const dueNs = vteps.updatedJiffies.get(row) * jiffyNs + ageingTimeNs;
    if (dueNs <= nowNs) vteps.table.remove(row);
    else nextNs = Math.min(nextNs, dueNs);
  }
  vxlans.ageing.set(vxlan, nextNs === Number.POSITIVE_INFINITY ? never : world.timerNs(nextNs));
}

/** `vxlan_stop`: a device that goes down forgets all but what was entered to stay. */
export function forgetDynamic(world: World, device: number): void {
  const { vteps, vxlans } = world;
  const vxlan = vxlans.ofDevice(device);
  if (vxlan === 0) return;
  for (const row of vteps.ofDevice(device)) if (vteps.state.get(row) === vtepState.dynamic) vteps.table.remove(row);
  vxlans.ageing.set(vxlan, never);
}

function withEcn(frame: EthernetFrame, outer: number): EthernetFrame | undefined {
  const { payload, destination, source, trailer } = frame;
  if (payload.kind !== "ipv4") return frame;
  const tos = combinedTos(outer, payload.tos);
  if (tos === undefined) return undefined;
  return tos === payload.tos
    ? frame
    : ethernetFrame(destination, source, ipv4Packet({ ...payload, tos, checksum: undefined }), trailer);
}
