import { printNftRuleSet } from "../../config/nft/print-rule-set.ts";
import type { NftChain, NftRule, NftRuleSet } from "../../config/nft/rule-set.ts";
import { liveRuleSet } from "../../linux/netfilter/nft/setup.ts";
import type { World } from "../../linux/world.ts";
import { Complaint, type Invocation, needNetns, netnsName, type Outcome, printed } from "./command.ts";

/** `nft [-s] list ruleset|tables|table FAMILY NAME`, and commands that change rules. */
export function nft(invocation: Invocation): Outcome {
  const { world } = invocation;
  const netns = needNetns(invocation, "ip netns exec node1 nft list ruleset");
  const texts = invocation.words.map(({ text }) => text);
  const stateless = texts.some((word) => word === "-s" || word === "--stateless");
  const [action, what, family, name] = texts.filter((word) => !word.startsWith("-"));
  if (action !== "list") return change(invocation, netns);
  const ruleSet = counted(world, netns);
  if (what === "ruleset") return { kind: "text", text: printNftRuleSet(ruleSet, { stateless }) };
  if (what === "tables") return printed(ruleSet.tables.map((table) => `table ${table.family} ${table.name}`));
  if (what !== "table")
    throw new Complaint("Here nft lists: nft [-s] list ruleset, nft list tables and nft list table FAMILY NAME.");
  // The family may be left out, and is ip then.
  const [itsFamily, itsName] = name === undefined ? ["ip", family] : [family, name];
  const tables = ruleSet.tables.filter((table) => table.family === itsFamily && table.name === itsName);
  if (tables.length === 0) throw new Complaint("Error: No such file or directory");
  return { kind: "text", text: printNftRuleSet({ tables }, { stateless }) };
}

function change(invocation: Invocation, netns: number): Outcome {
  const script = invocation.words.map(({ text }) => text).join(" ");
  const written = /[{};]/.test(script) ? JSON.stringify(script) : script;
  return { kind: "statement", statement: `nft -n ${netnsName(invocation, netns)} ${written}`, said: "" };
}

/** The rules with what they have counted until now. */
function counted(world: World, netns: number): NftRuleSet {
  const { nftTables } = world;
  const rows = new Map(nftTables.ofNetns(netns).map((row) => [nftTables.nameOf(row), row]));
  const tables = liveRuleSet(world, netns).tables.map((table) => {
    const row = rows.get(`${table.family} ${table.name}`) ?? 0;
    return { ...table, chains: table.chains.map((chain) => countedChain(world, netns, row, chain)) };
  });
  return { tables };
}

function countedChain({ netfilter }: World, netns: number, table: number, chain: NftChain): NftChain {
  const row = netfilter.findNftChain(netns, table, chain.name);
  if (row === 0) return chain;
  const rules = netfilter.chainRules.get(row).flatMap((rule): NftRule[] => {
    const own = netfilter.nftRule.get(rule);
    const counters = { packets: netfilter.rulePackets.get(rule), bytes: netfilter.ruleBytes.get(rule) };
    if (own === null) return [];
    const statements = own.statements.map((one) => (one.statement === "counter" ? { ...one, ...counters } : one));
    return [{ ...own, statements }];
  });
  return { ...chain, rules };
}
