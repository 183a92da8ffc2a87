import { describe, expect, it } from "vitest";
import { hereScope } from "../../src/lab/inspect/here-scope.ts";
import { StateTree } from "../../src/lab/inspect/state-tree.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { eventName } from "../../src/lab/names.ts";
import { scenarioThreadId } from "../../src/lab/protocol.ts";
import { labText, openText, runLab } from "./run-lab.ts";

const collision = labText("hub-collision");
const sixteen = labText("hub-sixteen-collisions");
/** The line of `hub lan`. */
const hubLine = collision.split("\n").findIndex((line) => line.startsWith("hub ")) + 1;

/** Goes on until a breakpoint is hit; answers where the lab then stands. */
function goOn(lab: Lab): string {
  const motion = lab.continue();
  for (;;) {
    const result = motion.advance(1_000);
    if (result.kind === "ended") return "ended";
    if (result.kind === "more") continue;
    const next = lab.world.sim.next();
    if (next === undefined) return "nothing left";
    return eventName(lab.world, next.stage, lab.world.packets.device.get(next.walker));
  }
}

describe("Breakpoints on a hub", () => {
  it("its line stops where a station transmits, receives, or collides", () => {
    const lab = openText(collision);
    const [row] = lab.setLineBreakpoints("lab.k8snet", [hubLine]);
    expect(row).toMatchObject({ verified: true });
    expect([goOn(lab), goOn(lab), goOn(lab)]).toEqual([
      "hub.transmit @ h1/eth0",
      "hub.receive @ h3/eth0",
      "hub.receive @ h2/eth0",
    ]);
  });

  it("a collision is a stage, at a station or at the hub", () => {
    for (const [name, places] of [
      ["hub.collision", ["h2/eth0", "h1/eth0"]],
      ["hub.collision@lan", ["h2/eth0", "h1/eth0"]],
      ["hub.collision@h1", ["h1/eth0"]],
    ] as const) {
      const lab = openText(collision);
      expect(lab.setFunctionBreakpoints([name])).toMatchObject([{ verified: true }]);
      for (const place of places) expect(goOn(lab)).toBe(`hub.collision @ ${place}`);
      expect(goOn(lab)).toBe("ended");
    }
  });
});

describe("Stepping on a hub", () => {
  function stepped(step: "stepInto" | "stepOver", times: number): readonly string[] {
    const lab = openText(collision);
    lab.setFunctionBreakpoints(["hub.collision@h2"]);
    goOn(lab);
    lab.setFunctionBreakpoints([]);
    const { packets, sim } = lab.world;
    const row = sim.next()?.walker ?? 0;
    const threadId = packets.number.get(row) + 1;
    return Array.from({ length: times }, () => {
      const motion = lab[step](threadId);
      while (motion.advance(1_000).kind === "more");
      return lab.stack(threadId, 0, 1).frames[0].name;
    });
  }

  it("into goes to the packet's next stage, whatever it waits for", () => {
    expect(stepped("stepInto", 4)).toEqual([
      "hub.backoff @ h2/eth0 (jamming)",
      "hub.carrier-sense @ h2/eth0",
      "hub.transmit @ h2/eth0 (deferring)",
      "hub.transmit @ h2/eth0 (transmitting)",
    ]);
  });

  it("over goes to the station that the frame is for, collisions and attempts included", () => {
    expect(stepped("stepOver", 1)).toEqual(["hub.receive @ h3/eth0 (on the cable)"]);
  });
});

describe("What is shown of a hub", () => {
  function atCollision(): Lab {
    const lab = openText(collision);
    lab.setFunctionBreakpoints(["hub.collision"]);
    goOn(lab);
    return lab;
  }

  it("the state tree has its stations, each with what it is at, and marks what changed", () => {
    const lab = atCollision();
    const { world } = lab;
    world.sim.step();
    const tree = new StateTree(world);
    expect(tree.children("", 10).map((row) => `${row.label} ${row.description}`.trimEnd())).toEqual([
      "lan hub, 3 stations",
      "h1",
      "h2",
      "h3",
    ]);
    expect(tree.children("hub:lan", 10).map(({ label, description, change }) => [label, description, change])).toEqual([
      ["h1/eth0", "transmitting #19", undefined],
      ["h2/eth0", "jamming #20, 1 collision", "updated"],
      ["h3/eth0", "idle", undefined],
    ]);
  });

  it("a packet that a station holds says what it waits for", () => {
    const lab = openText(collision);
    lab.setFunctionBreakpoints(["hub.backoff"]);
    goOn(lab);
    lab.world.sim.step();
    const packets = lab.threads(10).threads.filter(({ id }) => id !== scenarioThreadId);
    const tops = packets.map(({ id }) => lab.stack(id, 0, 1).frames[0].name).filter((top) => !top.startsWith("ended"));
    expect(tops).toEqual(["hub.carrier-sense @ h1/eth0 (backing off)", "hub.backoff @ h2/eth0 (jamming)"]);
  });

  it("where a packet collides, one sees what all stations are at", () => {
    const { world } = atCollision();
    const next = world.sim.next();
    const packet = next?.walker ?? 0;
    const device = world.packets.device.get(packet);
    const rows = hereScope(world, { stage: next?.stage ?? 0, device, packet, data: world.packets.data.get(packet) });
    expect(rows[0]).toMatchObject({ name: "hub", value: "hub lan 10Mbit half duplex" });
    expect(rows[0].children?.().map((row) => row.name)).toEqual(["h1/eth0", "h2/eth0", "h3/eth0"]);
    expect(rows.find((row) => row.name === "collisions")).toMatchObject({
      value: "0",
      evaluateName: 'station("h2/eth0").collisions',
    });
  });
});

describe("Captures on a hub", () => {
  it("have each frame once where it leaves, whatever became of its attempts, and never a fragment", () => {
    const { frames, trace } = runLab(sixteen, "large frames are lost");
    const left = frames.filter(({ device, direction }) => device === "h1/eth0" && direction === "out");
    const handedOver = trace.filter((line) => line.includes("hub.queue @ h1/eth0"));
    expect(left).toHaveLength(handedOver.length);
    expect(trace.filter((line) => line.includes("hub.transmit @ h1/eth0")).length).toBeGreaterThan(left.length + 10);
    const heard = frames.filter(({ device, direction }) => device === "h1/eth0" && direction === "in");
    const damaged = trace.filter((line) => line.includes("drop @ h1/eth0") && line.includes("(COLLISION"));
    const sent = trace.filter((line) => line.includes("hub.transmit @ talker/eth0"));
    expect(damaged.length).toBeGreaterThan(10);
    expect(heard).toHaveLength(sent.length - damaged.length);
  });
});
