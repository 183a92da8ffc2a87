import { printRule } from "./print-rule.ts";
import type { RuleTable } from "./rule-set.ts";

/** A text for `iptables-restore -c` that says what the tables say, chains and rules in their order, none added. */
export function restoreText(tables: readonly RuleTable[]): string {
  return tables
    .flatMap(({ name, chains }) => [
      `*${name}`,
      ...chains.flatMap((chain) => {
        const { packets, bytes } = chain.counters;
        return chain.declared === false ? [] : [`:${chain.name} ${chain.policy ?? "-"} [${packets}:${bytes}]`];
      }),
      ...chains.flatMap((chain) =>
        chain.rules.map((rule) =>
          `[${rule.counters.packets}:${rule.counters.bytes}] -A ${chain.name} ${printRule(rule)}`.trimEnd(),
        ),
      ),
      "COMMIT",
    ])
    .map((line) => `${line}\n`)
    .join("");
}
