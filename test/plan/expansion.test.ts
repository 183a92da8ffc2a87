import { describe, expect, it, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { expandPlan } from "../../src/plan/expansion/expansion.ts";
import { printFrame } from "../../src/wire/frame-text.ts";
import { labNames, labText, openText, scenariosOf } from "../lab/run-lab.ts";

function expanded(text: string): string {
  const { text: result, problems } = expandPlan(compileSync(text, "lab.k8snet").plan);
  expect(problems).toEqual([]);
  return result;
}

/** What passes each interface, and what the programs print. */
function happening(text: string, scenario: string): readonly string[] {
  const lab = openText(text, scenario);
  const lines: string[] = [];
  while (
    lab.run(10_000, ({ frame }) => {
      if (frame) lines.push(`${frame.timeNs} ${frame.device} ${frame.direction} ${printFrame(frame.frame)}`);
      return false;
    })
  );
  return lines;
}

/** Not in words of the low level: servers of names and reverse proxies. */
function isExpressible(text: string): boolean {
  return expandPlan(compileSync(text, "lab.k8snet").plan).problems.length === 0;
}

/** Pods of ranges go by shorter names when they stand one by one, and servers say their names. */
const hasRanges = (text: string) => /\[\d+\.\.\d+\]/.test(text);

const labs = labNames.filter((name) => isExpressible(labText(name)) && !hasRanges(labText(name)));

describe("a file in the words of its low level", () => {
  test.each(labs)("%s: the same happens, frame for frame", (name) => {
    const text = labText(name);
    const low = expanded(text);
    for (const scenario of scenariosOf(text))
      expect(happening(low, scenario), scenario).toEqual(happening(text, scenario));
  });

  it("is its own expansion", () => {
    const once = expanded(labText("egress"));
    expect(expanded(once)).toBe(once);
  });
});
