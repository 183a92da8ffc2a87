import type { HookName, Rule, RuleCounters, TableName } from "../../config/iptables/rule-set.ts";
import { hookNames, tableNames } from "../../config/iptables/rule-set.ts";
import { type NftChain, type NftRule, nftHooks } from "../../config/nft/rule-set.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../../sim/column.ts";
import { PairIndex } from "../../sim/pair-index.ts";
import type { Simulation } from "../../sim/simulation.ts";
import type { Table } from "../../sim/table.ts";

export const policy = { none: 0, accept: 1, drop: 2 } as const;

/** What a match keeps between packets, by its place in the rule: tokens left and when they were counted, or packets seen. */
export type MatchMemory = Readonly<Record<number, { readonly count: number; readonly atNs: number }>>;

/** From this number on, `chainTable` is that of a table of nftables: its row is added to it. */
const firstNftTable = 16;

/** The chains and rules of all namespaces, as recorded rows with the counters that `iptables -v` shows; nftables' as well. */
export class Netfilter {
  readonly chains: Table;
  readonly chainNetns: Int32Column;
  /** Index into `tableNames`, or beyond: a table of nftables. */
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
  /** Which was registered later: of chains with one priority, the later ones run first. */
  readonly chainAge: Float64Column;
  /** A chain of nftables as it was last written; null for one of iptables. */
  readonly nftChain: ReferenceColumn<NftChain | null>;
  private readonly byNetnsAndTable: PairIndex;
  private readonly byNetns: PairIndex;
  /** Of the table's number and the name. */
  private readonly chainNameHash: Float64Column;
  private readonly byName: PairIndex;

  readonly rules: Table;
  /** Of iptables; null where the rule is one of nftables. */
  readonly rule: ReferenceColumn<Rule | null>;
  readonly nftRule: ReferenceColumn<NftRule | null>;
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
    this.chainAge = chains.float64("age");
    this.nftChain = chains.reference<NftChain | null>("nftChain", null);
    this.byNetnsAndTable = chains.addIndex(new PairIndex(this.chainNetns, this.chainTable));
    this.byNetns = chains.addIndex(new PairIndex(this.chainNetns));
    this.chainNameHash = chains.float64("nameHash");
    this.byName = chains.addIndex(new PairIndex(this.chainNetns, this.chainNameHash));
    const rules = sim.addTable("netfilter rule");
    this.rules = rules;
    this.rule = rules.reference<Rule | null>("rule", null);
    this.nftRule = rules.reference<NftRule | null>("nftRule", null);
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
    return this.findInTable(netns, tableNames.indexOf(table), name);
  }

  /** The chain of that name in the table of another one, or 0. */
  findBeside(chain: number, name: string): number {
    return this.findInTable(this.chainNetns.get(chain), this.chainTable.get(chain), name);
  }

  /** The chain of that name in a table of nftables, or 0. */
  findNftChain(netns: number, nftTable: number, name: string): number {
    return this.findInTable(netns, firstNftTable + nftTable, name);
  }

  /** Whether two chains are of the same table. */
  areInOneTable(one: number, other: number): boolean {
    return this.chainTable.get(one) === this.chainTable.get(other);
  }

  private findInTable(netns: number, number: number, name: string): number {
    let row = this.byName.find(netns, nameHash(number, name));
    while (row !== 0 && (this.chainName.get(row) !== name || this.chainTable.get(row) !== number))
      row = this.byName.findNext(row);
    return row;
  }

  /** The built-in chain of a table at a hook, or 0 where it was never made. */
  baseChain(netns: number, table: TableName, hookNumber: number): number {
    const number = tableNames.indexOf(table);
    let row = this.byNetnsAndTable.find(netns, number);
    while (row !== 0 && this.chainHook.get(row) !== hookNumber) row = this.byNetnsAndTable.findNext(row);
    return row;
  }

  /** Of a chain of iptables. */
  tableOf(chain: number): TableName {
    return tableNames[this.chainTable.get(chain)];
  }

  /** The table of nftables that a chain belongs to, or 0 where it is one of iptables. */
  nftTableOf(chain: number): number {
    return Math.max(0, this.chainTable.get(chain) - firstNftTable);
  }

  /** The chains of a table of nftables, oldest first. */
  nftChainsOf(netns: number, nftTable: number): readonly number[] {
    const rows = this.byNetnsAndTable.all(netns, firstNftTable + nftTable);
    return [...rows].sort((a, b) => this.chainAge.get(a) - this.chainAge.get(b));
  }

  /** A chain of nftables without rules as yet. */
  addNftChain(netns: number, nftTable: number, chain: NftChain): number {
    const row = this.allocateChain(netns, firstNftTable + nftTable, chain.name);
    this.setNftChain(row, chain);
    return row;
  }

  /** What a chain of nftables says of itself; its rules are rows of their own. */
  setNftChain(row: number, chain: NftChain): void {
    const { base } = chain;
    this.nftChain.set(row, chain);
    this.chainHook.set(row, base === undefined ? -1 : nftHooks.indexOf(base.hook));
    this.chainPolicy.set(row, base === undefined ? policy.none : base.policy === "drop" ? policy.drop : policy.accept);
  }

  /** Gives a chain of nftables these rules; those that it has already keep their rows, with what they counted. */
  setNftRules(chain: number, rules: readonly NftRule[]): void {
    const before = new Map(this.chainRules.get(chain).map((row) => [this.nftRule.get(row), row]));
    const rows = rules.map((rule) => before.get(rule) ?? this.addNftRule(chain, rule));
    const kept = new Set(rows);
    for (const row of this.chainRules.get(chain)) if (!kept.has(row)) this.rules.remove(row);
    this.chainRules.set(chain, rows);
  }

  private addNftRule(chain: number, rule: NftRule): number {
    const counter = rule.statements.find(({ statement }) => statement === "counter");
    const { packets, bytes } = counter?.statement === "counter" ? counter : { packets: 0, bytes: 0 };
    const row = this.allocateRule(chain, { packets, bytes });
    this.rule.set(row, null);
    this.nftRule.set(row, rule);
    this.rules.link(row);
    return row;
  }

  addChain(netns: number, table: TableName, name: string, itsPolicy: number): number {
    const row = this.allocateChain(netns, tableNames.indexOf(table), name);
    this.nftChain.set(row, null);
    this.chainHook.set(row, hookNames.indexOf(name as HookName));
    this.chainPolicy.set(row, itsPolicy);
    return row;
  }

  private allocateChain(netns: number, tableNumber: number, name: string): number {
    const row = this.chains.allocate();
    this.chainNetns.set(row, netns);
    this.chainTable.set(row, tableNumber);
    this.chainName.set(row, name);
    this.chainNameHash.set(row, nameHash(tableNumber, name));
    this.chainPackets.set(row, 0);
    this.chainBytes.set(row, 0);
    this.chainRules.set(row, []);
    // Row 0 is no chain: it keeps how many there have been.
    const age = this.chainAge.get(0) + 1;
    this.chainAge.set(0, age);
    this.chainAge.set(row, age);
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
    const row = this.allocateRule(chain, rule.counters);
    this.rule.set(row, rule);
    this.nftRule.set(row, null);
    this.rules.link(row);
    return row;
  }

  private allocateRule(chain: number, { packets, bytes }: RuleCounters): number {
    const row = this.rules.allocate();
    this.ruleChain.set(row, chain);
    this.rulePackets.set(row, packets);
    this.ruleBytes.set(row, bytes);
    this.ruleMemory.set(row, {});
    return row;
  }
}

/** A number for a name: large clusters have tens of thousands of chains. */
export function nameHash(seed: number, name: string): number {
  let hash = seed;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) >>> 0;
  return hash;
}
