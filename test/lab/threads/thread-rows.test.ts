import { expect, test } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { labText, openText } from "../run-lab.ts";

const text = labText("same-node-ping");

function names(lab: Lab): readonly string[] {
  return lab.threads(100).threads.map(({ name }) => name);
}

/** As one sees them who has looked at nothing before. */
function namesAt(event: number): readonly string[] {
  const lab = openText(text);
  while (lab.world.sim.position < event) lab.world.sim.step();
  return names(lab);
}

test("1. Threads say where their packets are now, whoever has looked before, forwards and backwards", () => {
  const lab = openText(text);
  const { sim } = lab.world;
  for (let event = 0; event < 30; event++) {
    expect(names(lab)).toEqual(namesAt(event));
    sim.step();
  }
  for (let event = 30; event > 0; event--) {
    expect(names(lab)).toEqual(namesAt(event));
    sim.stepBack();
  }
});

test("2. A packet that is gone is in flight again when one steps back", () => {
  const lab = openText(text);
  lab.setFunctionBreakpoints(["arp.receive@pod2"]);
  lab.continue().advance(1000);
  lab.stepInto(4).advance(1000);
  expect(lab.threads(100).threads.find(({ id }) => id === 4)?.name).toMatch(/^#2\.1 .* gone$/);
  lab.stepBack(4).advance(1000);
  expect(lab.threads(100).threads.find(({ id }) => id === 4)?.name).toMatch(/^#2\.1 .* @ pod2\/eth0$/);
});
