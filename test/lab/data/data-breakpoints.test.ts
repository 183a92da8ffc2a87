import { describe, expect, it } from "vitest";
import type { Motion } from "../../../src/lab/api.ts";
import type { DataBreakpoint } from "../../../src/lab/data/api.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText, openText } from "../run-lab.ts";

const text = labText("same-node-ping");

function run(motion: Motion): string {
  for (;;) {
    const result = motion.advance(7);
    if (result.kind === "ended") return "ended";
    if (result.kind === "stopped") return result.stop.description;
  }
}

function stops(lab: Lab, way: "forward" | "backward" = "forward"): readonly string[] {
  const found: string[] = [];
  for (;;) {
    const end = run(way === "forward" ? lab.continue() : lab.reverseContinue());
    if (end === "ended" || end.startsWith("This is the beginning")) return found;
    found.push(`${lab.position().event}: ${end}`);
  }
}

/** Where it stops a run: forwards, backwards to the beginning, and forwards again, each time the same. */
function stopsOf(breakpoint: DataBreakpoint): readonly string[] {
  const lab = openText(text);
  const [row] = lab.dataBreakpoints.set([breakpoint]);
  if (!row.verified) throw new Error(row.message);
  const forward = stops(lab);
  const end = digest(lab.world.sim);
  expect(stops(lab, "backward")).toEqual([...forward].reverse());
  expect(stops(lab)).toEqual(forward);
  expect(digest(lab.world.sim)).toBe(end);
  return forward;
}

function refusal(dataId: string): string | undefined {
  const [row] = openText(text).dataBreakpoints.set([{ dataId }]);
  return row.verified ? undefined : row.message;
}

describe("data breakpoints", () => {
  it("1. on a row stop right after the event that adds, changes or removes it", () => {
    expect(stopsOf({ dataId: "arp:pod1/eth0/10.244.1.9" })).toMatchInlineSnapshot(`
      [
        "3: added neigh pod1/eth0 10.244.1.9: 10.244.1.9 dev eth0 INCOMPLETE (data breakpoint, after neigh.output of #1)",
        "22: neigh pod1/eth0 10.244.1.9: lladdr none, state INCOMPLETE → lladdr 0a:58:0a:f4:01:09, state REACHABLE (data breakpoint, after arp.receive of #4)",
      ]
    `);
  });

  it("2. on a field stop for that field alone", () => {
    expect(stopsOf({ dataId: "arp:pod1/eth0/10.244.1.9#lladdr" })).toMatchInlineSnapshot(`
      [
        "3: added neigh pod1/eth0 10.244.1.9: lladdr none (data breakpoint, after neigh.output of #1)",
        "22: neigh pod1/eth0 10.244.1.9: lladdr none → 0a:58:0a:f4:01:09 (data breakpoint, after arp.receive of #4)",
      ]
    `);
  });

  it("3. on a table stop for each of its rows, on a namespace for everything in it", () => {
    expect(stopsOf({ dataId: "fdb:node1/cbr0" })).toMatchInlineSnapshot(`
      [
        "7: added fdb node1/cbr0 0a:58:0a:f4:01:02: 0a:58:0a:f4:01:02 dev veth1 master cbr0 (data breakpoint, after bridge.receive of #2)",
        "18: added fdb node1/cbr0 0a:58:0a:f4:01:09: 0a:58:0a:f4:01:09 dev veth2 master cbr0 (data breakpoint, after bridge.receive of #4)",
      ]
    `);
    expect(stopsOf({ dataId: "netns:pod2" }).length).toBeGreaterThan(1);
  });

  it("4. on an expression stop where its value changes", () => {
    expect(stopsOf({ dataId: 'neigh("pod1", "10.244.1.9").state' })).toMatchInlineSnapshot(`
      [
        "3: neigh("pod1", "10.244.1.9").state: "NONE" → "INCOMPLETE" (data breakpoint, after neigh.output of #1)",
        "22: neigh("pod1", "10.244.1.9").state: "INCOMPLETE" → "REACHABLE" (data breakpoint, after arp.receive of #4)",
      ]
    `);
  });

  it("5. on a counter stop for each packet; hit counts number the hits", () => {
    const all = stopsOf({ dataId: "dev:pod1/eth0#TX" });
    expect(all.length).toBeGreaterThan(1);
    expect(stopsOf({ dataId: "link:pod1/eth0/TX", hitCondition: "2" })).toEqual([all[1]]);
    expect(stopsOf({ dataId: "dev:pod1/eth0#TX", hitCondition: "% 2" })).toEqual(all.filter((_, i) => i % 2 === 1));
  });

  it("6. on a packet's field stop where it is rewritten", () => {
    expect(stopsOf({ dataId: "packet:1#eth.src" })).toMatchInlineSnapshot(`
      [
        "23: #1: eth.src none → 0a:58:0a:f4:01:02 (data breakpoint, after neigh.output of #1)",
        "32: removed #1: eth.src 0a:58:0a:f4:01:02 (data breakpoint, after icmp.receive)",
      ]
    `);
  });

  it("7. conditions see the packet as it came, the world as it is now, and what the change was", () => {
    const only = (condition: string) => stopsOf({ dataId: "arp:pod1", condition }).length;
    expect(only("arp.opcode == 2")).toBe(1);
    expect(only('data.new.contains("REACHABLE")')).toBe(1);
    expect(only('data.change == "added"')).toBe(1);
    expect(only('neigh("pod1", "10.244.1.9").state == "REACHABLE" && arp')).toBe(1);
    expect(only('data.row == "nobody"')).toBe(0);
  });

  it("8. print instead of stopping, once", () => {
    const lab = openText(text);
    lab.dataBreakpoints.set([
      { dataId: "arp:pod1/eth0/10.244.1.9#state", logMessage: "{data.old} to {data.new} by {packet}" },
    ]);
    expect(stops(lab)).toEqual([]);
    stops(lab, "backward");
    stops(lab);
    const printed = lab.takeOutput().filter(({ category }) => category === "console");
    expect(printed.map((row) => row.text)).toMatchInlineSnapshot(`
      [
        " to INCOMPLETE by #1",
        "INCOMPLETE to REACHABLE by #4",
      ]
    `);
  });

  it("9. end a step where the change is made", () => {
    const lab = openText(text);
    lab.dataBreakpoints.set([{ dataId: "arp:pod2" }]);
    expect(run(lab.stepOver(1))).toMatch(/^added neigh pod2\/eth0 10.244.1.2/);
  });

  it("10. that nothing can ever match say so", () => {
    expect(refusal("arp:pod1/eth0/10.244.1.77")).toBeUndefined();
    expect(refusal("arp:pod77/eth0/10.244.1.9")).toMatchInlineSnapshot(
      `"There is no "arp:pod77/eth0/10.244.1.9" in this network, and there cannot be one."`,
    );
    expect(refusal("dev:pod1/eth0#colour")).toMatchInlineSnapshot(
      `"link pod1/eth0 has no "colour" to watch; it has link/ether, mtu, state, master, hairpin, RX, TX."`,
    );
    expect(refusal('neigh("pod1", ')).toMatchInlineSnapshot(
      `"neigh("pod1",  is no row that the state view shows, and no expression: The expression ends too early."`,
    );
    expect(refusal("1 + 1 == 2")).toMatchInlineSnapshot(
      `"1 + 1 == 2 asks nothing of the network, so it never changes."`,
    );
  });
});

describe("conditions of data breakpoints", () => {
  it("are checked when they are set", () => {
    const [row] = openText(text).dataBreakpoints.set([{ dataId: "arp:pod1", condition: "data.newest == 1" }]);
    expect(row.message).toMatchInlineSnapshot(`"Condition: There is no field "data.newest". Did you mean "data.new"?"`);
  });
});
