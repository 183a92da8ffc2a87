import { expect, test } from "vitest";
import type { Observation, ObservedStatement } from "../../src/netns/observation.ts";
import { otherMoments } from "../../src/netns/other-moments.ts";

const ms = 1_000_000;

/** What this test is about of an observation: when frames were seen, and when each change was asked for and done. */
function seen(framesMs: readonly number[], ...spansMs: readonly (readonly [number, number])[]): Observation {
  const frames = framesMs.map((timeMs) => ({ timeNs: timeMs * ms }));
  const statements = spansMs.map(([from, to]) => {
    const startsWithin = { fromNs: from * ms, toNs: to * ms };
    return { startsWithin, startNs: ((from + to) / 2) * ms };
  });
  return { frames, statements: statements as readonly Partial<ObservedStatement>[] } as unknown as Observation;
}

function startsMs(observation: Observation): readonly (readonly number[])[] {
  return [...otherMoments(observation)].map(({ statements }) => statements.map(({ startNs }) => startNs / ms));
}

test("a change during which nothing was seen came when it did", () => {
  expect(startsMs(seen([5, 90], [10, 20]))).toEqual([]);
});

test("what was seen while the command ran may have come before the change or after it", () => {
  expect(startsMs(seen([12], [10, 20]))).toEqual([[11.999]]);
  expect(startsMs(seen([17, 18], [10, 20]))).toEqual([[18.001]]);
  expect(startsMs(seen([12, 17], [10, 20]))).toEqual([[11.999], [17.001]]);
});

test("several such changes are tried in all their orders, the last one first", () => {
  expect(startsMs(seen([12, 37], [10, 20], [30, 40]))).toEqual([
    [15, 37.001],
    [11.999, 35],
    [11.999, 37.001],
  ]);
});
