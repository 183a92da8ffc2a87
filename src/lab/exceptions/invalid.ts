import { connectionState } from "../../linux/conntrack/state.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { NextEvent } from "../../sim/simulation.ts";

/** Connection tracking has looked at the packet in the event before this one, and knew no connection for it. */
export function hasBecomeInvalid(world: World, { walker }: NextEvent): boolean {
  const { sim, packets } = world;
  const before = sim.position - 1;
  if (walker === 0 || before < sim.earliest) return false;
  const stageBefore = sim.events.stage(before);
  return (
    (stageBefore === stage.conntrackLookup || stageBefore === stage.conntrackNew) &&
    sim.events.walker(before) === packets.number.get(walker) &&
    connectionState(world, walker) === "INVALID"
  );
}
