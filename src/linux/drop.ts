import { type DropReason, dropReasonNumber } from "./drop-reason.ts";
import { stage } from "./stage.ts";
import type { World } from "./world.ts";

/** Sends the packet that is under way to its end: the next event of its walk is the drop, with this reason. */
export function drop(world: World, packet: number, reason: DropReason): void {
  world.packets.dropReason.set(packet, dropReasonNumber(reason));
  world.packets.stage.set(packet, stage.drop);
}

export function registerDrop(world: World): void {
  world.sim.on(stage.drop, (packet) => world.packets.end(packet));
}
