import type { Float64Column, Int32Column } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import { stage } from "./stage.ts";

/** What makes a device a VTEP (drivers/net/vxlan/vxlan_core.c, `struct vxlan_config`). */
export class Vxlans {
  readonly table: Table;
  readonly device: Int32Column;
  readonly vni: Int32Column;
  /** The device below it, whose MTU limits its own; 0 where none was stated. */
  readonly underlying: Int32Column;
  /** 0: as routes choose. */
  readonly local: Float64Column;
  readonly port: Int32Column;
  readonly learning: Int32Column;
  /** Of outer packets; 0: the namespace's default. */
  readonly ttl: Int32Column;
  /** When the next learned address is forgotten. */
  readonly ageing: TimerColumn;
  private readonly byDevice: PairIndex;
  private readonly byVni: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("vxlan");
    this.table = table;
    this.device = table.int32("device");
    this.vni = table.int32("vni");
    this.underlying = table.int32("underlying");
    this.local = table.float64("local");
    this.port = table.int32("port");
    this.learning = table.int32("learning");
    this.ttl = table.int32("ttl");
    this.ageing = addTimer(table, sim.log, sim.timers, "ageing", stage.vxlanAge);
    this.byDevice = table.addIndex(new PairIndex(this.device));
    this.byVni = table.addIndex(new PairIndex(this.vni));
  }

  ofDevice(device: number): number {
    return this.byDevice.find(device, 0);
  }

  /** All rows of a VNI, in any namespace. */
  ofVni(vni: number): readonly number[] {
    return this.byVni.all(vni, 0);
  }
}

/** How an entry came to be, and whether it ages (`ndm_state`): only what is `dynamic` does. */
export const vtepState = { permanent: 0, static: 1, dynamic: 2 } as const;

/** Which VTEP an inner MAC address is behind: the forwarding database of a vxlan device (vxlan_core.c, `struct vxlan_fdb`). */
export class VtepTable {
  readonly table: Table;
  readonly device: Int32Column;
  readonly mac: Float64Column;
  readonly remote: Float64Column;
  /** `vtepState`; all entries of one address have the same. */
  readonly state: Int32Column;
  /** When it was entered, or a frame from it was last seen, in jiffies of 4 ms as the kernel keeps it. */
  readonly updatedJiffies: Float64Column;
  private readonly byDeviceAndMac: PairIndex;
  private readonly byDevice: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("vtep");
    this.table = table;
    this.device = table.int32("device");
    this.mac = table.float64("mac");
    this.remote = table.float64("remote");
    this.state = table.int32("state");
    this.updatedJiffies = table.float64("updatedJiffies");
    this.byDeviceAndMac = table.addIndex(new PairIndex(this.device, this.mac));
    this.byDevice = table.addIndex(new PairIndex(this.device));
  }

  /** The entries of an address, oldest first: a frame goes to each of their VTEPs. */
  of(device: number, mac: MacAddress): readonly number[] {
    return this.byDeviceAndMac.all(device, mac);
  }

  ofDevice(device: number): readonly number[] {
    return this.byDevice.all(device, 0);
  }

  add(device: number, mac: MacAddress, remote: Ipv4Address, state: number, jiffies: number): number {
    const row = this.table.allocate();
    this.device.set(row, device);
    this.mac.set(row, mac);
    this.remote.set(row, remote);
    this.state.set(row, state);
    this.updatedJiffies.set(row, jiffies);
    this.table.link(row);
    return row;
  }
}
