import { dropReasonNames, dropReasons } from "../linux/drop-reason.ts";
import { stage } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { NextEvent, Simulation } from "../sim/simulation.ts";
import type { Breakpoints } from "./breakpoints.ts";
import { eventTitle } from "./motions.ts";
import { placeName } from "./names.ts";
import { type Stop, scenarioThreadId } from "./protocol.ts";
import type { Scenario } from "./scenario.ts";
import type { Walker } from "./walk.ts";

/** One debugging session over a world: what motions share. */
export class Session {
  readonly world: World;
  readonly sim: Simulation;
  readonly scenario: Scenario;
  readonly breakpoints: Breakpoints;
  /** Packets that ended since the last resume; their threads stay until the next one. */
  private gone: Walker[] = [];
  private isLoopReported = false;
  /** Called whenever the world has moved and stands still again. */
  onArrive: () => void = () => {};

  constructor(world: World, scenario: Scenario, breakpoints: Breakpoints) {
    this.world = world;
    this.sim = world.sim;
    this.scenario = scenario;
    this.breakpoints = breakpoints;
  }

  get ended(): boolean {
    return this.scenario.ended;
  }

  next(): NextEvent | undefined {
    return this.sim.next();
  }

  /** A motion begins. */
  leave(): void {
    this.gone = [];
    this.sim.armed.fill(0);
  }

  /** A motion is over, the world stands still. */
  arrive(): void {
    this.onArrive();
  }

  /** Takes the next event, and remembers its packet if that was its last. */
  take(next: NextEvent): void {
    const walker = next.walker === 0 ? undefined : this.walkerAt(next.walker);
    this.sim.step();
    if (walker !== undefined && !this.isAlive(walker.row, walker.number)) {
      this.gone.push({ ...walker, row: 0 });
      if (this.gone.length > 64) this.gone.shift();
    }
  }

  /** Arms what a free run must stop before. */
  arm(): void {
    this.sim.armed.fill(0);
    this.breakpoints.arm(this.sim);
    this.sim.armed[stage.scenarioEnd] = 1;
    this.sim.armed[stage.statement] = 1;
    if (!this.isLoopReported) this.sim.armed[stage.drop] = 1;
  }

  /** The stop before this event, if something wants one. */
  stopAt(next: NextEvent): Stop | undefined {
    const loop = this.loopStop(next);
    if (loop !== undefined) return loop;
    const hit = this.breakpoints.hit(next);
    if (hit === undefined) return undefined;
    this.arrive();
    const description = `${this.describe(next)} (breakpoint on ${hit.labels.join(", ")})`;
    return { reason: hit.reason, threadId: this.threadOf(next), description, breakpointIds: hit.ids };
  }

  /** True if a breakpoint could hit in this stage. */
  isWatched(stageNumber: number): boolean {
    this.sim.armed.fill(0);
    this.breakpoints.arm(this.sim);
    const isWatched = this.sim.armed[stageNumber] === 1;
    this.sim.armed.fill(0);
    return isWatched;
  }

  /** What is about to happen, in one line. */
  describe(next: NextEvent): string {
    if (next.walker === 0) return eventTitle(this, next);
    const { packets } = this.world;
    const place = placeName(this.world, next.stage, packets.device.get(next.walker));
    const why = next.stage === stage.drop ? `: ${this.dropText(next.walker)}` : "";
    return `${eventTitle(this, next)} @ ${place}${why}`;
  }

  dropText(packet: number): string {
    const reason = dropReasonNames[this.world.packets.dropReason.get(packet)];
    return `${reason}, ${dropReasons[reason]}`;
  }

  /** A loop of bridges is reported once, wherever the run was going. */
  private loopStop(next: NextEvent): Stop | undefined {
    if (this.isLoopReported || next.stage !== stage.drop) return undefined;
    if (dropReasonNames[this.world.packets.dropReason.get(next.walker)] !== "BRIDGE_LOOP") return undefined;
    this.isLoopReported = true;
    this.arrive();
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
    const { packets } = this.world;
    for (const row of packets.table.rows()) if (packets.number.get(row) === number) return row;
    return 0;
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

  /** The packet whose next stage Step Into shows: the thread's own, or the ARP packet that it waits for. */
  followed(threadId: number): number | undefined {
    const number = this.numberOfThread(threadId);
    const row = this.rowOf(number);
    if (row === 0) return undefined;
    if (!this.isWaiting(row)) return number;
    const { packets } = this.world;
    const name = packets.origin.get(row).name;
    let latest: number | undefined;
    for (const other of packets.table.rows())
      if (packets.origin.get(other).causedBy === name) latest = Math.max(latest ?? 0, packets.number.get(other));
    return latest ?? number;
  }

  /** In the queue of an unresolved neighbour. */
  private isWaiting(row: number): boolean {
    const { packets, neighbours } = this.world;
    if (packets.stage.get(row) !== stage.neighOutput) return false;
    const neighbour = neighbours.find(packets.outDevice.get(row), packets.nextHop.get(row));
    for (let at = neighbour === 0 ? 0 : neighbours.firstQueued.get(neighbour); at !== 0; at = packets.next.get(at))
      if (at === row) return true;
    return false;
  }

  /** A packet that a thread can show: in flight, or gone since the last resume. */
  walker(number: number): Walker | undefined {
    const row = this.rowOf(number);
    return row !== 0 ? this.walkerAt(row) : this.gone.find((one) => one.number === number);
  }

  /** Packets in flight by number, then those that just ended. */
  walkers(limit: number): { readonly walkers: readonly Walker[]; readonly total: number } {
    const { packets } = this.world;
    const rows = [...packets.table.rows()].sort((a, b) => packets.number.get(a) - packets.number.get(b));
    const total = rows.length + this.gone.length;
    const walkers = [
      ...this.gone,
      ...rows.slice(0, Math.max(0, limit - this.gone.length)).map((row) => this.walkerAt(row)),
    ];
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
