import { expect, test } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { labText, openText } from "../run-lab.ts";

function goTo(lab: Lab, stageName: string): number {
  lab.setFunctionBreakpoints([stageName]);
  const motion = lab.continue();
  for (;;) {
    const result = motion.advance(1000);
    if (result.kind === "stopped") return result.stop.threadId;
    if (result.kind === "ended") throw new Error(`No ${stageName}`);
  }
}

function names(lab: Lab): readonly string[] {
  return lab.threads(100).threads.map(({ name }) => name.replace(/ \[.*/, ""));
}

/** Two pings at once, each with its ARP request flooded. */
const text = labText("same-node-ping").replace(
  /ping pod1 -> pod2\n/,
  "parallel {\n  ping pod1 -> pod2 id 1\n  ping pod2 -> 10.244.1.1 id 2\n}\n",
);

test("1. Only this packet: with its copies, and with what waits for it", () => {
  const lab = openText(text);
  const threadId = goTo(lab, "bridge.forward");
  const all = names(lab);
  expect(lab.threadFilter.set({ show: "packet", threadId })).toBeUndefined();
  const some = names(lab);
  expect(some.length).toBeLessThan(all.length);
  expect(some[0]).toContain("scenario");
  expect(lab.threadFilter.set({ show: "all" })).toBeUndefined();
  expect(names(lab)).toEqual(all);
});

test("2. Follow the reply: both directions of a conversation", () => {
  const lab = openText(text);
  const threadId = goTo(lab, "icmp.receive");
  lab.threadFilter.set({ show: "conversation", threadId });
  lab.setFunctionBreakpoints([]);
  lab.world.sim.step();
  const shown = names(lab).slice(1).join("\n");
  expect(shown).toContain("echo-reply");
  expect(new Set(shown.match(/id=\d/g)).size).toBe(1);
});

test("3. Those that a condition fits", () => {
  const lab = openText(text);
  goTo(lab, "arp.receive");
  expect(lab.threadFilter.set({ show: "matching", condition: "arp" })).toBeUndefined();
  expect(
    names(lab)
      .slice(1)
      .every((name) => name.includes("ARP")),
  ).toBe(true);
  expect(lab.threadFilter.set({ show: "matching", condition: "arp.nosuch == 1" })).toContain("nosuch");
  expect(lab.threadFilter.current).toEqual({ show: "matching", condition: "arp" });
  expect(lab.threadFilter.set({ show: "packet", threadId: 999 })).toBe("There is no such packet in flight");
});
