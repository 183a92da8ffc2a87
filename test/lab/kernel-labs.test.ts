import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TappedFrame } from "../../src/lab/observe.ts";
import { FrameTracer, traceLine } from "../../src/wire/frame-trace.ts";
import { kernelCaptures } from "../wire/kernel-captures.ts";
import { labText, openText } from "./run-lab.ts";

const labs = kernelCaptures.filter(({ name }) => existsSync(`test/labs/kernel/${name}.k8snet`));

/** Their neighbour probes run at once on several CPUs: the recording lists them by asker, so only each interface has an order. */
const withConcurrentProbes = ["07b-hostgw-probes"];

/** Trace lines of a host, in order; within one host the order is the kernel's. */
function byHost(lines: readonly string[]): Record<string, string[]> {
  return groupedBy(lines, (line) => line.slice(0, line.indexOf("/")));
}

function byInterface(lines: readonly string[]): Record<string, string[]> {
  return groupedBy(lines, (line) => line.slice(0, line.indexOf(" ")));
}

function groupedBy(lines: readonly string[], keyOf: (line: string) => string): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const line of lines) {
    const key = keyOf(line);
    groups[key] ??= [];
    groups[key].push(line);
  }
  return groups;
}

describe.each(labs)("$name, as a real kernel recorded it", ({ name, isMentionedPort }) => {
  test("every frame of every interface, and their order within each host", () => {
    const recorded = readFileSync(`test/captures/kernel/${name}/trace.txt`, "utf8");
    const wanted = recorded.split("\n").filter((line) => line !== "" && !/^(#|==)/.test(line));
    expect(wanted.length).toBeGreaterThan(10);
    const order = withConcurrentProbes.includes(name) ? byInterface : byHost;
    expect(order(simulate(labText(`kernel/${name}`), isMentionedPort))).toEqual(order(wanted));
  });
});

test("the captures of same-node and host-gw traffic each have their lab", () => {
  expect(labs.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "01-same-node-cold",
      "02-same-node-warm",
      "03-flood-vs-forward",
      "04-no-such-pod",
      "05-loopback",
      "06-pod-and-node",
      "07-hostgw",
      "07b-hostgw-probes",
      "09-ttl",
      "16-closed-ports",
      "17a-gratuitous-arp",
      "18a-calico-routed-veth",
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
