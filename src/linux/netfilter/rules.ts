import type { HookName, Rule, TableName } from "../../config/iptables/rule-set.ts";
import { hookNames, tableNames } from "../../config/iptables/rule-set.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../../sim/column.ts";
import { PairIndex } from "../../sim/pair-index.ts";
import type { Simulation } from "../../sim/simulation.ts";
import type { Table } from "../../sim/table.ts";

export const policy = { none: 0, accept: 1, drop: 2 } as const;

/** What a match keeps between packets, by its place in the rule: tokens left and when they were counted, or packets seen. */
export type MatchMemory = Readonly<Record<number, { readonly count: number; readonly atNs: number }>>;

/** The chains and rules of all namespaces, as recorded rows with the counters that `iptables -v` shows. */
export class Netfilter {
  readonly chains: Table;
  readonly chainNetns: Int32Column;
  /** Index into `tableNames`. */
  readonly chainTable: Float64Column;
  readonly chainName: ReferenceColumn<string>;
  /** The hook's number, or -1 for a chain that rules jump to. */
  readonly chainHook: Int32Column;
  readonly chainPolicy: Int32Column;
  /** Packets that no rule decided. The kernel counts them from when the chain was made by `iptables-restore`. */
  readonly chainPackets: Float64Column;
  readonly chainBytes: Float64Column;
  /** Rows of its rules in the order in which they are tried. */
  readonly chainRules: ReferenceColumn<readonly number[]>;
  private readonly byNetnsAndTable: PairIndex;
  private readonly byNetns: PairIndex;

  readonly rules: Table;
  readonly rule: ReferenceColumn<Rule | null>;
  readonly ruleChain: Int32Column;
  readonly rulePackets: Float64Column;
  readonly ruleBytes: Float64Column;
  readonly ruleMemory: ReferenceColumn<MatchMemory>;

  constructor(sim: Simulation) {
    const chains = sim.addTable("chain");
    this.chains = chains;
    this.chainNetns = chains.int32("netns");
    this.chainTable = chains.float64("table");
    this.chainName = chains.reference("name", "");
    this.chainHook = chains.int32("hook");
    this.chainPolicy = chains.int32("policy");
    this.chainPackets = chains.float64("packets");
    this.chainBytes = chains.float64("bytes");
    this.chainRules = chains.reference<readonly number[]>("rules", []);
    this.byNetnsAndTable = chains.addIndex(new PairIndex(this.chainNetns, this.chainTable));
    this.byNetns = chains.addIndex(new PairIndex(this.chainNetns));
    const rules = sim.addTable("netfilter rule");
    this.rules = rules;
    this.rule = rules.reference<Rule | null>("rule", null);
    this.ruleChain = rules.int32("chain");
    this.rulePackets = rules.float64("packets");
    this.ruleBytes = rules.float64("bytes");
    this.ruleMemory = rules.reference<MatchMemory>("memory", {});
  }

  /** The chains of one table of a namespace, oldest first. */
  chainsOf(netns: number, table: TableName): readonly number[] {
    return this.byNetnsAndTable.all(netns, tableNames.indexOf(table));
  }

  /** As `iptables-save` prints them: those of the hooks in the order of these, then the others by age. */
  chainsInOrder(netns: number, table: TableName): readonly number[] {
    const place = (chain: number) => (this.chainHook.get(chain) < 0 ? hookNames.length : this.chainHook.get(chain));
    return [...this.chainsOf(netns, table)].sort((a, b) => place(a) - place(b));
  }

  allChainsOf(netns: number): readonly number[] {
    return this.byNetns.all(netns, 0);
  }

  /** The chain of that name, or 0. */
  findChain(netns: number, table: TableName, name: string): number {
    const number = tableNames.indexOf(table);
    let row = this.byNetnsAndTable.find(netns, number);
    while (row !== 0 && this.chainName.get(row) !== name) row = this.byNetnsAndTable.findNext(row);
    return row;
  }

  /** The built-in chain of a table at a hook, or 0 where it was never made. */
  baseChain(netns: number, table: TableName, hookNumber: number): number {
    const number = tableNames.indexOf(table);
    let row = this.byNetnsAndTable.find(netns, number);
    while (row !== 0 && this.chainHook.get(row) !== hookNumber) row = this.byNetnsAndTable.findNext(row);
    return row;
  }

  tableOf(chain: number): TableName {
    return tableNames[this.chainTable.get(chain)];
  }

  addChain(netns: number, table: TableName, name: string, itsPolicy: number): number {
    const row = this.chains.allocate();
    this.chainNetns.set(row, netns);
    this.chainTable.set(row, tableNames.indexOf(table));
    this.chainName.set(row, name);
    this.chainHook.set(row, hookNames.indexOf(name as HookName));
    this.chainPolicy.set(row, itsPolicy);
    this.chainPackets.set(row, 0);
    this.chainBytes.set(row, 0);
    this.chainRules.set(row, []);
    this.chains.link(row);
    return row;
  }

  removeChain(chain: number): void {
    this.flushChain(chain);
    this.chains.remove(chain);
  }

  flushChain(chain: number): void {
    for (const row of this.chainRules.get(chain)) this.rules.remove(row);
    this.chainRules.set(chain, []);
  }

  /** Puts a rule before the one at `index`; at the end where there are so many. */
  insertRule(chain: number, index: number, rule: Rule): void {
    const rows = this.chainRules.get(chain);
    this.chainRules.set(chain, [...rows.slice(0, index), this.addRule(chain, rule), ...rows.slice(index)]);
  }

  appendRules(chain: number, rules: readonly Rule[]): void {
    const added = rules.map((rule) => this.addRule(chain, rule));
    this.chainRules.set(chain, [...this.chainRules.get(chain), ...added]);
  }

  removeRule(chain: number, index: number): void {
    const rows = this.chainRules.get(chain);
    this.rules.remove(rows[index]);
    this.chainRules.set(
      chain,
      rows.filter((_, i) => i !== index),
    );
  }

  count(rule: number, bytes: number): void {
    this.rulePackets.add(rule, 1);
    this.ruleBytes.add(rule, bytes);
  }

  countPolicy(chain: number, bytes: number): void {
    this.chainPackets.add(chain, 1);
    this.chainBytes.add(chain, bytes);
  }

  /** Counters of a chain and its rules begin anew. */
  zero(chain: number): void {
    this.chainPackets.set(chain, 0);
    this.chainBytes.set(chain, 0);
    for (const row of this.chainRules.get(chain)) {
      this.rulePackets.set(row, 0);
      this.ruleBytes.set(row, 0);
    }
  }

  private addRule(chain: number, rule: Rule): number {
    const row = this.rules.allocate();
    this.rule.set(row, rule);
    this.ruleChain.set(row, chain);
    this.rulePackets.set(row, rule.counters.packets);
    this.ruleBytes.set(row, rule.counters.bytes);
    this.ruleMemory.set(row, {});
    this.rules.link(row);
    return row;
  }
}
