import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TappedFrame } from "../../src/lab/observe.ts";
import { FrameTracer, traceLine } from "../../src/wire/frame-trace.ts";
import { kernelCaptures } from "../wire/kernel-captures.ts";
import { labText, openText } from "./run-lab.ts";

const labs = kernelCaptures.filter(({ name }) => existsSync(`test/labs/kernel/${name}.k8snet`));

/** Trace lines of a host, in order; within one host the order is the kernel's. */
function byHost(lines: readonly string[]): Record<string, string[]> {
  const hosts: Record<string, string[]> = {};
  for (const line of lines) {
    const host = line.slice(0, line.indexOf("/"));
    hosts[host] ??= [];
    hosts[host].push(line);
  }
  return hosts;
}

describe.each(labs)("$name, as a real kernel recorded it", ({ name, isMentionedPort }) => {
  test("every frame of every interface, and their order within each host", () => {
    const recorded = readFileSync(`test/captures/kernel/${name}/trace.txt`, "utf8");
    const wanted = recorded.split("\n").filter((line) => line !== "" && !/^(#|==)/.test(line));
    expect(wanted.length).toBeGreaterThan(10);
    expect(byHost(simulate(labText(`kernel/${name}`), isMentionedPort))).toEqual(byHost(wanted));
  });
});

test("the captures of same-node traffic each have their lab", () => {
  expect(labs.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "01-same-node-cold",
      "02-same-node-warm",
      "03-flood-vs-forward",
      "04-no-such-pod",
      "05-loopback",
      "06-pod-and-node",
      "16-closed-ports",
    ]),
  );
});

function simulate(text: string, isMentionedPort: (port: number) => boolean): readonly string[] {
  const lab = openText(text);
  const frames: TappedFrame[] = [];
  while (lab.run(10_000, ({ frame }) => frame !== undefined && frames.push(frame)));
  const tracer = new FrameTracer(isMentionedPort);
  for (const { frame } of frames) tracer.observe(frame);
  return frames.map(({ device, direction, frame }) => traceLine(device, direction, tracer.line(frame)));
}
