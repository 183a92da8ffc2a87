import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

/** A snippet as it stands after Tab, Tab, Tab: every place has its default. */
function expanded(body: string | string[]): string {
  const text = Array.isArray(body) ? body.join("\n") : body;
  return text
    .replaceAll(/\$\{\d+\|([^,|]*)[^}]*\}/g, "$1")
    .replaceAll(/\$\{\d+:([^}]*)\}/g, "$1")
    .replaceAll("$0", "");
}

/** Where a snippet's text can stand. */
const frames: Readonly<Record<string, (text: string) => string>> = {
  deployment: (text) => `node n\n${text}`,
  pod: (text) => `node n {\n${text}\n}`,
  dns: (text) => `cluster {\n${text}\n}\nnode n`,
  listen: (text) => `node n { pod p { container c {\n${text}\n} } }`,
  veth: (text) => `netns h1\nnetns h2\n${text}`,
  hub: (text) => `netns h1\nnetns h2\n${text}`,
  netns: (text) => `${text}\nnetns r\nveth h1/eth0 address 10.0.0.2/24 <-> r/eth0 address 10.0.0.1/24`,
};
/** What the import snippet names. */
const imports = new Map([["services.yaml", { uri: "services.yaml", text: "" }]]);
const inScenario = ["ping", "curl", "dig", "udp", "tcp", "parallel", "expect-neigh"];
const pods = "node n { podCIDR 10.244.1.0/24; pod pod1; pod pod2 }\n";

const snippets = Object.entries(json("snippets/k8snet.code-snippets")) as [string, { prefix: string; body: string }][];

test.each(snippets)("the snippet %s compiles as it is", (_name, { prefix, body }) => {
  const text = expanded(body);
  const framed = frames[prefix]?.(text) ?? text;
  const file = inScenario.includes(prefix)
    ? `${pods}scenario "s" {\n${text}\n}`
    : prefix === "scenario"
      ? pods + text
      : framed;
  const errors = compileSync(file, "snippet", imports).diagnostics.filter(({ severity }) => severity === "error");
  expect(errors.map(({ range, message }) => `${range.line}: ${message}`)).toEqual([]);
});

interface Rule {
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly include?: string;
  readonly patterns?: readonly Rule[];
}

function rulesIn(rule: Rule): Rule[] {
  return [rule, ...(rule.patterns ?? []).flatMap(rulesIn)];
}

test("every pattern of the colouring is a regular expression, every include a rule", () => {
  const grammar = json("syntaxes/k8snet.tmLanguage.json");
  const repository = grammar.repository as Record<string, Rule>;
  const rules = [...Object.values(repository), ...(grammar.patterns as Rule[])].flatMap(rulesIn);
  for (const { match, begin, end, include } of rules) {
    for (const pattern of [match, begin, end])
      if (pattern !== undefined) expect(() => new RegExp(pattern)).not.toThrow();
    if (include?.startsWith("#")) expect(Object.keys(repository)).toContain(include.slice(1));
  }
});

test("every word that the labs begin a line with is coloured as a word of the language", () => {
  const { repository } = json("syntaxes/k8snet.tmLanguage.json") as { repository: Record<string, Rule> };
  const beginnings = ["declaration", "container", "cable", "statement", "setting"].map(
    (rule) => repository[rule].match ?? "",
  );
  const known = [...beginnings, repository.expectation.begin ?? ""].map((pattern) => new RegExp(pattern));
  const labs = readdirSync("test/labs", { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".k8snet"),
  );
  for (const lab of labs) {
    // What stands between """ and """ is of another language.
    const text = readFileSync(`test/labs/${lab}`, "utf8").replace(/"""[^"]*(?:"(?!"")[^"]*)*"""/g, "TEXT");
    for (const line of text.split("\n")) {
      if (!/^\s*[a-z]/.test(line)) continue;
      expect(
        known.some((pattern) => pattern.exec(line)?.index === 0),
        line,
      ).toBe(true);
    }
  }
});
