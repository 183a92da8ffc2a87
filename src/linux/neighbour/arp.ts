import { type ArpPacket, arpOperation, arpPacket } from "../../wire/arp.ts";
import { type EthernetFrame, ethernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { broadcastMac, type MacAddress, zeroMac } from "../../wire/mac-address.ts";
import { isForOtherHost } from "../device/link.ts";
import { drop } from "../drop.ts";
import { isLocalAddress } from "../ip/local.ts";
import { selectSource } from "../ip/source.ts";
import { nud, nudValid } from "../neighbours.ts";
import { makeOrigin, type Origin } from "../packets.ts";
import { deliverArp } from "../socket/arp-socket.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { create, update } from "./neighbour.ts";

/** `n->parms->locktime`: a neighbour that was just updated is not updated again by another reply. */
const lockTimeNs = 1_000_000_000;

/** ARP (net/ipv4/arp.c). */
export function registerArp(world: World): void {
  const { sim } = world;
  sim.on(stage.arpRequest, (packet) => transmit(world, packet));
  sim.on(stage.arpReply, (packet) => transmit(world, packet));
  sim.on(stage.arpReceive, (packet) => receive(world, packet));
  sim.on(stage.arpIgnore, (packet) => world.packets.end(packet));
}

/** Both question and answer leave by the device they were made for. */
function transmit(world: World, packet: number): void {
  world.packets.stage.set(packet, world.devices.transmitStage.get(world.packets.device.get(packet)));
}

/** `arp_solicit`: asks for a neighbour's address, of itself where one is known, else of everybody. */
export function solicit(world: World, neighbour: number, isUnicast: boolean): void {
  const { neighbours, packets, devices } = world;
  const device = neighbours.device.get(neighbour);
  const target = neighbours.address.get(neighbour);
  const isKnown = isUnicast && (neighbours.state.get(neighbour) & nudValid) !== 0;
  const destination = isKnown ? neighbours.mac.get(neighbour) : broadcastMac;
  const waiting = neighbours.firstQueued.get(neighbour);
  const origin = waiting !== 0 ? packets.causedBy(waiting) : makeOrigin(packets.nextName(), 0);
  const sender = senderAddress(world, device, target, waiting);
  const mac = devices.mac.get(device);
  const question = arpPacket(arpOperation.request, mac, sender, zeroMac, target);
  put(world, device, ethernetFrame(destination, mac, question), origin);
}

/** `arp_announce` 0: the address that the waiting packet uses if it is local, else one of the device's. */
function senderAddress(world: World, device: number, target: Ipv4Address, waiting: number): Ipv4Address {
  if (waiting !== 0) {
    const source = (world.packets.data.get(waiting) as Ipv4Packet).source;
    if (isLocalAddress(world, world.devices.netns.get(device), source)) return source;
  }
  return selectSource(world, device, target);
}

/** Puts an ARP packet under way on its device. */
export function put(world: World, device: number, frame: EthernetFrame, origin: Origin): void {
  const arp = frame.payload as ArpPacket;
  const first = arp.operation === arpOperation.request ? stage.arpRequest : stage.arpReply;
  world.sim.underWay.push(world.packets.make(world.devices.netns.get(device), device, first, frame, origin));
}

/** `arp_process`. */
function receive(world: World, packet: number): void {
  const { packets } = world;
  const device = packets.device.get(packet);
  const frame = packets.data.get(packet) as EthernetFrame;
  const arp = frame.payload as ArpPacket;
  deliverArp(world, device, arp);
  if (isForOtherHost(world, packet)) return drop(world, packet, "OTHERHOST");
  const netns = packets.netns.get(packet);
  const isForMine = arp.operation === arpOperation.request && isLocalAddress(world, netns, arp.targetIp);
  // Who claims an address of this machine's own is not answered: `ip_route_input` takes it for a martian.
  if (isForMine && !isLocalAddress(world, netns, arp.senderIp)) return answer(world, packet, device, arp);
  refresh(world, packet, device, frame, arp);
}

/** The asked one keeps the asker, as STALE, and answers it directly. */
function answer(world: World, packet: number, device: number, arp: ArpPacket): void {
  const { packets, neighbours, devices } = world;
  const mac = devices.mac.get(device);
  const reply = arpPacket(arpOperation.reply, mac, arp.targetIp, arp.senderMac, arp.senderIp);
  const origin = packets.causedBy(packet);
  packets.end(packet);
  // Put under way first, so that it goes after the packets that the update sets free.
  put(world, device, ethernetFrame(arp.senderMac, mac, reply), origin);
  if (arp.senderIp === 0) return;
  const neighbour = neighbours.find(device, arp.senderIp) || create(world, device, arp.senderIp);
  if (neighbour !== 0) update(world, neighbour, arp.senderMac, nud.stale, true);
}

/** Everybody else updates what it already knows, and creates nothing (`arp_accept` 0). */
function refresh(world: World, packet: number, device: number, frame: EthernetFrame, arp: ArpPacket): void {
  const { packets, neighbours } = world;
  const neighbour = arp.senderIp === 0 ? 0 : neighbours.find(device, arp.senderIp);
  if (neighbour === 0) {
    packets.stage.set(packet, stage.arpIgnore);
    return;
  }
  packets.end(packet);
  const isGratuitous = arp.senderIp === arp.targetIp;
  const override = isGratuitous || world.nowNs > neighbours.updatedNs.get(neighbour) + lockTimeNs;
  const isAnswer = arp.operation === arpOperation.reply && isForMe(world, device, frame.destination);
  update(world, neighbour, arp.senderMac, isAnswer ? nud.reachable : nud.stale, override);
}

function isForMe(world: World, device: number, destination: MacAddress): boolean {
  return destination === world.devices.mac.get(device);
}
