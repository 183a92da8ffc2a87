import type { World } from "./world.ts";

/** What was put under way beyond `depth` shall go in the order in which it was put, not the last first. */
export function firstPutFirst(world: World, depth: number): void {
  const { underWay } = world.sim;
  if (underWay.length <= depth + 1) return;
  const packets: number[] = [];
  while (underWay.length > depth) packets.push(underWay.pop());
  for (const packet of packets) underWay.push(packet);
}

/** What is put under way in several goes: the first go's first, and each go's in the order that it has by itself. */
export class UnderWayGroups {
  private readonly world: World;
  private readonly depth: number;
  private readonly packets: number[] = [];

  constructor(world: World, depth: number) {
    this.world = world;
    this.depth = depth;
  }

  /** One go is over. */
  take(): void {
    const { underWay } = this.world.sim;
    while (underWay.length > this.depth) this.packets.push(underWay.pop());
  }

  putBack(): void {
    const { underWay } = this.world.sim;
    for (let i = this.packets.length - 1; i >= 0; i--) underWay.push(this.packets[i]);
  }
}
