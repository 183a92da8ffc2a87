import { type DropReason, dropReasonNames, dropReasonNumber } from "./drop-reason.ts";
import { stage } from "./stage.ts";
import type { World } from "./world.ts";

/** Sends the packet that is under way to its end: the next event of its walk is the drop, with this reason. */
export function drop(world: World, packet: number, reason: DropReason): void {
  world.packets.dropReason.set(packet, dropReasonNumber(reason));
  world.packets.stage.set(packet, stage.drop);
}

/** Why a packet that stands before its drop is to be dropped. */
export function dropReasonOf(world: World, packet: number): DropReason {
  return dropReasonNames[world.packets.dropReason.get(packet)];
}

export function registerDrop(world: World): void {
  world.sim.on(stage.drop, (packet) => world.packets.end(packet));
}
