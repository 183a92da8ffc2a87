import { printPart } from "../../config/nft/data-types.ts";
import { printStatement } from "../../config/nft/print-rule.ts";
import type { NftRule, Selector, Statement } from "../../config/nft/rule-set.ts";
import { printSelectors, typeOf } from "../../config/nft/selectors.ts";
import { evaluateMatch } from "../../linux/netfilter/nft/evaluate.ts";
import { load } from "../../linux/netfilter/nft/load.ts";
import type { Subject } from "../../linux/netfilter/subject.ts";
import type { World } from "../../linux/world.ts";

/**
 * The first statement of a rule of nftables that a packet does not fit, and what the packet has in its place: `tcp dport 80: tcp
 * dport is 443`. Undefined where it fits all of them, as far as that can be asked without chance and memory.
 */
export function nftMismatch(world: World, row: number, rule: NftRule, subject: Subject): string | undefined {
  for (const statement of rule.statements) {
    if (statement.statement !== "match" && statement.statement !== "vmap") continue;
    if (statement.selectors.some(({ field }) => field === "numgen")) continue;
    if (!evaluateMatch(world, row, statement, subject)) return mismatchText(world, statement, subject);
  }
  return undefined;
}

function mismatchText(
  world: World,
  statement: Extract<Statement, { statement: "match" | "vmap" }>,
  subject: Subject,
): string {
  const values = statement.selectors.map((selector) => valueText(world, selector, subject)).join(" . ");
  const names = printSelectors(statement.selectors);
  return `${printStatement(statement, "ip")}: ${names} is ${values}`;
}

function valueText(world: World, selector: Selector, subject: Subject): string {
  const value = selector.field === "numgen" ? undefined : load(world, selector.field, subject);
  return value === undefined ? "nothing that this packet has" : printPart(typeOf(selector), value);
}
