import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { printNetfilterRule } from "../../src/lab/inspect/rules.ts";
import type { Lab } from "../../src/lab/lab.ts";
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
    expect(order(simulate(openText(labText(`kernel/${name}`)), isMentionedPort))).toEqual(order(wanted));
  });

  test("how many packets each rule of each host saw", () => {
    const recorded = readFileSync(`test/captures/kernel/${name}/state.txt`, "utf8").split("== end\n")[1] ?? "";
    const wanted = [...recorded.matchAll(/^ {2}(\S+): rule (\d+) pkts: (.*)$/gm)].map((match) =>
      match.slice(1).join(" "),
    );
    const lab = openText(labText(`kernel/${name}`));
    simulate(lab, isMentionedPort);
    expect(countedRules(lab).sort()).toEqual(wanted.sort());
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
      "10a-clusterip-same-node",
      "10b-clusterip-brnf0",
      "11a-hairpin-on-brnf1",
      "11b-hairpin-off-brnf1",
      "14-reject",
      "15a-policy-drop-brnf1",
      "16-closed-ports",
      "17a-gratuitous-arp",
      "18a-calico-routed-veth",
    ]),
  );
});

/** `node1 2 -A FORWARD -j KUBE-FORWARD`, of those that saw any. */
function countedRules({ world }: Lab): string[] {
  const { netfilter, namespaces } = world;
  const lines: string[] = [];
  for (const row of netfilter.rules.rows()) {
    const packets = netfilter.rulePackets.get(row);
    const netns = namespaces.name.get(netfilter.chainNetns.get(netfilter.ruleChain.get(row)));
    if (packets > 0) lines.push(`${netns} ${packets} ${printNetfilterRule(world, row).replace(/^\S+ /, "")}`);
  }
  return lines;
}

function simulate(lab: Lab, isMentionedPort: (port: number) => boolean): readonly string[] {
  const frames: TappedFrame[] = [];
  while (lab.run(10_000, ({ frame }) => frame !== undefined && frames.push(frame)));
  const tracer = new FrameTracer(isMentionedPort);
  for (const { frame } of frames) tracer.observe(frame);
  return frames.map(({ device, direction, frame }) => traceLine(device, direction, tracer.line(frame)));
}
