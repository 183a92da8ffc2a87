import { printRule } from "./print-rule.ts";
import { hooksOfTable, type RuleChain, type RuleCounters, type RuleTable, type TableName } from "./rule-set.ts";

export interface PrintOptions {
  /** As with `iptables-save -c`: packets and bytes before each rule. */
  readonly counters?: boolean;
}

/** One line of what `iptables-save` prints, and what it says. */
export interface RuleSetLine {
  readonly text: string;
  readonly table: TableName;
  /** Of a chain's head, and of a rule. */
  readonly chain?: string;
  /** The rule's place in its chain, counted from 0. */
  readonly rule?: number;
}

/** What `iptables-save` prints for these tables (iptables 1.8.9 on nf_tables), without its comments. */
export function printRuleSet(tables: readonly RuleTable[], options: PrintOptions = {}): string {
  return ruleSetLines(tables, options)
    .map(({ text }) => `${text}\n`)
    .join("");
}

/** The same, line by line. */
export function ruleSetLines(tables: readonly RuleTable[], options: PrintOptions = {}): readonly RuleSetLine[] {
  const shown = saveOrder.flatMap((name) => tables.filter((table) => table.name === name));
  return shown.flatMap((table) => tableLines(table, options));
}

/** The order in which iptables goes through the tables (iptables/nft.h, `enum nft_table_type`). */
const saveOrder = ["mangle", "raw", "filter", "nat"] as const;

function tableLines(table: RuleTable, { counters = false }: PrintOptions): readonly RuleSetLine[] {
  const { name } = table;
  const chains = chainsInOrder(table);
  const heads = chains.map((chain) => ({
    text: `:${chain.name} ${chain.policy ?? "-"} ${countersText(chain.counters)}`,
    table: name,
    chain: chain.name,
  }));
  const rules = chains.flatMap((chain) =>
    chain.rules.map((rule, index) => {
      const text = printRule(rule);
      const counted = counters ? `${countersText(rule.counters)} ` : "";
      return {
        text: `${counted}-A ${chain.name}${text === "" ? "" : ` ${text}`}`,
        table: name,
        chain: chain.name,
        rule: index,
      };
    }),
  );
  return [{ text: `*${name}`, table: name }, ...heads, ...rules, { text: "COMMIT", table: name }];
}

/** Built-in chains as packets meet them, also those that nobody wrote, then the others by name. */
function chainsInOrder(table: RuleTable): readonly RuleChain[] {
  const builtIn = hooksOfTable[table.name];
  const hooks = builtIn.map((name) => table.chains.find((chain) => chain.name === name) ?? emptyChain(name));
  const others = table.chains.filter(({ name }) => !(builtIn as readonly string[]).includes(name));
  return [...hooks, ...others.toSorted((one, other) => (one.name < other.name ? -1 : 1))];
}

function emptyChain(name: string): RuleChain {
  return { name, policy: "ACCEPT", counters: { packets: 0, bytes: 0 }, rules: [], line: 0 };
}

function countersText({ packets, bytes }: RuleCounters): string {
  return `[${packets}:${bytes}]`;
}
