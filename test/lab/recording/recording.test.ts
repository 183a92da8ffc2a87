import { describe, expect, it } from "vitest";
import type { Motion } from "../../../src/lab/api.ts";
import { type Lab, openLab } from "../../../src/lab/lab.ts";
import { readRecording } from "../../../src/lab/recording/read-recording.ts";
import { printRecording, type Recording } from "../../../src/lab/recording/recording.ts";
import { compileSync } from "../../../src/language/compile.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText } from "../run-lab.ts";

const text = labText("same-node-ping");

function open(file = text, uri = "file:///home/me/same%20node.k8snet"): Lab {
  const { plan } = compileSync(file, uri);
  const opened = openLab(plan, { program: { uri, text: file, imports: new Map() } });
  if ("problems" in opened) throw new Error("does not open");
  return opened.lab;
}

function go(motion: Motion): string {
  for (;;) {
    const result = motion.advance(7);
    if (result.kind === "ended") return "ended";
    if (result.kind === "stopped") return result.stop.description;
  }
}

function take(lab: Lab, title?: string): Recording {
  const taken = lab.recording.take(title);
  if ("message" in taken) throw new Error(taken.message);
  return taken;
}

/** As a file and back. */
function saved(recording: Recording): Recording {
  const read = readRecording(printRecording(recording));
  if ("problem" in read) throw new Error(read.problem);
  return read;
}

/** Stops somewhere in the middle, with edits before, on the way, and in a future that was gone back from. */
function edited(): Lab {
  const lab = open();
  lab.run(10);
  expect(lab.hand.apply({ do: "set", data: "dev:pod2/eth0#mtu", value: "1400" })).toBeUndefined();
  lab.run(10);
  expect(lab.hand.apply({ do: "duplicate", packet: 4 })).toBeUndefined();
  expect(lab.hand.apply({ do: "set", data: "packet:4#arp.src.hw_mac", value: "02:00:00:00:00:44" })).toBeUndefined();
  lab.run(12);
  return lab;
}

describe("a recording", () => {
  it("1. says where a run stands, and nothing of the machine that it was made on", () => {
    const { program, state, ...rest } = take(edited(), "a wrong answer");
    expect(program.path).toBe("same node.k8snet");
    expect(program.text).toBe(text);
    expect(state).toMatch(/^[0-9a-f]{16}$/);
    expect(rest).toMatchInlineSnapshot(`
      {
        "edits": [
          {
            "edit": {
              "data": "dev:pod2/eth0#mtu",
              "do": "set",
              "value": "1400",
            },
            "position": 10,
          },
          {
            "edit": {
              "do": "duplicate",
              "packet": 4,
            },
            "position": 20,
          },
          {
            "edit": {
              "data": "packet:4#arp.src.hw_mac",
              "do": "set",
              "value": "02:00:00:00:00:44",
            },
            "position": 20,
          },
        ],
        "format": "k8snetrun",
        "imports": [],
        "position": 32,
        "scenario": "first ping",
        "seed": 0,
        "title": "a wrong answer",
        "version": 1,
      }
    `);
  });

  it("2. is lived again to the same event and the same state, with its edits", () => {
    const lab = edited();
    const again = open();
    expect(go(again.recording.replay(saved(take(lab, "a wrong answer"))))).toBe(
      "Event 32 of the recording: a wrong answer",
    );
    expect(again.position()).toEqual(lab.position());
    expect(digest(again.world.sim)).toBe(digest(lab.world.sim));
    expect(again.hand.made).toEqual(lab.hand.made);
    expect(take(again)).toEqual(take(lab));
  });

  it("3. keeps the edits of the future that it stands before", () => {
    const lab = edited();
    lab.world.sim.goTo(5);
    const again = open();
    go(again.recording.replay(saved(take(lab))));
    expect(again.position().event).toBe(5);
    expect(again.hand.made).toHaveLength(3);
  });

  it("4. of another program, or of another k8snet, says what it cannot do", () => {
    const recording = take(edited());
    expect(go(open().recording.replay({ ...recording, state: "0" }))).toMatchInlineSnapshot(
      `"Event 32 of the recording. This k8snet leads to another state here than the one that made the recording"`,
    );
    expect(go(open().recording.replay({ ...recording, position: 1_000_000 }))).toMatchInlineSnapshot(
      `"The recording cannot be lived again: it goes on to event 1000000, and this run is over after 37"`,
    );
    const [first] = recording.edits;
    const edits = [{ ...first, edit: { do: "drop" as const, packet: 77 } }];
    expect(go(open().recording.replay({ ...recording, edits }))).toMatchInlineSnapshot(
      `"The recording cannot be lived again: at event 10 the edit "drop" is refused: There is no such packet in flight"`,
    );
  });

  it("5. that is no such file, cut, damaged, or of another version, says so", () => {
    const recording = take(edited());
    const whole = printRecording(recording);
    const problem = (file: string) => {
      const read = readRecording(file);
      return "problem" in read ? read.problem : "none";
    };
    const changed = (change: object) => problem(JSON.stringify({ ...recording, ...change }));
    expect(problem(whole)).toBe("none");
    expect(problem("")).toBe("The recording is empty.");
    expect(problem(text)).toBe("This is no recording of k8snet: it is no JSON.");
    expect(problem("[1]")).toBe("This is no recording of k8snet.");
    expect(problem(whole.slice(0, -40))).toBe("The recording ends too early: the file was cut.");
    expect(changed({ version: 7 })).toMatchInlineSnapshot(
      `"The recording has version 7; this k8snet reads version 1. Update k8snet to open it."`,
    );
    expect(changed({ version: undefined })).toMatchInlineSnapshot(`"The recording says no version."`);
    expect(changed({ seed: "1" })).toMatchInlineSnapshot(`"The recording is damaged: seed is not a number from 0 on."`);
    expect(changed({ edits: [{ position: 3, edit: { do: "explode" } }] })).toMatchInlineSnapshot(
      `"The recording has an edit "explode" that this k8snet does not know."`,
    );
    expect(changed({ edits: [{ position: 3, edit: { do: "set", data: 4, value: "" } }] })).toMatchInlineSnapshot(
      `"The recording is damaged: edits[0].edit.data is not a text."`,
    );
    expect(changed({ edits: [...recording.edits].reverse() })).toMatchInlineSnapshot(
      `"The recording is damaged: its edits are out of order."`,
    );
    expect(changed({ imports: [{ path: "../secret", text: "" }] })).toMatchInlineSnapshot(
      `"The recording is damaged: imports[0].path leads out of its folder."`,
    );
    for (let end = 0; end < whole.length; end += 97) expect(problem(whole.slice(0, end))).not.toBe("none");
  });

  it("6. is not made of what no file describes", () => {
    const { plan } = compileSync(text, "lab.k8snet");
    const opened = openLab(plan);
    if ("problems" in opened) throw new Error("does not open");
    expect(opened.lab.recording.take()).toEqual({ message: "Only a run of a .k8snet file can be saved." });
  });
});
