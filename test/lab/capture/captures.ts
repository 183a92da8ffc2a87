import { readFileSync } from "node:fs";
import { openCapture } from "../../../src/lab/capture/open-capture.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { readCapture } from "../../../src/wire/capture-reader.ts";
import { emitFrame } from "../../../src/wire/ethernet.ts";
import { isMalformed } from "../../../src/wire/malformed.ts";
import { pcapngInterface, pcapngPacket, pcapngSection } from "../../../src/wire/pcapng.ts";
import { labText, type Ran, runLab } from "../run-lab.ts";

/** What a lab's scenario puts on its wires, as `--pcap` writes it; of some interfaces only where `taps` names them. */
export function captureOf(name: string, scenario?: string): Uint8Array {
  return captureOfRun(runLab(labText(name), scenario));
}

export function captureOfRun({ frames }: Ran, taps?: readonly string[]): Uint8Array {
  return pcapngOf(
    frames
      .filter(({ device }) => taps === undefined || taps.includes(device))
      .map(({ device, timeNs, direction, frame }) => ({ device, timeNs, direction, bytes: emitFrame(frame) })),
  );
}

/** A scenario of `test/captures/kernel` as one capture of all its interfaces, in the order of its trace. */
export function kernelCapture(scenario: string): Uint8Array {
  const folder = `test/captures/kernel/${scenario}`;
  const taken = new Map<string, number>();
  const lines = readFileSync(`${folder}/trace.txt`, "utf8").matchAll(/^(\S+)\/(\S+) (in|out) /gm);
  const packets = new Map<string, ReturnType<typeof packetsOf>>();
  const frames = [...lines].map(([, host, dev, direction]) => {
    const device = `${host}/${dev}`;
    const nth = taken.get(device) ?? 0;
    taken.set(device, nth + 1);
    const all = packets.get(device) ?? packetsOf(`${folder}/${host}.${dev}.pcap`);
    packets.set(device, all);
    const { timeNs, bytes } = all[nth];
    return { device, timeNs, direction: direction as "in" | "out", bytes };
  });
  const [{ timeNs: startNs }] = frames;
  return pcapngOf(frames.map((frame) => ({ ...frame, timeNs: Number(frame.timeNs - startNs) })));
}

function packetsOf(path: string) {
  const capture = readCapture(readFileSync(path));
  if (isMalformed(capture)) throw new Error(`${path}: ${capture.reason}`);
  return capture.packets;
}

interface Frame {
  readonly device: string;
  readonly timeNs: number;
  readonly direction: "in" | "out";
  readonly bytes: Uint8Array;
}

function pcapngOf(frames: readonly Frame[]): Uint8Array {
  const names = [...new Set(frames.map(({ device }) => device))];
  return Buffer.concat([
    pcapngSection(),
    ...names.map((one) => pcapngInterface(one)),
    ...frames.map(({ device, timeNs, direction, bytes }) =>
      pcapngPacket(names.indexOf(device), timeNs, direction, bytes),
    ),
  ]);
}

export function open(bytes: Uint8Array): Lab {
  const opened = openCapture(bytes, "trace");
  if ("problem" in opened) throw new Error(opened.problem);
  return opened.lab;
}

/** What the capture does not tell, as it is said when it is opened. */
export function notesOf(bytes: Uint8Array): readonly string[] {
  const opened = openCapture(bytes, "trace");
  return "notes" in opened ? opened.notes : [opened.problem];
}

/** Continues; answers where it stopped. */
export function resume(lab: Lab, motion = lab.continue()): { readonly text: string; readonly threadId: number } {
  for (;;) {
    const result = motion.advance(1000);
    if (result.kind === "stopped") return { text: result.stop.description, threadId: result.stop.threadId };
    if (result.kind === "ended") return { text: "end", threadId: 1 };
  }
}

/** The rows of the state tree below a path of labels. */
export function tree(lab: Lab, path: readonly string[]): readonly string[] {
  let parent = "";
  for (const label of path) {
    const row = lab.tree(parent, 1000).find((one) => one.label === label);
    if (row === undefined) throw new Error(`no ${label} in ${lab.tree(parent, 1000).map((one) => one.label)}`);
    parent = row.id;
  }
  return lab.tree(parent, 1000).map(({ label, description }) => `${label} ${description}`);
}

/** What the console answers, line by line. */
export function say(lab: Lab, line: string): readonly string[] {
  const answer = lab.console.run(line, { threadId: 1 });
  const text = answer.kind === "text" ? answer.text : answer.kind === "problem" ? answer.message : answer.value.value;
  return text
    .split("\n")
    .map((one) => one.trimEnd())
    .filter((one) => one !== "");
}
