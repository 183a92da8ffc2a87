import type { RuleTable } from "../../config/iptables/rule-set.ts";
import { printNftRule } from "../../config/nft/print-rule.ts";
import { chainNamed, type NftRuleSet } from "../../config/nft/rule-set.ts";
import type { RuleTrace, TriedRule } from "./flow.ts";
import { type RuleSummary, summarize } from "./summary.ts";

/** What becomes of a packet, and why, with the rules as they stand in the text that they were read from. */
export interface RuleReport extends RuleSummary {
  /** The rules that matched on some way, in the order in which they were met: `-t TABLE -A CHAIN …`, or `add rule ip TABLE CHAIN …`. */
  readonly by: readonly string[];
  /** These, and those that did not match. */
  readonly tried: readonly { readonly rule: string; readonly matched: boolean }[];
}

/** The rules that a packet was traced through. */
export interface TracedRules {
  readonly tables: readonly RuleTable[];
  /** What `tables` were read from. */
  readonly text: string;
  readonly nft: NftRuleSet;
}

export function reportTrace(trace: RuleTrace, rules: TracedRules): RuleReport {
  const lines = rules.text.split("\n");
  const tried = trace.tried.map((one) => ({
    rule: one.program === "nft" ? nftRuleText(one, rules.nft) : ruleText(one, rules.tables, lines),
    matched: one.matched,
  }));
  const by = tried.filter(({ matched }) => matched).map(({ rule }) => rule);
  return { ...summarize(trace), by, tried };
}

function ruleText({ table, chain, rule }: TriedRule, tables: readonly RuleTable[], lines: readonly string[]): string {
  if (rule === undefined) return `-t ${table} -P ${chain} DROP`;
  const found = tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === chain);
  const line = found?.rules[rule]?.line ?? 0;
  // In front of a rule there may be its counters: [12:345] -A FORWARD …
  return `-t ${table} ${lines[line - 1].trim().replace(/^\[\d+:\d+\] /, "")}`;
}

function nftRuleText({ table: name, chain, rule }: TriedRule, { tables }: NftRuleSet): string {
  if (rule === undefined) return `chain ${name} ${chain} policy drop`;
  const table = tables.find((one) => `${one.family} ${one.name}` === name);
  const found = chainNamed(table, chain)?.rules[rule];
  return `add rule ${name} ${chain} ${found === undefined ? "" : printNftRule(found, table?.family ?? "ip", "stateless")}`;
}
