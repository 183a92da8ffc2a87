import { describe, expect, it } from "vitest";
import { explore } from "../../../src/lab/futures/explore.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText, openText } from "../run-lab.ts";

const noPause = async () => {};
const race = labText("races/source-port-race");
const limits = { maxRuns: 300, depth: 1, losses: 0 };

describe("explore", () => {
  it("1. finds the one order in which two packets clash in conntrack; as it is, all expectations hold", async () => {
    const lab = openText(race);
    while (lab.run(10_000));
    expect(lab.expectations()).toEqual({ held: 1, failed: 0 });
    const { failing } = await explore(() => openText(race), limits, noPause);
    expect(failing?.choices).toHaveLength(1);
    expect(failing?.choices[0]).toMatch(/veth\.receive of #\d+ @ node1\/veth2 before nat\.translate of #\d+ @ node1/);
    expect(failing?.failures.map(({ text }) => text)).toEqual([
      "failed: expect reply.received — reply.received is false",
    ]);
  });

  it("2. its run is a recording: lived again, the packet is lost to the clash", async () => {
    const { failing } = await explore(() => openText(race), limits, noPause);
    const lab = openText(race);
    const motion = lab.recording.replay(failing?.recording as never);
    for (;;) {
      const result = motion.advance(10_000);
      if (result.kind !== "more") {
        expect(result).toMatchObject({ kind: "stopped" });
        break;
      }
    }
    expect(lab.world.sim.position).toBe(failing?.failedAt);
    const why = lab.why.explain("");
    expect("decision" in why && why.decision).toContain("CONNTRACK_CLASH");
  });

  it("3. finds nothing where orders commute, and then tries few", async () => {
    const apart = `
node node1 { pod a; pod b }
node node2 { pod c; pod d }
scenario "apart" {
  ping a -> b
  ping c -> d
  parallel { ping a -> b; ping c -> d }
  expect reply.received
}`;
    const { runs, failing, isComplete } = await explore(() => openText(apart), limits, noPause);
    expect(failing).toBeUndefined();
    expect(isComplete).toBe(true);
    expect(runs).toBeLessThan(30);
  });

  it("4. a packet that a link loses, where that is allowed: the first datagram of a name server's client", async () => {
    const text = `
node node1 { pod client; pod dns { container c { listen udp 53 echo } } }
scenario "a question" {
  ping client -> dns
  udp client -> dns:53 timeout 1s
  expect reply.received
}`;
    const open = () => openText(text);
    expect((await explore(open, limits, noPause)).failing).toBeUndefined();
    const { failing } = await explore(open, { ...limits, losses: 1 }, noPause);
    expect(failing?.choices).toEqual([expect.stringContaining("lost, veth.receive of")]);
  });

  it("5. stops after so many runs, and says that it did", async () => {
    const { runs, isComplete } = await explore(() => openText(race), { ...limits, maxRuns: 3 }, noPause);
    expect({ runs, isComplete }).toEqual({ runs: 3, isComplete: false });
  });

  it("6. a run that fails as it is needs no choice", async () => {
    const text = 'node n { pod a; pod b }\nscenario "s" { ping a -> b; expect reply.ttl == 1 }';
    const { runs, failing } = await explore(() => openText(text), limits, noPause);
    expect({ runs, choices: failing?.choices }).toEqual({ runs: 1, choices: [] });
  });
});

describe("what may come next", () => {
  it("is listed, chosen as an edit, and part of the recording", () => {
    const lab = openText(race);
    const { sim } = lab.world;
    while (lab.futures.list().length < 2) lab.run(1);
    const [first, second] = lab.futures.list();
    const position = sim.position;
    const before = digest(sim);
    expect(lab.hand.apply({ do: "next", event: second.event })).toBeUndefined();
    expect(lab.futures.list()[0].event).toBe(second.event);
    lab.run(1);
    const after = digest(sim);
    expect(lab.hand.made).toEqual([{ position, edit: { do: "next", event: second.event } }]);
    sim.goTo(position - 1);
    sim.goTo(position + 1);
    expect(digest(sim)).toBe(after);
    expect(before).not.toBe(after);
    expect(first.event).not.toBe(second.event);
  });

  it("is refused where it is none of these", () => {
    expect(openText(race).hand.apply({ do: "next", event: "packet 99" })).toContain("none of those that may come next");
  });
});
