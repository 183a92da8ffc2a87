import { describe, expect, it } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { generateLab } from "./generate.ts";
import { labText } from "./random-lab.ts";

const seeds = Array.from({ length: 300 }, (_, index) => index + 1);

describe("Random labs", () => {
  it("are files without errors", () => {
    const errors = seeds.flatMap((seed) => {
      const text = labText(generateLab(seed));
      const { diagnostics } = compileSync(text, `file:///seed-${seed}.k8snet`);
      return diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => `${seed}: ${message}`);
    });
    expect(errors).toEqual([]);
  });

  it("follow from their seeds", () => {
    for (const seed of seeds.slice(0, 20)) expect(generateLab(seed)).toEqual(generateLab(seed));
    expect(new Set(seeds.map((seed) => labText(generateLab(seed)))).size).toBe(seeds.length);
  });
});
