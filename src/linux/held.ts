import type { Int32Column } from "../sim/column.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { stage } from "./stage.ts";
import type { World } from "./world.ts";

/**
 * Packets that somebody holds by hand: the next event of their walk takes them aside, and then nothing happens to them until
 * they are released. The kernel has no such thing.
 */
export class HeldPackets {
  private readonly table: Table;
  private readonly packet: Int32Column;
  /** The stage that it would have run. */
  private readonly stage: Int32Column;
  /** 1 once it stands aside. */
  private readonly isAside: Int32Column;

  constructor(sim: Simulation) {
    this.table = sim.addTable("held packet");
    this.packet = this.table.int32("packet");
    this.stage = this.table.int32("stage");
    this.isAside = this.table.int32("isAside");
  }

  /** The row of a packet that is held, or 0. */
  find(packet: number): number {
    for (const row of this.table.rows()) if (this.packet.get(row) === packet) return row;
    return 0;
  }

  add(packet: number, nextStage: number): void {
    const row = this.table.allocate();
    this.packet.set(row, packet);
    this.stage.set(row, nextStage);
    this.isAside.set(row, 0);
    this.table.link(row);
  }

  setAside(packet: number): void {
    this.isAside.set(this.find(packet), 1);
  }

  stageOf(row: number): number {
    return this.stage.get(row);
  }

  standsAside(row: number): boolean {
    return this.isAside.get(row) === 1;
  }

  remove(row: number): void {
    this.table.remove(row);
  }
}

export function registerHeld(world: World): void {
  world.sim.on(stage.packetHold, (packet) => {
    world.sim.underWay.pop();
    world.held.setAside(packet);
  });
}
