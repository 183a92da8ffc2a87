import { describe, expect, it } from "vitest";
import { firstPackets } from "../../src/lab/packets-in-flight.ts";
import type { World } from "../../src/linux/world.ts";
import { mix } from "../../src/sim/random.ts";

/** Rows that hold packets of these numbers; a row without one is free. */
function inFlight(numbers: readonly (number | undefined)[]): World {
  const table = {
    size: numbers.filter((one) => one !== undefined).length,
    lastRow: numbers.length,
    has: (row: number) => numbers[row - 1] !== undefined,
  };
  return { packets: { table, number: { get: (row: number) => numbers[row - 1] } } } as unknown as World;
}

describe("the packets that a client is shown of those in flight", () => {
  it("are those with the lowest numbers, in their order, whatever rows they have", () => {
    expect(firstPackets(inFlight([7, undefined, 3, 5]), 2)).toEqual([3, 4]);
    expect(firstPackets(inFlight([7, undefined, 3, 5]), 10)).toEqual([3, 4, 1]);
    expect(firstPackets(inFlight([7, 3]), 0)).toEqual([]);
    expect(firstPackets(inFlight([]), 5)).toEqual([]);
  });

  it("are the same that sorting all would give", () => {
    let drawn = 0;
    const below = (limit: number) => mix(1, drawn++) % limit;
    for (const [size, limit] of [
      [1000, 1],
      [1000, 20],
      [1000, 500],
      [1000, 999],
      [39, 20],
      [41, 20],
    ]) {
      const numbers = Array.from({ length: size }, () => (below(10) === 0 ? undefined : below(1_000_000)));
      const rows = numbers.flatMap((one, index) => (one === undefined ? [] : [{ one, row: index + 1 }]));
      const sorted = rows.sort((a, b) => a.one - b.one || a.row - b.row).slice(0, limit);
      expect(firstPackets(inFlight(numbers), limit)).toEqual(sorted.map(({ row }) => row));
    }
  });
});
