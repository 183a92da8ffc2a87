import type { EthernetFrame } from "../../wire/ethernet.ts";
import { stationState } from "../hubs.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";

/**
 * Signals between the stations of a hub. What one transmits reaches each of the others when it has travelled along both
 * their cables. Two that are in the hub at once are mixed there, and nobody can read either; whoever hears both at once
 * knows it by that, and whoever has sent one of them by the time that it takes to the hub and back.
 */

/** The beginning of a transmission sets out to all other stations; as things stand, its end leaves at `endNs`. */
export function sendSignals(world: World, sender: number, endNs: number): void {
  const { stations, signals, nowNs } = world;
  for (const receiver of stations.ofHub(stations.hub.get(sender))) {
    if (receiver === sender) continue;
    const delayNs = travelNs(world, sender, receiver);
    signals.add(sender, receiver, nowNs, nowNs + delayNs, endNs + delayNs);
  }
  for (const signal of signals.heardBy(sender)) {
    const leavesHubNs = signals.endNs.get(signal) - stations.cableDelayNs.get(sender);
    const isInHub = leavesHubNs > nowNs + stations.cableDelayNs.get(sender);
    // In half duplex nobody listens while speaking.
    if (isInHub || stations.isFullDuplex.get(sender) === 0) signals.isDamaged.set(signal, 1);
  }
}

/** The sender breaks its transmission off at `endNs`. */
export function cutSignals(world: World, sender: number, endNs: number): void {
  const { stations, signals } = world;
  for (const signal of signals.ofTransmission(sender, stations.startedNs.get(sender))) {
    const arrivesNs = endNs + travelNs(world, sender, signals.receiver.get(signal));
    signals.isDamaged.set(signal, 1);
    signals.endNs.set(signal, arrivesNs);
    if (signals.isHeard.get(signal) === 1) signals.timer.set(signal, arrivesNs);
  }
}

/**
 * The sender has sent the whole frame. The frame itself goes on to the station that it is addressed to, a copy to every
 * other one; without an addressee here it lives on in its copies.
 */
export function loadSignals(world: World, sender: number, packet: number): void {
  const { stations, signals, devices, packets } = world;
  const { destination } = packets.data.get(packet) as EthernetFrame;
  const { flooded } = packets.origin.get(packet);
  let isTaken = false;
  for (const signal of signals.ofTransmission(sender, stations.startedNs.get(sender))) {
    const device = stations.device.get(signals.receiver.get(signal));
    const isAddressee: boolean = devices.mac.get(device) === destination && !isTaken;
    const carried = isAddressee ? packet : packets.copy(packet, device, stage.hubReceive, flooded);
    isTaken ||= isAddressee;
    packets.device.set(carried, device);
    packets.scrub(carried, true);
    packets.netns.set(carried, devices.netns.get(device));
    packets.stage.set(carried, stage.hubReceive);
    signals.packet.set(signal, carried);
  }
  if (!isTaken) packets.remove(packet);
}

/** The beginning of a signal reaches its receiver. */
export function hearSignal(world: World, signal: number): void {
  const { stations, signals, nowNs } = world;
  const receiver = signals.receiver.get(signal);
  const others = signals.heardBy(receiver);
  for (const other of others) signals.isDamaged.set(other, 1);
  const toHubAndBackNs = 2 * stations.cableDelayNs.get(receiver);
  const wasInHub = stations.endedNs.get(receiver) > nowNs - toHubAndBackNs;
  if (others.length > 0 || wasInHub || isTransmitting(world, receiver)) signals.isDamaged.set(signal, 1);
  signals.isHeard.set(signal, 1);
  signals.timer.set(signal, signals.endNs.get(signal));
  stations.carriers.set(receiver, stations.carriers.get(receiver) + 1);
}

/** The end of a signal has reached its receiver. */
export function forgetSignal(world: World, signal: number): void {
  const { stations, signals } = world;
  const receiver = signals.receiver.get(signal);
  stations.carriers.set(receiver, stations.carriers.get(receiver) - 1);
  signals.table.remove(signal);
}

/** A frame, or the jam after a collision. */
export function isTransmitting(world: World, station: number): boolean {
  const state = world.stations.state.get(station);
  return state === stationState.transmitting || state === stationState.jamming;
}

function travelNs({ stations }: World, sender: number, receiver: number): number {
  return stations.cableDelayNs.get(sender) + stations.cableDelayNs.get(receiver);
}
