import { expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { formatVerdict } from "../../src/netns/report.ts";
import type { ScenarioVerdict } from "../../src/netns/verify-scenario.ts";
import { verdictOf } from "../../src/vscode/verify-verdict.ts";

const text = `netns a
scenario "first ping" {
  ping a -> 127.0.0.1
}
`;
const [scenario] = compileSync(text, "file:///x.k8snet").plan.scenarios;
const [statement] = scenario.statements;
const equal: ScenarioVerdict = { scenario, frames: 2, statements: 1, differences: [], notes: [] };
const table = { kind: "table", statement, table: { table: "a neigh", linux: ["row"], simulated: [] } } as const;
const different: ScenarioVerdict = { ...equal, differences: [table, table, table] };
const loop: ScenarioVerdict = { ...equal, frames: 0, notes: ["not run: its bridges form a loop"] };

function printed(...verdicts: readonly ScenarioVerdict[]): string {
  return verdicts.map((verdict) => formatVerdict(verdict, "/my labs/x.k8snet")).join("");
}

test("one scenario is told as the command line tells it", () => {
  expect(verdictOf({ status: 0, out: printed(equal), error: "" })).toEqual({
    kind: "equal",
    text: "Verified on Linux: “first ping”: equal (2 frames, the tables after 1 statement)",
  });
  expect(verdictOf({ status: 1, out: printed(different), error: "" })).toEqual({
    kind: "different",
    text: "Linux does otherwise: “first ping”: 3 differences",
  });
});

test("several scenarios are counted, the different ones first", () => {
  const { text } = verdictOf({ status: 1, out: printed(equal, different, loop, equal), error: "" });
  expect(text).toBe("Linux does otherwise: of 4 scenarios 1 different (3 differences), 2 equal, 1 not comparable");
});

test("what could not be compared is not called verified", () => {
  expect(verdictOf({ status: 0, out: printed(loop), error: "" })).toEqual({
    kind: "unable",
    text: "Cannot verify here: “first ping”: not comparable (not run: its bridges form a loop)",
  });
});

test("where it cannot run, every reason is given", () => {
  const error =
    "k8snet verify: this needs root, to make network namespaces; try sudo\nk8snet verify: this needs tcpdump\n";
  expect(verdictOf({ status: 2, out: "", error })).toEqual({
    kind: "unable",
    text: "Cannot verify here: this needs root, to make network namespaces; try sudo; this needs tcpdump",
  });
});

test("a file with errors, and a network that could not be built, say so", () => {
  const error = "/x.k8snet:1:1: error: expected a name\n/x.k8snet: error: a file with errors cannot be verified\n";
  expect(verdictOf({ status: 2, out: "", error }).text).toBe(
    "Cannot verify here: a file with errors cannot be verified",
  );
  const out = '/x.k8snet:3:3: error: scenario "first ping" cannot run here: no such device\n';
  expect(verdictOf({ status: 2, out, error: "" }).text).toBe(
    'Cannot verify here: scenario "first ping" cannot run here: no such device',
  );
});

test("a bug and a signal are failures", () => {
  expect(verdictOf({ status: 70, out: "", error: "k8snet: this is a bug in k8snet\n" })).toEqual({
    kind: "failed",
    text: "k8snet: this is a bug in k8snet",
  });
  expect(verdictOf({ status: undefined, out: "", error: "" }).text).toBe("k8snet verify was ended by a signal");
});
