import type { ProgramInput } from "../../programs/program.ts";
import type { World } from "../world.ts";

/** Puts an input on its way to a process; it arrives after the time that a wake-up takes. */
export function deliverInput(world: World, process: number, input: ProgramInput): void {
  const { processes } = world;
  if (process === 0) return;
  const row = processes.inbox.allocate();
  processes.inputProcess.set(row, process);
  processes.input.set(row, input);
  processes.inbox.link(row);
  world.wakes.push(row, world.nowNs);
}
