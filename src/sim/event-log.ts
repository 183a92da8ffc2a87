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
}

export const eventLogChunkBytes = chunkSize * (8 + 8 + 4 + 4 + 1);

/** The events of a run in order, each with the position in the change log where its changes begin. */
export class EventLog {
  private chunks: Chunk[] = [];
  private firstChunk = 0;
  /** The chunk that the next event goes into, unless that begins one. */
  private newest!: Chunk;
  private count = 0;
  /** Dropped chunks, to be used again. */
  private readonly spares: Chunk[] = [];

  /** The number of the next event to be recorded; events count from 0. */
  get end(): number {
    return this.count;
  }

  /** The oldest event that is still known. */
  get start(): number {
    return this.firstChunk << chunkBits;
  }

  append(timeNs: number, stage: number, walker: number, place: number, changesFrom: number): void {
    const at = this.count & chunkMask;
    if (at === 0) this.open();
    const chunk = this.newest;
    chunk.times[at] = timeNs;
    chunk.changesFrom[at] = changesFrom;
    chunk.walkers[at] = walker;
    chunk.places[at] = place;
    chunk.stages[at] = stage;
    this.count++;
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
  };
}
