import { describe, expect, test } from "vitest";
import { labNames, labText, runLab, scenariosOf } from "./run-lab.ts";

describe.each(labNames)("%s", (name) => {
  const text = labText(name);
  test.each(scenariosOf(text))(
    "%s: its expectations hold, its recording keeps the laws, its trace is the known one",
    async (scenario) => {
      const { trace, output } = runLab(text, scenario);
      expect(output.filter((row) => row.expectation === "failed").map((row) => row.text)).toEqual([]);
      const file = `${name}.${scenario.replace(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
      await expect(`${trace.join("\n")}\n`).toMatchFileSnapshot(`../labs/traces/${file}.txt`);
    },
  );
});
