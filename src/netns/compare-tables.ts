import type { Observation, ObservedStatement } from "./observation.ts";
import { afterEndNs, type Window } from "./simulated-run.ts";
import type { Tables } from "./tables.ts";

/** Rows that only one of the kernels has. */
export interface TableDifference {
  readonly table: string;
  readonly linux: readonly string[];
  readonly simulated: readonly string[];
}

/**
 * Linux' timers fire late: the timer wheel rounds a time of 30 s up by as much as 2 s (kernel/time/timer.c). Where it is not
 * known how the wheel stands, the tables that Linux shows may be those that the simulated kernel had shortly before.
 */
const timerSlackNs = 2_200_000_000;
/**
 * Where it is known, a busy machine may still set a timer of 5 s some milliseconds later than the simulated one, and so for the
 * wheel's next slot, 256 ms later.
 */
const slotNs = 300_000_000;
/** How far apart the two may be in what they do at once. */
const skewNs = 150_000_000;

/** For each statement, when the simulated tables may have been what Linux showed after it. */
export function tableWindows({ statements, frames, endNs, timerWheel }: Observation): readonly Window[] {
  const slackNs = timerWheel === undefined ? timerSlackNs : slotNs;
  return statements.map((observed, index) => {
    const { askedNs, answeredNs } = observed;
    const nextNs = statements[index + 1]?.startNs ?? endNs + afterEndNs;
    const earliestNs = Math.max(askedNs - slackNs, lastFrameNs(observed, frames) + skewNs);
    return { fromNs: Math.min(earliestNs, askedNs), toNs: Math.min(answeredNs + skewNs, nextNs) };
  });
}

/** Since the last frame, or the statement's begin, only timers have changed anything. */
function lastFrameNs({ askedNs, startNs, endNs, statement }: ObservedStatement, frames: Observation["frames"]): number {
  let last = statement.do === "wait" ? startNs : endNs;
  for (const { timeNs } of frames) if (timeNs < askedNs && timeNs > last) last = timeNs;
  return last;
}

/** `simulated`: every state in the window. A row that comes or goes in it may be there or not. */
export function compareTables(linux: Tables, simulated: readonly Tables[]): readonly TableDifference[] {
  const names = new Set([...linux.keys(), ...simulated.flatMap((tables) => [...tables.keys()])]);
  return [...names].flatMap((table) => {
    const rows = linux.get(table) ?? [];
    const states = simulated.map((tables) => tables.get(table) ?? []);
    const missing = rows.filter((row) => !states.some((state) => state.includes(row)));
    const surplus = states[0].filter((row) => !rows.includes(row) && states.every((state) => state.includes(row)));
    return missing.length + surplus.length === 0 ? [] : [{ table, linux: missing, simulated: surplus }];
  });
}
