import type { SourceRange } from "../base/source-range.ts";
import type { ResolvConf } from "../plan/names.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { type HookStep, hookSteps } from "./netfilter/position.ts";
import { stage } from "./stage.ts";

/** Sysctls by their dotted keys. */
export type Sysctls = Readonly<Record<string, number>>;

/** `neigh_periodic_work` comes every half base reachable time of the kernel's own default. */
const gcPeriodNs = 15_000_000_000;

/** Nodes: one Linux kernel each, with the limits that all its namespaces share. */
export class Nodes {
  readonly table: Table;
  readonly name: ReferenceColumn<string>;
  readonly source: ReferenceColumn<SourceRange | null>;
  /** Entries in all ARP tables of this kernel (net/core/neighbour.c: `neigh_table.entries`). */
  readonly neighbours: Int32Column;
  readonly gcThresh1: Int32Column;
  readonly gcThresh2: Int32Column;
  readonly gcThresh3: Int32Column;
  readonly lastFlushNs: Float64Column;
  /** `neigh_periodic_work`, while there is something to collect. */
  readonly gc: TimerColumn;

  constructor(sim: Simulation) {
    this.table = sim.addTable("node");
    this.name = this.table.reference("name", "");
    this.source = this.table.reference<SourceRange | null>("source", null);
    this.neighbours = this.table.int32("neighbours");
    this.gcThresh1 = this.table.int32("gcThresh1");
    this.gcThresh2 = this.table.int32("gcThresh2");
    this.gcThresh3 = this.table.int32("gcThresh3");
    this.lastFlushNs = this.table.float64("lastFlushNs");
    this.gc = addTimer(this.table, sim.log, sim.timers, "gc", stage.neighGc);
  }

  /** Nothing is collected while there are fewer than gc_thresh1 entries, so only then the kernel's work matters. */
  scheduleGc(node: number, nowNs: number): void {
    this.gc.set(node, (Math.floor(nowNs / gcPeriodNs) + 1) * gcPeriodNs);
  }
}

/** Network namespaces. */
export class Namespaces {
  readonly table: Table;
  readonly name: ReferenceColumn<string>;
  readonly role: ReferenceColumn<string>;
  readonly source: ReferenceColumn<SourceRange | null>;
  readonly node: Int32Column;
  /** First of its devices, oldest first; they are chained through `Devices.nextInNetns`. */
  readonly firstDevice: Int32Column;
  readonly lastDevice: Int32Column;
  readonly loopback: Int32Column;
  /** net.ipv4.ip_forward. */
  readonly forwarding: Int32Column;
  /** net.ipv4.ip_default_ttl. */
  readonly defaultTtl: Int32Column;
  /** net.ipv4.icmp_ratelimit, in milliseconds. */
  readonly icmpRateLimitMs: Int32Column;
  /** Prefix lengths that its routes use: bit n for /n; bit 32 does not fit and is `hasHostRoutes`. */
  readonly prefixLengths: Int32Column;
  readonly hasHostRoutes: Int32Column;
  /** The identification of the next IPv4 packet made here. */
  readonly nextIpId: Int32Column;
  /** Bit n: something is registered at hook n of netfilter; bit 5: bridges here call the hooks, too. Follows from rules and sysctls. */
  readonly hooks: Int32Column;
  /** What happens at each hook, by its number. Follows from rules, too. */
  readonly hookSteps: ReferenceColumn<readonly (readonly HookStep[])[]>;
  /** The next ephemeral port to try. */
  readonly nextPort: Int32Column;
  /** Other sysctls that were set, by their keys. */
  readonly sysctls: ReferenceColumn<Sysctls>;
  /** /etc/resolv.conf as what runs here sees it; null: no file of its own. */
  readonly resolvConf: ReferenceColumn<ResolvConf | null>;
  private readonly byNode: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("netns");
    this.table = table;
    this.name = table.reference("name", "");
    this.role = table.reference("role", "netns");
    this.source = table.reference<SourceRange | null>("source", null);
    this.node = table.int32("node");
    this.firstDevice = table.int32("firstDevice");
    this.lastDevice = table.int32("lastDevice");
    this.loopback = table.int32("loopback");
    this.forwarding = table.int32("forwarding");
    this.defaultTtl = table.int32("defaultTtl");
    this.icmpRateLimitMs = table.int32("icmpRateLimitMs");
    this.prefixLengths = table.int32("prefixLengths");
    this.hasHostRoutes = table.int32("hasHostRoutes");
    this.nextIpId = table.int32("nextIpId");
    this.hooks = table.int32("hooks");
    this.hookSteps = table.reference("hookSteps", hookSteps);
    this.nextPort = table.int32("nextPort");
    this.sysctls = table.reference<Sysctls>("sysctls", {});
    this.resolvConf = table.reference<ResolvConf | null>("resolvConf", null);
    this.byNode = table.addIndex(new PairIndex(this.node));
  }

  /** The namespaces of a node's kernel, in the order in which they were added. */
  ofNode(node: number): readonly number[] {
    return this.byNode.all(node, 0);
  }

  /** Takes the next identification for an IPv4 header. */
  takeIpId(netns: number): number {
    const id = (this.nextIpId.get(netns) + 1) & 0xffff;
    this.nextIpId.set(netns, id);
    return id;
  }
}

/** Addresses of devices: what `ip addr` shows, and with it the `local` routing table. */
/** Of `Addresses.broadcastOf`. */
export const withoutNetwork = -1;

export class Addresses {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly address: Float64Column;
  readonly prefixLength: Int32Column;
  readonly device: Int32Column;
  /** Twice a count on each device, since rows are taken again and their numbers tell no order; odd for `IFA_F_SECONDARY`. */
  private readonly order: Int32Column;
  /** Which of several devices with one address had it first. */
  private readonly ownerOrder: Int32Column;
  /**
   * 0, or the row of the address whose broadcast this one already was when it was added: of the two routes in table `local` the
   * older one is used. `withoutNetwork` once that one has gone: then it is local, but its network is not yet connected.
   */
  readonly broadcastOf: Int32Column;
  readonly source: ReferenceColumn<SourceRange | null>;
  readonly byNetnsAndAddress: PairIndex;
  readonly byDevice: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("address");
    this.table = table;
    this.netns = table.int32("netns");
    this.address = table.float64("address");
    this.prefixLength = table.int32("prefixLength");
    this.device = table.int32("device");
    this.order = table.int32("order");
    this.ownerOrder = table.int32("ownerOrder");
    this.broadcastOf = table.int32("broadcastOf");
    this.source = table.reference<SourceRange | null>("source", null);
    this.byNetnsAndAddress = table.addIndex(new PairIndex(this.netns, this.address));
    this.byDevice = table.addIndex(new PairIndex(this.device));
  }

  /** The row of this address in the namespace, of its first owner where there are several; or 0. */
  find(netns: number, address: Ipv4Address): number {
    let first = this.byNetnsAndAddress.find(netns, address);
    for (let row = first; row !== 0; row = this.byNetnsAndAddress.findNext(row))
      if (this.ownerOrder.get(row) < this.ownerOrder.get(first)) first = row;
    return first;
  }

  /** Some device of the namespace has it. */
  has(netns: number, address: Ipv4Address): boolean {
    return this.byNetnsAndAddress.find(netns, address) !== 0;
  }

  /** Some device has it, and it was nobody's broadcast before. */
  isLocal(netns: number, address: Ipv4Address): boolean {
    for (let row = this.byNetnsAndAddress.find(netns, address); row !== 0; row = this.byNetnsAndAddress.findNext(row))
      if (this.broadcastOf.get(row) <= 0) return true;
    return false;
  }

  /** A further address of a network that the device was already in. */
  isSecondary(row: number): boolean {
    return (this.order.get(row) & 1) === 1;
  }

  /** Puts a new row, which is not yet linked, after the `latest` of its device, 0 where there is none. */
  putAfter(row: number, latest: number, isSecondary: boolean): void {
    const before = latest === 0 ? 0 : (this.order.get(latest) >> 1) + 1;
    this.order.set(row, 2 * before + (isSecondary ? 1 : 0));
    let owners = 0;
    const [netns, address] = [this.netns.get(row), this.address.get(row)];
    for (let one = this.byNetnsAndAddress.find(netns, address); one !== 0; one = this.byNetnsAndAddress.findNext(one))
      owners = Math.max(owners, this.ownerOrder.get(one) + 1);
    this.ownerOrder.set(row, owners);
  }

  /** The addresses of a device, in the order in which they were added. */
  ofDevice(device: number): readonly number[] {
    const rows: number[] = [];
    for (let row = this.byDevice.find(device, 0); row !== 0; row = this.byDevice.findNext(row)) rows.push(row);
    return rows.length > 1 ? rows.sort((a, b) => this.order.get(a) - this.order.get(b)) : rows;
  }
}
