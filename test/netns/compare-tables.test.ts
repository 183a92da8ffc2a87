import { describe, expect, test } from "vitest";
import { compareTables, tableWindows } from "../../src/netns/compare-tables.ts";
import type { Observation, ObservedStatement } from "../../src/netns/observation.ts";
import type { Statement } from "../../src/plan/statements.ts";

const neigh = (...rows: string[]) => new Map([["pod1 neigh", rows]]);
const [delay, probe, stale] = ["10.0.0.2 DELAY", "10.0.0.2 PROBE", "10.0.0.3 STALE"];

describe("Rows of both kernels", () => {
  test("equal tables have no difference", () => {
    expect(compareTables(neigh(delay, stale), [neigh(delay, stale)])).toEqual([]);
  });

  test("a row that only Linux has, and one that only the simulated kernel has", () => {
    expect(compareTables(neigh(delay), [neigh(stale)])).toEqual([
      { table: "pod1 neigh", linux: [delay], simulated: [stale] },
    ]);
  });

  test("a table that only one of them has rows in", () => {
    expect(compareTables(new Map(), [neigh(stale)])).toEqual([{ table: "pod1 neigh", linux: [], simulated: [stale] }]);
  });

  test("a row that changes just then may be in either state, not in a third one", () => {
    expect(compareTables(neigh(delay), [neigh(delay), neigh(probe)])).toEqual([]);
    expect(compareTables(neigh(probe), [neigh(delay), neigh(probe)])).toEqual([]);
    expect(compareTables(neigh(), [neigh(delay), neigh(probe)])).toEqual([]);
    expect(compareTables(neigh("10.0.0.2 FAILED"), [neigh(delay), neigh(probe)])).not.toEqual([]);
  });
});

describe("When the simulated tables may have been those that Linux showed", () => {
  const secondNs = 1_000_000_000;
  const statement = (verb: string): Statement => ({ do: verb }) as unknown as Statement;
  const observed = (verb: string, startNs: number, endNs: number, askedNs: number): ObservedStatement => ({
    ...{ statement: statement(verb), startNs, endNs, askedNs, answeredNs: askedNs },
    ...{ programs: [], tables: new Map() },
  });
  const observation = (...statements: ObservedStatement[]): Observation => ({
    ...{
      frames: [],
      statements,
      endNs: 20 * secondNs,
      reachableTimes: new Map(),
      bridgeTimersNs: new Map(),
      connections: [],
      watched: [],
      timerWheel: undefined,
    },
  });

  test("as long before as Linux' timers are late, but not before the program ended", () => {
    const [early, late] = tableWindows(
      observation(
        observed("ping", 0, secondNs, 2 * secondNs),
        observed("ping", 9 * secondNs, 9.1 * secondNs, 15 * secondNs),
      ),
    );
    expect(early.fromNs).toBe(1.15 * secondNs);
    expect(late.fromNs).toBe(12.8 * secondNs);
  });

  test("only around that moment where it is known when timers fire", () => {
    const timerWheel = { jiffyNs: 4_000_000, jiffiesAtStart: 0, startedNs: 0 };
    const [window] = tableWindows({ ...observation(observed("ping", 0, 1, 5 * secondNs)), timerWheel });
    expect(window).toEqual({ fromNs: 4.7 * secondNs, toNs: 5.15 * secondNs });
  });

  test("and as long as Linux took to answer, since a timer may fire meanwhile", () => {
    const timerWheel = { jiffyNs: 4_000_000, jiffiesAtStart: 0, startedNs: 0 };
    const slow = { ...observed("ping", 0, 1, 5 * secondNs), answeredNs: 5.1 * secondNs };
    const [window] = tableWindows({ ...observation(slow), timerWheel });
    expect(window).toEqual({ fromNs: 4.7 * secondNs, toNs: 5.25 * secondNs });
  });

  test("never while the next statement runs", () => {
    const [window] = tableWindows(
      observation(observed("ping", 0, 1, secondNs), observed("ping", 1.01 * secondNs, 2 * secondNs, 3 * secondNs)),
    );
    expect(window.toNs).toBe(1.01 * secondNs);
  });
});
