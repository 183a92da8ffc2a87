import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import type { Ipv4Packet } from "../wire/ipv4.ts";
import { stage } from "./stage.ts";

/** Packets whose fragments arrive one by one (net/ipv4/ip_fragment.c). */
export class Fragments {
  readonly table: Table;
  readonly netns: Int32Column;
  /** Identification and source address in one number: id * 2^32 + source. */
  readonly key: Float64Column;
  readonly pieces: ReferenceColumn<readonly Ipv4Packet[]>;
  /** net.ipv4.ipfrag_time runs from the first fragment that came. */
  readonly timer: TimerColumn;
  private readonly byKey: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("fragments");
    this.table = table;
    this.netns = table.int32("netns");
    this.key = table.float64("key");
    this.pieces = table.reference<readonly Ipv4Packet[]>("pieces", []);
    this.timer = addTimer(table, sim.log, sim.timers, "timer", stage.ipReassemblyTimeout);
    this.byKey = table.addIndex(new PairIndex(this.netns, this.key));
  }

  /** The row that collects the fragments of this packet, or 0. */
  find(netns: number, fragment: Ipv4Packet): number {
    for (let row = this.byKey.find(netns, keyOf(fragment)); row !== 0; row = this.byKey.findNext(row)) {
      const first = this.pieces.get(row)[0];
      if (first.destination === fragment.destination) return row;
    }
    return 0;
  }

  add(netns: number, fragment: Ipv4Packet): number {
    const row = this.table.allocate();
    this.netns.set(row, netns);
    this.key.set(row, keyOf(fragment));
    this.pieces.set(row, []);
    this.table.link(row);
    return row;
  }
}

function keyOf(fragment: Ipv4Packet): number {
  return fragment.identification * 0x1_0000_0000 + fragment.source;
}
