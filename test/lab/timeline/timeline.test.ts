import { describe, expect, it } from "vitest";
import type { Motion } from "../../../src/lab/api.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import type { Refusal } from "../../../src/lab/timeline/api.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText, openText } from "../run-lab.ts";

const text = labText("same-node-ping");
const pingLine = text.split("\n").findIndex((line) => /^\s*ping /.test(line)) + 1;

function go(motion: Motion | Refusal): string {
  if ("message" in motion) return `! ${motion.message}`;
  for (;;) {
    const result = motion.advance(7);
    if (result.kind === "ended") return "ended";
    if (result.kind === "stopped") return result.stop.description;
  }
}

function at(lab: Lab): number {
  return lab.position().event;
}

describe("the timeline", () => {
  it("1. goes to any event, back and forth in the recording and on past its end, and is there what it was", () => {
    const lab = openText(text);
    const states = new Map<number, string>();
    for (const event of [30, 3, 17, 0, 42, 30, 3, 42]) {
      expect(go(lab.timeline.goTo(event))).toBe(`Went to event ${event}`);
      expect(at(lab)).toBe(event);
      const state = digest(lab.world.sim);
      expect(states.get(event) ?? state).toBe(state);
      states.set(event, state);
    }
    expect(go(lab.timeline.goTo(1_000_000))).toBe("ended");
    expect(go(lab.timeline.goTo(-1))).toBe("! Events are numbered from 0.");
  });

  it("2. finds who changed a value last, and who before", () => {
    const lab = openText(text);
    go(lab.timeline.goTo(42));
    const changes = [1, 2, 3].map(
      () => `${go(lab.timeline.lastChange("arp:pod1/eth0/10.244.1.9#state"))} @ ${at(lab)}`,
    );
    expect(changes).toMatchInlineSnapshot(`
      [
        "Last change: neigh pod1/eth0 10.244.1.9: state INCOMPLETE → REACHABLE; it is changed by arp.receive of #4 @ pod1/eth0 @ 21",
        "Last change: added neigh pod1/eth0 10.244.1.9: state INCOMPLETE; it is changed by neigh.output of #1 @ pod1/eth0 @ 2",
        "Nothing changed arp:pod1/eth0/10.244.1.9: state before, since the recording began @ 2",
      ]
    `);
    go(lab.timeline.goTo(42));
    expect(go(lab.timeline.lastChange('neigh("pod1", "10.244.1.9").mac'))).toMatchInlineSnapshot(
      `"Last change: neigh("pod1", "10.244.1.9").mac: "" → "0a:58:0a:f4:01:09"; it is changed by arp.receive of #4 @ pod1/eth0"`,
    );
    go(lab.timeline.goTo(42));
    expect(go(lab.timeline.lastChange("fdb:node1/cbr0"))).toMatchInlineSnapshot(
      `"Last change: added fdb node1/cbr0 0a:58:0a:f4:01:09: 0a:58:0a:f4:01:09 dev veth2 master cbr0; it is changed by bridge.receive of #4 @ node1/cbr0"`,
    );
    expect(go(lab.timeline.lastChange("arp:pod9"))).toMatch(/^! There is no "arp:pod9"/);
  });

  it("3. says that a value may have been changed by hand", () => {
    const lab = openText(text);
    lab.run(40);
    lab.hand.apply({ do: "set", data: "arp:pod1/eth0/10.244.1.9#lladdr", value: "02:00:00:00:00:01" });
    lab.run(1);
    expect(go(lab.timeline.lastChange("arp:pod1/eth0/10.244.1.9#lladdr"))).toMatch(/or by hand right after it$/);
    expect(at(lab)).toBe(39);
  });

  it("4. keeps checkpoints by name, and forgets those of a future that an edit has changed", () => {
    const lab = openText(text);
    go(lab.timeline.goTo(10));
    expect(lab.timeline.setCheckpoint().name).toBe("checkpoint 1");
    go(lab.timeline.goTo(40));
    lab.timeline.setCheckpoint("before the answer");
    go(lab.timeline.goTo(5));
    lab.timeline.setCheckpoint();
    expect(lab.timeline.checkpoints.map(({ name, event }) => `${event} ${name}`)).toEqual([
      "5 checkpoint 2",
      "10 checkpoint 1",
      "40 before the answer",
    ]);
    expect(go(lab.timeline.goToCheckpoint("before the answer"))).toBe('Went to checkpoint "before the answer"');
    expect(at(lab)).toBe(40);
    go(lab.timeline.goToCheckpoint("checkpoint 1"));
    lab.hand.apply({ do: "set", data: "dev:pod1/eth0#mtu", value: "1400" });
    expect(lab.timeline.checkpoints.map(({ name }) => name)).toEqual(["checkpoint 2", "checkpoint 1"]);
    expect(go(lab.timeline.goToCheckpoint("before the answer"))).toMatchInlineSnapshot(
      `"! There is no checkpoint "before the answer"; there is "checkpoint 2", "checkpoint 1"."`,
    );
    expect(lab.timeline.deleteCheckpoint("checkpoint 2")).toBe(true);
    expect(lab.timeline.deleteCheckpoint("checkpoint 2")).toBe(false);
  });

  it("5. goes back to before a statement that ran, and runs to one that did not", () => {
    const lab = openText(text);
    const [ahead] = lab.timeline.statementTargets("lab.k8snet", pingLine + 1);
    expect(ahead.label).toBe("run to it");
    expect(go(lab.timeline.goToStatement(ahead))).toBe("Ran to the statement");
    const there = at(lab);
    const state = digest(lab.world.sim);
    go(lab.timeline.goTo(there + 2));
    const [past] = lab.timeline.statementTargets("lab.k8snet", pingLine + 1);
    expect(past.label).toBe(`back to before it runs (event ${there})`);
    expect(go(lab.timeline.goToStatement(past))).toBe("Went to before the statement");
    expect(digest(lab.world.sim)).toBe(state);
    expect(lab.timeline.statementTargets("lab.k8snet", 1)).toEqual([]);
  });
});
