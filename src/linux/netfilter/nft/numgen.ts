import { isInPart } from "../../../config/nft/data-types.ts";
import type { Element, Selector } from "../../../config/nft/rule-set.ts";
import { seenAnswers } from "../../choices.ts";
import type { Tuple } from "../../conntrack/tuple.ts";
import type { World } from "../../world.ts";
import { isTranslation } from "../endpoint.ts";
import type { Subject } from "../subject.ts";

type Numgen = Extract<Selector, { field: "numgen" }>;

/** net/netfilter/nft_numgen.c: the next number, or one by chance. `ways`: where each number leads, to draw what Linux was seen to draw. */
export function drawNumber(
  world: World,
  row: number,
  { mode, modulus, offset }: Numgen,
  { at, packet }: Subject,
  ways: readonly Element[],
): number {
  const { ruleMemory } = world.netfilter;
  if (mode === "inc") {
    const memory = ruleMemory.get(row);
    const count = memory[numgenMemory]?.count ?? 0;
    ruleMemory.set(row, { ...memory, [numgenMemory]: { count: (count + 1) % modulus, atNs: 0 } });
    return count + offset;
  }
  if (at.chosen === row && at.chosenNumber !== undefined) return at.chosenNumber;
  // `reciprocal_scale`.
  const drawn = Math.floor((world.sim.random.nextUint32() * modulus) / 2 ** 32) + offset;
  const seen = modulus === 1 ? undefined : seenAnswers(world, world.packets.connection.get(packet));
  return (seen && numberThatLeadsTo(world, row, ways, seen, { modulus, offset })) ?? drawn;
}

/** Where the rule's memory keeps the number: no statement has this place. */
const numgenMemory = -1;

function numberThatLeadsTo(
  world: World,
  row: number,
  ways: readonly Element[],
  answers: Tuple,
  { modulus, offset }: Pick<Numgen, "modulus" | "offset">,
): number | undefined {
  const way = ways.find(({ data }) => {
    const verdict = data !== undefined && "verdict" in data ? data.verdict : undefined;
    return verdict !== undefined && "chain" in verdict && leadsTo(world, row, verdict.chain, answers);
  });
  if (way === undefined) return undefined;
  for (let number = offset; number < offset + modulus; number++) if (isInPart(way.key[0], number)) return number;
  return undefined;
}

/** Whether the chain translates to where these answers come from. */
function leadsTo({ netfilter }: World, row: number, name: string, answers: Tuple): boolean {
  const chain = netfilter.findBeside(netfilter.ruleChain.get(row), name);
  if (chain === 0) return false;
  return netfilter.chainRules.get(chain).some((one) =>
    netfilter.nftRule.get(one)?.statements.some((statement) => {
      return statement.statement === "nat" && statement.nat === "dnat" && isTranslation(statement.range, answers);
    }),
  );
}
