import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseRuleSet } from "../../../src/config/iptables/parse-rule-set.ts";
import { printRuleSet } from "../../../src/config/iptables/print-rule-set.ts";

const netns = `k8snet-rules-${process.pid}`;
const text = readFileSync(new URL("broad.restore.txt", import.meta.url), "utf8");
const run = (argv: readonly string[], input = "") => spawnSync(argv[0], argv.slice(1), { input, encoding: "utf8" });
const version = run(["iptables", "--version"]).stdout ?? "";
const isPossible = process.getuid?.() === 0 && version.includes("v1.8.9 (nf_tables)");
if (!isPossible)
  console.warn("Not compared with the real iptables-save: that needs root and iptables 1.8.9 (nf_tables).");

test.runIf(isPossible)("the real iptables-save prints what is printed here", () => {
  expect(run(["ip", "netns", "add", netns]).status).toBe(0);
  try {
    const inside = ["ip", "netns", "exec", netns];
    expect(run([...inside, "iptables-restore", "-c"], text).stderr).toBe("");
    const saved = run([...inside, "iptables-save", "-c"]).stdout.replace(/^#.*\n/gm, "");
    expect(printRuleSet(parseRuleSet(text).tables, { counters: true })).toBe(saved);
  } finally {
    run(["ip", "netns", "del", netns]);
  }
});
