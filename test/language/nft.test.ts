import { expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { shellForm } from "../../src/plan/shell/commands.ts";
import { NamespaceNames } from "../../src/plan/shell/namespace-names.ts";

const compiled = (text: string) => compileSync(text, "lab", new Map());

const problems = (text: string) =>
  compiled(text)
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(({ range, message }) => `${range.line}:${range.column}-${range.endColumn} ${message}`);

const scenario = (line: string) => `netns a\nscenario "s" {\n  ${line}\n}`;
const shell = (text: string) => {
  const { plan } = compiled(text);
  const commands = [...(plan?.setUp() ?? [])].filter((one) => one.do === "nft");
  return commands.flatMap((command) => shellForm(command, new NamespaceNames("x-")).commands);
};

test("1. a block of nftables becomes a command of the set-up: nft reads the text as it stands", () => {
  const block = "table ip t {\n  chain c { accept; }\n}\n";
  expect(shell(`netns a {\n  nft """\n${block}"""\n}`)).toEqual([
    { argv: ["ip", "netns", "exec", "x-a", "nft", "-f", "-"], input: `\n${block}` },
  ]);
});

test("2. a problem in a block stands at its line and word of the file, also one that only the kernel would see", () => {
  const block = (...lines: readonly string[]) => `netns a {\n  nft """\n${lines.join("\n")}\n"""\n}`;
  expect(problems(block("table ip t {", " chain c {", "  meta cpu 1 accept", " }", "}"))).toEqual([
    expect.stringMatching(/^5:3-11 "meta cpu" is not supported/),
  ]);
  expect(problems(block("table ip t {", " chain c {", "  jump d", " }", "}"))).toEqual([
    "5:3-7 There is no chain d in the table ip t.",
  ]);
  expect(problems(block("table ip t {", " chain c {", "  accept"))).toEqual([
    '5:9-10 "}" is missing: the block of c is cut off.',
  ]);
  expect(problems("netns a {\n  nft\n}")).toEqual([
    '2:3-6 The rules are missing: write them between """ and """, as nft list ruleset prints them.',
  ]);
  expect(problems(`netns a {\n  nft -f """\n"""\n}`)).toEqual(['2:7-9 "-f" does not belong here: nft takes a text.']);
});

test("3. a second block goes on from the first; a table that neither makes may be there when it is loaded", () => {
  const blocks = (second: string) =>
    `netns a {\n  nft """\ntable ip t { chain c { accept; } ; }\n"""\n  nft """\n${second}\n"""\n}`;
  expect(problems(blocks("add rule ip t c drop"))).toEqual([]);
  expect(problems(blocks("add rule ip t d drop"))).toEqual(["6:15-21 There is no chain d in the table ip t."]);
  expect(problems(blocks("add rule ip kube-proxy services drop"))).toEqual([]);
});

test("4. nft in a scenario: what has braces stands in quotes, as in a shell", () => {
  expect(problems(scenario("nft -n a add rule ip t c ip saddr 10.0.0.1 drop"))).toEqual([]);
  expect(problems(scenario('nft -n a "add element ip t s { 10.0.0.1 . 80 }"'))).toEqual([]);
  expect([
    ...problems(scenario("nft -n a add rule ip t c ip saddr 10.0.0.300 drop")),
    ...problems(scenario("nft -n a list ruleset")),
    ...problems(scenario("nft -n a")),
    ...problems(scenario("nft add table t")),
  ]).toEqual([
    '3:37-47 "10.0.0.300" is not an IPv4 address, such as 10.96.0.10 or 10.244.0.0/16.',
    '3:12-16 "list" is not a command: write add, delete or flush, and table, chain, rule, set, map, element.',
    "3:10-11 Write what nft is to do, such as add rule ip filter forward drop.",
    "3:7-10 Say in which namespace: nft -n NAME …, such as nft -n node1 add rule ip filter forward drop.",
  ]);
});

test("5. a statement is one argument of nft", () => {
  const { plan } = compiled(scenario('nft -n a "add element ip t s { 10.0.0.1 . 80 }"'));
  const [statement] = plan.scenarios[0].statements;
  if (statement.do !== "configure") throw new Error(statement.do);
  expect(shellForm(statement.commands[0], new NamespaceNames("x-")).commands).toEqual([
    { argv: ["ip", "netns", "exec", "x-a", "nft", "add element ip t s { 10.0.0.1 . 80 }"] },
  ]);
});

test("6. kube-proxy in nftables mode: one script for each node, and none of iptables", () => {
  const cluster = (more: string) => `cluster { proxy nftables; ${more} }\nnode n { podCIDR 10.244.0.0/24 }
service s { clusterIP 10.96.0.1; port 80; endpoints 10.244.0.9 }`;
  const { plan } = compiled(cluster(""));
  const kinds = [...(plan?.setUp() ?? [])].map((one) => one.do).filter((name) => /nft|iptables/.test(name));
  expect(kinds).toEqual(["nft"]);
  expect(shell(cluster(""))[0].input).toContain(
    "add element ip kube-proxy service-ips { 10.96.0.1 . tcp . 80 : goto service-",
  );
});
