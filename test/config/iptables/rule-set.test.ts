import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseRuleSet } from "../../../src/config/iptables/parse-rule-set.ts";
import { printRuleSet } from "../../../src/config/iptables/print-rule-set.ts";

const stored = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/** Reads a text without problems and prints it. */
function saved(text: string, counters = false): string {
  const { tables, problems } = parseRuleSet(text);
  expect(problems).toEqual([]);
  return printRuleSet(tables, { counters });
}

/** What is wrong with one rule, in a table with the chains FOO and BAR. */
function problemsOf(table: string, ...rules: string[]): readonly string[] {
  const text = [`*${table}`, ":FOO - [0:0]", ":BAR - [0:0]", ...rules, "COMMIT"].join("\n");
  return parseRuleSet(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe("rules as text", () => {
  test("1. what iptables-restore took is printed as iptables-save -c printed it", () => {
    expect(saved(stored("broad.restore.txt"), true)).toBe(stored("broad.save.txt"));
  });

  test("2. what iptables-save printed stays as it is", () => {
    expect(saved(stored("broad.save.txt"), true)).toBe(stored("broad.save.txt"));
  });

  test("3. chains are printed by name, tables in the kernel's order, and a COMMIT that is missing is told", () => {
    const text = "*nat\n:ZED - [0:0]\n:ABC - [0:0]\n:mid - [0:0]\nCOMMIT\n*filter\n:INPUT DROP [3:4]\nCOMMIT\n";
    expect(saved(text).match(/^[:*]\S+ ?\S*/gm)).toEqual([
      ...["*filter", ":INPUT DROP", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", "*nat", ":PREROUTING ACCEPT", ":INPUT ACCEPT"],
      ...[":OUTPUT ACCEPT", ":POSTROUTING ACCEPT", ":ABC -", ":ZED -", ":mid -"],
    ]);
    expect(parseRuleSet("*nat\n:PREROUTING ACCEPT [0:0]\n").problems).toEqual([
      { line: 2, column: 1, length: 1, message: "COMMIT is missing: the table *nat is cut off." },
    ]);
  });

  test.each(
    stored("refused.txt")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => [line]),
  )("4. refused as Linux refuses it: %s", (line) => {
    const [table, ...rule] = line.split(" ");
    const [problem] = problemsOf(table, rule.join(" "));
    expect(problem).toMatch(/^4:\d+ /);
  });

  test("5. a problem has its place and a sentence", () => {
    expect([
      ...problemsOf("filter", "-A INPUT -p tcp -m tcpmss --mss 1"),
      ...problemsOf("mangle", "-A PREROUTING -j TPROXY --on-port 1"),
      ...problemsOf("filter", "-A INPUT --dport 80"),
      ...problemsOf("nat", "-A FOO -j MASQUERADE", "-A PREROUTING -j FOO"),
      ...problemsOf("filter", "-A INPUT -j FOO", "-A FOO -j BAR", "-A BAR -j FOO"),
    ]).toEqual([
      '4:20 The match "tcpmss" is not supported.',
      "4:18 The target TPROXY is not supported.",
      "4:10 --dport needs -p tcp or udp or sctp before it.",
      "4:1 MASQUERADE belongs in the table nat under POSTROUTING; here PREROUTING of nat leads to it.",
      "6:1 The chains call each other in a circle: FOO → BAR → FOO.",
    ]);
  });

  test("6. no text makes it throw", () => {
    const text = stored("broad.save.txt");
    for (let end = 0; end < text.length; end += 7) parseRuleSet(text.slice(end, end + 331));
    expect(parseRuleSet('"').problems).toHaveLength(1);
  });
});
