import { bounds } from "../config/nft/data-types.ts";
import type { Element, Statement, Verdict } from "../config/nft/rule-set.ts";
import type { HookPosition } from "../linux/netfilter/position.ts";
import type { World } from "../linux/world.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import type { StepTarget } from "./step-targets.ts";

/**
 * The endpoints among which the rules that follow in this chain of nftables draw a number, or those of the chain that this rule
 * leads to by itself.
 */
export function nftEndpoints(world: World, at: HookPosition): readonly StepTarget[] {
  const { netfilter } = world;
  const here = drawnIn(world, at.chain, at.rule);
  if (here.length > 0) return here;
  const last = statementsAt(world, netfilter.chainRules.get(at.chain)[at.rule]).at(-1);
  if (last?.statement !== "verdict" || !leadsOn(last.verdict)) return [];
  const into = netfilter.findBeside(at.chain, last.verdict.chain);
  return into === 0 ? [] : drawnIn(world, into, 0);
}

function drawnIn(world: World, chain: number, from: number): readonly StepTarget[] {
  const { netfilter } = world;
  for (const rule of netfilter.chainRules.get(chain).slice(from)) {
    const elements = drawnElements(statementsAt(world, rule));
    if (elements.length > 1) return elements.flatMap((element) => targetOf(world, chain, rule, element));
  }
  return [];
}

/** `numgen random mod 2 vmap { 0 : goto …, 1 : goto … }`. */
function drawnElements(statements: readonly Statement[]): readonly Element[] {
  const found = statements.find((one) => {
    if (one.statement !== "vmap" || one.map.kind !== "anonymous set") return false;
    const [selector] = one.selectors;
    return selector.field === "numgen" && selector.mode === "random";
  });
  return found?.statement === "vmap" && found.map.kind === "anonymous set" ? found.map.elements : [];
}

function targetOf(world: World, chain: number, rule: number, { key, data }: Element): readonly StepTarget[] {
  const verdict = data !== undefined && "verdict" in data ? data.verdict : undefined;
  if (verdict === undefined || !leadsOn(verdict)) return [];
  const into = world.netfilter.findBeside(chain, verdict.chain);
  const label = `${addressOf(world, into) ?? ""}${addressOf(world, into) === undefined ? "" : " by "}${verdict.chain}`;
  return [{ kind: "endpoint", label, chain, rule, number: bounds(key[0]).first, into }];
}

function leadsOn(verdict: Verdict): verdict is Extract<Verdict, { chain: string }> {
  return verdict.verdict === "jump" || verdict.verdict === "goto";
}

/** `10.244.1.9:8080`: where the chain translates to, if it does. */
function addressOf(world: World, chain: number): string | undefined {
  for (const rule of chain === 0 ? [] : world.netfilter.chainRules.get(chain))
    for (const statement of statementsAt(world, rule)) {
      if (statement.statement !== "nat" || statement.range.addresses === undefined) continue;
      const { addresses, ports } = statement.range;
      return `${formatIpv4(addresses.first)}${ports === undefined ? "" : `:${ports.first}`}`;
    }
  return undefined;
}

function statementsAt({ netfilter }: World, row: number | undefined): readonly Statement[] {
  return (row === undefined ? undefined : netfilter.nftRule.get(row)?.statements) ?? [];
}
