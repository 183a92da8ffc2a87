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
  const keys = new Float64Array(table.size);
  let count = 0;
  for (let row = 1; row <= table.lastRow; row++)
    if (table.has(row)) keys[count++] = packets.number.get(row) * rowsLimit + row;
  return Array.from(keys.sort().subarray(0, limit), (key) => key % rowsLimit);
}
