import { type ArpPacket, arpOperation, arpPacket } from "../../wire/arp.ts";
import { type EthernetFrame, ethernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { broadcastMac, isGroupMac, zeroMac } from "../../wire/mac-address.ts";
import { conf, confOf } from "../device/conf.ts";
import { isForOtherHost } from "../device/link.ts";
import { drop } from "../drop.ts";
import { jiffyNs } from "../fdb.ts";
import { isBroadcastAddress, isLocalAddress } from "../ip/local.ts";
import { isOnLink } from "../ip/on-link.ts";
import { selectSource } from "../ip/source.ts";
import { nud, nudValid } from "../neighbours.ts";
import { makeOrigin, type Origin } from "../packets.ts";
import { deliverArp } from "../socket/arp-socket.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { isProxyFor, ownAnswer } from "./arp-answer.ts";
import { create, update } from "./neighbour.ts";
import { neighbourSettings } from "./settings.ts";

/** ARP (net/ipv4/arp.c). */
export function registerArp(world: World): void {
  const { sim } = world;
  sim.on(stage.arpRequest, (packet) => transmit(world, packet));
  sim.on(stage.arpReply, (packet) => transmit(world, packet));
  sim.on(stage.arpReceive, (packet) => receive(world, packet));
  sim.on(stage.arpProxy, (row) => answerForOther(world, row));
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
  const sender = senderAddress(world, device, target, neighbours.lastQueued.get(neighbour));
  const mac = devices.mac.get(device);
  const question = arpPacket(arpOperation.request, mac, sender, zeroMac, target);
  put(world, device, ethernetFrame(destination, mac, question), origin);
}

/**
 * `arp_announce` 0: the address that the latest waiting packet uses if it is local; 1: if the target's network has it as well;
 * else, and with 2 always, one of the device's.
 */
function senderAddress(world: World, device: number, target: Ipv4Address, waiting: number): Ipv4Address {
  const level = confOf(world, device, conf.arpAnnounce);
  if (waiting !== 0 && level < 2) {
    const source = (world.packets.data.get(waiting) as Ipv4Packet).source;
    const isOurs = isLocalAddress(world, world.devices.netns.get(device), source);
    if (isOurs && (level === 0 || isOnLink(world, device, target, source))) return source;
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
  deliverArp(world, device, frame);
  if (isForOtherHost(world, packet)) return drop(world, packet, "OTHERHOST");
  if (isRefused(world, device, arp)) {
    packets.stage.set(packet, stage.arpIgnore);
    return;
  }
  if (arp.operation === arpOperation.request) {
    const ours = ownAnswer(world, device, arp);
    if (ours === "yes") return answer(world, packet, device, arp);
    if (ours === "silent" || arp.senderIp === 0) return packets.stage.set(packet, stage.arpIgnore);
    if (isProxyFor(world, device, arp)) return proxy(world, packet, device, frame, arp);
  }
  refresh(world, packet, device, frame, arp);
}

/** Never about group addresses and 127.0.0.0/8; gratuitous ones where `drop_gratuitous_arp` says so. */
function isRefused(world: World, device: number, { senderIp, targetIp }: ArpPacket): boolean {
  if (targetIp >>> 28 === 0xe) return true;
  if (targetIp >>> 24 === 127 && confOf(world, device, conf.routeLocalnet) === 0) return true;
  return senderIp === targetIp && confOf(world, device, conf.dropGratuitousArp) === 1;
}

/** The asked one keeps the asker, as STALE, and answers it directly. */
function answer(world: World, packet: number, device: number, arp: ArpPacket): void {
  const { packets } = world;
  const origin = packets.causedBy(packet);
  packets.end(packet);
  // Put under way first, so that it goes after the packets that the update sets free.
  putReply(world, device, arp, origin);
  keepAsker(world, device, arp);
}

function putReply(world: World, device: number, arp: ArpPacket, origin: Origin): void {
  const mac = world.devices.mac.get(device);
  const reply = arpPacket(arpOperation.reply, mac, arp.targetIp, arp.senderMac, arp.senderIp);
  put(world, device, ethernetFrame(arp.senderMac, mac, reply), origin);
}

/** `neigh_event_ns`. What is a broadcast address here needs no entry: nobody is asked for it (`arp_constructor`). */
function keepAsker(world: World, device: number, arp: ArpPacket): void {
  if (arp.senderIp === 0 || isBroadcastAddress(world, device, arp.senderIp)) return;
  const neighbour = world.neighbours.find(device, arp.senderIp) || create(world, device, arp.senderIp);
  if (neighbour !== 0) update(world, neighbour, arp.senderMac, nud.stale, true);
}

/** The owner of the address is behind another device: answers in its place, at once or within `proxy_delay`. */
function proxy(world: World, packet: number, device: number, frame: EthernetFrame, arp: ArpPacket): void {
  const { proxyArp, sim, nowNs } = world;
  const { proxyDelayNs, proxyQueueLength } = neighbourSettings(world, device);
  if (proxyDelayNs === 0 || isForHost(world, packet, frame)) return answer(world, packet, device, arp);
  keepAsker(world, device, arp);
  if (proxyArp.table.size > proxyQueueLength) return drop(world, packet, "NOT_SPECIFIED");
  sim.underWay.pop();
  const drawnNs = world.timerNs(nowNs + sim.random.below(proxyDelayNs / jiffyNs) * jiffyNs);
  proxyArp.add(packet, proxiedNs(world, device, arp, proxyDelayNs) ?? drawnNs);
}

/** When Linux was seen to answer. */
function proxiedNs(world: World, device: number, arp: ArpPacket, proxyDelayNs: number): number | undefined {
  const { choices, devices, namespaces, nowNs } = world;
  if (choices?.proxiedNs === undefined) return undefined;
  const [netns, dev] = [namespaces.name.get(devices.netns.get(device)), devices.name.get(device)];
  const ends = { address: arp.targetIp, asker: arp.senderIp };
  return choices.proxiedNs(netns, dev, ends, nowNs, world.timerNs(nowNs + proxyDelayNs) + slotNs);
}

/** How late a timer may be. */
const slotNs = 40_000_000;

/** `neigh_proxy_process`: the delay is over. */
function answerForOther(world: World, row: number): void {
  const { proxyArp, packets, sim } = world;
  const packet = proxyArp.packet.get(row);
  proxyArp.table.remove(row);
  sim.underWay.push(packet);
  const arp = (packets.data.get(packet) as EthernetFrame).payload as ArpPacket;
  answer(world, packet, packets.device.get(packet), arp);
}

/** Everybody else updates what it already knows, and creates nothing unless `arp_accept` allows it. */
function refresh(world: World, packet: number, device: number, frame: EthernetFrame, arp: ArpPacket): void {
  const { packets, neighbours } = world;
  const isGratuitous = isAnnouncement(world, device, arp);
  let neighbour = arp.senderIp === 0 ? 0 : neighbours.find(device, arp.senderIp);
  if (neighbour === 0 && acceptsUnasked(world, device, arp, isGratuitous))
    neighbour = create(world, device, arp.senderIp);
  if (neighbour === 0) {
    packets.stage.set(packet, stage.arpIgnore);
    return;
  }
  const isAnswer = arp.operation === arpOperation.reply && isForHost(world, packet, frame);
  packets.end(packet);
  const { lockTimeNs } = neighbourSettings(world, device);
  const override = isGratuitous || world.nowNs > neighbours.updatedNs.get(neighbour) + lockTimeNs;
  update(world, neighbour, arp.senderMac, isAnswer ? nud.reachable : nud.stale, override);
}

/** `arp_is_garp`: about another machine's address; a reply must name its sender as its target, too. */
function isAnnouncement(world: World, device: number, arp: ArpPacket): boolean {
  if (arp.senderIp !== arp.targetIp) return false;
  if (arp.operation === arpOperation.reply && arp.targetMac !== arp.senderMac) return false;
  return isSingleAddress(world, device, arp.senderIp);
}

/** `arp_accept`: 1 from everybody, 2 from neighbours of the device's own networks. */
function acceptsUnasked(world: World, device: number, arp: ArpPacket, isGratuitous: boolean): boolean {
  const level = confOf(world, device, conf.arpAccept);
  if (level === 0 || arp.senderIp === 0) return false;
  if (level === 2 && !isOnLink(world, device, arp.senderIp, arp.senderIp)) return false;
  return isGratuitous || (arp.operation === arpOperation.reply && isSingleAddress(world, device, arp.senderIp));
}

/** `inet_addr_type_dev_table` RTN_UNICAST. */
function isSingleAddress(world: World, device: number, address: Ipv4Address): boolean {
  if (address >>> 28 === 0xe || isBroadcastAddress(world, device, address)) return false;
  return !isLocalAddress(world, world.devices.netns.get(device), address);
}

/** PACKET_HOST: addressed to this device alone, or to the port of a bridge by which it came. */
function isForHost(world: World, packet: number, frame: EthernetFrame): boolean {
  return !isGroupMac(frame.destination) && !isForOtherHost(world, packet);
}
