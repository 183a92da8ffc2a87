import type { Match, Rule, RuleTable, TableName, Target } from "../../../src/config/iptables/rule-set.ts";

const counters = { packets: 0, bytes: 0 };

/** A rule as a value: what it asks of the header, then its matches and target. */
export function rule(target: Target | undefined, matches: readonly Match[] = [], header: Partial<Rule> = {}): Rule {
  return { matches, target, counters, line: 0, ...header };
}

/** A table of these chains; those with a policy are built in. */
export function table(
  name: TableName,
  chains: Readonly<Record<string, { policy?: "ACCEPT" | "DROP"; rules?: readonly Rule[] }>>,
): RuleTable {
  const rows = Object.entries(chains).map(([chain, { policy, rules = [] }]) => ({
    ...{ name: chain, policy, counters, rules, line: 0 },
  }));
  return { name, chains: rows, line: 0 };
}

export const udp = { protocol: { value: 17, inverted: false } };
export const tcp = { protocol: { value: 6, inverted: false } };
export const icmp = { protocol: { value: 1, inverted: false } };
