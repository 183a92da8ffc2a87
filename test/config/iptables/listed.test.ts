import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { listTable } from "../../../src/config/iptables/list-rules.ts";
import { parseRuleSet } from "../../../src/config/iptables/parse-rule-set.ts";
import { tableNames } from "../../../src/config/iptables/rule-set.ts";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

test("rules are listed as `iptables -L -n -v` lists them", () => {
  const { tables, problems } = parseRuleSet(read("listed.restore.txt"));
  expect(problems).toEqual([]);
  const options = { verbose: true, exact: false, lineNumbers: false };
  const text = ["filter", "nat", "mangle", "raw"].flatMap((name) =>
    tables.filter((table) => table.name === name).flatMap((table) => listTable(table, options)),
  );
  expect(tableNames).toHaveLength(4);
  expect(text.map((line) => `${line}\n`).join("")).toBe(read("listed.txt"));
});
