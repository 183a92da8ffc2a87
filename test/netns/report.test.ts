import { expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { formatVerdict } from "../../src/netns/report.ts";
import type { ScenarioVerdict } from "../../src/netns/verify-scenario.ts";

const text = `netns a
scenario "s" {
  ping a -> 127.0.0.1
}
`;
const [scenario] = compileSync(text, "file:///x.k8snet").plan.scenarios;
const [statement] = scenario.statements;
const equal: ScenarioVerdict = { scenario, frames: 2, statements: 1, differences: [], notes: [] };

test("both kernels did the same", () => {
  expect(formatVerdict(equal, "x.k8snet")).toBe(
    'x.k8snet: scenario "s": equal (2 frames, the tables after 1 statement)\n',
  );
});

test("a difference has its place in the file and both sides side by side", () => {
  const rows = [{ linux: "same", simulated: "same" }, { linux: "one", simulated: "other" }, { simulated: "surplus" }];
  const frames = { device: "a/lo", direction: "in", timeNs: 0, rows } as const;
  const verdict: ScenarioVerdict = { ...equal, differences: [{ kind: "frames", statement, frames }] };
  expect(formatVerdict(verdict, "x.k8snet")).toBe(`x.k8snet: scenario "s": 1 difference
x.k8snet:3:3: different: frames at a/lo in, ping a -> 127.0.0.1
  Linux   k8snet
  same    same
  one   | other
        > surplus
`);
});

test("of many differences the first of each kind are shown, the others counted", () => {
  const table = { kind: "table", statement, table: { table: "a neigh", linux: ["row"], simulated: [] } } as const;
  const report = formatVerdict({ ...equal, differences: [table, table, table, table] }, "x.k8snet");
  expect(report.match(/different: a neigh/g)).toHaveLength(2);
  expect(report).toContain("and 2 more");
});

test("what was not compared is said by name", () => {
  const report = formatVerdict({ ...equal, frames: 0, notes: ["not run: its bridges form a loop"] }, "x.k8snet");
  expect(report).toBe('x.k8snet: scenario "s": not comparable\n  not compared: not run: its bridges form a loop\n');
});
