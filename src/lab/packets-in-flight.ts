import type { World } from "../linux/world.ts";

/** The row of the packet with this number, or 0 where it is not in flight. */
export function packetOfNumber({ packets }: World, number: number): number {
  const { table } = packets;
  for (let row = 1; row <= table.lastRow; row++) if (packets.number.get(row) === number && table.has(row)) return row;
  return 0;
}

/** More rows than these are never in flight at once: a row and a number then share one number that is exact. */
const rowsLimit = 2 ** 21;

/** Rows of the packets with the lowest numbers, in their order: of ten thousand in flight a client is shown a few. */
export function firstPackets({ packets }: World, limit: number): readonly number[] {
  const { table } = packets;
  if (limit === 0) return [];
  const keys = new Float64Array(Math.min(2 * limit, table.size));
  let count = 0;
  let tooHigh = Number.POSITIVE_INFINITY;
  for (let row = 1; row <= table.lastRow; row++) {
    if (!table.has(row)) continue;
    const key = packets.number.get(row) * rowsLimit + row;
    if (key >= tooHigh) continue;
    if (count === keys.length) {
      // Sorting now and then, and only those that may be among the first, is less than sorting all.
      tooHigh = keys.sort()[limit];
      count = limit;
      if (key >= tooHigh) continue;
    }
    keys[count++] = key;
  }
  return Array.from(keys.subarray(0, count).sort().subarray(0, limit), (key) => key % rowsLimit);
}
