import type { NatRange } from "../../config/iptables/rule-set.ts";
import { anyPort } from "../choices.ts";
import type { Tuple } from "../conntrack/tuple.ts";
import type { World } from "../world.ts";

/**
 * Whether a rule leads, by itself or by the chain that it jumps to, to where these answers come from; undefined when it
 * translates no destination, so that its choice is another one.
 */
export function leadsTo({ netfilter }: World, netns: number, row: number, answers: Tuple): boolean | undefined {
  const target = netfilter.rule.get(row)?.target;
  if (target?.target === "DNAT") return isTranslation(target.range, answers);
  if (target?.target !== "jump" && target?.target !== "goto") return undefined;
  const chain = netfilter.findChain(netns, netfilter.tableOf(netfilter.ruleChain.get(row)), target.chain);
  if (chain === 0) return undefined;
  let leads: boolean | undefined;
  for (const one of netfilter.chainRules.get(chain)) {
    const translation = netfilter.rule.get(one)?.target;
    if (translation?.target === "DNAT") leads = leads === true || isTranslation(translation.range, answers);
  }
  return leads;
}

/** Whether a translation of destinations to this range is where answers come from. */
export function isTranslation({ addresses, ports }: NatRange, { source, sourcePort }: Tuple): boolean {
  const isAddress = addresses === undefined || (source >= addresses.first && source <= addresses.last);
  return (
    isAddress &&
    (ports === undefined || sourcePort === anyPort || (sourcePort >= ports.first && sourcePort <= ports.last))
  );
}
