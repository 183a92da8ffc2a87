import type { Inform } from "../../plan/commands.ts";
import type { World } from "../world.ts";
import { deliverInput } from "./inbox.ts";

/** Tells the programs of a container what has become new to them. */
export function informPrograms(world: World, netns: number, { container, names, proxy }: Inform): void {
  const { processes } = world;
  for (const process of processes.table.rows()) {
    const isMeant = processes.netns.get(process) === netns && processes.container.get(process) === container;
    if (!isMeant || processes.exited.get(process) === 1) continue;
    deliverInput(world, process, { kind: "informed", ...(names && { names }), ...(proxy && { proxy }) });
  }
}
