import { type RuleChain, type RuleTable, tableNames } from "../../config/iptables/rule-set.ts";
import type { World } from "../world.ts";
import { policy } from "./rules.ts";

const noCounters = { packets: 0, bytes: 0 };

/** The rules of a namespace as values. */
export function ruleTables(world: World, netns: number): readonly RuleTable[] {
  const { netfilter } = world;
  return tableNames.flatMap((name) => {
    const rows = netfilter.chainsInOrder(netns, name);
    const chains = rows.map((row): RuleChain => {
      const decided = netfilter.chainPolicy.get(row);
      return {
        name: netfilter.chainName.get(row),
        policy: decided === policy.none ? undefined : decided === policy.drop ? "DROP" : "ACCEPT",
        counters: noCounters,
        rules: netfilter.chainRules.get(row).flatMap((rule) => netfilter.rule.get(rule) ?? []),
        line: 0,
      };
    });
    return chains.length === 0 ? [] : [{ name, chains, line: 0 }];
  });
}
