import type { Float64Column, Int32Column } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";

/** What was learned about single destinations behind a route (`struct fib_nh_exception`, net/ipv4/route.c). */
export class RouteExceptions {
  readonly table: Table;
  readonly route: Int32Column;
  readonly destination: Float64Column;
  /** A redirect's gateway; 0 where none was told. */
  readonly gateway: Float64Column;
  /** The path's MTU; 0 where it is not known to be smaller than the device's. */
  readonly pathMtu: Int32Column;
  readonly expiresNs: Float64Column;
  private readonly byRoute: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("route exception");
    this.table = table;
    this.route = table.int32("route");
    this.destination = table.float64("destination");
    this.gateway = table.float64("gateway");
    this.pathMtu = table.int32("pathMtu");
    this.expiresNs = table.float64("expiresNs");
    this.byRoute = table.addIndex(new PairIndex(this.route, this.destination));
  }

  /** The row that holds now for the destination behind the route, or 0. */
  find(route: number, destination: Ipv4Address, nowNs: number): number {
    if (this.table.size === 0) return 0;
    const row = this.byRoute.find(route, destination);
    return row !== 0 && nowNs <= this.expiresNs.get(row) ? row : 0;
  }

  /** `update_or_create_fnhe`: 0 leaves a field as it is. */
  note(route: number, destination: Ipv4Address, gateway: Ipv4Address, pathMtu: number, expiresNs: number): void {
    let row = this.byRoute.find(route, destination);
    if (row === 0) {
      row = this.table.allocate();
      this.route.set(row, route);
      this.destination.set(row, destination);
      this.gateway.set(row, gateway);
      this.pathMtu.set(row, pathMtu);
      this.expiresNs.set(row, expiresNs);
      this.table.link(row);
      return;
    }
    if (gateway !== 0) this.gateway.set(row, gateway);
    if (pathMtu !== 0) this.pathMtu.set(row, pathMtu);
    this.expiresNs.set(row, expiresNs);
  }

  /** They go with their route. */
  forget(route: number): void {
    if (this.table.size === 0) return;
    for (const row of [...this.table.rows()]) if (this.route.get(row) === route) this.table.remove(row);
  }
}
