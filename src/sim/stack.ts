import type { ChangeLog, Recorded } from "./change-log.ts";

/**
 * What is under way at this very moment, innermost last: as a kernel's call stack, but as data, so that it can be
 * stopped between any two steps and rewound.
 */
export class Stack implements Recorded {
  readonly name: string;
  readonly holdsReferences = false;
  private readonly log: ChangeLog;
  private readonly id: number;
  private items = new Int32Array(64);
  private count = 0;

  constructor(log: ChangeLog, name: string) {
    this.log = log;
    this.name = name;
    this.id = log.register(this);
  }

  get length(): number {
    return this.count;
  }

  get top(): number {
    return this.items[this.count - 1];
  }

  push(item: number): void {
    this.log.record(this.id, item, 1);
    this.enter(item);
  }

  pop(): number {
    const item = this.items[--this.count];
    this.log.record(this.id, item, 0);
    return item;
  }

  /** `other` says whether the entry was a push (1) or a pop (0) as seen from the side that is in place. */
  swap(item: number, other: number): number {
    if (other === 1) this.count--;
    else this.enter(item);
    return 1 - other;
  }

  /** Innermost last. */
  entries(): readonly number[] {
    return Array.from(this.items.subarray(0, this.count));
  }

  private enter(item: number): void {
    if (this.count === this.items.length) {
      const grown = new Int32Array(this.count * 2);
      grown.set(this.items);
      this.items = grown;
    }
    this.items[this.count++] = item;
  }
}
