import { mix } from "../../sim/random.ts";
import { never } from "../../sim/timers.ts";
import { ethernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { MacAddress } from "../../wire/mac-address.ts";
import { broadcastMac } from "../../wire/mac-address.ts";
import { isTooLongForPeer } from "../device/link.ts";
import { deviceKind } from "../devices.ts";
import { drop } from "../drop.ts";
import { sendHostUnreachable } from "../ip/icmp-error.ts";
import { nud, nudConnected, nudInTimer, nudValid } from "../neighbours.ts";
import { refuseForWantOfRoom } from "../socket/refused-send.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { solicit } from "./arp.ts";
import { type NeighbourSettings, neighbourSettings } from "./settings.ts";

const secondNs = 1_000_000_000;
/** What the kernel accounts for one small packet beyond its bytes: `skb->truesize`, 256 bytes of sk_buff and the data's slab. */
const packetOverheadBytes = 768;

/** Neighbour states and timers (net/core/neighbour.c). */
export function registerNeighbours(world: World): void {
  world.sim.on(stage.neighOutput, (packet) => output(world, packet));
  world.sim.on(stage.neighTimer, (neighbour) => timerFired(world, neighbour));
}

/** `ip_finish_output2` and `neigh_resolve_output`: puts the link header on, or lets the packet wait for the address. */
function output(world: World, packet: number): void {
  const { packets, devices, neighbours } = world;
  const device = packets.outDevice.get(packet);
  const nextHop = packets.nextHop.get(packet);
  packets.device.set(packet, device);
  if (devices.kind.get(device) === deviceKind.loopback) return sendTo(world, packet, device, 0);
  if (isBroadcast(world, device, nextHop)) return sendTo(world, packet, device, broadcastMac);
  const neighbour = neighbours.find(device, nextHop) || create(world, device, nextHop);
  if (neighbour === 0) {
    refuseForWantOfRoom(world, packet);
    return drop(world, packet, "NEIGH_CREATEFAIL");
  }
  noteUsed(world, neighbour);
  // What br_netfilter sends this way calls the neighbour's output itself.
  const isRouted = packets.bridgeInfo.get(packet)?.isBridgedDnat !== true;
  if (isRouted && packets.confirms.get(packet) === 1) neighbours.confirmedNs.set(neighbour, world.nowNs);
  const state = neighbours.state.get(neighbour);
  if (state === nud.stale) delay(world, neighbour);
  if ((state & nudValid) !== 0) {
    const { totalLength } = packets.data.get(packet) as Ipv4Packet;
    if (isTooLongForPeer(world, device, totalLength)) refuseForWantOfRoom(world, packet);
    return sendToNeighbour(world, packet, device, neighbour);
  }
  queue(world, neighbour, packet);
  if (state !== nud.incomplete) startResolution(world, neighbour);
}

/** `neigh_event_send` without a packet: asks for the address, or doubts it. */
export function resolve(world: World, neighbour: number): void {
  const state = world.neighbours.state.get(neighbour);
  if (state === nud.none || state === nud.failed) startResolution(world, neighbour);
  else if (state === nud.stale) delay(world, neighbour);
}

/** In use, and not known to be right: soon to be verified. */
function delay(world: World, neighbour: number): void {
  const { neighbours, nowNs } = world;
  const { delayFirstProbeTimeNs } = settingsOf(world, neighbour);
  setState(world, neighbour, nud.delay);
  neighbours.updatedNs.set(neighbour, nowNs);
  neighbours.timer.set(neighbour, questionNs(world, neighbour, nowNs + delayFirstProbeTimeNs));
}

/** A new entry in state NONE, unless the kernel's table is full: then 0. */
export function create(world: World, device: number, address: number): number {
  const node = world.namespaces.node.get(world.devices.netns.get(device));
  if (!hasRoom(world, node)) return 0;
  const entries = world.nodes.neighbours.get(node) + 1;
  world.nodes.neighbours.set(node, entries);
  if (entries === world.nodes.gcThresh1.get(node)) world.nodes.scheduleGc(node, world.nowNs);
  return world.neighbours.add(device, address, world.nowNs);
}

/** Forgets an entry; what waits for it is lost. */
export function removeNeighbour(world: World, neighbour: number): void {
  const { neighbours } = world;
  const node = world.namespaces.node.get(world.devices.netns.get(neighbours.device.get(neighbour)));
  dropQueue(world, neighbour);
  neighbours.timer.set(neighbour, never);
  world.nodes.neighbours.set(node, world.nodes.neighbours.get(node) - 1);
  neighbours.table.remove(neighbour);
}

/** `neigh_delete`, by hand: it fails first, and where somebody was being asked, those who wait are told. */
export function deleteNeighbour(world: World, neighbour: number): void {
  if ((world.neighbours.state.get(neighbour) & (nud.incomplete | nud.probe)) !== 0) fail(world, neighbour);
  removeNeighbour(world, neighbour);
}

/** `neigh_alloc`: between gc_thresh2 and gc_thresh3 the kernel tidies up every five seconds; above it must. */
function hasRoom(world: World, node: number): boolean {
  const { nodes } = world;
  const entries = nodes.neighbours.get(node);
  if (entries < nodes.gcThresh2.get(node)) return true;
  const isFull = entries >= nodes.gcThresh3.get(node);
  if (!isFull && world.nowNs - nodes.lastFlushNs.get(node) <= 5 * secondNs) return true;
  nodes.lastFlushNs.set(node, world.nowNs);
  forcedCollection(world, node);
  return nodes.neighbours.get(node) < nodes.gcThresh3.get(node);
}

/** `neigh_forced_gc`: entries that failed, or were not updated for five seconds, may go. */
function forcedCollection(world: World, node: number): void {
  const { neighbours, nodes } = world;
  for (const row of [...neighbours.table.rows()]) {
    if (nodes.neighbours.get(node) < nodes.gcThresh2.get(node)) return;
    if (world.namespaces.node.get(world.devices.netns.get(neighbours.device.get(row))) !== node) continue;
    const state = neighbours.state.get(row);
    if (state === nud.permanent || neighbours.firstQueued.get(row) !== 0) continue;
    if (state === nud.failed || world.nowNs - neighbours.updatedNs.get(row) > 5 * secondNs) removeNeighbour(world, row);
  }
}

/** `neigh->used`, to the jiffy. */
function noteUsed(world: World, neighbour: number): void {
  world.neighbours.usedNs.set(neighbour, world.nowInJiffiesNs);
}

function isBroadcast(world: World, device: number, address: number): boolean {
  if (address === 0xffff_ffff) return true;
  const route = world.routes.lookup(world.devices.netns.get(device), address);
  if (route === 0 || world.routes.isConnected.get(route) === 0) return false;
  const length = world.routes.prefixLength.get(route);
  if (length >= 31) return false;
  const hostBits = 0xffff_ffff >>> length;
  return (address & hostBits) >>> 0 === hostBits;
}

function sendToNeighbour(world: World, packet: number, device: number, neighbour: number): void {
  const { neighbours } = world;
  neighbours.hasHeader.set(neighbour, 1);
  sendTo(world, packet, device, neighbours.mac.get(neighbour));
}

/** Puts the link header on and hands the frame to the device. */
function sendTo(world: World, packet: number, device: number, mac: MacAddress): void {
  const { packets, devices } = world;
  const payload = packets.data.get(packet) as Ipv4Packet;
  packets.data.set(packet, ethernetFrame(mac, devices.mac.get(device), payload));
  packets.stage.set(packet, devices.transmitStage.get(device));
}

/** `__neigh_event_send`: waits behind the unresolved neighbour; the oldest are lost when too many wait. */
function queue(world: World, neighbour: number, packet: number): void {
  const { neighbours, packets, sim } = world;
  const bytes = queuedBytes(world, packet);
  sim.underWay.pop();
  const last = neighbours.lastQueued.get(neighbour);
  if (last === 0) neighbours.firstQueued.set(neighbour, packet);
  else packets.next.set(last, packet);
  neighbours.lastQueued.set(neighbour, packet);
  neighbours.queuedBytes.set(neighbour, neighbours.queuedBytes.get(neighbour) + bytes);
  const { unresolvedQueueBytes } = settingsOf(world, neighbour);
  while (neighbours.queuedBytes.get(neighbour) > unresolvedQueueBytes) {
    const lost = takeQueued(world, neighbour);
    drop(world, lost, "NEIGH_QUEUEFULL");
    sim.underWay.push(lost);
  }
}

function queuedBytes(world: World, packet: number): number {
  return (world.packets.data.get(packet) as Ipv4Packet).totalLength + packetOverheadBytes;
}

/** Takes the oldest waiting packet out of the queue; 0 when none waits. */
function takeQueued(world: World, neighbour: number): number {
  const { neighbours, packets } = world;
  const packet = neighbours.firstQueued.get(neighbour);
  if (packet === 0) return 0;
  const next = packets.next.get(packet);
  neighbours.firstQueued.set(neighbour, next);
  if (next === 0) neighbours.lastQueued.set(neighbour, 0);
  packets.next.set(packet, 0);
  neighbours.queuedBytes.set(neighbour, neighbours.queuedBytes.get(neighbour) - queuedBytes(world, packet));
  return packet;
}

/** Takes a packet out of the queue of the neighbour that it waits for, wherever it stands there. */
export function takeWaiting(world: World, neighbour: number, packet: number): void {
  const { neighbours, packets } = world;
  let before = 0;
  for (let at = neighbours.firstQueued.get(neighbour); at !== packet; at = packets.next.get(at)) before = at;
  if (before === 0) {
    takeQueued(world, neighbour);
    return;
  }
  const next = packets.next.get(packet);
  packets.next.set(before, next);
  if (next === 0) neighbours.lastQueued.set(neighbour, before);
  packets.next.set(packet, 0);
  neighbours.queuedBytes.set(neighbour, neighbours.queuedBytes.get(neighbour) - queuedBytes(world, packet));
}

function dropQueue(world: World, neighbour: number): void {
  for (let packet = takeQueued(world, neighbour); packet !== 0; packet = takeQueued(world, neighbour)) {
    drop(world, packet, "NEIGH_FAILED");
    world.sim.underWay.push(packet);
  }
}

function settingsOf(world: World, neighbour: number): NeighbourSettings {
  return neighbourSettings(world, world.neighbours.device.get(neighbour));
}

/** `__neigh_event_send`: asks everybody; where that is not allowed, the neighbour has failed at once. */
function startResolution(world: World, neighbour: number): void {
  const { neighbours, nowNs } = world;
  const { unicastSolicits, multicastSolicits, retransTimeNs } = settingsOf(world, neighbour);
  if (multicastSolicits === 0) return fail(world, neighbour);
  neighbours.probes.set(neighbour, unicastSolicits);
  setState(world, neighbour, nud.incomplete);
  neighbours.updatedNs.set(neighbour, nowNs);
  neighbours.timer.set(neighbour, nextNs(world, neighbour, multicastSolicits > 1, nowNs + retransTimeNs));
  probe(world, neighbour);
}

function probe(world: World, neighbour: number): void {
  const { neighbours } = world;
  const { unicastSolicits } = settingsOf(world, neighbour);
  const probes = neighbours.probes.get(neighbour);
  solicit(world, neighbour, probes < unicastSolicits);
  neighbours.probes.set(neighbour, probes + 1);
}

/** A timer of seconds that is set a little later falls into the wheel's next slot, a quarter of a second later. */
const slotNs = 300_000_000;

/** When a timer fires that may ask for the neighbour: as Linux was seen to ask, if such a timer may fire then. */
function questionNs(world: World, neighbour: number, dueNs: number): number {
  const expiryNs = world.timerNs(dueNs);
  return seenAsking(world, neighbour, dueNs, expiryNs + slotNs) ?? expiryNs;
}

/** The last question is followed by none, so that one that is seen then has another cause. */
function nextNs(world: World, neighbour: number, asksAgain: boolean, dueNs: number): number {
  return asksAgain ? questionNs(world, neighbour, dueNs) : world.timerNs(dueNs);
}

/** When Linux was seen to ask for it in that stretch of time. */
function seenAsking(world: World, neighbour: number, fromNs: number, toNs: number): number | undefined {
  const { choices, devices, namespaces, neighbours } = world;
  if (choices?.askedNs === undefined) return undefined;
  const device = neighbours.device.get(neighbour);
  const [netns, dev] = [namespaces.name.get(devices.netns.get(device)), devices.name.get(device)];
  return choices.askedNs(netns, dev, neighbours.address.get(neighbour), fromNs, toNs);
}

/** Whether the pace of a program decides if this moment is over when a timer fires: then Linux shows what it was. */
function isRace({ choices, nowNs }: World, momentNs: number): boolean {
  return choices?.askedNs !== undefined && Math.abs(nowNs - momentNs) < slotNs;
}

function setState(world: World, neighbour: number, state: number): void {
  world.neighbours.state.set(neighbour, state);
}

/** Random between half and one and a half times the base time, drawn once per device (`neigh_rand_reach_time`). */
export function reachableTimeNs(world: World, device: number): number {
  const { namespaces, devices, choices } = world;
  const chosen = choices?.reachableTimeNs(namespaces.name.get(devices.netns.get(device)), devices.name.get(device));
  if (chosen !== undefined) return chosen;
  const halfMs = Math.floor(neighbourSettings(world, device).baseReachableTimeNs / 2_000_000);
  if (halfMs === 0) return 0;
  return (halfMs + (mix(world.seed, device) % (2 * halfMs))) * 1_000_000;
}

/** `neigh_timer_handler`. */
function timerFired(world: World, neighbour: number): void {
  const { neighbours, nowNs } = world;
  const state = neighbours.state.get(neighbour);
  if (state === nud.reachable) reachableExpired(world, neighbour);
  else if (state === nud.delay) delayExpired(world, neighbour);
  const now = neighbours.state.get(neighbour);
  if (now !== nud.probe && now !== nud.incomplete) return;
  const { unicastSolicits, multicastSolicits, multicastResolicits, retransTimeNs } = settingsOf(world, neighbour);
  // neigh_max_probes
  const limit = unicastSolicits + (now === nud.probe ? multicastResolicits : multicastSolicits);
  const probes = neighbours.probes.get(neighbour);
  if (probes >= limit) return fail(world, neighbour);
  neighbours.timer.set(neighbour, nextNs(world, neighbour, probes + 1 < limit, nowNs + retransTimeNs));
  probe(world, neighbour);
}

function reachableExpired(world: World, neighbour: number): void {
  const { neighbours, nowNs } = world;
  const { delayFirstProbeTimeNs } = settingsOf(world, neighbour);
  const confirmedUntilNs =
    neighbours.confirmedNs.get(neighbour) + reachableTimeNs(world, neighbours.device.get(neighbour));
  if (nowNs < confirmedUntilNs) {
    neighbours.timer.set(neighbour, world.timerNs(confirmedUntilNs));
  } else if (isInUse(world, neighbour, delayFirstProbeTimeNs)) {
    setState(world, neighbour, nud.delay);
    neighbours.updatedNs.set(neighbour, nowNs);
    neighbours.timer.set(neighbour, questionNs(world, neighbour, nowNs + delayFirstProbeTimeNs));
  } else {
    setState(world, neighbour, nud.stale);
    neighbours.updatedNs.set(neighbour, nowNs);
  }
}

/** Used within the time after which it is verified. */
function isInUse(world: World, neighbour: number, delayNs: number): boolean {
  const { neighbours, nowNs } = world;
  const untilNs = neighbours.usedNs.get(neighbour) + delayNs;
  const probedNs = nowNs + delayNs;
  if (isRace(world, untilNs) && seenAsking(world, neighbour, probedNs, probedNs + 2 * slotNs) !== undefined)
    return true;
  return nowNs <= untilNs;
}

/** Confirmed by what came from there, within the time after which it is verified. */
function isConfirmed(world: World, neighbour: number, delayNs: number): boolean {
  const { neighbours, nowNs } = world;
  const untilNs = neighbours.confirmedNs.get(neighbour) + delayNs;
  if (isRace(world, untilNs)) return seenAsking(world, neighbour, nowNs - 1, nowNs + slotNs) === undefined;
  return nowNs <= untilNs;
}

function delayExpired(world: World, neighbour: number): void {
  const { neighbours, nowNs } = world;
  const { delayFirstProbeTimeNs } = settingsOf(world, neighbour);
  const confirmedNs = neighbours.confirmedNs.get(neighbour);
  neighbours.updatedNs.set(neighbour, nowNs);
  if (isConfirmed(world, neighbour, delayFirstProbeTimeNs)) {
    setState(world, neighbour, nud.reachable);
    const reachableNs = reachableTimeNs(world, neighbours.device.get(neighbour));
    neighbours.timer.set(neighbour, world.timerNs(confirmedNs + reachableNs));
    return;
  }
  setState(world, neighbour, nud.probe);
  neighbours.probes.set(neighbour, 0);
}

/** `neigh_invalidate`: every packet that waits is answered with host unreachable, all at once. */
function fail(world: World, neighbour: number): void {
  const { neighbours, packets, sim, nowNs } = world;
  setState(world, neighbour, nud.failed);
  neighbours.updatedNs.set(neighbour, nowNs);
  const waiting: number[] = [];
  for (let packet = takeQueued(world, neighbour); packet !== 0; packet = takeQueued(world, neighbour))
    waiting.push(packet);
  // The last put under way goes first; each waiting packet is lost, and then its sender is told.
  for (let i = waiting.length - 1; i >= 0; i--) {
    const packet = waiting[i];
    sendHostUnreachable(world, packet, packets.data.get(packet) as Ipv4Packet);
    drop(world, packet, "NEIGH_FAILED");
    sim.underWay.push(packet);
  }
}

/**
 * `neigh_update`: what an ARP packet says about a neighbour. `override` allows a known address to be replaced.
 * Packets that waited are sent at once.
 */
export function update(world: World, neighbour: number, mac: MacAddress, newState: number, override: boolean): void {
  const { neighbours, nowNs } = world;
  const oldState = neighbours.state.get(neighbour);
  const oldMac = neighbours.mac.get(neighbour);
  const wasValid = (oldState & nudValid) !== 0;
  let state = newState;
  if ((oldState & nud.permanent) !== 0 && newState !== nud.permanent) return;
  if ((state & nudConnected) !== 0) neighbours.confirmedNs.set(neighbour, nowNs);
  if (wasValid) {
    if (mac !== oldMac && !override) return;
    if (mac === oldMac && state === nud.stale) state = oldState;
  }
  if (state !== oldState || mac !== oldMac) neighbours.updatedNs.set(neighbour, nowNs);
  if (state !== oldState) {
    const timerNs = nowNs + (state === nud.reachable ? reachableTimeNs(world, neighbours.device.get(neighbour)) : 0);
    neighbours.timer.set(neighbour, (state & nudInTimer) !== 0 ? world.timerNs(timerNs) : never);
    setState(world, neighbour, state);
  }
  if (mac !== oldMac) {
    neighbours.mac.set(neighbour, mac);
    if ((state & nudConnected) === 0)
      neighbours.confirmedNs.set(neighbour, nowNs - 2 * settingsOf(world, neighbour).baseReachableTimeNs);
  }
  if (!wasValid) releaseQueue(world, neighbour);
}

/** Sends what waited, oldest first. */
function releaseQueue(world: World, neighbour: number): void {
  const { packets, sim } = world;
  const waiting: number[] = [];
  for (let packet = takeQueued(world, neighbour); packet !== 0; packet = takeQueued(world, neighbour))
    waiting.push(packet);
  for (let i = waiting.length - 1; i >= 0; i--) {
    packets.hasWaited.set(waiting[i], 1);
    packets.stage.set(waiting[i], stage.neighOutput);
    sim.underWay.push(waiting[i]);
  }
}
