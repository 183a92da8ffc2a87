import { assert } from "../base/assert.ts";

/**
 * Something whose state changes only through the change log. A change is undone and redone by the same call: it puts
 * the recorded other side in place and hands back what was there, so that one slot of the log serves both directions.
 */
export interface Recorded {
  /** Swaps `other` in at `row` and returns what it replaced. */
  swap(row: number, other: number, references: unknown[]): number;
  /** True if `other` is an index into the chunk's references. */
  readonly holdsReferences: boolean;
}

/** Fields of one entry: who changed, at which row, and the side that is not in place now. */
interface Chunk {
  readonly owners: Uint16Array;
  readonly rows: Int32Array;
  readonly others: Float64Array;
  /** Filled up to `referenceCount`; what lies beyond is left over from the chunk's last use. */
  readonly references: unknown[];
  referenceCount: number;
}

const chunkBits = 15;
const chunkSize = 1 << chunkBits;
const chunkMask = chunkSize - 1;

/** Bytes of the numbers of one chunk; the references come on top. */
export const changeLogChunkBytes = chunkSize * (2 + 4 + 8);

/**
 * Every change of the simulated world in order. Positions count changes since recording began; the oldest chunks can be
 * dropped to bound memory, positions stay what they were.
 */
export class ChangeLog {
  private readonly owners: Recorded[] = [];
  private chunks: Chunk[] = [];
  private firstChunk = 0;
  private current: Chunk = makeChunk();
  private used = 0;
  /** Dropped chunks, to be used again: making new ones would cost more than filling them. */
  private readonly spares: Chunk[] = [];

  /** While false, changes are not remembered: the set-up of a world is its beginning, not its history. */
  recording = false;

  constructor() {
    this.chunks.push(this.current);
  }

  /** Gives a table's column, lane or stack the number under which it records. */
  register(owner: Recorded): number {
    assert(this.owners.length < 0xffff, "too many recorded columns");
    return this.owners.push(owner) - 1;
  }

  /** The number under which `owner` records. */
  numberOf(owner: Recorded): number {
    return this.owners.indexOf(owner);
  }

  /** How many owners there are: as many marks `touches` wants. */
  get ownerCount(): number {
    return this.owners.length;
  }

  /** Whether a change in [from, to) is of an owner that is marked. */
  touches(from: number, to: number, marks: Uint8Array): boolean {
    for (let position = from; position < to; ) {
      const { owners } = this.chunkAt(position);
      const first = position & chunkMask;
      const end = Math.min(chunkSize, first + to - position);
      for (let at = first; at < end; at++) if (marks[owners[at]] !== 0) return true;
      position += end - first;
    }
    return false;
  }

  /** Where in [from, to) `owner` changed at `row` for the first time; -1 where it did not. */
  find(owner: Recorded, row: number, from: number, to: number): number {
    const wanted = this.numberOf(owner);
    for (let position = from; position < to; ) {
      const { owners, rows } = this.chunkAt(position);
      const first = position & chunkMask;
      const end = Math.min(chunkSize, first + to - position);
      for (let at = first; at < end; at++) if (rows[at] === row && owners[at] === wanted) return position + at - first;
      position += end - first;
    }
    return -1;
  }

  /** The side of a change that is not in place: what was there before, of one that was not taken back. */
  other(position: number): unknown {
    const chunk = this.chunkAt(position);
    const at = position & chunkMask;
    const value = chunk.others[at];
    return this.owners[chunk.owners[at]].holdsReferences ? chunk.references[value] : value;
  }

  /** Notes that `owner` changed at `row`, and the value that was there. */
  record(owner: number, row: number, before: number): void {
    if (!this.recording) return;
    let at = this.used;
    if (at === chunkSize) {
      this.grow();
      at = 0;
    }
    const chunk = this.current;
    chunk.owners[at] = owner;
    chunk.rows[at] = row;
    chunk.others[at] = before;
    this.used = at + 1;
  }

  /** Like `record`, for a value that is not a number. */
  recordReference(owner: number, row: number, before: unknown): void {
    if (!this.recording) return;
    if (this.used === chunkSize) this.grow();
    const chunk = this.current;
    this.record(owner, row, chunk.referenceCount);
    chunk.references[chunk.referenceCount++] = before;
  }

  /** The position after the newest change. */
  get end(): number {
    return (this.firstChunk + this.chunks.length - 1) * chunkSize + this.used;
  }

  /** The oldest position that can still be gone back to. */
  get start(): number {
    return this.firstChunk * chunkSize;
  }

  /** Takes back the changes in [from, to), newest first. */
  undo(from: number, to: number): void {
    for (let position = to - 1; position >= from; position--) this.swapAt(position);
  }

  /** Makes the changes in [from, to) again, oldest first. */
  redo(from: number, to: number): void {
    for (let position = from; position < to; position++) this.swapAt(position);
  }

  /** Calls back for each change in [from, to): its owner and row, and the side that is not in place. */
  forEach(from: number, to: number, visit: (owner: Recorded, row: number, other: unknown) => void): void {
    for (let position = from; position < to; position++) {
      const chunk = this.chunkAt(position);
      const at = position & chunkMask;
      const owner = this.owners[chunk.owners[at]];
      const other = chunk.others[at];
      visit(owner, chunk.rows[at], owner.holdsReferences ? chunk.references[other] : other);
    }
  }

  /** Forgets the changes from `position` on; they must have been taken back before. */
  truncate(position: number): void {
    const keep = position >>> chunkBits;
    const last = Math.min(keep, this.firstChunk + this.chunks.length - 1);
    const chunk = this.chunks[last - this.firstChunk];
    const usedBefore = last === this.firstChunk + this.chunks.length - 1 ? this.used : chunkSize;
    for (const cut of this.chunks.splice(last - this.firstChunk + 1)) {
      cut.referenceCount = 0;
      this.spares.push(cut);
    }
    this.current = chunk;
    this.used = keep > last ? chunkSize : position & chunkMask;
    for (let at = this.used; at < usedBefore; at++) {
      if (!this.owners[chunk.owners[at]].holdsReferences) continue;
      chunk.referenceCount = Math.min(chunk.referenceCount, chunk.others[at]);
      break;
    }
  }

  /** Drops whole chunks before `position`, so that memory stays bounded. */
  dropBefore(position: number): void {
    while (this.chunks.length > 1 && (this.firstChunk + 1) * chunkSize <= position) {
      const dropped = this.chunks.shift() as Chunk;
      dropped.referenceCount = 0;
      this.spares.push(dropped);
      this.firstChunk++;
    }
  }

  private swapAt(position: number): void {
    const chunk = this.chunkAt(position);
    const at = position & chunkMask;
    const owner = this.owners[chunk.owners[at]];
    chunk.others[at] = owner.swap(chunk.rows[at], chunk.others[at], chunk.references);
  }

  private chunkAt(position: number): Chunk {
    return this.chunks[(position >>> chunkBits) - this.firstChunk];
  }

  private grow(): void {
    this.current = this.spares.pop() ?? makeChunk();
    this.chunks.push(this.current);
    this.used = 0;
  }
}

function makeChunk(): Chunk {
  return {
    owners: new Uint16Array(chunkSize),
    rows: new Int32Array(chunkSize),
    others: new Float64Array(chunkSize),
    references: [],
    referenceCount: 0,
  };
}
