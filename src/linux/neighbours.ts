import type { Float64Column, Int32Column } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { stage } from "./stage.ts";

/** `NUD_*` of include/uapi/linux/neighbour.h. */
export const nud = {
  none: 0x00,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  permanent: 0x80,
} as const;

/** States in which the MAC address is taken to be right (include/net/neighbour.h). */
export const nudConnected = nud.reachable | nud.permanent;
/** States in which there is a MAC address to send to. */
export const nudValid = nudConnected | nud.probe | nud.stale | nud.delay;
/** States that a timer ends. */
export const nudInTimer = nud.incomplete | nud.reachable | nud.delay | nud.probe;

const names: Readonly<Record<number, string>> = {
  0: "NONE",
  1: "INCOMPLETE",
  2: "REACHABLE",
  4: "STALE",
  8: "DELAY",
  16: "PROBE",
  32: "FAILED",
  128: "PERMANENT",
};

/** The state's name as `ip neigh` prints it. */
export function nudName(state: number): string {
  return names[state];
}

/** ARP tables: one row per address and device (net/core/neighbour.c, `struct neighbour`). */
export class Neighbours {
  readonly table: Table;
  readonly device: Int32Column;
  readonly address: Float64Column;
  readonly mac: Float64Column;
  readonly state: Int32Column;
  readonly probes: Int32Column;
  /** 1 once a packet was sent to it: its link header is kept ready (`neigh->hh`). */
  readonly hasHeader: Int32Column;
  readonly confirmedNs: Float64Column;
  readonly updatedNs: Float64Column;
  readonly usedNs: Float64Column;
  readonly timer: TimerColumn;
  /** Packets that wait for the address, oldest first, chained through `Packets.next`. */
  readonly firstQueued: Int32Column;
  readonly lastQueued: Int32Column;
  readonly queuedBytes: Int32Column;
  private readonly byDeviceAndAddress: PairIndex;
  private readonly byDevice: PairIndex;
  private readonly byAddress: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("neigh");
    this.table = table;
    this.device = table.int32("device");
    this.address = table.float64("address");
    this.mac = table.float64("mac");
    this.state = table.int32("state");
    this.probes = table.int32("probes");
    this.hasHeader = table.int32("hasHeader");
    this.confirmedNs = table.float64("confirmedNs");
    this.updatedNs = table.float64("updatedNs");
    this.usedNs = table.float64("usedNs");
    this.timer = addTimer(table, sim.log, sim.timers, "timer", stage.neighTimer);
    this.firstQueued = table.int32("firstQueued");
    this.lastQueued = table.int32("lastQueued");
    this.queuedBytes = table.int32("queuedBytes");
    this.byDeviceAndAddress = table.addIndex(new PairIndex(this.device, this.address));
    this.byDevice = table.addIndex(new PairIndex(this.device));
    this.byAddress = table.addIndex(new PairIndex(this.address));
  }

  /** The row of this address on the device, or 0. */
  find(device: number, address: Ipv4Address): number {
    return this.byDeviceAndAddress.find(device, address);
  }

  /** The entries of a device, lowest row first. */
  ofDevice(device: number): readonly number[] {
    return this.byDevice.all(device, 0);
  }

  /** The entries of an address on any device, lowest row first. */
  ofAddress(address: Ipv4Address): readonly number[] {
    return this.byAddress.all(address, 0);
  }

  /** A new row in state NONE. */
  add(device: number, address: Ipv4Address, nowNs: number): number {
    const row = this.table.allocate();
    this.device.set(row, device);
    this.address.set(row, address);
    this.mac.set(row, 0);
    this.state.set(row, nud.none);
    this.probes.set(row, 0);
    this.hasHeader.set(row, 0);
    // `___neigh_create`: a new entry counts as confirmed twice the base reachable time ago.
    this.confirmedNs.set(row, nowNs - 60_000_000_000);
    this.updatedNs.set(row, nowNs);
    this.usedNs.set(row, nowNs);
    this.firstQueued.set(row, 0);
    this.lastQueued.set(row, 0);
    this.queuedBytes.set(row, 0);
    this.table.link(row);
    return row;
  }
}
