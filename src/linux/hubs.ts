import type { SourceRange } from "../base/source-range.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import { stage } from "./stage.ts";

/** Hubs: repeaters (IEEE 802.3 clause 9) that give every signal to all their stations. They know no addresses and keep nothing. */
export class Hubs {
  readonly table: Table;
  readonly name: ReferenceColumn<string>;
  readonly source: ReferenceColumn<SourceRange | null>;
  /** 100 ns at 10 Mbit/s. */
  readonly bitTimeNs: Float64Column;

  constructor(sim: Simulation) {
    this.table = sim.addTable("hub");
    this.name = this.table.reference("name", "");
    this.source = this.table.reference<SourceRange | null>("source", null);
    this.bitTimeNs = this.table.float64("bitTimeNs");
  }
}

/** What a station is at with the frame that is first in its queue. */
export const stationState = { idle: 0, deferring: 1, transmitting: 2, jamming: 3, backingOff: 4 } as const;
export const stationStateNames = ["idle", "deferring", "transmitting", "jamming", "backing off"] as const;

/** Stations: network cards on a hub, each with the state of its MAC sublayer (IEEE 802.3 clause 4). */
export class Stations {
  readonly table: Table;
  readonly device: Int32Column;
  readonly hub: Int32Column;
  /** How long a signal travels between the station and the hub. */
  readonly cableDelayNs: Float64Column;
  /** Set to full duplex, which no hub can do: it neither defers nor notices a collision. */
  readonly isFullDuplex: Int32Column;

  /** One of `stationState`. */
  readonly state: Int32Column;
  /** When what it is at is done: the gap, the transmission, the jam, the backoff. */
  readonly timer: TimerColumn;
  /** The frame it is at, and those behind it, chained through `Packets.next`. */
  readonly firstQueued: Int32Column;
  readonly lastQueued: Int32Column;
  readonly queued: Int32Column;
  /** Attempts to transmit the first frame so far. */
  readonly attempts: Int32Column;
  /** Slot times that it waits, or last waited, before the next attempt. */
  readonly backoffSlots: Int32Column;
  /** When the transmission began. */
  readonly startedNs: Float64Column;
  /** When the last transmission was over, jam included. */
  readonly endedNs: Float64Column;

  /** Signals of others that are on its cable: carrier sense. */
  readonly carriers: Int32Column;
  /** It transmitted since the medium was last idle. */
  readonly wasTransmitting: Int32Column;
  /** When the medium, which is idle, will have been idle for an interpacket gap; infinite while it is busy. */
  readonly deferUntilNs: Float64Column;
  /** When the first part of that gap is over: a carrier from then on does not start it anew. */
  readonly gapIsSureNs: Float64Column;

  readonly collisions: Float64Column;
  /** Collisions later than a slot time into the frame: the cables are too long, or somebody does not listen. */
  readonly lateCollisions: Float64Column;
  /** Frames given up after the last attempt. */
  readonly excessiveCollisions: Float64Column;
  private readonly byHub: PairIndex;
  private readonly byDevice: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("station");
    this.table = table;
    this.device = table.int32("device");
    this.hub = table.int32("hub");
    this.cableDelayNs = table.float64("cableDelayNs");
    this.isFullDuplex = table.int32("isFullDuplex");
    this.state = table.int32("state");
    this.timer = addTimer(table, sim.log, sim.timers, "timer", stage.hubTimer);
    this.firstQueued = table.int32("firstQueued");
    this.lastQueued = table.int32("lastQueued");
    this.queued = table.int32("queued");
    this.attempts = table.int32("attempts");
    this.backoffSlots = table.int32("backoffSlots");
    this.startedNs = table.float64("startedNs");
    this.endedNs = table.float64("endedNs");
    this.carriers = table.int32("carriers");
    this.wasTransmitting = table.int32("wasTransmitting");
    this.deferUntilNs = table.float64("deferUntilNs");
    this.gapIsSureNs = table.float64("gapIsSureNs");
    this.collisions = table.float64("collisions");
    this.lateCollisions = table.float64("lateCollisions");
    this.excessiveCollisions = table.float64("excessiveCollisions");
    this.byHub = table.addIndex(new PairIndex(this.hub));
    this.byDevice = table.addIndex(new PairIndex(this.device));
  }

  /** The station that a device is, or 0. */
  ofDevice(device: number): number {
    return this.byDevice.find(device, 0);
  }

  /** The stations of a hub, in the order in which they were plugged in. */
  ofHub(hub: number): readonly number[] {
    return this.byHub.all(hub, 0);
  }
}

/** What one station transmits as another one gets it: on its way, then heard, then gone. */
export class Signals {
  readonly table: Table;
  readonly sender: Int32Column;
  readonly receiver: Int32Column;
  /** When the sender began, which tells its transmissions apart. */
  readonly sentNs: Float64Column;
  /** When its end reaches the receiver; earlier if the sender breaks off. */
  readonly endNs: Float64Column;
  /** When its beginning reaches the receiver, and then its end. */
  readonly timer: TimerColumn;
  /** Its beginning has reached the receiver. */
  readonly isHeard: Int32Column;
  /** Broken off, or mixed with another signal: nobody can read it. */
  readonly isDamaged: Int32Column;
  /** The frame, once the sender has sent the whole of it; 0 before. */
  readonly packet: Int32Column;
  private readonly bySender: PairIndex;
  private readonly byReceiver: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("signal");
    this.table = table;
    this.sender = table.int32("sender");
    this.receiver = table.int32("receiver");
    this.sentNs = table.float64("sentNs");
    this.endNs = table.float64("endNs");
    this.timer = addTimer(table, sim.log, sim.timers, "timer", stage.hubSignal);
    this.isHeard = table.int32("isHeard");
    this.isDamaged = table.int32("isDamaged");
    this.packet = table.int32("packet");
    this.bySender = table.addIndex(new PairIndex(this.sender));
    this.byReceiver = table.addIndex(new PairIndex(this.receiver));
  }

  add(sender: number, receiver: number, sentNs: number, arrivesNs: number, endNs: number): void {
    const row = this.table.allocate();
    this.sender.set(row, sender);
    this.receiver.set(row, receiver);
    this.sentNs.set(row, sentNs);
    this.endNs.set(row, endNs);
    this.isHeard.set(row, 0);
    this.isDamaged.set(row, 0);
    this.packet.set(row, 0);
    this.table.link(row);
    this.timer.set(row, arrivesNs);
  }

  /** What a station sent since `sentNs`, by receiver. */
  ofTransmission(sender: number, sentNs: number): readonly number[] {
    return this.bySender.all(sender, 0).filter((row) => this.sentNs.get(row) === sentNs);
  }

  /** What a station hears. */
  heardBy(receiver: number): readonly number[] {
    return this.byReceiver.all(receiver, 0).filter((row) => this.isHeard.get(row) === 1);
  }
}
