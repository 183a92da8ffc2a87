import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { digest } from "../../../src/sim/digest.ts";
import { labText, runLab } from "../run-lab.ts";
import { captureOf, captureOfRun, kernelCapture, notesOf, open, resume, say, tree } from "./captures.ts";

/** `conntrack -L` without the time that is left, the mark and how often it is in use, and without the line that counts. */
function connections(lines: readonly string[]): readonly string[] {
  const rows = lines.filter((line) => / src=/.test(line));
  return rows.map((line) => line.replace(/^(\w+) +\d+ \d+ /, "$1 ").replace(/ mark=.*$/, "")).sort();
}

/** What the kernel's `conntrack -L` said at the end of a scenario of `test/captures/kernel`, in a namespace. */
function kernelConnections(scenario: string, netns: string): readonly string[] {
  const states = readFileSync(`test/captures/kernel/${scenario}/state.txt`, "utf8").split(/^== (?:after|end).*$/m);
  const prefix = `  ${netns}: conntrack `;
  const lines = (states.at(-1) ?? "").split("\n").filter((line) => line.startsWith(prefix));
  return lines.map((line) => line.slice(prefix.length)).sort();
}

function isLike(row: string, listed = ""): boolean {
  const pattern = listed.split("*").map((part) => part.replace(/[[\].]/g, "\\$&"));
  return new RegExp(`^${pattern.join("\\d+")}$`).test(row);
}

describe("connections of a capture", () => {
  it.each([
    ["service-endpoints", undefined, "node1"],
    ["egress", undefined, "node1"],
    ["egress", undefined, "gateway"],
    ["dns", undefined, "node1"],
  ])("1. %s: where packets are rewritten, they are those of the run (%s, %s)", (name, scenario, netns) => {
    const run = runLab(labText(name), scenario);
    const lab = open(captureOfRun(run));
    resume(lab);
    const ran = connections(say(run.lab, `ip netns exec ${netns} conntrack -L`));
    expect(ran).not.toEqual([]);
    expect(connections(say(lab, `ip netns exec ${netns} conntrack -L`))).toEqual(ran);
  });

  it.each([
    ["10a-clusterip-same-node", "node1"],
    ["10b-clusterip-brnf0", "node1"],
    ["11a-hairpin-on-brnf1", "node1"],
    ["12a-nodeport-cluster", "node1"],
    ["12a-nodeport-cluster", "node2"],
    ["13-egress-masquerade", "node1"],
  ])("2. of a real kernel's frames they are those that it listed (%s, %s)", (scenario, netns) => {
    const lab = open(kernelCapture(scenario));
    resume(lab);
    const listed = kernelConnections(scenario, netns);
    expect(listed).not.toEqual([]);
    const seen = connections(say(lab, `ip netns exec ${netns} conntrack -L`));
    // A port that the kernel drew is a star in the recorded list.
    expect(seen.map((row, index) => (isLike(row, listed[index]) ? listed[index] : row))).toEqual(listed);
  });
});
