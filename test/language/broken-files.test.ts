import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Compilation, compileSync, limits } from "../../src/language/compile.ts";

const compile = (text: string): Compilation => compileSync(text, "test.k8snet");

function codesOf(text: string): string[] {
  return compile(text).diagnostics.map(({ range, code }) => `${range.line}:${range.column} ${code}`);
}

/** The namespaces that the plan makes. */
function namespacesOf(text: string): string[] {
  return [...compile(text).plan.setUp()].flatMap((command) => (command.do === "netns add" ? [command.netns] : []));
}

function scenariosOf(text: string): string[] {
  return compile(text).plan.scenarios.map(({ name, statements }) => `${name}: ${statements.length}`);
}

describe("an error in the middle leaves the rest navigable", () => {
  test("a line that means nothing", () => {
    const text = `node n {
  pod a
  ))) what is this (((
  pod b
}
scenario "s" { ping a -> b }`;
    expect(codesOf(text)).toEqual(["3:3 unknown-setting"]);
    expect(namespacesOf(text)).toEqual(["n", "a", "b"]);
    expect(scenariosOf(text)).toEqual(["s: 1"]);
  });

  test("a } missing after a container", () => {
    const text = `node n {
  pod a {
    container c { listen tcp 80 http
  }
  pod b { container d }
}
scenario "s" { ping a -> b }`;
    expect(codesOf(text)).toEqual(["5:3 misplaced"]);
    expect(namespacesOf(text)).toEqual(["n", "a", "b"]);
    expect(scenariosOf(text)).toEqual(["s: 1"]);
  });

  test("a } missing after a pod: the next pod goes to the node, the scenario to the file", () => {
    const text = `node n {
  pod a {
    container c
  pod b { container d }
}
netns x
scenario "s" { ping a -> b }`;
    expect(codesOf(text)).toEqual(["4:3 misplaced"]);
    expect(namespacesOf(text)).toEqual(["n", "a", "b", "x"]);
    expect(scenariosOf(text)).toEqual(["s: 1"]);
  });

  test("a } too many: the pods after it stay with their node", () => {
    const text = `node n {
  pod a { container c }
  }
  pod b { container d }
}
scenario "s" { ping a -> b }`;
    expect(codesOf(text)).toEqual(["4:3 misplaced", "5:1 stray-brace"]);
    expect(namespacesOf(text)).toEqual(["n", "a", "b"]);
    expect(scenariosOf(text)).toEqual(["s: 1"]);
  });

  test("a } missing at the end", () => {
    const text = 'scenario "s" { wait 1s }\nnode n { pod a { container c }\n';
    expect(codesOf(text)).toEqual(["2:8 unclosed-block"]);
    expect(namespacesOf(text)).toEqual(["n", "a"]);
  });

  test("a string without its end", () => {
    const text = 'node n { pod a; pod b }\nscenario "one {\n  ping a -> b\n}\nscenario "two" { ping b -> a }';
    expect(codesOf(text)).toEqual(["2:10 unclosed-string"]);
    expect(scenariosOf(text)).toEqual(["one: 1", "two: 1"]);
  });

  test("a statement that cannot be read does not take its scenario with it", () => {
    const text = 'node n { pod a; pod b }\nscenario "s" {\n  ping a ->\n  ping a -> b\n  expect ((\n}';
    expect(codesOf(text)).toEqual(["3:10 incomplete-statement", "5:11 bad-expression"]);
    expect(scenariosOf(text)).toEqual(["s: 1"]);
  });
});

describe("what is no k8snet file", () => {
  test("an empty file, and one with comments only, get a hint", () => {
    expect(codesOf("")).toEqual(["1:1 empty-file"]);
    expect(codesOf("\n\n  \n")).toEqual(["1:1 empty-file"]);
    expect(codesOf("# nothing yet\n")).toEqual(["1:1 empty-file"]);
    expect(compile("").diagnostics[0].severity).toBe("information");
  });

  test("10 MB: one diagnostic, with the limit, before anything is parsed", () => {
    const { diagnostics, plan } = compile("pod a\n".repeat(1_700_000));
    expect(diagnostics.map(({ code }) => code)).toEqual(["file-too-large"]);
    expect(diagnostics[0].message).toContain(`${limits.maximumCharacters}`);
    expect([...plan.setUp()]).toEqual([]);
  });

  test("binary data: one diagnostic at the first byte that no text has", () => {
    expect(codesOf("node n {\n  \u0000\u0001\u0002}")).toEqual(["2:3 binary-file"]);
    expect(codesOf("\u007fELF\u0002\u0001")).toEqual(["1:5 binary-file"]);
    expect(codesOf("\ufffd\ufffd")).toEqual(["1:1 binary-file"]);
  });

  test("more open blocks than the parser's stack could bear", () => {
    expect(codesOf("node n {".repeat(10_000))).toEqual(["1:520 too-deep"]);
  });

  test("junk in every line: the first 200 problems, and how many more", () => {
    const { diagnostics } = compile("junk here\n".repeat(5000));
    expect(diagnostics).toHaveLength(201);
    expect(diagnostics[200].message).toBe("4800 more problems are not listed.");
  });

  test("a word as long as the file is not repeated in full", () => {
    expect(compile("x".repeat(100_000)).diagnostics[0].message.length).toBeLessThan(150);
  });

  test("a byte order mark and Windows line ends are fine", () => {
    const text = '\ufeffnode n {\r\n  pod a\r\n}\r\nscenario "s" {\r\n  ping a -> n\r\n}\r\n';
    expect(codesOf(text)).toEqual([]);
    expect(compile(text).plan.scenarios[0].statements[0].source).toMatchObject({ line: 5, column: 3, endColumn: 14 });
  });
});

describe("whatever the text is, there is a plan and no exception", () => {
  const lab = readFileSync("test/labs/same-node-ping.k8snet", "utf8");

  function survives(text: string): void {
    const { plan, diagnostics } = compile(text);
    for (const { range, message } of diagnostics) {
      expect(message).not.toBe("");
      expect(range.line).toBeGreaterThanOrEqual(1);
      expect(range.column).toBeGreaterThanOrEqual(1);
      expect([range.endLine, range.endColumn]).not.toContain(Number.NaN);
    }
    for (const command of plan.setUp()) expect(command.do).toBeDefined();
    for (const place of plan.places) expect(place.source.uri).toBe("test.k8snet");
  }

  test("any characters", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), survives), { numRuns: 100 });
  });

  test("any sequence of the language's own words", () => {
    const words = lab.split(/(\s+|[{}])/).filter((word) => word !== "");
    const text = fc.array(fc.constantFrom(...words, '"', "->", "<->", "netns", "veth", "at", "parallel"), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(text, (parts) => survives(parts.join(""))),
      { numRuns: 150 },
    );
  });

  test("a good file with a piece cut out", () => {
    fc.assert(
      fc.property(fc.nat(lab.length), fc.nat(60), (start, length) =>
        survives(lab.slice(0, start) + lab.slice(start + length)),
      ),
      { numRuns: 100 },
    );
  });
});
