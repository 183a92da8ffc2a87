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
  const other = observe(openText(text, scenario, seed));
  expect(other.trace, "the same file, the same seed").toEqual(ran.trace);
  return { ...ran, lab };
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
