import { printRule } from "./print-rule.ts";
import { hooksOfTable, type RuleChain, type RuleCounters, type RuleTable } from "./rule-set.ts";

export interface PrintOptions {
  /** As with `iptables-save -c`: packets and bytes before each rule. */
  readonly counters?: boolean;
}

/** What `iptables-save` prints for these tables (iptables 1.8.9 on nf_tables), without its comments. */
export function printRuleSet(tables: readonly RuleTable[], options: PrintOptions = {}): string {
  const shown = saveOrder.flatMap((name) => tables.filter((table) => table.name === name));
  return shown.map((table) => printTable(table, options)).join("");
}

/** The order in which iptables goes through the tables (iptables/nft.h, `enum nft_table_type`). */
const saveOrder = ["mangle", "raw", "filter", "nat"] as const;

function printTable(table: RuleTable, { counters = false }: PrintOptions): string {
  const chains = chainsInOrder(table);
  const rules = chains.flatMap((chain) =>
    chain.rules.map((rule) => {
      const text = printRule(rule);
      return `${counters ? `${countersText(rule.counters)} ` : ""}-A ${chain.name}${text === "" ? "" : ` ${text}`}`;
    }),
  );
  const heads = chains.map(
    ({ name, policy, counters: counted }) => `:${name} ${policy ?? "-"} ${countersText(counted)}`,
  );
  return [`*${table.name}`, ...heads, ...rules, "COMMIT"].map((line) => `${line}\n`).join("");
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
