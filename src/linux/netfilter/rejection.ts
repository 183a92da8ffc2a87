import type { RejectAnswer } from "../../config/iptables/rule-set.ts";
import type { World } from "../world.ts";

/** What a rule answers to those that it rejects; undefined where it rejects none. */
export function rejectionOf({ netfilter }: World, row: number): RejectAnswer | undefined {
  const target = netfilter.rule.get(row)?.target;
  if (target?.target === "REJECT") return target.with;
  const statement = netfilter.nftRule.get(row)?.statements.at(-1);
  return statement?.statement === "reject" ? statement.answer : undefined;
}
