import type { SourceRange } from "../base/source-range.ts";
import type { RuleMark } from "../config/ip-command.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import type { Ipv4Address, Ipv4Prefix } from "../wire/ipv4-address.ts";
import { netmask } from "../wire/ipv4-address.ts";
import type { Routes } from "./routes.ts";

/** The rules that the kernel begins with are not rows: table local at 0, main at 32766, default (empty) at 32767. */
const mainPriority = 32_766;

/** Policy routing (net/ipv4/fib_rules.c): which routing table is asked for which packet. */
export class RoutingRules {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly priority: Int32Column;
  readonly from: Float64Column;
  readonly fromLength: Int32Column;
  readonly to: Float64Column;
  readonly toLength: Int32Column;
  /** The device that the packet came in by, `lo` for those made here; empty for any. */
  readonly iif: ReferenceColumn<string>;
  /** What the packet's mark is to be, where the mask has ones (`skb->mark`); both 0: any. */
  readonly mark: Float64Column;
  readonly markMask: Float64Column;
  /** The routing table to ask. */
  readonly lookup: Int32Column;
  readonly source: ReferenceColumn<SourceRange | null>;
  private readonly byNetns: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("rule");
    this.table = table;
    this.netns = table.int32("netns");
    this.priority = table.int32("priority");
    this.from = table.float64("from");
    this.fromLength = table.int32("fromLength");
    this.to = table.float64("to");
    this.toLength = table.int32("toLength");
    this.iif = table.reference("iif", "");
    this.mark = table.float64("mark");
    this.markMask = table.float64("markMask");
    this.lookup = table.int32("lookup");
    this.source = table.reference<SourceRange | null>("source", null);
    this.byNetns = table.addIndex(new PairIndex(this.netns));
  }

  add(rule: {
    netns: number;
    priority: number;
    from: Ipv4Prefix;
    to: Ipv4Prefix;
    iif: string;
    fwmark: RuleMark;
    lookup: number;
    source: SourceRange | null;
  }): void {
    const row = this.table.allocate();
    this.netns.set(row, rule.netns);
    this.priority.set(row, rule.priority);
    this.from.set(row, rule.from.address);
    this.fromLength.set(row, rule.from.length);
    this.to.set(row, rule.to.address);
    this.toLength.set(row, rule.to.length);
    this.iif.set(row, rule.iif);
    this.mark.set(row, rule.fwmark.value);
    this.markMask.set(row, rule.fwmark.mask);
    this.lookup.set(row, rule.lookup);
    this.source.set(row, rule.source);
    this.table.link(row);
  }

  /** The rules of a namespace in the order in which they are tried. */
  ofNetns(netns: number): readonly number[] {
    if (this.table.size === 0) return [];
    return [...this.byNetns.all(netns, 0)].sort((a, b) => this.priority.get(a) - this.priority.get(b));
  }

  /** The route that the rules lead to, or 0. `iif` names the device that the packet came in by, or `lo`; `mark` is `skb->mark`. */
  route(
    routes: Routes,
    netns: number,
    destination: Ipv4Address,
    source: Ipv4Address,
    iif: string,
    mark: number,
  ): number {
    let isMainDone = false;
    for (const rule of this.ofNetns(netns)) {
      if (!isMainDone && this.priority.get(rule) > mainPriority) {
        const found = routes.lookup(netns, destination);
        if (found !== 0) return found;
        isMainDone = true;
      }
      if (!this.matches(rule, destination, source, iif, mark)) continue;
      const found = routes.lookupIn(netns, this.lookup.get(rule), destination);
      if (found !== 0) return found;
    }
    return isMainDone ? 0 : routes.lookup(netns, destination);
  }

  private matches(rule: number, destination: Ipv4Address, source: Ipv4Address, iif: string, mark: number): boolean {
    if (((mark ^ this.mark.get(rule)) & this.markMask.get(rule)) !== 0) return false;
    const device = this.iif.get(rule);
    if (device !== "" && device !== iif) return false;
    if ((source & netmask(this.fromLength.get(rule))) >>> 0 !== this.from.get(rule)) return false;
    return (destination & netmask(this.toLength.get(rule))) >>> 0 === this.to.get(rule);
  }
}
