/** One event that was taken. */
export interface EventRecord {
  readonly timeNs: number;
  readonly stage: number;
  /** The walker's number, or 0 for an event that is nobody's walk. */
  readonly walker: number;
  /** Where it happened: a device row for a walker, else the row that the event was about. */
  readonly place: number;
}

const chunkBits = 14;
const chunkSize = 1 << chunkBits;
const chunkMask = chunkSize - 1;

interface Chunk {
  readonly times: Float64Array;
  readonly changesFrom: Float64Array;
  readonly walkers: Int32Array;
  readonly places: Int32Array;
  readonly stages: Uint8Array;
  /**
   * By event of a walker, the latest one before it of the walker's row, `noEvent` or `unknown`. Where that is another walker's, this is
   * the first event of its own walker: whose event it is, is looked at by those who follow it, not by those who record.
   */
  readonly previous: Int32Array;
}

export const eventLogChunkBytes = chunkSize * (8 + 8 + 4 + 4 + 1 + 4);

const noEvent = -1;
/** A recorded future was forgotten: the walker's latest event may have been in it. */
const unknown = -2;

/** The events of a run in order, each with the position in the change log where its changes begin. */
export class EventLog {
  private chunks: Chunk[] = [];
  private firstChunk = 0;
  /** The chunk that the next event goes into, unless that begins one. */
  private newest!: Chunk;
  private count = 0;
  /** Dropped chunks, to be used again. */
  private readonly spares: Chunk[] = [];
  /** By row of a walker, the event that was recorded last for that row. */
  private latest = new Int32Array(64).fill(noEvent);

  /** The number of the next event to be recorded; events count from 0. */
  get end(): number {
    return this.count;
  }

  /** The oldest event that is still known. */
  get start(): number {
    return this.firstChunk << chunkBits;
  }

  /** `row` is the walker's; 0, like `walker`, for an event that is nobody's walk. */
  append(timeNs: number, stage: number, walker: number, row: number, place: number, changesFrom: number): void {
    const at = this.count & chunkMask;
    if (at === 0) this.open();
    const chunk = this.newest;
    chunk.times[at] = timeNs;
    chunk.changesFrom[at] = changesFrom;
    chunk.walkers[at] = walker;
    chunk.places[at] = place;
    chunk.stages[at] = stage;
    if (row !== 0) chunk.previous[at] = this.follow(row);
    this.count++;
  }

  /** The row's event before the one that is about to be recorded. */
  private follow(row: number): number {
    if (row >= this.latest.length) this.makeRoom(row);
    const event = this.latest[row];
    this.latest[row] = this.count;
    return event;
  }

  private makeRoom(row: number): void {
    const latest = new Int32Array(2 * row).fill(noEvent);
    latest.set(this.latest);
    this.latest = latest;
  }

  /**
   * The events of a walker in [from, before), newest first, as far as they are still known. `row` is where it is, or was last; 0 where
   * nobody knows. What others do meanwhile is passed over, however much that is.
   */
  *ofWalker(walker: number, row: number, from: number, before: number): Generator<number> {
    const earliest = Math.max(from, this.start);
    if (before <= earliest) return;
    let event = this.newestOf(walker, row, before);
    let end = before;
    for (;;) {
      if (event === unknown) event = this.searchBack(walker, end - 1, earliest);
      if (event < earliest || this.walker(event) !== walker) return;
      if (event < end) {
        yield event;
        end = event;
      }
      event = this.previous(event);
    }
  }

  /** An event of the walker from which its events before `before` can be followed, or `unknown`. */
  private newestOf(walker: number, row: number, before: number): number {
    const latest = row < this.latest.length ? this.latest[row] : noEvent;
    if (latest >= this.start && latest < this.count && this.walker(latest) === walker) return latest;
    // Whoever went back stands before an event of the walker that he looks at.
    return before < this.count && this.walker(before) === walker ? before : unknown;
  }

  /** The walker's latest event in [earliest, event], or `noEvent`. */
  private searchBack(walker: number, event: number, earliest: number): number {
    for (let at = event; at >= earliest; at--) if (this.walker(at) === walker) return at;
    return noEvent;
  }

  private previous(event: number): number {
    return this.chunkOf(event).previous[event & chunkMask];
  }

  read(event: number): EventRecord {
    const chunk = this.chunkOf(event);
    const at = event & chunkMask;
    return { timeNs: chunk.times[at], stage: chunk.stages[at], walker: chunk.walkers[at], place: chunk.places[at] };
  }

  walker(event: number): number {
    return this.chunkOf(event).walkers[event & chunkMask];
  }

  stage(event: number): number {
    return this.chunkOf(event).stages[event & chunkMask];
  }

  place(event: number): number {
    return this.chunkOf(event).places[event & chunkMask];
  }

  /** Where the event's changes begin in the change log. */
  changesFrom(event: number): number {
    return this.chunkOf(event).changesFrom[event & chunkMask];
  }

  truncate(end: number): void {
    this.count = end;
    this.latest.fill(unknown);
    const kept = Math.max(0, ((end + chunkMask) >>> chunkBits) - this.firstChunk);
    this.spares.push(...this.chunks.splice(kept));
    this.newest = this.chunks[kept - 1];
  }

  /** Drops the oldest chunk and says which event is now the first. */
  dropOldest(): number {
    this.spares.push(this.chunks.shift() as Chunk);
    this.firstChunk++;
    return this.start;
  }

  get chunkCount(): number {
    return this.chunks.length;
  }

  private open(): void {
    this.newest = this.spares.pop() ?? makeChunk();
    this.chunks.push(this.newest);
  }

  private chunkOf(event: number): Chunk {
    return this.chunks[(event >>> chunkBits) - this.firstChunk];
  }
}

function makeChunk(): Chunk {
  return {
    times: new Float64Array(chunkSize),
    changesFrom: new Float64Array(chunkSize),
    walkers: new Int32Array(chunkSize),
    places: new Int32Array(chunkSize),
    stages: new Uint8Array(chunkSize),
    previous: new Int32Array(chunkSize),
  };
}
