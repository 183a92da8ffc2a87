import type { TimerWheel } from "../linux/timer-wheel.ts";
import type { Statement } from "../plan/statements.ts";
import type { SeenFrame } from "./capture.ts";
import type { ObservedConnection } from "./connection-events.ts";
import type { ReachableTimes } from "./reachable-times.ts";
import type { Tables } from "./tables.ts";

/** What happened when a scenario ran on the real kernel. All times count from the scenario's begin. */
export interface Observation {
  readonly frames: readonly SeenFrame[];
  /** In the order of the scenario, without `expect`, which only the simulated world can judge. */
  readonly statements: readonly ObservedStatement[];
  readonly endNs: number;
  readonly reachableTimes: ReachableTimes;
  /** When bridges that the plan sets up first look for old addresses. */
  readonly bridgeTimersNs: ReadonlyMap<string, number>;
  /** Those that the kernel began to track, by time. */
  readonly connections: readonly ObservedConnection[];
  /** The namespaces in which it does. */
  readonly watched: readonly string[];
  /** Absent where the machine does not tell. */
  readonly timerWheel: TimerWheel | undefined;
}

export interface MomentSpan {
  readonly fromNs: number;
  readonly toNs: number;
}

export interface ObservedStatement {
  readonly statement: Statement;
  readonly startNs: number;
  /** Where the kernel does not tell when it did it: between the call and its return. */
  readonly startsWithin?: MomentSpan;
  readonly endNs: number;
  /** What each of its programs printed; a `parallel` block has several. */
  readonly programs: readonly ObservedProgram[];
  /** The tables when all was quiet after it: asked for, one after the other, from the one moment to the other. */
  readonly tables: Tables;
  readonly askedNs: number;
  readonly answeredNs: number;
}

export interface ObservedProgram {
  readonly statement: Statement;
  readonly output: string;
}
