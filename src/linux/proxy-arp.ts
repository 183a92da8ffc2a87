import type { Int32Column } from "../sim/column.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import { stage } from "./stage.ts";

/** ARP requests that are answered for others a little later (`pneigh_enqueue`, net/core/neighbour.c). */
export class ProxyArpQueue {
  readonly table: Table;
  readonly packet: Int32Column;
  readonly timer: TimerColumn;

  constructor(sim: Simulation) {
    const table = sim.addTable("proxy arp");
    this.table = table;
    this.packet = table.int32("packet");
    this.timer = addTimer(table, sim.log, sim.timers, "timer", stage.arpProxy);
  }

  add(packet: number, dueNs: number): void {
    const row = this.table.allocate();
    this.packet.set(row, packet);
    this.table.link(row);
    this.timer.set(row, dueNs);
  }
}
