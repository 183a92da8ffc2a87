import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { type Lab, openLab } from "../../src/lab/lab.ts";
import type { EventView, TappedFrame } from "../../src/lab/observe.ts";
import type { OutputRow } from "../../src/lab/protocol.ts";
import { compileSync } from "../../src/language/compile.ts";
import { digest } from "../../src/sim/digest.ts";

/** All sample labs, by their names under test/labs without the ending. */
export const labNames = readdirSync("test/labs", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".k8snet"))
  .map((name) => name.slice(0, -".k8snet".length))
  .sort();

export function labText(name: string): string {
  return readFileSync(`test/labs/${name}.k8snet`, "utf8");
}

/** A lab at the beginning of one of its scenarios. */
export function openText(text: string, scenario?: string, seed?: number): Lab {
  const { plan, diagnostics, uri, importedFiles } = compileSync(text, "lab.k8snet");
  expect(diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual([]);
  const opened = openLab(plan, { scenario, seed, program: { uri, text, imports: importedFiles } });
  if ("problems" in opened) throw new Error(opened.problems.map(({ message }) => message).join("\n"));
  return opened.lab;
}

export function scenariosOf(text: string): readonly string[] {
  return compileSync(text, "lab.k8snet").plan.scenarios.map(({ name }) => name);
}

export interface Ran {
  /** One line for each event. */
  readonly trace: readonly string[];
  readonly frames: readonly TappedFrame[];
  readonly output: readonly OutputRow[];
  readonly lab: Lab;
}

/**
 * Runs a scenario to its end, and holds it to the laws of the recording: rewound to its start it is as it was, gone
 * through again it ends as it ended, and lived again from the start it is the same to the byte.
 */
export function runLab(text: string, scenario?: string, seed?: number): Ran {
  const lab = openText(text, scenario, seed);
  const { sim } = lab.world;
  const start = digest(sim);
  const ran = observe(lab);
  const end = digest(sim);
  const events = sim.position;

  sim.goTo(0);
  expect(digest(sim), "rewound to its start").toBe(start);
  sim.goTo(events);
  expect(digest(sim), "gone through again").toBe(end);
  for (const position of [Math.floor(events / 2), Math.floor(events / 3)]) {
    sim.goTo(position);
    sim.forgetFuture();
    const again = observe(lab);
    expect(again.trace, "lived again").toEqual(ran.trace.slice(position));
    expect(digest(sim), "lived again").toBe(end);
  }
  obeysLawsWithEdits(text, scenario, seed, events);
  const other = observe(openText(text, scenario, seed));
  expect(other.trace, "the same file, the same seed").toEqual(ran.trace);
  return { ...ran, lab };
}

/**
 * The same laws where somebody has changed the world on the way: a packet doubled and written on, a device made small. Gone back
 * and forth over the edits, and lived again with them as a saved recording, everything is as it was.
 */
function obeysLawsWithEdits(
  text: string,
  scenario: string | undefined,
  seed: number | undefined,
  events: number,
): void {
  const lab = openText(text, scenario, seed);
  const { sim } = lab.world;
  const states: { readonly position: number; readonly state: string }[] = [];
  for (const part of [3, 2]) {
    lab.run(Math.floor(events / part) - sim.position);
    editHere(lab);
    states.push({ position: sim.position, state: digest(sim) });
  }
  lab.run(Math.floor(events / 2));
  states.push({ position: sim.position, state: digest(sim) });
  sim.goTo(0);
  for (const { position, state } of [...states, ...states.reverse()]) {
    sim.goTo(position);
    expect(digest(sim), "gone back and forth over edits").toBe(state);
  }
  sim.goTo(sim.recorded);
  const again = openText(text, scenario, seed);
  for (const { position, edit } of lab.hand.made) {
    again.run(position - again.world.sim.position);
    expect(again.hand.apply(edit), "an edit is made again").toBeUndefined();
  }
  again.run(sim.position - again.world.sim.position);
  expect(digest(again.world.sim), "lived again with edits").toBe(digest(sim));
}

function editHere(lab: Lab): void {
  const { sim, packets } = lab.world;
  const next = sim.next();
  if (next !== undefined && next.walker !== 0) {
    const packet = packets.number.get(next.walker);
    lab.hand.apply({ do: "duplicate", packet });
    lab.hand.apply({
      do: "set",
      data: `packet:${packets.origin.get(next.walker).name}#eth.src`,
      value: "02:00:00:00:00:99",
    });
  }
  const device = lab.deviceNames().find((name) => !name.endsWith("/lo"));
  if (device !== undefined) lab.hand.apply({ do: "set", data: `dev:${device}#mtu`, value: "1300" });
}

function observe(lab: Lab): Omit<Ran, "lab"> {
  const trace: string[] = [];
  const frames: TappedFrame[] = [];
  const take = (event: EventView) => {
    trace.push(printEvent(event));
    if (event.frame !== undefined) frames.push(event.frame);
  };
  let rounds = 0;
  while (lab.run(10_000, take)) expect(++rounds, "the scenario ends").toBeLessThan(200);
  return { trace, frames, output: lab.takeOutput() };
}

function printEvent(event: EventView): string {
  const time = (event.timeNs / 1e9).toFixed(6);
  const parts = [
    time,
    event.packet,
    event.stage,
    event.place === undefined ? undefined : `@ ${event.place}`,
    event.text,
  ];
  if (event.dropReason !== undefined) parts.push(`(${event.dropReason})`);
  return parts.filter((part) => part !== undefined).join(" ");
}
