import type { World } from "../../linux/world.ts";
import type { NextEvent } from "../../sim/simulation.ts";
import { BreakpointFilter, makeFilter } from "../breakpoint-filter.ts";
import { Subject } from "../conditions/subject.ts";
import type { BreakpointRow, OutputRow } from "../protocol.ts";
import type { DataBreakpoint, DataBreakpointFacet, Watchable } from "./api.ts";
import { type DataChange, type DataWatch, printDataChange, watchData } from "./data-watch.ts";

interface Bound {
  readonly id: number;
  readonly watch: DataWatch;
  readonly filter: BreakpointFilter;
  /** By the numbers of the change log's owners. */
  readonly marks: Uint8Array;
}

/** What a data breakpoint hit reports. */
export interface DataHit {
  readonly ids: readonly number[];
  readonly changes: readonly string[];
  /** The event that made the change. */
  readonly event: NextEvent;
  /** Why a condition could not be answered. */
  readonly failure?: string;
}

/** Lab ids of other breakpoints count from 1. */
const firstId = 1_000_000_001;

/**
 * Breakpoints on data. They are asked after an event, where those on stages are asked before one. What they watch is known by
 * name, so they hold in every run of the file.
 */
export class DataBreakpoints implements DataBreakpointFacet {
  private readonly world: World;
  private readonly subject: Subject;
  private readonly print: (row: OutputRow) => void;
  private readonly filters = new Map<string, BreakpointFilter>();
  private all: readonly Bound[] = [];
  private marks: Uint8Array | undefined;
  private nextId = firstId;

  constructor(world: World, print: (row: OutputRow) => void) {
    this.world = world;
    this.subject = new Subject(world);
    this.print = print;
  }

  watchable(text: string): Watchable | { readonly message: string } {
    return watchData(this.world, text);
  }

  set(breakpoints: readonly DataBreakpoint[]): readonly BreakpointRow[] {
    const bound: Bound[] = [];
    const rows = breakpoints.map((one) => this.bind(one, bound));
    this.all = bound;
    this.marks = bound.length === 0 ? undefined : this.marksOf(bound.map(({ watch }) => watch));
    return rows;
  }

  /** What a free run must stop after; undefined where nothing is watched. */
  get watched(): Uint8Array | undefined {
    return this.marks;
  }

  /** Whether the event could be a hit. */
  touches(event: number): boolean {
    const { sim } = this.world;
    return this.marks !== undefined && event >= sim.earliest && event < sim.recorded && sim.touched(event, this.marks);
  }

  /** Which breakpoints are hit right after this event, where the world stands; prints for those that only print. */
  hitAfter(event: number, way: "forward" | "backward"): DataHit | undefined {
    if (!this.touches(event)) return undefined;
    const hits = this.all.flatMap((one) => this.hitOf(one, event));
    const stopping = hits.filter((hit) => !this.logs(hit, event + 1, way));
    if (stopping.length === 0) return undefined;
    return {
      ids: stopping.map(({ one }) => one.id),
      changes: [...new Set(stopping.flatMap(({ changes }) => changes.map(printDataChange)))],
      event: this.eventAt(event),
      failure: stopping.map(({ one }) => one.filter.failureAt(event + 1)).find((text) => text !== undefined),
    };
  }

  private bind(wish: DataBreakpoint, bound: Bound[]): BreakpointRow {
    const id = this.nextId++;
    const watch = watchData(this.world, wish.dataId);
    if ("message" in watch) return { id, verified: false, message: watch.message };
    const filter = this.filterOf(wish);
    if (!(filter instanceof BreakpointFilter)) return { id, verified: false, message: filter.message };
    bound.push({ id, watch, filter, marks: this.marksOf([watch]) });
    return { id, verified: true, message: `stops when this changes: ${watch.description}` };
  }

  /** The same wish goes on counting where it was: clients send whole lists for every change. */
  private filterOf(wish: DataBreakpoint): BreakpointFilter | { readonly message: string } {
    const key = JSON.stringify([wish.dataId, wish.condition, wish.hitCondition, wish.logMessage]);
    const filter = this.filters.get(key) ?? makeFilter(wish);
    if (filter instanceof BreakpointFilter) this.filters.set(key, filter);
    return filter;
  }

  private marksOf(watches: readonly DataWatch[]): Uint8Array {
    const { log } = this.world.sim;
    const marks = new Uint8Array(log.ownerCount);
    for (const { owners } of watches) for (const owner of owners) marks[log.numberOf(owner)] = 1;
    return marks;
  }

  private hitOf(one: Bound, event: number): readonly Found[] {
    const { sim } = this.world;
    const position = event + 1;
    const changes = this.fitting(one, event);
    if (changes.length === 0) return [];
    const counts = one.filter.counts(sim, position, (earlier) => this.fitting(one, earlier - 1).length > 0);
    if (sim.position !== position) sim.goTo(position);
    return counts ? [{ one, changes }] : [];
  }

  /** The changes of an event that its condition fits; leaves the world right after the event. */
  private fitting(one: Bound, event: number): readonly DataChange[] {
    const { sim } = this.world;
    if (event < sim.earliest || !sim.touched(event, one.marks)) return [];
    if (sim.position !== event + 1) sim.goTo(event + 1);
    const changes = one.watch.changesOf(event);
    return changes.filter((change) => {
      this.lookAt(event, change);
      return one.filter.holds(this.subject, event + 1);
    });
  }

  /** Conditions see the packet that made the change as it came, for it may be gone, and the world with the change. */
  private lookAt(event: number, change: DataChange): void {
    this.subject.look(this.eventAt(event));
    this.subject.change = change;
  }

  private eventAt(event: number): NextEvent {
    const { sim } = this.world;
    sim.goTo(event);
    const next = sim.next() as NextEvent;
    // The subject reads the headers now.
    this.subject.look(next);
    sim.goTo(event + 1);
    return next;
  }

  /** True for one that prints instead of stopping; what it prints is printed once, when the run comes by. */
  private logs({ one, changes }: Found, position: number, way: "forward" | "backward"): boolean {
    const { filter } = one;
    if (filter.log === undefined || filter.failureAt(position) !== undefined) return false;
    if (way === "backward" || position < filter.loggedTo) return true;
    filter.loggedTo = position + 1;
    for (const change of changes) {
      this.lookAt(position - 1, change);
      this.print({ category: "console", text: filter.log.print(this.subject) });
    }
    return true;
  }
}

interface Found {
  readonly one: Bound;
  readonly changes: readonly DataChange[];
}
