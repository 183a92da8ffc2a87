import type { World } from "./world.ts";

/** What was put under way beyond `depth` shall go in the order in which it was put, not the last first. */
export function firstPutFirst(world: World, depth: number): void {
  const { underWay } = world.sim;
  if (underWay.length <= depth + 1) return;
  const packets: number[] = [];
  while (underWay.length > depth) packets.push(underWay.pop());
  for (const packet of packets) underWay.push(packet);
}
