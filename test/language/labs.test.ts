import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formatPlace } from "../../src/base/source-range.ts";
import { compileSync } from "../../src/language/compile.ts";

const labs = readdirSync("test/labs", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".k8snet"));

test.each(labs)("%s compiles without a complaint", (name) => {
  const { diagnostics, plan } = compileSync(readFileSync(`test/labs/${name}`, "utf8"), name);
  // A warning is what some labs are about: two machines with one address, a Service that refuses its clients.
  const isMeant = (code: string) => code.startsWith("duplicate-") || code === "selector-matches-nothing";
  const complaints = diagnostics.filter(({ severity, code }) => severity === "error" || !isMeant(code));
  expect(complaints.map(({ range, message }) => `${formatPlace(range)}: ${message}`)).toEqual([]);
  expect(plan.scenarios.length).toBeGreaterThan(0);
  for (const { statements } of plan.scenarios) expect(statements.length).toBeGreaterThan(0);
});
