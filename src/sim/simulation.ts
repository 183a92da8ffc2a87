import { ChangeLog, changeLogChunkBytes } from "./change-log.ts";
import type { Float64Column, Int32Column } from "./column.ts";
import { EventLog, eventLogChunkBytes } from "./event-log.ts";
import type { Lane } from "./lane.ts";
import { Random } from "./random.ts";
import { Stack } from "./stack.ts";
import { Table } from "./table.ts";
import { never, type TimerColumn, Timers } from "./timers.ts";

/** Runs one stage for its subject: a walker, or the row that a timer or lane names. */
export type StageHandler = (subject: number) => void;

/** Those who walk through stages: what the simulation must know of each. */
export interface Walkers {
  readonly table: Table;
  /** The stage to run next. */
  readonly stage: Int32Column;
  readonly place: Int32Column;
  /** Never reused, unlike rows. */
  readonly number: Int32Column;
}

/** The event that would be taken next. */
export interface NextEvent {
  readonly timeNs: number;
  readonly stage: number;
  /** Row of the walker, or 0. */
  readonly walker: number;
  /** The walker, or the row that the event is about. */
  readonly subject: number;
}

/** Something that may happen next: at equal times, Linux' CPUs leave the order open. */
export interface Candidate {
  readonly stage: number;
  /** Row of the walker, or 0. */
  readonly walker: number;
  readonly subject: number;
  /** Where it waits: in a lane, or for its timer; in neither, it is under way. */
  readonly lane?: Lane;
  readonly timer?: TimerColumn;
}

const fromStack = 0;
const fromLane = 1;
const fromTimer = 2;
const chosenTimer = 1024;

export interface SimulationOptions {
  readonly seed: number;
  /** History may take so many bytes before its oldest part is dropped. */
  readonly historyBytes: number;
}

/**
 * A world that advances one event at a time and can go back. The order of events is total: what is under way comes
 * first, innermost first; then what is due, by time, lanes in the order in which they were made, timers last.
 */
export class Simulation {
  readonly log = new ChangeLog();
  readonly timers = new Timers();
  readonly events = new EventLog();
  readonly random: Random;
  /** All tables, for digests and change rows. */
  readonly tables: Table[] = [];
  readonly lanes: Lane[] = [];
  readonly underWay: Stack;
  /** A stage with a mark is not run by `advance`: the run stops before it. */
  readonly armed = new Uint8Array(256);

  /** How often a recorded future was forgotten: what was learnt of it holds no longer. */
  futures = 0;
  /** Where the latest of them began. */
  forgottenFrom = 0;

  private readonly clock: Float64Column;
  private readonly clockRow: number;
  private readonly handlers: StageHandler[] = [];
  private readonly historyBytes: number;
  private walkers!: Walkers;
  private positionNow = 0;

  private nextKind = fromStack;
  private nextStage = 0;
  private nextSubject = 0;
  private nextDueNs = 0;
  private nextLane!: Lane;
  private nextTimer!: TimerColumn;
  /** What somebody has chosen to come first among what is due: the lane's number + 1, or from `chosenTimer` on the kind of timer; 0: nobody has. */
  private readonly chosenFrom: Int32Column;
  private readonly chosenRow: Int32Column;
  private readonly shown = { timeNs: 0, stage: 0, walker: 0, subject: 0 };

  constructor(options: SimulationOptions) {
    this.historyBytes = options.historyBytes;
    this.random = new Random(this.log, options.seed);
    this.underWay = new Stack(this.log, "under way");
    const table = this.addTable("clock");
    this.tables.push(this.random.table);
    this.clock = table.float64("nowNs");
    this.chosenFrom = table.int32("chosenFrom");
    this.chosenRow = table.int32("chosenRow");
    this.clockRow = table.allocate();
    table.link(this.clockRow);
  }

  addTable(name: string): Table {
    const table = new Table(this.log, name);
    this.tables.push(table);
    return table;
  }

  addLane(lane: Lane): Lane {
    this.lanes.push(lane);
    return lane;
  }

  setWalkers(walkers: Walkers): void {
    this.walkers = walkers;
  }

  on(stage: number, handler: StageHandler): void {
    this.handlers[stage] = handler;
  }

  /** Simulated time since the scenario began. */
  get nowNs(): number {
    return this.clock.get(this.clockRow);
  }

  /** How many events have been taken from the beginning to where the world stands. */
  get position(): number {
    return this.positionNow;
  }

  /** The earliest position that can be gone back to; above 0 once history was dropped. */
  get earliest(): number {
    return this.events.start;
  }

  /** How far the recording reaches: more than `position` after going back. */
  get recorded(): number {
    return this.events.end;
  }

  /** From here on changes are history. What came before was the set-up. */
  begin(): void {
    this.log.recording = true;
  }

  /** The event that would be taken next, or undefined when nothing is left to happen. */
  next(): NextEvent | undefined {
    if (!this.look()) return undefined;
    const walker = this.nextIsWalker() ? this.nextSubject : 0;
    return { timeNs: this.nextDueNs, stage: this.nextStage, walker, subject: this.nextSubject };
  }

  /** Takes at most `maxEvents` events, and stops before one whose stage is armed. Answers how many it took. */
  advance(maxEvents: number): number {
    let taken = 0;
    while (taken < maxEvents && this.look() && this.armed[this.nextStage] === 0) {
      this.take();
      taken++;
    }
    return taken;
  }

  /**
   * Like `advance`, but asks `stopsBefore` about an event of an armed stage, and stops where it says so. The event that it is
   * shown is good for that call alone. Stops as well after an event that changed something that `watched` marks.
   */
  advanceAsking(maxEvents: number, stopsBefore: (event: NextEvent) => boolean, watched?: Uint8Array): number {
    let taken = 0;
    while (taken < maxEvents && this.look()) {
      if (this.armed[this.nextStage] !== 0 && stopsBefore(this.showNext())) break;
      this.take();
      taken++;
      if (watched !== undefined && this.touched(this.positionNow - 1, watched)) break;
    }
    return taken;
  }

  /** Whether an event of the recording, or an edit right after it, changed something that is marked (`ChangeLog.numberOf`). */
  touched(event: number, marks: Uint8Array): boolean {
    return this.log.touches(this.changesAt(event), this.changesAt(event + 1), marks);
  }

  private showNext(): NextEvent {
    const { shown } = this;
    shown.timeNs = this.nextDueNs;
    shown.stage = this.nextStage;
    shown.walker = this.nextIsWalker() ? this.nextSubject : 0;
    shown.subject = this.nextSubject;
    return shown;
  }

  /** Takes the next event, armed or not. False when there is none. */
  step(): boolean {
    if (!this.look()) return false;
    this.take();
    return true;
  }

  /** Takes back the latest event. False at the earliest position. */
  stepBack(): boolean {
    if (this.positionNow <= this.earliest) return false;
    this.goTo(this.positionNow - 1);
    return true;
  }

  /** Goes to a position within the recording. */
  goTo(position: number): void {
    const from = this.changesAt(this.positionNow);
    const to = this.changesAt(position);
    if (position < this.positionNow) this.log.undo(to, from);
    else this.log.redo(from, to);
    this.positionNow = position;
  }

  /** Forgets what was recorded after the present position. */
  forgetFuture(): void {
    if (this.positionNow === this.events.end) return;
    this.futures++;
    this.forgottenFrom = this.positionNow;
    this.log.truncate(this.changesAt(this.positionNow));
    this.events.truncate(this.positionNow);
  }

  /**
   * Changes the world between two events, as somebody does who has stopped it. What was recorded after the present position is
   * forgotten; going back before the present position takes the change back, going on from there repeats it.
   */
  edit(change: () => void): void {
    this.forgetFuture();
    change();
  }

  /**
   * Like `edit`, for a change that may answer why it cannot be made: then everything is as it was, the recorded future too.
   */
  tryEdit(change: () => string | undefined): string | undefined {
    const { log } = this;
    const from = log.end;
    const refusal = change();
    if (refusal === undefined && this.positionNow === this.events.end) return undefined;
    // What it wrote stands after the recorded future; taken back from the end, it leaves that as it is.
    log.undo(from, log.end);
    log.truncate(from);
    if (refusal !== undefined) return refusal;
    this.forgetFuture();
    return change();
  }

  /** The positions in the change log between which the event's changes lie. */
  changesOf(event: number): { readonly from: number; readonly to: number } {
    return { from: this.changesAt(event), to: this.changesAt(event + 1) };
  }

  private changesAt(position: number): number {
    return position < this.events.end ? this.events.changesFrom(position) : this.log.end;
  }

  /** What may come next, what comes if nobody chooses first. More than one only where several are due at one time. */
  candidates(): readonly Candidate[] {
    if (!this.look()) return [];
    const dueNs = this.nextDueNs;
    const isUnderWay = this.nextKind === fromStack;
    const first = this.candidate(this.nextStage, this.nextSubject, this.nextIsWalker());
    const found: Candidate[] = isUnderWay ? [first] : [];
    for (const lane of this.lanes) {
      // While something is under way on one CPU, another one may take a packet that is due, but no program runs in its place.
      if (isUnderWay && lane.stage !== 0) continue;
      for (const { item, dueNs: itsDueNs } of lane.entries()) {
        if (itsDueNs > dueNs) break;
        const stage = lane.stage === 0 ? this.walkers.stage.get(item) : lane.stage;
        found.push({ ...this.candidate(stage, item, lane.stage === 0), lane });
      }
    }
    if (!isUnderWay && this.timers.headDueNs() <= dueNs)
      for (const { column, row } of this.timers.headsTogether())
        found.push({ ...this.candidate(column.stage, row, false), timer: column });
    return found;
  }

  private candidate(stage: number, subject: number, isWalker: boolean): Candidate {
    return { stage, subject, walker: isWalker ? subject : 0 };
  }

  /** Lets a candidate come next. To be called within an edit. */
  chooseNext({ lane, timer, subject }: Candidate): void {
    if (timer !== undefined) {
      this.chosenFrom.set(this.clockRow, chosenTimer + timer.kind);
      this.chosenRow.set(this.clockRow, subject);
    } else if (lane !== undefined) {
      const index = [...lane.entries()].findIndex(({ item }) => item === subject);
      if (index > 0) lane.moveToFront(index);
      if (this.underWay.length === 0) {
        this.chosenFrom.set(this.clockRow, this.lanes.indexOf(lane) + 1);
        return;
      }
      lane.pop();
      this.underWay.push(subject);
    }
  }

  /** Finds the next event without taking it. */
  private look(): boolean {
    if (this.underWay.length > 0) {
      this.nextKind = fromStack;
      this.nextSubject = this.underWay.top;
      this.nextStage = this.walkers.stage.get(this.nextSubject);
      this.nextDueNs = this.nowNs;
      return true;
    }
    return this.lookAhead();
  }

  private lookAhead(): boolean {
    const chosen = this.chosenFrom.get(this.clockRow);
    if (chosen !== 0) return this.lookAtChosen(chosen);
    let due = Number.POSITIVE_INFINITY;
    const lanes = this.lanes;
    for (let i = 0; i < lanes.length; i++) {
      const laneDue = lanes[i].headDueNs();
      if (laneDue < due) {
        due = laneDue;
        this.nextLane = lanes[i];
      }
    }
    this.nextKind = fromLane;
    const timerDue = this.timers.headDueNs();
    if (timerDue < due) {
      this.nextDueNs = timerDue;
      this.nextKind = fromTimer;
      this.nextSubject = this.timers.headRow();
      this.nextTimer = this.timers.headColumn();
      this.nextStage = this.nextTimer.stage;
      return true;
    }
    if (due === Number.POSITIVE_INFINITY) return false;
    this.nextDueNs = due;
    return this.lookAtLane();
  }

  private lookAtLane(): true {
    this.nextSubject = this.nextLane.headItem();
    this.nextStage = this.nextLane.stage === 0 ? this.walkers.stage.get(this.nextSubject) : this.nextLane.stage;
    return true;
  }

  private lookAtChosen(chosen: number): true {
    if (chosen < chosenTimer) {
      this.nextKind = fromLane;
      this.nextLane = this.lanes[chosen - 1];
      this.nextDueNs = this.nextLane.headDueNs();
      return this.lookAtLane();
    }
    this.nextKind = fromTimer;
    this.nextTimer = this.timers.column(chosen - chosenTimer);
    this.nextSubject = this.chosenRow.get(this.clockRow);
    this.nextStage = this.nextTimer.stage;
    this.nextDueNs = this.nextTimer.get(this.nextSubject);
    return true;
  }

  private nextIsWalker(): boolean {
    return this.nextKind === fromStack || (this.nextKind === fromLane && this.nextLane.stage === 0);
  }

  private take(): void {
    if (this.positionNow < this.events.end) {
      this.goTo(this.positionNow + 1);
      return;
    }
    const subject = this.nextSubject;
    const stage = this.nextStage;
    const isWalker = this.nextIsWalker();
    const place = isWalker ? this.walkers.place.get(subject) : subject;
    const walker = isWalker ? this.walkers.number.get(subject) : 0;
    this.events.append(this.nextDueNs, stage, walker, isWalker ? subject : 0, place, this.log.end);
    this.positionNow++;
    if (this.nextKind !== fromStack) this.takeDue(subject, isWalker);
    this.handlers[stage](subject);
    if ((this.positionNow & 0x3fff) === 0) this.boundHistory();
  }

  private takeDue(subject: number, isWalker: boolean): void {
    this.clock.set(this.clockRow, this.nextDueNs);
    this.chosenFrom.set(this.clockRow, 0);
    if (this.nextKind === fromTimer) {
      this.nextTimer.set(subject, never);
      return;
    }
    this.nextLane.pop();
    if (isWalker) this.underWay.push(subject);
  }

  private boundHistory(): void {
    while (this.events.chunkCount > 2 && this.historySize() > this.historyBytes) {
      const first = this.events.dropOldest();
      this.log.dropBefore(this.changesAt(first));
    }
  }

  /** Bytes that history takes, without the values that it refers to. */
  historySize(): number {
    const changes = this.log.end - this.log.start;
    return (changes / 32768) * changeLogChunkBytes + this.events.chunkCount * eventLogChunkBytes;
  }
}
