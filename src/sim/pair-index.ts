import { assert } from "../base/assert.ts";
import type { Float64Column, Int32Column } from "./column.ts";
import type { TableIndex } from "./table.ts";

/**
 * Finds rows by one or two of their columns, such as (device, address). It is derived from the table: rows enter and leave it
 * together with the table, also when history is rewound, and the two columns must not change while the row is in it.
 *
 * Buckets are chains through `next`. The order inside a chain is not part of the world's state, so where several rows
 * can match, whoever asks must choose by the rows' own values.
 */
export class PairIndex implements TableIndex {
  private readonly first: Int32Column | Float64Column;
  private readonly second: Float64Column | undefined;
  private heads = new Int32Array(16);
  private next = new Int32Array(16);
  private mask = 15;
  private size = 0;

  /** Without a second column, rows are found by the first alone, and their second value counts as 0. */
  constructor(first: Int32Column | Float64Column, second?: Float64Column) {
    this.first = first;
    this.second = second;
  }

  /** The row with these values, or 0. */
  find(first: number, second: number): number {
    let row = this.heads[hash(first, second) & this.mask];
    while (row !== 0 && (this.first.get(row) !== first || this.secondOf(row) !== second)) row = this.next[row];
    return row;
  }

  /** The next row with the same values as `row`, or 0. */
  findNext(row: number): number {
    const first = this.first.get(row);
    const second = this.secondOf(row);
    let other = this.next[row];
    while (other !== 0 && (this.first.get(other) !== first || this.secondOf(other) !== second))
      other = this.next[other];
    return other;
  }

  /** All rows with these values, lowest row first. */
  all(first: number, second: number): readonly number[] {
    const rows: number[] = [];
    for (let row = this.find(first, second); row !== 0; row = this.findNext(row)) rows.push(row);
    return rows.sort((a, b) => a - b);
  }

  link(row: number): void {
    if (++this.size > this.mask) this.rehash();
    this.chain(row);
  }

  unlink(row: number): void {
    this.size--;
    const bucket = hash(this.first.get(row), this.secondOf(row)) & this.mask;
    let at = this.heads[bucket];
    if (at === row) {
      this.heads[bucket] = this.next[row];
      return;
    }
    while (this.next[at] !== row) {
      assert(at !== 0, "a row's indexed columns changed while it was in its table");
      at = this.next[at];
    }
    this.next[at] = this.next[row];
  }

  reserve(capacity: number): void {
    const next = new Int32Array(capacity);
    next.set(this.next.subarray(0, Math.min(this.next.length, capacity)));
    this.next = next;
  }

  private secondOf(row: number): number {
    return this.second === undefined ? 0 : this.second.get(row);
  }

  private chain(row: number): void {
    const bucket = hash(this.first.get(row), this.secondOf(row)) & this.mask;
    this.next[row] = this.heads[bucket];
    this.heads[bucket] = row;
  }

  private rehash(): void {
    const old = this.heads;
    this.heads = new Int32Array(old.length * 4);
    this.mask = this.heads.length - 1;
    for (let bucket = 0; bucket < old.length; bucket++) {
      let row = old[bucket];
      while (row !== 0) {
        const next = this.next[row];
        this.chain(row);
        row = next;
      }
    }
  }
}

function hash(first: number, second: number): number {
  const high = (second / 0x1_0000_0000) | 0;
  let h = Math.imul(first, 0x9e37_79b1) ^ Math.imul(second | 0, 0x85eb_ca6b) ^ Math.imul(high, 0xc2b2_ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b_3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
