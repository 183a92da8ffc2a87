import type { ChangeLog, Recorded } from "./change-log.ts";

const pushed = 1;
const popped = 0;

/**
 * A queue whose items all wait equally long, so that they become due in the order in which they came: a ring instead of
 * a heap. Pushing and popping are recorded, and each is the other's inverse at its end of the ring.
 */
export class Lane implements Recorded {
  readonly name: string;
  readonly delayNs: number;
  /** What a due item does: the stage to run with it, or 0 where the item is a walker that has a stage of its own. */
  readonly stage: number;
  readonly holdsReferences = false;
  private readonly log: ChangeLog;
  private readonly id: number;
  private items = new Int32Array(64);
  private dues = new Float64Array(64);
  private mask = 63;
  private head = 0;
  private tail = 0;

  constructor(log: ChangeLog, name: string, delayNs: number, stage = 0) {
    this.log = log;
    this.name = name;
    this.delayNs = delayNs;
    this.stage = stage;
    this.id = log.register(this);
  }

  get length(): number {
    return this.tail - this.head;
  }

  /** When the first item is due, in nanoseconds; infinite when there is none. */
  headDueNs(): number {
    return this.head === this.tail ? Number.POSITIVE_INFINITY : this.dues[this.head & this.mask];
  }

  headItem(): number {
    return this.items[this.head & this.mask];
  }

  push(item: number, nowNs: number): void {
    this.log.record(this.id, item, pushed);
    this.append(item, nowNs + this.delayNs);
  }

  /** Takes the first item. */
  pop(): number {
    const at = this.head & this.mask;
    // The due time travels in the log: a ring slot may have been reused by the time the pop is undone.
    this.log.record(this.id, this.items[at], -this.dues[at] - 1);
    this.head++;
    return this.items[at];
  }

  /** Puts an item before all others, with the time at which it is due. */
  pushFront(item: number, dueNs: number): void {
    // Its inverse is a pop, so it is recorded as the taking back of one.
    this.log.record(this.id, item, popped);
    this.prepend(item, dueNs);
  }

  /** Moves the item at an index to the front; the others stay in their order. */
  moveToFront(index: number): void {
    const moved = [...this.entries()].slice(0, index + 1);
    for (let i = 0; i <= index; i++) this.pop();
    for (const { item, dueNs } of moved.slice(0, index).reverse()) this.pushFront(item, dueNs);
    const { item, dueNs } = moved[index];
    this.pushFront(item, dueNs);
  }

  /**
   * `other` says what the entry stands for: `pushed` is undone by dropping the last item, a negative number by putting
   * an item due at -other-1 back to the front; `popped` redoes a pop, a due time + 2 redoes a push.
   */
  swap(item: number, other: number): number {
    if (other === pushed) {
      this.tail--;
      return this.dues[this.tail & this.mask] + 2;
    }
    if (other === popped) {
      const due = this.dues[this.head++ & this.mask];
      return -due - 1;
    }
    if (other < 0) {
      this.prepend(item, -other - 1);
      return popped;
    }
    this.append(item, other - 2);
    return pushed;
  }

  /** The items in order, each with its due time. */
  *entries(): Generator<{ readonly item: number; readonly dueNs: number }> {
    for (let at = this.head; at < this.tail; at++)
      yield { item: this.items[at & this.mask], dueNs: this.dues[at & this.mask] };
  }

  private append(item: number, dueNs: number): void {
    if (this.tail - this.head > this.mask) this.grow();
    this.items[this.tail & this.mask] = item;
    this.dues[this.tail & this.mask] = dueNs;
    this.tail++;
  }

  private prepend(item: number, dueNs: number): void {
    if (this.tail - this.head > this.mask) this.grow();
    this.head--;
    this.items[this.head & this.mask] = item;
    this.dues[this.head & this.mask] = dueNs;
  }

  private grow(): void {
    const items = new Int32Array(this.items.length * 2);
    const dues = new Float64Array(items.length);
    const count = this.tail - this.head;
    for (let i = 0; i < count; i++) {
      items[i] = this.items[(this.head + i) & this.mask];
      dues[i] = this.dues[(this.head + i) & this.mask];
    }
    this.items = items;
    this.dues = dues;
    this.mask = items.length - 1;
    this.head = 0;
    this.tail = count;
  }
}
