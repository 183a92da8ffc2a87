import type { Endpoint } from "../../programs/program.ts";
import type { Float64Column, Int32Column } from "../../sim/column.ts";
import { PairIndex } from "../../sim/pair-index.ts";
import type { Simulation } from "../../sim/simulation.ts";
import type { Table } from "../../sim/table.ts";

/** Ports that Linux was seen to draw and that sockets here were given, each once: the next socket gets the next one. */
export class DrawnPorts {
  private readonly table: Table;
  private readonly netns: Int32Column;
  private readonly port: Float64Column;
  private readonly protocol: Int32Column;
  private readonly remoteAddress: Float64Column;
  private readonly remotePort: Int32Column;
  private readonly byPort: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("drawn port");
    this.table = table;
    this.netns = table.int32("netns");
    this.port = table.float64("port");
    this.protocol = table.int32("protocol");
    this.remoteAddress = table.float64("remoteAddress");
    this.remotePort = table.int32("remotePort");
    this.byPort = table.addIndex(new PairIndex(this.netns, this.port));
  }

  has(netns: number, protocol: number, port: number, remote: Endpoint): boolean {
    for (let row = this.byPort.find(netns, port); row !== 0; row = this.byPort.findNext(row)) {
      const isSame = this.remoteAddress.get(row) === remote.address && this.remotePort.get(row) === remote.port;
      if (isSame && this.protocol.get(row) === protocol) return true;
    }
    return false;
  }

  add(netns: number, protocol: number, port: number, remote: Endpoint): void {
    const row = this.table.allocate();
    this.netns.set(row, netns);
    this.port.set(row, port);
    this.protocol.set(row, protocol);
    this.remoteAddress.set(row, remote.address);
    this.remotePort.set(row, remote.port);
    this.table.link(row);
  }
}
