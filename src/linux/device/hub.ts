import { never } from "../../sim/timers.ts";
import { type EthernetFrame, frameLength } from "../../wire/ethernet.ts";
import { drop } from "../drop.ts";
import { stationState } from "../hubs.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { receive } from "./link.ts";
import { cutSignals, forgetSignal, hearSignal, isTransmitting, loadSignals, sendSignals } from "./signals.ts";

/** IEEE 802.3 clause 4.4.2, for 10 and 100 Mbit/s, in bit times. */
export const slotTimeBits = 512;
export const interPacketGapBits = 96;
/** The first two thirds of the gap: a carrier that appears in them starts it anew (4.2.3.2.1). */
export const interPacketGapPart1Bits = 64;
export const jamBits = 32;
export const attemptLimit = 16;
export const backoffLimit = 10;
/** Preamble and start frame delimiter. */
const headerBits = 64;
const frameCheckSequenceBytes = 4;
/** 64 bytes with the frame check sequence: what is shorter is padded. */
const minimumFrameBytes = 60;
/** `txqueuelen` of an Ethernet card. */
const queueLimit = 1000;

/** Bit times that a frame takes on the cable, from its preamble to its frame check sequence. */
export function transmissionBits(frame: EthernetFrame): number {
  return headerBits + 8 * (Math.max(minimumFrameBytes, frameLength(frame)) + frameCheckSequenceBytes);
}

/** A station on a hub: carrier sense, multiple access, collision detection (IEEE 802.3 clause 4.2). */
export function registerHub(world: World): void {
  const { sim } = world;
  sim.on(stage.hubQueue, (packet) => queue(world, packet));
  sim.on(stage.hubCarrierSense, (packet) => senseCarrier(world, packet));
  sim.on(stage.hubTransmit, (packet) => transmit(world, packet));
  sim.on(stage.hubCollision, (packet) => collide(world, packet));
  sim.on(stage.hubBackoff, (packet) => backOff(world, packet));
  sim.on(stage.hubReceive, (packet) => receive(world, packet));
  sim.on(stage.hubTimer, (station) => timerFired(world, station));
  sim.on(stage.hubSignal, (signal) => signalFired(world, signal));
}

/** The driver hands the frame to the card, which sends one after the other. */
function queue(world: World, packet: number): void {
  const { devices, packets, stations, sim } = world;
  const device = packets.device.get(packet);
  if (!devices.isRunning(device)) return drop(world, packet, "DEV_READY");
  const station = stations.ofDevice(device);
  const last = stations.lastQueued.get(station);
  if (stations.queued.get(station) >= queueLimit) return drop(world, packet, "QDISC_DROP");
  stations.queued.set(station, stations.queued.get(station) + 1);
  stations.lastQueued.set(station, packet);
  packets.stage.set(packet, stage.hubCarrierSense);
  if (last === 0) {
    stations.firstQueued.set(station, packet);
  } else {
    packets.next.set(last, packet);
    sim.underWay.pop();
  }
}

/** Deference (4.2.3.2.1): not while the medium is busy, nor in the interpacket gap after that. */
function senseCarrier(world: World, packet: number): void {
  const { stations, packets, sim, nowNs } = world;
  const station = stations.ofDevice(packets.device.get(packet));
  stations.state.set(station, stationState.deferring);
  packets.stage.set(packet, stage.hubTransmit);
  const deferUntilNs = stations.deferUntilNs.get(station);
  const isBusy = stations.carriers.get(station) > 0 && stations.isFullDuplex.get(station) === 0;
  if (deferUntilNs <= nowNs && !isBusy) return;
  sim.underWay.pop();
  if (deferUntilNs > nowNs && deferUntilNs !== Number.POSITIVE_INFINITY) stations.timer.set(station, deferUntilNs);
  else stations.deferUntilNs.set(station, Number.POSITIVE_INFINITY);
}

function transmit(world: World, packet: number): void {
  const { stations, packets, sim, nowNs } = world;
  const station = stations.ofDevice(packets.device.get(packet));
  const bits = transmissionBits(packets.data.get(packet) as EthernetFrame);
  const endNs = nowNs + bits * bitTimeNs(world, station);
  stations.state.set(station, stationState.transmitting);
  stations.attempts.set(station, stations.attempts.get(station) + 1);
  stations.startedNs.set(station, nowNs);
  stations.wasTransmitting.set(station, 1);
  stations.deferUntilNs.set(station, Number.POSITIVE_INFINITY);
  stations.timer.set(station, endNs);
  sendSignals(world, station, endNs);
  // In the last third of the gap nobody listens any more (4.2.3.2.1): somebody may have begun.
  if (stations.carriers.get(station) > 0 && stations.isFullDuplex.get(station) === 0)
    packets.stage.set(packet, stage.hubCollision);
  else sim.underWay.pop();
}

/** Collision enforcement (4.2.3.2.4): the preamble is completed and a jam follows, so that all others notice, too. */
function collide(world: World, packet: number): void {
  const { stations, packets, sim, nowNs } = world;
  const station = stations.ofDevice(packets.device.get(packet));
  const bitNs = bitTimeNs(world, station);
  const startedNs = stations.startedNs.get(station);
  stations.collisions.add(station, 1);
  if (nowNs - startedNs > slotTimeBits * bitNs) stations.lateCollisions.add(station, 1);
  const endNs = Math.max(nowNs, startedNs + headerBits * bitNs) + jamBits * bitNs;
  stations.state.set(station, stationState.jamming);
  stations.timer.set(station, endNs);
  cutSignals(world, station, endNs);
  packets.stage.set(packet, stage.hubBackoff);
  sim.underWay.pop();
}

/** Truncated binary exponential backoff (4.2.3.2.5): before attempt n + 1, from 0 to 2^min(n, 10) - 1 slot times. */
function backOff(world: World, packet: number): void {
  const { stations, packets, sim, nowNs } = world;
  const station = stations.ofDevice(packets.device.get(packet));
  const slots = sim.random.below(2 ** Math.min(stations.attempts.get(station), backoffLimit));
  stations.backoffSlots.set(station, slots);
  stations.state.set(station, stationState.backingOff);
  packets.stage.set(packet, stage.hubCarrierSense);
  if (slots === 0) return;
  stations.timer.set(station, nowNs + slots * slotTimeBits * bitTimeNs(world, station));
  sim.underWay.pop();
}

function timerFired(world: World, station: number): void {
  const { stations, sim } = world;
  const state = stations.state.get(station);
  if (state === stationState.transmitting) finishTransmission(world, station);
  else if (state === stationState.jamming) finishJam(world, station);
  else sim.underWay.push(stations.firstQueued.get(station));
}

function finishTransmission(world: World, station: number): void {
  const { stations, devices, packets } = world;
  const packet = takeFirst(world, station);
  devices.countTransmitted(stations.device.get(station), frameLength(packets.data.get(packet) as EthernetFrame));
  fallSilent(world, station);
  loadSignals(world, station, packet);
  beginNext(world, station);
}

function finishJam(world: World, station: number): void {
  const { stations, sim } = world;
  const packet = stations.firstQueued.get(station);
  if (stations.attempts.get(station) >= attemptLimit) {
    takeFirst(world, station);
    stations.excessiveCollisions.add(station, 1);
    fallSilent(world, station);
    beginNext(world, station);
    drop(world, packet, "EXCESSIVE_COLLISIONS");
  } else {
    stations.state.set(station, stationState.backingOff);
    fallSilent(world, station);
  }
  sim.underWay.push(packet);
}

/** Takes the first frame out of the queue; the station is then idle. */
function takeFirst(world: World, station: number): number {
  const { stations, packets } = world;
  const packet = stations.firstQueued.get(station);
  const next = packets.next.get(packet);
  stations.firstQueued.set(station, next);
  if (next === 0) stations.lastQueued.set(station, 0);
  stations.queued.set(station, stations.queued.get(station) - 1);
  stations.attempts.set(station, 0);
  stations.state.set(station, stationState.idle);
  packets.next.set(packet, 0);
  return packet;
}

function beginNext(world: World, station: number): void {
  const next = world.stations.firstQueued.get(station);
  if (next !== 0) world.sim.underWay.push(next);
}

/** The station's own transmission is over. */
function fallSilent(world: World, station: number): void {
  const { stations, nowNs } = world;
  stations.endedNs.set(station, nowNs);
  if (stations.carriers.get(station) === 0 || stations.isFullDuplex.get(station) === 1) beginGap(world, station);
}

/** The medium has become idle: whoever has transmitted just now pays no heed to what appears in the gap (4.2.3.2.1). */
function beginGap(world: World, station: number): void {
  const { stations, nowNs } = world;
  const bitNs = bitTimeNs(world, station);
  const isSure = stations.wasTransmitting.get(station) === 1;
  stations.deferUntilNs.set(station, nowNs + interPacketGapBits * bitNs);
  stations.gapIsSureNs.set(station, isSure ? nowNs : nowNs + interPacketGapPart1Bits * bitNs);
  stations.wasTransmitting.set(station, 0);
  if (stations.state.get(station) === stationState.deferring)
    stations.timer.set(station, stations.deferUntilNs.get(station));
}

function signalFired(world: World, signal: number): void {
  const { signals, sim } = world;
  const receiver = signals.receiver.get(signal);
  if (signals.isHeard.get(signal) === 0) {
    hearSignal(world, signal);
    carrierAppeared(world, receiver);
    return;
  }
  const packet = signals.packet.get(signal);
  if (packet !== 0 && signals.isDamaged.get(signal) === 1) drop(world, packet, "COLLISION");
  forgetSignal(world, signal);
  carrierVanished(world, receiver);
  if (packet !== 0) sim.underWay.push(packet);
}

/** While transmitting that is a collision; in the first part of the gap it starts the waiting anew. */
function carrierAppeared(world: World, station: number): void {
  const { stations, packets, sim, nowNs } = world;
  if (stations.isFullDuplex.get(station) === 1) return;
  const state = stations.state.get(station);
  if (state === stationState.transmitting) {
    const packet = stations.firstQueued.get(station);
    packets.stage.set(packet, stage.hubCollision);
    sim.underWay.push(packet);
    return;
  }
  const isInSurePart = nowNs >= stations.gapIsSureNs.get(station) && nowNs < stations.deferUntilNs.get(station);
  if (isInSurePart) return;
  stations.deferUntilNs.set(station, Number.POSITIVE_INFINITY);
  if (state === stationState.deferring) stations.timer.set(station, never);
}

function carrierVanished(world: World, station: number): void {
  const { stations } = world;
  if (stations.carriers.get(station) > 0 || stations.isFullDuplex.get(station) === 1) return;
  if (!isTransmitting(world, station)) beginGap(world, station);
}

/** The card is switched off: it falls silent in the middle of a word, and what it was to send is lost. */
export function stopStation(world: World, device: number): void {
  const { stations, sim, nowNs } = world;
  const station = stations.ofDevice(device);
  const wasBusy = isTransmitting(world, station);
  if (wasBusy) cutSignals(world, station, nowNs);
  stations.timer.set(station, never);
  const lost: number[] = [];
  while (stations.firstQueued.get(station) !== 0) lost.push(takeFirst(world, station));
  if (wasBusy) fallSilent(world, station);
  for (let i = lost.length - 1; i >= 0; i--) {
    drop(world, lost[i], "DEV_READY");
    sim.underWay.push(lost[i]);
  }
}

function bitTimeNs({ stations, hubs }: World, station: number): number {
  return hubs.bitTimeNs.get(stations.hub.get(station));
}
