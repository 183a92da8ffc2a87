import type { NftCommand } from "../../../config/nft/commands.ts";
import type { Element, NftRuleSet, NftSet, NftTable } from "../../../config/nft/rule-set.ts";
import { applyCommands } from "../../../config/nft/transaction.ts";
import type { CommandFailure } from "../../setup/failure.ts";
import type { World } from "../../world.ts";
import { refreshHooks } from "../registered.ts";
import { isOver, withTime } from "./change-set.ts";
import type { LiveElement, LiveSet } from "./nft-tables.ts";

/** `nft -f`: all commands or, where one cannot be done, none. */
export function runScript(world: World, netns: number, commands: readonly NftCommand[]): CommandFailure {
  const before = liveRuleSet(world, netns);
  const result = applyCommands(before, commands);
  if (!("ruleSet" in result)) {
    const [{ line, message }] = result.problems;
    return `nft: line ${line}: ${message}`;
  }
  for (const table of nftTableRows(world, netns)) {
    const isKept = result.ruleSet.tables.some((one) => isNamed(world, table, one));
    if (!isKept) removeTable(world, netns, table);
  }
  for (const table of result.ruleSet.tables) bringUpToDate(world, netns, table);
  refreshHooks(world, netns);
  return undefined;
}

/** What a namespace has now, without elements that are out of date. Chains and rules are the objects that were written. */
export function liveRuleSet(world: World, netns: number): NftRuleSet {
  const { nftTables, netfilter, nowNs } = world;
  return {
    tables: nftTables.ofNetns(netns).flatMap((row): NftTable[] => {
      const head = nftTables.head.get(row);
      if (head === null) return [];
      const chains = netfilter.nftChainsOf(netns, row).flatMap((chain) => netfilter.nftChain.get(chain) ?? []);
      const sets = nftTables.setsOf(row).flatMap((set) => current(nftTables.set.get(set), nowNs) ?? []);
      return [{ ...head, chains, sets }];
    }),
  };
}

/** The same as `nft list ruleset` shows it: with what counters have counted, and how long elements stay. */
export function listedRuleSet(world: World, netns: number): NftRuleSet {
  const { netfilter, nftTables, nowNs } = world;
  const { tables } = liveRuleSet(world, netns);
  const rows = nftTables.ofNetns(netns);
  return {
    tables: tables.map((table, index) => ({
      ...table,
      sets: table.sets.map((set) => ({ ...set, elements: set.elements.map((one) => withTimeLeft(one, nowNs)) })),
      chains: netfilter.nftChainsOf(netns, rows[index]).flatMap((row) => {
        const chain = netfilter.nftChain.get(row);
        if (chain === null) return [];
        const rules = netfilter.chainRules.get(row).flatMap((rule) => {
          const [packets, bytes] = [netfilter.rulePackets.get(rule), netfilter.ruleBytes.get(rule)];
          const written = netfilter.nftRule.get(rule);
          if (written === null) return [];
          const statements = written.statements.map((one) =>
            one.statement === "counter" ? { ...one, packets, bytes } : one,
          );
          return [{ ...written, statements }];
        });
        return [{ ...chain, rules }];
      }),
    })),
  };
}

function withTimeLeft({ expiresAtNs, ...element }: LiveElement, nowNs: number): Element {
  return expiresAtNs === undefined ? element : { ...element, expiresMs: Math.floor((expiresAtNs - nowNs) / 1e6) };
}

function current(set: LiveSet | null, nowNs: number): LiveSet | undefined {
  if (set === null) return undefined;
  const { elements } = set;
  return elements.some((one) => isOver(one, nowNs))
    ? { ...set, elements: elements.filter((one) => !isOver(one, nowNs)) }
    : set;
}

function nftTableRows({ nftTables }: World, netns: number): readonly number[] {
  return nftTables.ofNetns(netns);
}

function isNamed({ nftTables }: World, row: number, { family, name }: NftTable): boolean {
  const head = nftTables.head.get(row);
  return head?.family === family && head.name === name;
}

function removeTable({ netfilter, nftTables }: World, netns: number, table: number): void {
  for (const chain of netfilter.nftChainsOf(netns, table)) netfilter.removeChain(chain);
  for (const set of nftTables.setsOf(table)) nftTables.sets.remove(set);
  nftTables.tables.remove(table);
}

function bringUpToDate(world: World, netns: number, table: NftTable): void {
  const { nftTables } = world;
  const { family, name, comment, line } = table;
  const row =
    nftTableRows(world, netns).find((one) => isNamed(world, one, table)) ??
    nftTables.addTable(netns, { family, name, comment, line });
  updateChains(world, netns, row, table);
  updateSets(world, row, table.sets);
}

/** A chain whose value is the same object has not changed. */
function updateChains({ netfilter }: World, netns: number, table: number, { chains }: NftTable): void {
  const before = new Map(netfilter.nftChainsOf(netns, table).map((row) => [netfilter.chainName.get(row), row]));
  const names = new Set(chains.map(({ name }) => name));
  for (const [name, row] of before) {
    if (names.has(name)) continue;
    netfilter.removeChain(row);
    before.delete(name);
  }
  for (const chain of chains) {
    const row = before.get(chain.name) ?? netfilter.addNftChain(netns, table, chain);
    if (netfilter.nftChain.get(row) === chain && netfilter.chainRules.get(row).length === chain.rules.length) continue;
    netfilter.setNftChain(row, chain);
    netfilter.setNftRules(row, chain.rules);
  }
}

function updateSets({ nftTables, nowNs }: World, table: number, sets: readonly NftSet[]): void {
  const before = new Map(nftTables.setsOf(table).map((row) => [nftTables.set.get(row)?.definition.name, row]));
  const names = new Set(sets.map(({ definition }) => definition.name));
  for (const [name, row] of before) if (name !== undefined && !names.has(name)) nftTables.sets.remove(row);
  for (const set of sets) {
    const row = before.get(set.definition.name) ?? 0;
    if (row !== 0 && nftTables.set.get(row) === set) continue;
    const live = { ...set, elements: set.elements.map((element) => withTime(set, element, nowNs)) };
    if (row === 0) nftTables.addSet(table, live);
    else nftTables.set.set(row, live);
  }
}
