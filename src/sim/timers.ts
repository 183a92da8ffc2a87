import { assert } from "../base/assert.ts";
import type { ChangeLog } from "./change-log.ts";
import type { Column } from "./column.ts";
import type { Table } from "./table.ts";

/** No timer set. */
export const never = 0;

/**
 * All timers of the world. What counts is the `TimerColumn` of the row that waits; the heap only finds the earliest, and
 * an entry whose row no longer waits for that moment is skipped. So the heap need not be rewound: rewinding a column
 * offers its times to the heap again.
 *
 * Timers that are due at the same moment fire by kind, then by row.
 */
export class Timers {
  private readonly columns: TimerColumn[] = [];
  private dues = new Float64Array(64);
  private kinds = new Uint8Array(64);
  private rows = new Int32Array(64);
  private size = 0;
  /** Size at which entries that no longer count are thrown out. */
  private compactAt = 1024;

  register(column: TimerColumn): number {
    assert(this.columns.length < 255, "too many kinds of timers");
    return this.columns.push(column) - 1;
  }

  /** When the earliest timer fires; infinite when none is set. */
  headDueNs(): number {
    while (this.size > 0 && !this.isCurrent(0)) this.dropHead();
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.dues[0];
  }

  /** The column of the earliest timer; only after `headDueNs` said that there is one. */
  headColumn(): TimerColumn {
    return this.columns[this.kinds[0]];
  }

  headRow(): number {
    return this.rows[0];
  }

  column(kind: number): TimerColumn {
    return this.columns[kind];
  }

  /** The timers that fire at the same moment as the earliest, in the order in which they fire. */
  headsTogether(): readonly { readonly column: TimerColumn; readonly row: number }[] {
    const dueNs = this.headDueNs();
    const found = new Map<number, { readonly kind: number; readonly row: number }>();
    for (let at = 0; at < this.size; at++) {
      if (this.dues[at] !== dueNs || !this.isCurrent(at)) continue;
      found.set(this.kinds[at] * 2 ** 32 + this.rows[at], { kind: this.kinds[at], row: this.rows[at] });
    }
    return [...found.entries()]
      .sort(([one], [other]) => one - other)
      .map(([, { kind, row }]) => ({ column: this.columns[kind], row }));
  }

  offer(kind: number, row: number, dueNs: number): void {
    if (this.size >= this.compactAt) this.compact();
    if (this.size === this.dues.length) this.grow();
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(dueNs, kind, row, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, dueNs, kind, row);
  }

  private isCurrent(at: number): boolean {
    return this.columns[this.kinds[at]].get(this.rows[at]) === this.dues[at];
  }

  private isBefore(dueNs: number, kind: number, row: number, other: number): boolean {
    if (dueNs !== this.dues[other]) return dueNs < this.dues[other];
    if (kind !== this.kinds[other]) return kind < this.kinds[other];
    return row < this.rows[other];
  }

  private dropHead(): void {
    this.size--;
    if (this.size > 0) this.siftDown(0, this.dues[this.size], this.kinds[this.size], this.rows[this.size]);
  }

  private siftDown(start: number, dueNs: number, kind: number, row: number): void {
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (
        child + 1 < this.size &&
        this.isBefore(this.dues[child + 1], this.kinds[child + 1], this.rows[child + 1], child)
      )
        child++;
      if (this.isBefore(dueNs, kind, row, child)) break;
      this.move(child, at);
      at = child;
    }
    this.put(at, dueNs, kind, row);
  }

  private move(from: number, to: number): void {
    this.put(to, this.dues[from], this.kinds[from], this.rows[from]);
  }

  private put(at: number, dueNs: number, kind: number, row: number): void {
    this.dues[at] = dueNs;
    this.kinds[at] = kind;
    this.rows[at] = row;
  }

  private compact(): void {
    let kept = 0;
    for (let at = 0; at < this.size; at++) {
      if (!this.isCurrent(at)) continue;
      this.move(at, kept++);
    }
    this.size = kept;
    for (let at = (kept >> 1) - 1; at >= 0; at--) this.siftDown(at, this.dues[at], this.kinds[at], this.rows[at]);
    this.compactAt = Math.max(1024, kept * 2);
  }

  private grow(): void {
    const dues = new Float64Array(this.size * 2);
    const kinds = new Uint8Array(this.size * 2);
    const rows = new Int32Array(this.size * 2);
    dues.set(this.dues);
    kinds.set(this.kinds);
    rows.set(this.rows);
    this.dues = dues;
    this.kinds = kinds;
    this.rows = rows;
  }
}

/** When a row's timer fires, in nanoseconds; `never` when it does not. Firing clears it. */
export class TimerColumn implements Column<number> {
  readonly name: string;
  readonly holdsReferences = false;
  /** The stage that a firing timer runs, with the row as its subject. */
  readonly stage: number;
  private readonly log: ChangeLog;
  private readonly timers: Timers;
  private readonly id: number;
  /** Timers due at one time fire in the order of their kinds. */
  readonly kind: number;
  private values = new Float64Array(0);

  constructor(log: ChangeLog, timers: Timers, name: string, stage: number) {
    this.log = log;
    this.timers = timers;
    this.name = name;
    this.stage = stage;
    this.id = log.register(this);
    this.kind = timers.register(this);
  }

  get(row: number): number {
    return this.values[row];
  }

  set(row: number, dueNs: number): void {
    const before = this.values[row];
    if (before === dueNs) return;
    this.log.record(this.id, row, before);
    this.values[row] = dueNs;
    if (dueNs !== never) this.timers.offer(this.kind, row, dueNs);
  }

  swap(row: number, other: number): number {
    const before = this.values[row];
    this.values[row] = other;
    if (other !== never && other !== before) this.timers.offer(this.kind, row, other);
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

/** Adds a timer to a table's rows. */
export function addTimer(table: Table, log: ChangeLog, timers: Timers, name: string, stage: number): TimerColumn {
  return table.addColumn(new TimerColumn(log, timers, name, stage));
}
