import { ruleSetLines } from "../../config/iptables/print-rule-set.ts";
import { nftLines } from "../../config/nft/print-rule-set.ts";
import { liveRuleSet } from "../../linux/netfilter/nft/setup.ts";
import { ruleTables } from "../../linux/netfilter/rule-tables.ts";
import type { World } from "../../linux/world.ts";
import type { DocumentLine } from "./rule-document.ts";

/**
 * The programs that print the rules of a namespace. They show no counters, and no elements that rules put into sets: text that
 * changed under the reader's eyes would move his breakpoints.
 */
export const rulePrinters = ["iptables-save", "nft"] as const;
export type RulePrinter = (typeof rulePrinters)[number];

/** What the program prints, line by line. */
export function ruleLines(world: World, netns: number, printer: RulePrinter): readonly DocumentLine[] {
  return printer === "nft" ? nftDocumentLines(world, netns) : iptablesLines(world, netns);
}

/** Values that are all the same as long as nobody changed what the program prints; none where it prints nothing. */
export function ruleSignature(world: World, netns: number, printer: RulePrinter): readonly unknown[] {
  const { netfilter, nftTables } = world;
  const isNft = printer === "nft";
  const chains = netfilter.allChainsOf(netns).filter((chain) => (netfilter.nftTableOf(chain) !== 0) === isNft);
  const signature = chains.flatMap((chain): unknown[] => [
    ...[chain, netfilter.chainRules.get(chain), netfilter.nftChain.get(chain)],
  ]);
  if (!isNft) return signature;
  const tables = nftTables.ofNetns(netns);
  const sets = tables.flatMap((table) => nftTables.setsOf(table)).map((row) => nftTables.set.get(row));
  return [...tables, ...signature, ...sets.map((set) => (set?.definition.dynamic ? set.definition : set?.elements))];
}

function iptablesLines(world: World, netns: number): readonly DocumentLine[] {
  return ruleSetLines(ruleTables(world, netns)).map(({ text, table, chain, rule }) => ({
    text,
    chain: chain === undefined ? 0 : world.netfilter.findChain(netns, table, chain),
    rule,
  }));
}

function nftDocumentLines(world: World, netns: number): readonly DocumentLine[] {
  const { netfilter, nftTables } = world;
  const rows = new Map(nftTables.ofNetns(netns).map((row) => [nftTables.nameOf(row), row]));
  return nftLines(liveRuleSet(world, netns), { stateless: true }).map(({ text, family, table, chain, rule }) => {
    const row = rows.get(`${family} ${table}`) ?? 0;
    return { text, chain: chain === undefined ? 0 : netfilter.findNftChain(netns, row, chain), rule };
  });
}
