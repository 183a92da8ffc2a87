import { drop } from "../../linux/drop.ts";
import { takeWaiting } from "../../linux/neighbour/neighbour.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import { isWaiting } from "../walk.ts";

/**
 * Drops a packet where it is, as an event that comes next for it: what would happen without it? Answers why it cannot be done,
 * where it cannot.
 */
export function dropByHand(world: World, packet: number): string | undefined {
  const { packets, neighbours, stations, sim } = world;
  if (packets.stage.get(packet) === stage.drop) return "it is being dropped already";
  if (stations.ofDevice(packets.device.get(packet)) !== 0 && !sim.underWay.entries().includes(packet))
    return "it is with a station of a hub, which has it in hand";
  sim.edit(() => {
    if (isWaiting(world, packet)) {
      const neighbour = neighbours.find(packets.outDevice.get(packet), packets.nextHop.get(packet));
      takeWaiting(world, neighbour, packet);
      sim.underWay.push(packet);
    }
    drop(world, packet, "BY_HAND");
  });
  return undefined;
}
