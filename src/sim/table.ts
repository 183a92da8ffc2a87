import type { ChangeLog, Recorded } from "./change-log.ts";
import { type Column, Float64Column, Int32Column, ReferenceColumn } from "./column.ts";

const largeTableRows = 65_536;

/** Any column, whatever it holds. */
export type AnyColumn = Column<number> | Column<unknown>;

/** Finds rows by what their columns hold: rows enter and leave it with the table, also when history is rewound. */
export interface TableIndex {
  link(row: number): void;
  unlink(row: number): void;
  /** Makes room for rows below `capacity`. */
  reserve(capacity: number): void;
}

/**
 * A table of the simulated world: rows are numbers from 1 (0 stands for "none"), fields are columns. Rows come and go
 * through `insert` and `remove`, which the change log records like any other change. Freed rows are taken again last
 * in, first out, so that taking an insert back and making it again yields the same row.
 */
export class Table implements Recorded {
  readonly name: string;
  readonly holdsReferences = false;
  readonly columns: AnyColumn[] = [];
  private readonly indexes: TableIndex[] = [];
  private readonly log: ChangeLog;
  private readonly id: number;
  private present: Uint8Array;
  private free: Int32Array;
  private freeCount = 0;
  private highest = 0;
  private alive = 0;
  private capacity: number;

  constructor(log: ChangeLog, name: string, capacity = 16) {
    this.log = log;
    this.name = name;
    this.capacity = capacity;
    this.present = new Uint8Array(capacity);
    this.free = new Int32Array(capacity);
    this.id = log.register(this);
  }

  int32(name: string): Int32Column {
    return this.addColumn(new Int32Column(this.log, name));
  }

  float64(name: string): Float64Column {
    return this.addColumn(new Float64Column(this.log, name));
  }

  reference<T>(name: string, empty: T): ReferenceColumn<T> {
    return this.addColumn(new ReferenceColumn<T>(this.log, name, empty));
  }

  addColumn<C extends AnyColumn>(column: C): C {
    column.reserve(this.capacity);
    this.columns.push(column);
    return column;
  }

  addIndex<Index extends TableIndex>(index: Index): Index {
    index.reserve(this.capacity);
    this.indexes.push(index);
    return index;
  }

  /** How many rows there are. */
  get size(): number {
    return this.alive;
  }

  /** No row has a higher number. */
  get lastRow(): number {
    return this.highest;
  }

  has(row: number): boolean {
    return row > 0 && row <= this.highest && this.present[row] === 1;
  }

  /** Takes the next free row. Its columns hold what its last owner left: set every one of them, then `link`. */
  allocate(): number {
    const row = this.freeCount > 0 ? this.free[this.freeCount - 1] : this.highest + 1;
    if (row >= this.capacity) this.grow();
    return row;
  }

  /** Makes the row just allocated part of the table and of its indexes. */
  link(row: number): void {
    this.log.record(this.id, row, 0);
    this.enter(row);
  }

  remove(row: number): void {
    this.log.record(this.id, row, 1);
    this.leave(row);
  }

  /** For undo and redo: `other` says whether the row was there on the other side. */
  swap(row: number, other: number): number {
    if (other === 1) this.enter(row);
    else this.leave(row);
    return 1 - other;
  }

  /** All rows, lowest number first. */
  *rows(): Generator<number> {
    for (let row = 1; row <= this.highest; row++) if (this.present[row] === 1) yield row;
  }

  /** Makes room for so many rows at once, where a set-up knows how many will come. */
  reserve(rows: number): void {
    while (this.capacity <= rows) this.grow(rows + 1);
  }

  private enter(row: number): void {
    if (this.freeCount > 0 && this.free[this.freeCount - 1] === row) this.freeCount--;
    else if (row > this.highest) this.highest = row;
    this.present[row] = 1;
    this.alive++;
    for (let i = 0; i < this.indexes.length; i++) this.indexes[i].link(row);
  }

  private leave(row: number): void {
    for (let i = 0; i < this.indexes.length; i++) this.indexes[i].unlink(row);
    this.present[row] = 0;
    this.alive--;
    this.free[this.freeCount++] = row;
  }

  private grow(atLeast = 0): void {
    // Large tables grow by a quarter: what is reserved for rows that never come is memory that every pod pays for.
    const grown = this.capacity < largeTableRows ? this.capacity * 2 : this.capacity + (this.capacity >> 2);
    this.capacity = Math.max(grown, atLeast);
    const present = new Uint8Array(this.capacity);
    present.set(this.present);
    this.present = present;
    const free = new Int32Array(this.capacity);
    free.set(this.free);
    this.free = free;
    for (const column of this.columns) column.reserve(this.capacity);
    for (const index of this.indexes) index.reserve(this.capacity);
  }
}
