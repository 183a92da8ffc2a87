import type { SourceRange } from "../base/source-range.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { type Ipv4Address, netmask } from "../wire/ipv4-address.ts";
import type { Namespaces } from "./namespaces.ts";

export const routeType = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;

/** RT_TABLE_MAIN. */
export const mainTable = 254;

/** Routing tables: what `ip route` shows (table main). The `local` table is derived from the addresses. */
export class Routes {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly prefixLength: Int32Column;
  readonly network: Float64Column;
  /** 0.0.0.0: directly connected. */
  readonly gateway: Float64Column;
  readonly device: Int32Column;
  /** 0.0.0.0: chosen from the device's addresses. */
  readonly preferredSource: Float64Column;
  readonly metric: Int32Column;
  readonly type: Int32Column;
  /** Which of several to one prefix was there first, since rows are taken again and their numbers tell no order. */
  private readonly order: Int32Column;
  /** 1: made by the kernel for an address (`proto kernel scope link`). */
  readonly isConnected: Int32Column;
  readonly source: ReferenceColumn<SourceRange | null>;
  /** In a replay of captured frames: how these show it, in words; null where somebody added it. */
  readonly evidence: ReferenceColumn<string | null>;
  readonly byNetns: PairIndex;
  private readonly netnsAndLength: Int32Column;
  private readonly byPrefix: PairIndex;
  private readonly namespaces: Namespaces;
  /** Tables besides main, by namespace and number, with the prefix lengths that they use. */
  private readonly otherTables: Table;
  private readonly otherNetns: Int32Column;
  private readonly otherNumber: Float64Column;
  private readonly otherLengths: Int32Column;
  private readonly otherHasHostRoutes: Int32Column;
  private readonly otherByNumber: PairIndex;

  constructor(sim: Simulation, namespaces: Namespaces) {
    const table = sim.addTable("route");
    this.namespaces = namespaces;
    this.table = table;
    this.netns = table.int32("netns");
    this.otherTables = sim.addTable("routing table");
    this.otherNetns = this.otherTables.int32("netns");
    this.otherNumber = this.otherTables.float64("number");
    this.otherLengths = this.otherTables.int32("prefixLengths");
    this.otherHasHostRoutes = this.otherTables.int32("hasHostRoutes");
    this.otherByNumber = this.otherTables.addIndex(new PairIndex(this.otherNetns, this.otherNumber));
    this.prefixLength = table.int32("prefixLength");
    this.network = table.float64("network");
    this.gateway = table.float64("gateway");
    this.device = table.int32("device");
    this.preferredSource = table.float64("preferredSource");
    this.metric = table.int32("metric");
    this.type = table.int32("type");
    this.order = table.int32("order");
    this.isConnected = table.int32("isConnected");
    this.source = table.reference<SourceRange | null>("source", null);
    this.evidence = table.reference<string | null>("evidence", null);
    this.netnsAndLength = table.int32("netnsAndLength");
    this.byPrefix = table.addIndex(new PairIndex(this.netnsAndLength, this.network));
    this.byNetns = table.addIndex(new PairIndex(this.netns));
  }

  add(route: {
    netns: number;
    network: Ipv4Address;
    prefixLength: number;
    gateway: Ipv4Address;
    device: number;
    preferredSource: Ipv4Address;
    metric: number;
    type: number;
    isConnected: boolean;
    source: SourceRange | null;
    evidence?: string;
    inTable?: number;
    /** The route whose place it takes, which is to be removed then. */
    insteadOf?: number;
  }): number {
    const { inTable = mainTable, insteadOf } = route;
    const order = insteadOf === undefined ? this.orderAfter(route) : this.order.get(insteadOf);
    const fib = inTable === mainTable ? route.netns : -this.otherTable(route.netns, inTable);
    const row = this.table.allocate();
    this.netns.set(row, route.netns);
    this.prefixLength.set(row, route.prefixLength);
    this.network.set(row, route.network);
    this.gateway.set(row, route.gateway);
    this.device.set(row, route.device);
    this.preferredSource.set(row, route.preferredSource);
    this.metric.set(row, route.metric);
    this.type.set(row, route.type);
    this.order.set(row, order);
    this.isConnected.set(row, route.isConnected ? 1 : 0);
    this.source.set(row, route.source);
    this.evidence.set(row, route.evidence ?? null);
    this.netnsAndLength.set(row, key(fib, route.prefixLength));
    this.table.link(row);
    this.noteLength(fib, route.prefixLength);
    return row;
  }

  /** As `lookup`, in a table of that number. */
  lookupIn(netns: number, inTable: number, destination: Ipv4Address): number {
    if (inTable === mainTable) return this.lookup(netns, destination);
    const other = this.otherByNumber.find(netns, inTable);
    if (other === 0) return 0;
    if (this.otherHasHostRoutes.get(other) === 1) {
      const row = this.best(-other, 32, destination);
      if (row !== 0) return row;
    }
    return this.longest(-other, this.otherLengths.get(other), destination);
  }

  /** Longest prefix first, then lowest metric, then the older one. 0 when nothing matches. */
  lookup(netns: number, destination: Ipv4Address): number {
    if (this.namespaces.hasHostRoutes.get(netns) === 1) {
      const row = this.best(netns, 32, destination);
      if (row !== 0) return row;
    }
    return this.longest(netns, this.namespaces.prefixLengths.get(netns), destination);
  }

  /**
   * `fib_check_nh_v4_gw`: the route by which a gateway is a neighbour, over the device where one is given. Those over other
   * gateways, and those that refuse, have too wide a scope.
   */
  lookupOnLink(netns: number, gateway: Ipv4Address, device: number): number {
    for (let length = 32; length >= 0; length--) {
      const rows = this.find(netns, (gateway & netmask(length)) >>> 0, length).filter((row) => {
        const isOnLink = this.type.get(row) === routeType.unicast && this.gateway.get(row) === 0;
        return isOnLink && (device === 0 || this.device.get(row) === device);
      });
      if (rows.length > 0) return rows.sort((a, b) => this.metric.get(a) - this.metric.get(b))[0];
    }
    return 0;
  }

  private longest(fib: number, inUse: number, destination: Ipv4Address): number {
    let lengths = inUse >>> 0;
    while (lengths !== 0) {
      const length = 31 - Math.clz32(lengths);
      const row = this.best(fib, length, (destination & netmask(length)) >>> 0);
      if (row !== 0) return row;
      lengths &= ~(1 << length);
    }
    return 0;
  }

  /** The routes of a namespace's table to exactly this prefix, oldest first. */
  find(netns: number, network: Ipv4Address, prefixLength: number, inTable: number = mainTable): readonly number[] {
    const rows: number[] = [];
    const fib = inTable === mainTable ? netns : -this.otherByNumber.find(netns, inTable);
    if (fib === 0) return rows;
    let row = this.byPrefix.find(key(fib, prefixLength), network);
    for (; row !== 0; row = this.byPrefix.findNext(row)) rows.push(row);
    return rows.sort((a, b) => this.order.get(a) - this.order.get(b));
  }

  /** `table N`; 254 is main. */
  tableOf(row: number): number {
    const fib = Math.floor(this.netnsAndLength.get(row) / 64);
    return fib > 0 ? mainTable : this.otherNumber.get(-fib);
  }

  /** What `ip route` shows. */
  ofMain(netns: number): readonly number[] {
    return this.ofNetns(netns).filter((row) => this.tableOf(row) === mainTable);
  }

  /** All routes of a namespace, table main first, in the order of `ip route`: shortest prefix first, then by network. */
  ofNetns(netns: number): readonly number[] {
    const rows: number[] = [];
    for (let row = this.byNetns.find(netns, 0); row !== 0; row = this.byNetns.findNext(row)) rows.push(row);
    return rows.sort(
      (a, b) =>
        this.tableOf(b) - this.tableOf(a) ||
        Math.sign(this.prefixLength.get(a)) - Math.sign(this.prefixLength.get(b)) ||
        this.network.get(a) - this.network.get(b) ||
        this.prefixLength.get(b) - this.prefixLength.get(a) ||
        this.metric.get(a) - this.metric.get(b) ||
        this.order.get(a) - this.order.get(b),
    );
  }

  private best(fib: number, length: number, network: Ipv4Address): number {
    let best = 0;
    let row = this.byPrefix.find(key(fib, length), network);
    for (; row !== 0; row = this.byPrefix.findNext(row)) {
      const metric = this.metric.get(row);
      const isBetter = best === 0 || metric < this.metric.get(best);
      if (isBetter || (metric === this.metric.get(best) && this.order.get(row) < this.order.get(best))) best = row;
    }
    return best;
  }

  private orderAfter(route: { netns: number; network: Ipv4Address; prefixLength: number; inTable?: number }): number {
    const last = this.find(route.netns, route.network, route.prefixLength, route.inTable).at(-1);
    return last === undefined ? 0 : this.order.get(last) + 1;
  }

  private otherTable(netns: number, number: number): number {
    const known = this.otherByNumber.find(netns, number);
    if (known !== 0) return known;
    const row = this.otherTables.allocate();
    this.otherNetns.set(row, netns);
    this.otherNumber.set(row, number);
    this.otherLengths.set(row, 0);
    this.otherHasHostRoutes.set(row, 0);
    this.otherTables.link(row);
    return row;
  }

  /** Lengths only ever gain bits: an unused one costs a look-up, a missing one a route. */
  private noteLength(fib: number, length: number): void {
    if (fib < 0) {
      if (length === 32) this.otherHasHostRoutes.set(-fib, 1);
      else this.otherLengths.set(-fib, this.otherLengths.get(-fib) | (1 << length));
      return;
    }
    const netns = fib;
    if (length === 32) this.namespaces.hasHostRoutes.set(netns, 1);
    else this.namespaces.prefixLengths.set(netns, this.namespaces.prefixLengths.get(netns) | (1 << length));
  }
}

/** `fib` is a namespace for its table main, else minus the row of another table. */
function key(fib: number, length: number): number {
  return fib * 64 + length;
}
