import type { ProgramInput } from "../../programs/program.ts";
import type { World } from "../world.ts";

/**
 * Puts an input on its way to a process; it arrives after the time that a wake-up takes. Data that comes for a connection until
 * then is read together with what has come before.
 */
export function deliverInput(world: World, process: number, input: ProgramInput): void {
  const { processes } = world;
  if (process === 0) return;
  const latest = processes.latestInput.get(process);
  if (latest !== 0 && input.kind === "data") {
    const before = processes.input.get(latest) as ProgramInput;
    if (before.kind === "data" && before.socket === input.socket) {
      processes.input.set(latest, { ...input, data: joined(before.data, input.data) });
      return;
    }
  }
  const row = processes.inbox.allocate();
  processes.inputProcess.set(row, process);
  processes.input.set(row, input);
  processes.inbox.link(row);
  processes.latestInput.set(process, row);
  world.wakes.push(row, world.nowNs);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
