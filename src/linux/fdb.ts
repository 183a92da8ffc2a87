import type { Float64Column, Int32Column } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import type { MacAddress } from "../wire/mac-address.ts";

/** Forwarding databases of bridges (net/bridge/br_fdb.c): which MAC address is behind which port. */
export class ForwardingDatabase {
  readonly table: Table;
  readonly bridge: Int32Column;
  readonly mac: Float64Column;
  /** The port it is behind. For an address of this machine: the device that owns it, port or bridge. */
  readonly port: Int32Column;
  /** The address belongs to the bridge or to a port: frames to it are delivered here. Never ages. */
  readonly isLocal: Int32Column;
  /** When a frame from it was last seen, in jiffies of 4 ms as the kernel keeps it; `neverAges` for what was entered by hand. */
  readonly updatedJiffies: Float64Column;
  private readonly byBridgeAndMac: PairIndex;
  private readonly byBridge: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("fdb");
    this.table = table;
    this.bridge = table.int32("bridge");
    this.mac = table.float64("mac");
    this.port = table.int32("port");
    this.isLocal = table.int32("isLocal");
    this.updatedJiffies = table.float64("updatedJiffies");
    this.byBridgeAndMac = table.addIndex(new PairIndex(this.bridge, this.mac));
    this.byBridge = table.addIndex(new PairIndex(this.bridge));
  }

  /** The row of this address in the bridge's table, or 0. */
  find(bridge: number, mac: MacAddress): number {
    return this.byBridgeAndMac.find(bridge, mac);
  }

  /** The rows of a bridge, lowest row first. */
  ofBridge(bridge: number): readonly number[] {
    return this.byBridge.all(bridge, 0);
  }

  /** Neither this machine's own nor entered by hand. */
  isLearned(row: number): boolean {
    return this.isLocal.get(row) === 0 && this.updatedJiffies.get(row) !== neverAges;
  }

  /** `bridge fdb add … master static`. */
  isStatic(row: number): boolean {
    return this.isLocal.get(row) === 0 && this.updatedJiffies.get(row) === neverAges;
  }

  add(bridge: number, mac: MacAddress, port: number, isLocal: 0 | 1, jiffies: number): number {
    const row = this.table.allocate();
    this.bridge.set(row, bridge);
    this.mac.set(row, mac);
    this.port.set(row, port);
    this.isLocal.set(row, isLocal);
    this.updatedJiffies.set(row, jiffies);
    this.table.link(row);
    return row;
  }
}

export const neverAges = -1;

/** Nanoseconds of one jiffy where CONFIG_HZ is 250. */
export const jiffyNs = 4_000_000;
