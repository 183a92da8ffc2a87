import { dropReasonOf } from "../linux/drop.ts";
import { stage, stageNames } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { NextEvent, Simulation } from "../sim/simulation.ts";
import type { Breakpoints } from "./breakpoints.ts";
import type { DataBreakpoints } from "./data/data-breakpoints.ts";
import { dropExplanation } from "./drop-text.ts";
import { placeName } from "./names.ts";
import { type Stop, scenarioThreadId } from "./protocol.ts";
import type { Scenario } from "./scenario.ts";
import { isWaiting, type Walker } from "./walk.ts";

/** True before the drop of a frame that came round to a bridge. */
export function isLoopDrop(world: World, next: NextEvent): boolean {
  return next.stage === stage.drop && dropReasonOf(world, next.walker) === "BRIDGE_LOOP";
}

/** How far back changes are looked through when a motion is over. */
const maximumShownEvents = 5000;

/** One debugging session over a world: what motions share. */
export class Session {
  readonly world: World;
  readonly sim: Simulation;
  readonly scenario: Scenario;
  readonly breakpoints: Breakpoints;
  readonly data: DataBreakpoints;
  /** Packets that ended since the last resume; their threads stay until the next one. */
  private gone: Walker[] = [];
  private isLoopReported = false;
  private leftAt = 0;
  /** Where the user was last shown a stop; -1 before the first. */
  private stoodAt = -1;
  /** The packet whose thread stopped last. */
  private focus = 0;

  constructor(world: World, scenario: Scenario, breakpoints: Breakpoints, data: DataBreakpoints) {
    this.world = world;
    this.sim = world.sim;
    this.scenario = scenario;
    this.breakpoints = breakpoints;
    this.data = data;
  }

  get ended(): boolean {
    return this.scenario.ended;
  }

  next(): NextEvent | undefined {
    return this.sim.next();
  }

  /**
   * The position from which on changes are shown: where the last motion began, if it went forward and not too far to
   * look through; undefined otherwise.
   */
  get shownSince(): number | undefined {
    const moved = this.sim.position - this.leftAt;
    return moved > 0 && moved <= maximumShownEvents ? this.leftAt : undefined;
  }

  /** The user has been shown a stop at this very position. */
  get standsHere(): boolean {
    return this.stoodAt === this.sim.position;
  }

  /** A motion begins. */
  leave(): void {
    this.leftAt = this.sim.position;
    this.gone = [];
    this.sim.armed.fill(0);
  }

  /** A motion is over, the world stands still; `threadId` is the thread to look at. */
  arrive(threadId: number): void {
    this.stoodAt = this.sim.position;
    this.focus = threadId - 1;
  }

  /** Takes the next event, and remembers its packet if that was its last. */
  take(next: NextEvent): void {
    const walker = next.walker === 0 ? undefined : this.walkerAt(next.walker);
    this.sim.step();
    if (walker !== undefined && !this.isAlive(walker.row, walker.number)) this.noteGone(walker);
  }

  private noteGone(walker: Walker): void {
    this.gone.push({ ...walker, row: 0 });
    if (this.gone.length > 64) this.gone.shift();
  }

  /** Arms what a free run must stop before. */
  arm(): void {
    this.sim.armed.fill(0);
    this.breakpoints.arm(this.sim.armed);
    this.sim.armed[stage.scenarioEnd] = 1;
    this.sim.armed[stage.statement] = 1;
    if (!this.isLoopReported) this.sim.armed[stage.drop] = 1;
  }

  /** Asked within a free run: whether the run must look at this event more closely. */
  wants(event: NextEvent): boolean {
    const isOurs = event.stage === stage.statement || event.stage === stage.scenarioEnd;
    return isOurs || (event.stage === stage.drop && !this.isLoopReported) || this.breakpoints.wants(event);
  }

  /** The stop before this event, if something wants one. */
  stopAt(next: NextEvent, way: "forward" | "backward" = "forward"): Stop | undefined {
    const loop = this.loopStop(next);
    if (loop !== undefined) return loop;
    const hit = this.breakpoints.hit(next, way);
    if (hit === undefined) return undefined;
    const threadId = this.threadOf(next);
    this.arrive(threadId);
    const failure = hit.failure === undefined ? "" : `: its condition has no answer here. ${hit.failure}`;
    const description = `${this.describe(next)} (breakpoint on ${hit.labels.join(", ")}${failure})`;
    return { reason: hit.reason, threadId, description, breakpointIds: hit.ids };
  }

  /** The stop after the event just taken, or come back to, if it changed something that is watched. */
  stopAfter(way: "forward" | "backward" = "forward"): Stop | undefined {
    const taken = this.sim.position - 1;
    const hit = this.data.hitAfter(taken, way);
    if (hit === undefined) return undefined;
    const { event } = hit;
    const number = this.sim.events.walker(taken);
    const threadId = number === 0 ? scenarioThreadId : number + 1;
    if (number !== 0 && this.walker(number) === undefined) this.noteGone(this.walkerAt(event.walker));
    this.arrive(threadId);
    const failure = hit.failure === undefined ? "" : `; its condition has no answer here. ${hit.failure}`;
    const description = `${hit.changes.join("; ")} (data breakpoint, after ${this.nameOf(taken)}${failure})`;
    const next = this.next();
    const before = next === undefined ? undefined : this.breakpoints.hit(next, way);
    return { reason: "data breakpoint", threadId, description, breakpointIds: [...hit.ids, ...(before?.ids ?? [])] };
  }

  /** `arp.receive of #3.1`. */
  private nameOf(event: number): string {
    const { events } = this.sim;
    const number = events.walker(event);
    const packet = number === 0 ? undefined : this.walker(number);
    return packet === undefined
      ? stageNames[events.stage(event)]
      : `${stageNames[events.stage(event)]} of #${packet.origin.name}`;
  }

  /** The stages in which a breakpoint could hit, marked as `Simulation.armed` marks them. */
  watchedStages(): Uint8Array {
    const watched = new Uint8Array(this.sim.armed.length);
    this.breakpoints.arm(watched);
    return watched;
  }

  /** What is about to happen, in one line. */
  describe(next: NextEvent): string {
    if (next.walker === 0) return this.describeOther(next);
    const { packets } = this.world;
    const title = `${stageNames[next.stage]} of #${packets.origin.get(next.walker).name}`;
    const place = placeName(this.world, next.stage, packets.device.get(next.walker));
    const why = next.stage === stage.drop ? `: ${this.dropText(next.walker)}` : "";
    return `${title} @ ${place}${why}`;
  }

  private describeOther(next: NextEvent): string {
    if (next.stage === stage.statement)
      return this.scenario.statementOf(next.subject)?.text ?? "the end of the scenario";
    return stageNames[next.stage];
  }

  dropText(packet: number): string {
    const reason = dropReasonOf(this.world, packet);
    return `${reason}, ${dropExplanation(this.world, packet)}`;
  }

  /** A loop of bridges is reported once, wherever the run was going. */
  private loopStop(next: NextEvent): Stop | undefined {
    if (this.isLoopReported || !isLoopDrop(this.world, next)) return undefined;
    this.isLoopReported = true;
    this.arrive(this.threadOf(next));
    const description = `Forwarding loop: ${this.describe(next)}. Linux without STP would send it round for ever.`;
    return { reason: "loop", threadId: this.threadOf(next), description, breakpointIds: [] };
  }

  threadOf(next: NextEvent): number {
    return next.walker === 0 ? scenarioThreadId : this.world.packets.number.get(next.walker) + 1;
  }

  threadOfNext(): number {
    const next = this.next();
    return next === undefined ? scenarioThreadId : this.threadOf(next);
  }

  /** The packet of the event just taken; its row may be gone, the recording knows its number. */
  numberTaken(): number {
    return this.sim.events.walker(this.sim.position - 1);
  }

  numberOfThread(threadId: number): number {
    return threadId - 1;
  }

  /** The row of a packet in flight, or 0. */
  rowOf(number: number): number {
    return this.world.packets.byNumber.find(number);
  }

  /** The packet with this number is still in flight, in the row where it was. */
  isAlive(row: number, number: number): boolean {
    const { packets } = this.world;
    return packets.table.has(row) && packets.number.get(row) === number;
  }

  placeOf(row: number): string {
    return placeName(this.world, this.world.packets.stage.get(row), this.world.packets.device.get(row));
  }

  packetsMade(): number {
    return this.world.packets.count;
  }

  /** The event that made a packet, in flight or just gone. */
  bornAt(number: number): number {
    return this.walker(number)?.bornAt ?? 0;
  }

  /** The ARP packet that a packet waits for; undefined when it waits for none. */
  awaitedBy(number: number): number | undefined {
    const row = this.rowOf(number);
    if (row === 0 || !isWaiting(this.world, row)) return undefined;
    const { packets } = this.world;
    const { name } = packets.origin.get(row);
    // Nothing that it causes was there before it.
    for (const other of packets.byNumber.fromHighest()) {
      if (other === row) return undefined;
      if (packets.origin.get(other).causedBy === name) return packets.number.get(other);
    }
    return undefined;
  }

  /** A packet that a thread can show: in flight, or gone since the last resume. */
  walker(number: number): Walker | undefined {
    const row = this.rowOf(number);
    return row !== 0 ? this.walkerAt(row) : this.gone.find((one) => one.number === number);
  }

  /** Those of them that a test picks, lowest number first; the thread that stopped last is always among them. */
  walkersWhere(
    isShown: (packet: number) => boolean,
    limit: number,
  ): { readonly walkers: readonly Walker[]; readonly total: number } {
    const { packets } = this.world;
    const rows = packets.byNumber.lowest(packets.table.size).filter(isShown);
    const walkers = rows.slice(0, Math.max(0, limit)).map((row) => this.walkerAt(row));
    const isThere = walkers.some((one) => one.number === this.focus);
    const focus = isThere || limit <= 0 ? undefined : this.walker(this.focus);
    if (focus === undefined) return { walkers, total: rows.length };
    return { walkers: [...walkers.slice(0, limit - 1), focus], total: rows.length + 1 };
  }

  /** Packets in flight by number, then those that just ended. */
  walkers(limit: number): { readonly walkers: readonly Walker[]; readonly total: number } {
    const total = this.gone.length + this.world.packets.table.size;
    const gone = this.gone.slice(0, Math.max(0, limit));
    const rows = this.world.packets.byNumber.lowest(limit - gone.length);
    const walkers = [...gone, ...rows.map((row) => this.walkerAt(row))];
    const isShown = walkers.some((one) => one.number === this.focus);
    const focus = isShown || limit <= 0 ? undefined : this.walker(this.focus);
    // A client that does not find the thread that stopped would show nothing.
    if (focus !== undefined) walkers[walkers.length - 1] = focus;
    return { walkers, total };
  }

  private walkerAt(row: number): Walker {
    const { packets } = this.world;
    return {
      row,
      number: packets.number.get(row),
      bornAt: packets.bornAt.get(row),
      origin: packets.origin.get(row),
      data: packets.data.get(row),
    };
  }
}
