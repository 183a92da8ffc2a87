import { isInPart } from "../../../config/nft/data-types.ts";
import type { Element, Family, NftSet } from "../../../config/nft/rule-set.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../../../sim/column.ts";
import { PairIndex } from "../../../sim/pair-index.ts";
import type { Simulation } from "../../../sim/simulation.ts";
import type { Table } from "../../../sim/table.ts";
import { nameHash } from "../rules.ts";

/** What a table of nftables says of itself. */
export interface NftTableHead {
  readonly family: Family;
  readonly name: string;
  readonly comment?: string;
  readonly line: number;
}

/** An element as the kernel keeps it: until when. */
export interface LiveElement extends Element {
  readonly expiresAtNs?: number;
}

export interface LiveSet extends NftSet {
  readonly elements: readonly LiveElement[];
}

/** The tables of nftables and their sets and maps. Their chains and rules are rows among those of iptables. */
export class NftTables {
  readonly tables: Table;
  readonly netns: Int32Column;
  readonly head: ReferenceColumn<NftTableHead | null>;
  /** Which was made later; row 0 keeps how many there have been. */
  readonly age: Float64Column;
  private readonly byNetns: PairIndex;

  readonly sets: Table;
  readonly setNetns: Int32Column;
  /** The row of its table. */
  readonly setTable: Int32Column;
  readonly setAge: Float64Column;
  readonly set: ReferenceColumn<LiveSet | null>;
  private readonly byTable: PairIndex;
  private readonly setNameHash: Float64Column;
  private readonly byName: PairIndex;
  /** For each list of elements, where to find a key: a cache, not part of the world's state. */
  private readonly indexes = new WeakMap<readonly Element[], ElementIndex>();

  constructor(sim: Simulation) {
    const tables = sim.addTable("nft table");
    this.tables = tables;
    this.netns = tables.int32("netns");
    this.head = tables.reference<NftTableHead | null>("head", null);
    this.age = tables.float64("age");
    this.byNetns = tables.addIndex(new PairIndex(this.netns));
    const sets = sim.addTable("nft set");
    this.sets = sets;
    this.setNetns = sets.int32("netns");
    this.setTable = sets.int32("table");
    this.setAge = sets.float64("age");
    this.set = sets.reference<LiveSet | null>("set", null);
    this.byTable = sets.addIndex(new PairIndex(this.setTable));
    this.setNameHash = sets.float64("nameHash");
    this.byName = sets.addIndex(new PairIndex(this.setTable, this.setNameHash));
  }

  /** The tables of a namespace, oldest first. */
  ofNetns(netns: number): readonly number[] {
    return [...this.byNetns.all(netns, 0)].sort((a, b) => this.age.get(a) - this.age.get(b));
  }

  /** The sets and maps of a table, oldest first. */
  setsOf(table: number): readonly number[] {
    return [...this.byTable.all(table, 0)].sort((a, b) => this.setAge.get(a) - this.setAge.get(b));
  }

  findSet(table: number, name: string): number {
    let row = this.byName.find(table, nameHash(0, name));
    while (row !== 0 && this.set.get(row)?.definition.name !== name) row = this.byName.findNext(row);
    return row;
  }

  addTable(netns: number, head: NftTableHead): number {
    const row = this.tables.allocate();
    this.netns.set(row, netns);
    this.head.set(row, head);
    this.age.set(row, next(this.age));
    this.tables.link(row);
    return row;
  }

  addSet(table: number, set: LiveSet): number {
    const row = this.sets.allocate();
    this.setNetns.set(row, this.netns.get(table));
    this.setTable.set(row, table);
    this.setNameHash.set(row, nameHash(0, set.definition.name));
    this.set.set(row, set);
    this.setAge.set(row, next(this.setAge));
    this.sets.link(row);
    return row;
  }

  /** `ip kube-proxy`. */
  nameOf(table: number): string {
    const head = this.head.get(table);
    return head === null ? "" : `${head.family} ${head.name}`;
  }

  /** The element whose key contains these values, and that is not out of date; undefined where there is none. */
  lookUp(elements: readonly LiveElement[], key: readonly (number | string)[], nowNs: number): LiveElement | undefined {
    let index = this.indexes.get(elements);
    if (index === undefined) {
      index = new ElementIndex(elements);
      this.indexes.set(elements, index);
    }
    const found = index.find(key) as LiveElement | undefined;
    return found === undefined || (found.expiresAtNs ?? Number.POSITIVE_INFINITY) <= nowNs ? undefined : found;
  }
}

function next(ages: Float64Column): number {
  ages.set(0, ages.get(0) + 1);
  return ages.get(0);
}

/** Keys of single values by a number made of them; those with ranges or beginnings of names one after the other. */
class ElementIndex {
  private readonly exact = new Map<number, Element[]>();
  private readonly others: Element[] = [];

  constructor(elements: readonly Element[]) {
    for (const element of elements) {
      if (element.key.some((part) => typeof part !== "number")) {
        this.others.push(element);
        continue;
      }
      const number = numberOf(element.key);
      const bucket = this.exact.get(number);
      if (bucket === undefined) this.exact.set(number, [element]);
      else bucket.push(element);
    }
  }

  find(key: readonly (number | string)[]): Element | undefined {
    const bucket = this.exact.get(numberOf(key));
    if (bucket !== undefined) for (const element of bucket) if (contains(element, key)) return element;
    for (const element of this.others) if (contains(element, key)) return element;
    return undefined;
  }
}

function contains({ key: parts }: Element, key: readonly (number | string)[]): boolean {
  for (let i = 0; i < parts.length; i++) if (!isInPart(parts[i], key[i])) return false;
  return true;
}

function numberOf(key: readonly unknown[]): number {
  let number = 0;
  for (let i = 0; i < key.length; i++) number = (Math.imul(number, 0x9e37_79b1) + (key[i] as number)) >>> 0;
  return number;
}
