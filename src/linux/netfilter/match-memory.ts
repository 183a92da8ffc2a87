import type { Match } from "../../config/iptables/rule-set.ts";
import { seenAnswers } from "../choices.ts";
import type { World } from "../world.ts";
import { leadsTo } from "./endpoint.ts";
import type { Subject } from "./subject.ts";

const unitNs = { sec: 1e9, min: 60e9, hour: 3600e9, day: 86_400e9 } as const;

/**
 * `-m limit`: a bucket that holds `burst` packets and fills at the average rate. Tokens are nanoseconds, as in
 * net/netfilter/nft_limit.c, which is what iptables-nft makes of this match.
 */
export function matchLimit(
  world: World,
  row: number,
  index: number,
  { average, per, burst }: Extract<Match, { match: "limit" }>,
): boolean {
  const { ruleMemory } = world.netfilter;
  const { nowNs } = world;
  const memory = ruleMemory.get(row);
  const most = Math.floor((unitNs[per] * burst) / average);
  const before = memory[index] ?? { count: most, atNs: nowNs };
  const tokens = Math.min(most, before.count + nowNs - before.atNs);
  const cost = Math.floor(unitNs[per] / average);
  const isWithin = tokens >= cost;
  ruleMemory.set(row, { ...memory, [index]: { count: isWithin ? tokens - cost : tokens, atNs: nowNs } });
  return isWithin;
}

/** net/netfilter/xt_statistic.c: by chance, or every so many packets. */
export function matchStatistic(
  world: World,
  row: number,
  index: number,
  match: Extract<Match, { match: "statistic" }>,
  subject: Subject,
): boolean {
  if (match.mode === "random") return matchByChance(world, row, match, subject);
  const { ruleMemory } = world.netfilter;
  const memory = ruleMemory.get(row);
  const count = memory[index]?.count ?? 0;
  ruleMemory.set(row, { ...memory, [index]: { count: (count + 1) % match.every, atNs: 0 } });
  return (count === match.packet) !== match.inverted;
}

function matchByChance(
  world: World,
  row: number,
  { probability31, inverted }: Extract<Match, { mode: "random" }>,
  { packet, netns, at }: Subject,
): boolean {
  if (at.chosen !== 0) return row === at.chosen;
  const number = world.sim.random.nextUint32() >>> 1;
  const isDrawn = number < probability31 !== inverted;
  // What is certain is no choice.
  if (probability31 === 0 || probability31 >= 2 ** 31) return isDrawn;
  const seen = seenAnswers(world, world.packets.connection.get(packet));
  return (seen && leadsTo(world, netns, row, seen)) ?? isDrawn;
}
