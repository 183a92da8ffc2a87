import type { Simulation } from "../sim/simulation.ts";
import { ConditionFailure } from "./conditions/closures.ts";
import { type Condition, compileCondition } from "./conditions/compile.ts";
import { type HitTest, parseHitCount } from "./conditions/hit-count.ts";
import { compileLogMessage, type LogMessage } from "./conditions/log-message.ts";
import type { Subject } from "./conditions/subject.ts";
import type { BreakpointWish } from "./protocol.ts";

/** What else must be so, beside stage and place, for a breakpoint to be hit; and what is then printed instead of stopping. */
export class BreakpointFilter {
  readonly log: LogMessage | undefined;
  /** Events up to here were logged: replays do not print again. */
  loggedTo = 0;
  private readonly condition: Condition | undefined;
  private readonly hitTest: HitTest | undefined;
  /** Where in the recording it was hit, in order; complete up to `countedTo`. */
  private readonly hits: number[] = [];
  private countedTo = 0;
  private futures = 0;
  /** Where the condition could not be answered for the first time, and why. */
  private failure: { readonly at: number; readonly message: string } | undefined;

  constructor(condition: Condition | undefined, hitTest: HitTest | undefined, log: LogMessage | undefined) {
    this.condition = condition;
    this.hitTest = hitTest;
    this.log = log;
  }

  get needsSubject(): boolean {
    return this.condition !== undefined || this.log !== undefined;
  }

  /** Asked for every event of its stage and place; true also where the condition cannot be answered, once. */
  holds(subject: Subject, position: number): boolean {
    if (this.condition === undefined) return true;
    try {
      return this.condition.holds(subject);
    } catch (error) {
      if (!(error instanceof ConditionFailure)) throw error;
      this.failure ??= { at: position, message: error.message };
      return this.failure.at === position;
    }
  }

  /** The sentence to stop with where the condition could not be answered. */
  failureAt(position: number): string | undefined {
    return this.failure?.at === position ? this.failure.message : undefined;
  }

  /**
   * Whether the hit at this position is one that was asked for. Hits are numbered from the beginning of the recording, so that
   * going back and forth does not count them twice; what was passed before the breakpoint was set is counted now.
   */
  counts(sim: Simulation, position: number, isHit: (event: number) => boolean): boolean {
    this.followFuture(sim);
    if (this.hitTest === undefined || this.failureAt(position) !== undefined) return true;
    for (let event = Math.max(this.countedTo, sim.earliest); event <= position; event++)
      if (event === position || isHit(event)) this.hits.push(event);
    this.countedTo = Math.max(this.countedTo, position + 1);
    return this.hitTest(this.hits.lastIndexOf(position) + 1);
  }

  /** What was recorded is another future now: it is counted, and printed, anew. */
  private followFuture(sim: Simulation): void {
    if (sim.futures === this.futures) return;
    this.futures = sim.futures;
    this.hits.length = 0;
    this.countedTo = 0;
    this.loggedTo = Math.min(this.loggedTo, sim.forgottenFrom);
  }
}

export const noFilter = new BreakpointFilter(undefined, undefined, undefined);

/** Reads condition, hit count and log message; answers with a sentence where one of them says nothing. */
export function makeFilter(wish: BreakpointWish): BreakpointFilter | { readonly message: string } {
  const condition = wish.condition ? compileCondition(wish.condition) : undefined;
  if (condition?.kind === "error") return { message: `Condition: ${condition.message}` };
  const hitTest = wish.hitCondition ? parseHitCount(wish.hitCondition) : undefined;
  if (typeof hitTest === "object") return hitTest;
  const log = wish.logMessage ? compileLogMessage(wish.logMessage) : undefined;
  if (log?.kind === "error") return { message: `Log message: ${log.message}` };
  if (condition === undefined && hitTest === undefined && log === undefined) return noFilter;
  return new BreakpointFilter(condition, hitTest, log);
}
