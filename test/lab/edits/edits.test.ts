import { describe, expect, it } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText, openText } from "../run-lab.ts";

/** Stops at the first event of a stage, and answers the number of its packet. */
function goTo(lab: Lab, stageName: string): number {
  lab.setFunctionBreakpoints([stageName]);
  const motion = lab.continue();
  for (;;) {
    const result = motion.advance(1000);
    if (result.kind === "stopped") return result.stop.threadId - 1;
    if (result.kind === "ended") throw new Error(`No ${stageName}`);
  }
}

describe("edits", () => {
  it("1. are kept with the number of events before them", () => {
    const lab = openText(labText("same-node-ping"));
    const packet = goTo(lab, "arp.request");
    expect(lab.hand.apply({ do: "drop", packet })).toBeUndefined();
    expect(lab.hand.made).toEqual([{ position: lab.world.sim.position, edit: { do: "drop", packet } }]);
  });

  it("2. that are refused are not kept", () => {
    const lab = openText(labText("same-node-ping"));
    expect(lab.hand.apply({ do: "drop", packet: 98 })).toBe("There is no such packet in flight");
    expect(lab.hand.made).toEqual([]);
  });

  it("3. stay in the recording that is gone back in, and are forgotten with the future that they are in", () => {
    const lab = openText(labText("same-node-ping"));
    const packet = goTo(lab, "bridge.flood");
    const { sim } = lab.world;
    const edited = sim.position;
    lab.hand.apply({ do: "drop", packet });
    const after = digest(sim);
    sim.step();
    sim.goTo(edited - 1);
    expect(lab.hand.made).toHaveLength(1);
    sim.goTo(edited);
    expect(digest(sim), "the edit is repeated").toBe(after);
    sim.goTo(edited - 1);
    lab.hand.apply({ do: "drop", packet });
    expect(lab.hand.made.map(({ position }) => position)).toEqual([edited - 1]);
  });
});
