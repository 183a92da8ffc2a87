import { describe, expect, test } from "vitest";
import { type JiffiesReading, parseTimerList, timerWheelOf } from "../../src/netns/jiffies.ts";

const timerList = `Timer List Version: v0.10
HRTIMER_MAX_CLOCK_BASES: 8
now at 1749568613629 nsecs

cpu: 0
  .expires_next   : 1749598813829 nsecs
  .last_tick      : 1749572000000 nsecs
jiffies: 4295329625
`;

describe("How the timer wheel of this machine stands", () => {
  test("jiffies and the tick are in /proc/timer_list", () => {
    const reading = { jiffies: 4_295_329_625, atNs: 77, monotonicNs: 1_749_568_613_629, tickNs: 1_749_572_000_000 };
    expect(parseTimerList(timerList, 77)).toEqual(reading);
    expect(parseTimerList("", 77)).toBeUndefined();
  });

  const first: JiffiesReading = { jiffies: 1000, atNs: 50_000_000, monotonicNs: 6_003_000_000, tickNs: 6_000_000_000 };
  const later = (seconds: number, jiffies: number): JiffiesReading => ({
    ...first,
    jiffies: first.jiffies + jiffies,
    atNs: first.atNs + seconds * 1e9,
    monotonicNs: first.monotonicNs + seconds * 1e9,
  });

  test("readings tell how long a jiffy is, and when one began", () => {
    const wheel = timerWheelOf([first, later(0.5, 125)], 60_000_000);
    // 10 ms after the first reading, which was 3 ms after a tick.
    expect(wheel).toEqual({ jiffyNs: 4_000_000, jiffiesAtStart: 1003, startedNs: -1_000_000 });
    expect(timerWheelOf([first, later(0.5, 500)], 60_000_000)?.jiffyNs).toBe(1_000_000);
  });

  test("a reading while a tick passed does not count", () => {
    const wheel = timerWheelOf([{ ...first, jiffies: 1001 }, later(0.1, 25), later(0.5, 125)], 60_000_000);
    expect(wheel?.jiffiesAtStart).toBe(1003);
  });

  test("a rate that no kernel has is not believed", () => {
    expect(timerWheelOf([first, later(0.5, 200)], 60_000_000)).toBeUndefined();
    expect(timerWheelOf([], 60_000_000)).toBeUndefined();
  });
});
