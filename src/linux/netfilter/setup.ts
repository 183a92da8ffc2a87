import {
  type HookName,
  hookNames,
  hooksOfTable,
  type Rule,
  type RuleTable,
  type TableName,
} from "../../config/iptables/rule-set.ts";
import type { CommandFailure } from "../setup/failure.ts";
import type { World } from "../world.ts";
import { refreshHooks } from "./registered.ts";
import { policy } from "./rules.ts";
import { missingSet } from "./set-changes.ts";

/**
 * `iptables-restore`: each table of the text replaces the one that is there, whole; the others stay. With `--noflush` what is
 * there stays, but user chains that the text names are emptied.
 */
export function restoreTables(
  world: World,
  netns: number,
  tables: readonly RuleTable[],
  noFlush: boolean,
): CommandFailure {
  for (const table of tables) {
    const failure = checkRules(world, netns, table, noFlush);
    if (failure !== undefined) return failure;
  }
  for (const table of tables) restoreTable(world, netns, table, noFlush);
  refreshHooks(world, netns);
  return undefined;
}

function restoreTable(world: World, netns: number, table: RuleTable, noFlush: boolean): void {
  const { netfilter } = world;
  if (!noFlush) for (const chain of netfilter.chainsOf(netns, table.name)) netfilter.removeChain(chain);
  for (const chain of table.chains) {
    const row =
      netfilter.findChain(netns, table.name, chain.name) ||
      netfilter.addChain(netns, table.name, chain.name, policyNumber(chain.policy));
    netfilter.chainPolicy.set(row, policyNumber(chain.policy));
    if (netfilter.chainHook.get(row) < 0) netfilter.flushChain(row);
    netfilter.chainPackets.set(row, chain.counters.packets);
    netfilter.chainBytes.set(row, chain.counters.bytes);
    netfilter.appendRules(row, chain.rules);
  }
}

function policyNumber(name: "ACCEPT" | "DROP" | undefined): number {
  if (name === undefined) return policy.none;
  return name === "DROP" ? policy.drop : policy.accept;
}

/** A rule may only lead to chains that will be there, and ask for sets that are. */
function checkRules(world: World, netns: number, table: RuleTable, noFlush: boolean): CommandFailure {
  const names = new Set(table.chains.map(({ name }) => name));
  for (const { rules } of table.chains)
    for (const rule of rules) {
      const { target, line } = rule;
      const set = missingSet(world, netns, rule);
      if (set !== undefined) return `iptables-restore: line ${line} failed: Set ${set} doesn't exist.`;
      if (target?.target !== "jump" && target?.target !== "goto") continue;
      const isThere =
        names.has(target.chain) || (noFlush && world.netfilter.findChain(netns, table.name, target.chain) !== 0);
      if (!isThere) return `iptables-restore: line ${line} failed: Chain '${target.chain}' does not exist`;
    }
  return undefined;
}

const noChain = "iptables: No chain/target/match by that name.";

/** The chain of that name; a built-in one is made when it is first needed. */
function chainFor(world: World, netns: number, table: TableName, name: string): number {
  const { netfilter } = world;
  const found = netfilter.findChain(netns, table, name);
  const isBuiltIn = (hooksOfTable[table] as readonly string[]).includes(name);
  return found !== 0 || !isBuiltIn ? found : netfilter.addChain(netns, table, name, policy.accept);
}

/** `iptables -A` and `-I`; `index` counts from 0, and at the end is undefined. */
export function addRule(
  world: World,
  netns: number,
  table: TableName,
  chain: string,
  rule: Rule,
  index?: number,
): CommandFailure {
  const { netfilter } = world;
  const row = chainFor(world, netns, table, chain);
  if (row === 0) return noChain;
  const { target } = rule;
  const set = missingSet(world, netns, rule);
  if (set !== undefined) return `iptables v1.8.9 (nf_tables): Set ${set} doesn't exist.`;
  if ((target?.target === "jump" || target?.target === "goto") && netfilter.findChain(netns, table, target.chain) === 0)
    return `iptables v1.8.9 (nf_tables): Chain '${target.chain}' does not exist`;
  const end = netfilter.chainRules.get(row).length;
  if (index !== undefined && index > end) return "iptables: Index of insertion too big.";
  netfilter.insertRule(row, index ?? end, rule);
  refreshHooks(world, netns);
  return undefined;
}

/** `iptables -D CHAIN NUMBER`; `index` counts from 0. */
export function deleteRuleAt(
  world: World,
  netns: number,
  table: TableName,
  chain: string,
  index: number,
): CommandFailure {
  const { netfilter } = world;
  const row = chainFor(world, netns, table, chain);
  if (row === 0) return noChain;
  if (index >= netfilter.chainRules.get(row).length) return "iptables: Index of deletion too big.";
  netfilter.removeRule(row, index);
  refreshHooks(world, netns);
  return undefined;
}

/** `iptables -D CHAIN RULE`: the first that says the same. */
export function deleteRule(world: World, netns: number, table: TableName, chain: string, rule: Rule): CommandFailure {
  const { netfilter } = world;
  const row = chainFor(world, netns, table, chain);
  if (row === 0) return noChain;
  const index = netfilter.chainRules.get(row).findIndex((one) => saysTheSame(netfilter.rule.get(one), rule));
  if (index < 0) return "iptables: Bad rule (does a matching rule exist in that chain?).";
  return deleteRuleAt(world, netns, table, chain, index);
}

/** Two rules that differ at most in their counters and in where they were written. */
function saysTheSame(one: Rule | null, other: Rule): boolean {
  const text = (rule: Rule | null) => JSON.stringify(rule && { ...rule, counters: undefined, line: undefined }, sorted);
  return text(one) === text(other);
}

function sorted(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `iptables -F`, of one chain or of the whole table. */
export function flush(world: World, netns: number, table: TableName, chain: string | undefined): CommandFailure {
  const { netfilter } = world;
  const rows = chain === undefined ? netfilter.chainsOf(netns, table) : [chainFor(world, netns, table, chain)];
  if (rows[0] === 0) return noChain;
  for (const row of rows) netfilter.flushChain(row);
  refreshHooks(world, netns);
  return undefined;
}

/** `iptables -N`. */
export function addUserChain(world: World, netns: number, table: TableName, chain: string): CommandFailure {
  if (chainFor(world, netns, table, chain) !== 0) return "iptables: Chain already exists.";
  world.netfilter.addChain(netns, table, chain, policy.none);
  return undefined;
}

/** `iptables -X`: a chain that is empty, and that no rule leads to; without a name all of the table's. */
export function deleteUserChain(
  world: World,
  netns: number,
  table: TableName,
  chain: string | undefined,
): CommandFailure {
  const { netfilter } = world;
  const all = netfilter.chainsOf(netns, table);
  const rows = all.filter(
    (row) =>
      netfilter.chainHook.get(row) < 0 && (chain ?? netfilter.chainName.get(row)) === netfilter.chainName.get(row),
  );
  if (chain !== undefined && rows.length === 0) return noChain;
  const targets = new Set(
    all.flatMap((row) => netfilter.chainRules.get(row).map((rule) => jumpOf(netfilter.rule.get(rule)))),
  );
  for (const row of rows) {
    const isUsed = netfilter.chainRules.get(row).length > 0 || targets.has(netfilter.chainName.get(row));
    if (isUsed)
      return `iptables v1.8.9 (nf_tables):  CHAIN_USER_DEL failed (Device or resource busy): chain ${netfilter.chainName.get(row)}`;
    netfilter.removeChain(row);
  }
  return undefined;
}

function jumpOf(rule: Rule | null): string | undefined {
  const target = rule?.target;
  return target?.target === "jump" || target?.target === "goto" ? target.chain : undefined;
}

/** `iptables -P`. */
export function setPolicy(
  world: World,
  netns: number,
  table: TableName,
  chain: string,
  name: "ACCEPT" | "DROP",
): CommandFailure {
  if (!(hookNames as readonly string[]).includes(chain)) return "iptables: Bad built-in chain name.";
  const row = chainFor(world, netns, table, chain as HookName);
  if (row === 0) return "iptables: Bad built-in chain name.";
  world.netfilter.chainPolicy.set(row, policyNumber(name));
  refreshHooks(world, netns);
  return undefined;
}

/** `iptables -Z`. */
export function zeroCounters(world: World, netns: number, table: TableName, chain: string | undefined): CommandFailure {
  const { netfilter } = world;
  const rows = chain === undefined ? netfilter.chainsOf(netns, table) : [chainFor(world, netns, table, chain)];
  if (rows[0] === 0) return noChain;
  for (const row of rows) netfilter.zero(row);
  return undefined;
}
