import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { printFlow, protocolName } from "../../src/lab/inspect/print-connection.ts";
import { status } from "../../src/linux/conntrack/status.ts";
import type { World } from "../../src/linux/world.ts";
import { kernelCaptures } from "../wire/kernel-captures.ts";
import { labText, openText } from "./run-lab.ts";

interface Action {
  /** Planned start, in seconds. */
  readonly at: number;
}

/** Recorded scenarios in which something is tracked. */
const labs = kernelCaptures.filter(
  ({ name }) => existsSync(`test/labs/kernel/${name}.k8snet`) && recordedStates(name).some((rows) => rows.length > 0),
);

/** `node1: conntrack udp src=…` after each action. */
function recordedStates(name: string): readonly (readonly string[])[] {
  const sections = readFileSync(`test/captures/kernel/${name}/state.txt`, "utf8").split(/^== /m);
  return sections
    .filter((section) => section.startsWith("after action"))
    .map((section) => section.split("\n").flatMap((line) => (/^ {2}\S+: conntrack /.test(line) ? [line.trim()] : [])))
    .map((rows) => rows.sort());
}

describe.each(labs)("$name: connections as a real kernel listed them", ({ name, isMentionedPort }) => {
  test("after each action: states, both directions, and flags", () => {
    const actions = JSON.parse(readFileSync(`test/captures/kernel/${name}/actions.json`, "utf8")) as Action[];
    const lab = openText(labText(`kernel/${name}`));
    const { sim } = lab.world;
    const states = recordedStates(name).map((_, index) => {
      const next = actions[index + 1]?.at ?? Number.POSITIVE_INFINITY;
      while ((sim.next()?.timeNs ?? Number.POSITIVE_INFINITY) < next * 1e9 && lab.run(1));
      return connections(lab.world, isMentionedPort);
    });
    expect(states).toEqual(recordedStates(name));
  });
});

test("three recorded scenarios or more track connections", () => {
  expect(labs.length).toBeGreaterThanOrEqual(3);
});

/** A port that the scenario does not mention was the kernel's choice, and is shown as `*`. */
function connections(world: World, isMentionedPort: (port: number) => boolean): readonly string[] {
  const { conntrack, namespaces } = world;
  return [...conntrack.table.rows()]
    .filter((row) => conntrack.has(row, status.confirmed))
    .map((row) => {
      const netns = namespaces.name.get(conntrack.netns.get(row));
      const flow = `${protocolName(conntrack.original.get(row).protocol)} ${printFlow(world, row)}`;
      return `${netns}: conntrack ${flow.replace(/([sd]port)=(\d+)/g, (all, key, port) => (isMentionedPort(Number(port)) ? all : `${key}=*`))}`;
    })
    .sort();
}
