import { type Rule, type RuleChain, type RuleTable, tableNames } from "../../config/iptables/rule-set.ts";
import { policy } from "../../linux/netfilter/rules.ts";
import type { World } from "../../linux/world.ts";

/** The rules of a namespace as values, with the counters as they are now. */
export function ruleTablesOf(world: World, netns: number): readonly RuleTable[] {
  const { netfilter } = world;
  return tableNames.flatMap((name) => {
    const chains = netfilter.chainsInOrder(netns, name).map((row): RuleChain => {
      const decided = netfilter.chainPolicy.get(row);
      return {
        name: netfilter.chainName.get(row),
        policy: decided === policy.none ? undefined : decided === policy.drop ? "DROP" : "ACCEPT",
        counters: { packets: netfilter.chainPackets.get(row), bytes: netfilter.chainBytes.get(row) },
        rules: netfilter.chainRules.get(row).flatMap((rule) => counted(world, rule)),
        line: 0,
      };
    });
    return chains.length === 0 ? [] : [{ name, chains, line: 0 }];
  });
}

function counted({ netfilter }: World, row: number): readonly Rule[] {
  const rule = netfilter.rule.get(row);
  const counters = { packets: netfilter.rulePackets.get(row), bytes: netfilter.ruleBytes.get(row) };
  return rule === null ? [] : [{ ...rule, counters }];
}
