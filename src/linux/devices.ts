import type { SourceRange } from "../base/source-range.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import { stage } from "./stage.ts";

export const deviceKind = { loopback: 1, veth: 2, bridge: 3, ethernet: 4, vxlan: 5 } as const;

/** Flags of a bridge port that are on unless taken away (net/bridge/br_if.c, `new_nbp`); `isolated` is off unless given. */
export const portOff = {
  learning: 1 << 23,
  flood: 1 << 24,
  mcastFlood: 1 << 25,
  bcastFlood: 1 << 26,
  sharing: 1 << 27,
} as const;
export const anyPortOff = 31 << 23;

/** Network devices, with the fields that `ip -s link` shows. */
export class Devices {
  readonly table: Table;
  readonly name: ReferenceColumn<string>;
  readonly source: ReferenceColumn<SourceRange | null>;
  readonly netns: Int32Column;
  /** The number inside its namespace that `ip link` shows. */
  readonly ifindex: Int32Column;
  readonly kind: Int32Column;
  readonly mac: Float64Column;
  readonly mtu: Int32Column;
  /** 1: a bridge whose MTU an administrator has set; otherwise it follows its ports (`BROPT_MTU_SET_BY_USER`). */
  readonly isMtuFixed: Int32Column;
  /** Administratively up. */
  readonly up: Int32Column;
  /** The other end of a veth pair. */
  readonly peer: Int32Column;
  readonly nextInNetns: Int32Column;
  /** The bridge that it is a port of. */
  readonly master: Int32Column;
  /** The stage that sends a frame out of this kind of device. */
  readonly transmitStage: Int32Column;

  /** `net.ipv4.conf` as it acts on the device: `conf` of device/conf.ts says which bit is what; and `portOff`, what a bridge port does not do. */
  readonly conf: Int32Column;
  readonly hairpin: Int32Column;
  /** Ports of a bridge, oldest first, chained through `nextPort`. */
  readonly firstPort: Int32Column;
  readonly lastPort: Int32Column;
  readonly nextPort: Int32Column;
  readonly ageingTimeNs: Float64Column;
  readonly ageing: TimerColumn;

  readonly rxPackets: Float64Column;
  readonly rxBytes: Float64Column;
  readonly txPackets: Float64Column;
  readonly txBytes: Float64Column;

  constructor(sim: Simulation) {
    const table = sim.addTable("device");
    this.table = table;
    this.name = table.reference("name", "");
    this.source = table.reference<SourceRange | null>("source", null);
    this.netns = table.int32("netns");
    this.ifindex = table.int32("ifindex");
    this.kind = table.int32("kind");
    this.mac = table.float64("mac");
    this.mtu = table.int32("mtu");
    this.isMtuFixed = table.int32("isMtuFixed");
    this.up = table.int32("up");
    this.peer = table.int32("peer");
    this.nextInNetns = table.int32("nextInNetns");
    this.master = table.int32("master");
    this.transmitStage = table.int32("transmitStage");
    this.conf = table.int32("conf");
    this.hairpin = table.int32("hairpin");
    this.firstPort = table.int32("firstPort");
    this.lastPort = table.int32("lastPort");
    this.nextPort = table.int32("nextPort");
    this.ageingTimeNs = table.float64("ageingTimeNs");
    this.ageing = addTimer(table, sim.log, sim.timers, "ageing", stage.bridgeAge);
    this.rxPackets = table.float64("rxPackets");
    this.rxBytes = table.float64("rxBytes");
    this.txPackets = table.float64("txPackets");
    this.txBytes = table.float64("txBytes");
  }

  countReceived(device: number, bytes: number): void {
    this.rxPackets.add(device, 1);
    this.rxBytes.add(device, bytes);
  }

  countTransmitted(device: number, bytes: number): void {
    this.txPackets.add(device, 1);
    this.txBytes.add(device, bytes);
  }

  /**
   * A link carries frames when both its ends are up, a bridge when one of its ports does: a bridge that was given its MAC
   * address, as those of a plan are, has no carrier before (`br_port_state_selection` of net/bridge/br_stp.c).
   */
  isRunning(device: number): boolean {
    if (this.up.get(device) === 0) return false;
    if (this.kind.get(device) === deviceKind.bridge) {
      let port = this.firstPort.get(device);
      while (port !== 0 && !this.isRunning(port)) port = this.nextPort.get(port);
      return port !== 0;
    }
    const peer = this.peer.get(device);
    return peer === 0 || this.up.get(peer) === 1;
  }
}
