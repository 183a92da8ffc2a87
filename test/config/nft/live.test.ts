import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseScript } from "../../../src/config/nft/parse-script.ts";
import { printNftRuleSet } from "../../../src/config/nft/print-rule-set.ts";
import { applyCommands, emptyRuleSet } from "../../../src/config/nft/transaction.ts";

const netns = `k8snet-nft-${process.pid}`;
const text = readFileSync(new URL("broad.nft", import.meta.url), "utf8");
const run = (argv: readonly string[], input = "") => spawnSync(argv[0], argv.slice(1), { input, encoding: "utf8" });
const version = run(["nft", "--version"]).stdout ?? "";
const isPossible = process.getuid?.() === 0 && version.includes("v1.0.6");
if (!isPossible) console.warn("Not compared with the real nft: that needs root and nftables 1.0.6.");

test.runIf(isPossible)("the real nft list ruleset prints what is printed here", () => {
  expect(run(["ip", "netns", "add", netns]).status).toBe(0);
  try {
    const inside = ["ip", "netns", "exec", netns];
    expect(run([...inside, "nft", "-f", "-"], text).stderr).toBe("");
    const listed = run([...inside, "nft", "list", "ruleset"]).stdout;
    const applied = applyCommands(emptyRuleSet, parseScript(text).commands);
    expect("ruleSet" in applied && printNftRuleSet(applied.ruleSet)).toBe(listed);
  } finally {
    run(["ip", "netns", "del", netns]);
  }
});
