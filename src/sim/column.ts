import type { ChangeLog, Recorded } from "./change-log.ts";

/** One field of every row of a table. Reading is `get`; the only way to write is `set`, which records what was there. */
export interface Column<T> extends Recorded {
  readonly name: string;
  get(row: number): T;
  set(row: number, value: T): void;
  /** The value that a log entry of this column stands for. */
  decode(other: unknown): T;
  /** Makes room for rows below `capacity`; called by the table. */
  reserve(capacity: number): void;
}

/** Numbers that fit 32 bits: states, flags, row numbers (0 = none). */
export class Int32Column implements Column<number> {
  readonly name: string;
  readonly holdsReferences = false;
  private readonly log: ChangeLog;
  private readonly id: number;
  private values = new Int32Array(0);

  constructor(log: ChangeLog, name: string) {
    this.log = log;
    this.name = name;
    this.id = log.register(this);
  }

  get(row: number): number {
    return this.values[row];
  }

  set(row: number, value: number): void {
    const before = this.values[row];
    if (before === value) return;
    this.log.record(this.id, row, before);
    this.values[row] = value;
  }

  swap(row: number, other: number): number {
    const before = this.values[row];
    this.values[row] = other;
    return before;
  }

  decode(other: unknown): number {
    return other as number;
  }

  reserve(capacity: number): void {
    const grown = new Int32Array(capacity);
    grown.set(this.values);
    this.values = grown;
  }
}

/** Times in nanoseconds, counters, addresses: any number. */
export class Float64Column implements Column<number> {
  readonly name: string;
  readonly holdsReferences = false;
  private readonly log: ChangeLog;
  private readonly id: number;
  private values = new Float64Array(0);

  constructor(log: ChangeLog, name: string) {
    this.log = log;
    this.name = name;
    this.id = log.register(this);
  }

  get(row: number): number {
    return this.values[row];
  }

  set(row: number, value: number): void {
    const before = this.values[row];
    if (before === value) return;
    this.log.record(this.id, row, before);
    this.values[row] = value;
  }

  /** Counters go up at every hop. */
  add(row: number, amount: number): void {
    const before = this.values[row];
    this.log.record(this.id, row, before);
    this.values[row] = before + amount;
  }

  swap(row: number, other: number): number {
    const before = this.values[row];
    this.values[row] = other;
    return before;
  }

  decode(other: unknown): number {
    return other as number;
  }

  reserve(capacity: number): void {
    const grown = new Float64Array(capacity);
    grown.set(this.values);
    this.values = grown;
  }
}

/** Immutable values: names, frames, the states of programs and connections. A changed value is a new value. */
export class ReferenceColumn<T> implements Column<T> {
  readonly name: string;
  readonly holdsReferences = true;
  private readonly log: ChangeLog;
  private readonly id: number;
  private readonly values: T[] = [];
  private readonly empty: T;

  constructor(log: ChangeLog, name: string, empty: T) {
    this.log = log;
    this.name = name;
    this.empty = empty;
    this.values.push(empty);
    this.id = log.register(this);
  }

  get(row: number): T {
    return row < this.values.length ? this.values[row] : this.empty;
  }

  set(row: number, value: T): void {
    while (this.values.length <= row) this.values.push(this.empty);
    const before = this.values[row];
    if (before === value) return;
    this.log.recordReference(this.id, row, before);
    this.values[row] = value;
  }

  swap(row: number, other: number, references: unknown[]): number {
    const before = this.values[row];
    this.values[row] = references[other] as T;
    references[other] = before;
    return other;
  }

  decode(other: unknown): T {
    return other as T;
  }

  reserve(): void {
    // Grows when written: most rows of most tables hold the empty value or share one.
  }
}
