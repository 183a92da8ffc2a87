import { describe, expect, test } from "vitest";
import { type TimerWheel, wheelExpiryNs } from "../../src/linux/timer-wheel.ts";

const jiffyNs = 4_000_000;
const wheel: TimerWheel = { jiffyNs, jiffiesAtStart: 4_294_967_296, startedNs: 0 };
/** A timer set in a jiffy for so many jiffies later: the jiffy in which it fires. */
const firesAt = (setAt: number, after: number) =>
  wheelExpiryNs(wheel, setAt * jiffyNs, (setAt + after) * jiffyNs) / jiffyNs;

describe("The timer wheel", () => {
  test("a timer is never early: a short one fires a jiffy later", () => {
    expect(firesAt(0, 10)).toBe(11);
    expect(firesAt(7, 62)).toBe(70);
  });

  test("from 63 jiffies on, at the next multiple of eight after it was due", () => {
    expect(firesAt(0, 63)).toBe(64);
    expect(firesAt(0, 250)).toBe(256);
    expect(firesAt(6, 250)).toBe(264);
  });

  test("5 s at 250 Hz are up to 5.256 s, 30 s up to 32 s", () => {
    expect(firesAt(0, 1250)).toBe(1280);
    expect(firesAt(30, 1250)).toBe(1344);
    expect(firesAt(0, 7500)).toBe(7680);
  });

  test("what was set within a jiffy counts from its beginning", () => {
    const [early, late] = [0, 3_999_999].map((nowNs) => wheelExpiryNs(wheel, nowNs, nowNs + 10 * jiffyNs));
    expect(early).toBe(late);
  });

  test("the first jiffy may have begun before the world did", () => {
    expect(wheelExpiryNs({ ...wheel, startedNs: -1_000_000 }, 0, 10 * jiffyNs)).toBe(11 * jiffyNs - 1_000_000);
  });
});
