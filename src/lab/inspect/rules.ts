import { formatEntry } from "../../config/ipset-command.ts";
import { printRule } from "../../config/iptables/print-rule.ts";
import { type TableName, tableNames } from "../../config/iptables/rule-set.ts";
import { printNftRule } from "../../config/nft/print-rule.ts";
import { policy } from "../../linux/netfilter/rules.ts";
import { isLive } from "../../linux/netfilter/set-membership.ts";
import type { World } from "../../linux/world.ts";
import { tableName } from "../names.ts";
import type { Inspection } from "../protocol.ts";
import { nftSetsOf, setInspection } from "./nft-sets.ts";
import { belowNetns } from "./shown-machines.ts";
import { known, type ShownRow, tableId } from "./shown-row.ts";
import { type TableRows, tableRows } from "./tables.ts";
import { withData } from "./with-data.ts";
import { count } from "./words.ts";

/** The rules of netfilter as views show them: one table for each that a namespace has, chain by chain. */

/** Tables of a namespace that have chains: iptables' in the order of their priorities, then nftables' (`ip kube-proxy`), oldest first. */
export function ruleTables({ netfilter, nftTables }: World, netns: number): readonly string[] {
  if (netns === 0) return [];
  const iptables = tableNames.filter((name) => netfilter.chainsOf(netns, name).length > 0);
  return [...iptables, ...nftTables.ofNetns(netns).map((row) => nftTables.nameOf(row))];
}

/** The program that a table is written with: `iptables` or `nft`. */
export function ruleProgram(table: string): string {
  return isOfIptables(table) ? "iptables" : "nft";
}

function isOfIptables(table: string): table is TableName {
  return (tableNames as readonly string[]).includes(table);
}

/** The chains of a table: iptables' built-in ones first, each oldest first. */
function chainsOf({ netfilter, nftTables }: World, netns: number, table: string): readonly number[] {
  if (isOfIptables(table)) return netfilter.chainsInOrder(netns, table);
  const row = nftTables.ofNetns(netns).find((one) => nftTables.nameOf(one) === table);
  return row === undefined ? [] : netfilter.nftChainsOf(netns, row);
}

/** Chain by chain. */
export function ruleRows(world: World, netns: number, table: string): TableRows {
  const { netfilter } = world;
  const rows = chainsOf(world, netns, table).flatMap((chain) => netfilter.chainRules.get(chain));
  return tableRows(rows, (row) => shownRule(world, row));
}

/** What a rule says, without what it counted and where it stands. */
export function ruleText({ netfilter, nftTables }: World, row: number): string {
  const rule = netfilter.rule.get(row);
  if (rule !== null) return printRule(rule);
  const nft = netfilter.nftRule.get(row);
  const head = nftTables.head.get(netfilter.nftTableOf(netfilter.ruleChain.get(row)));
  return nft === null || head === null ? "" : printNftRule(nft, head.family, "stateless");
}

/**
 * As `iptables-save -c` with the rule's place: `[12:840] -A KUBE-SERVICES -d 10.96.0.10/32 …`; as `nft list ruleset`, with its chain
 * before it: `services: ip daddr . meta l4proto …`.
 */
export function printNetfilterRule(world: World, row: number): string {
  const { netfilter, nftTables } = world;
  const rule = netfilter.rule.get(row);
  const chain = netfilter.chainName.get(netfilter.ruleChain.get(row));
  const counted = { packets: netfilter.rulePackets.get(row), bytes: netfilter.ruleBytes.get(row) };
  if (rule !== null) return `[${counted.packets}:${counted.bytes}] -A ${chain} ${printRule(rule)}`.trimEnd();
  const nft = netfilter.nftRule.get(row);
  const head = nftTables.head.get(netfilter.nftTableOf(netfilter.ruleChain.get(row)));
  return nft === null || head === null ? "" : `${chain}: ${printNftRule(nft, head.family, counted)}`;
}

/** Whether a rule counts packets: all of iptables do, and of nftables those that say so. */
function counts({ netfilter }: World, row: number): boolean {
  const nft = netfilter.nftRule.get(row);
  return nft === null || nft.statements.some(({ statement }) => statement === "counter");
}

export function shownRule(world: World, row: number): ShownRow {
  const { netfilter, namespaces } = world;
  const chain = netfilter.ruleChain.get(row);
  const netns = netfilter.chainNetns.get(chain);
  const name = namespaces.name.get(netns);
  const table = tableName(world, chain);
  const place = `${netfilter.chainName.get(chain)} ${netfilter.chainRules.get(chain).indexOf(row) + 1}`;
  const packets = netfilter.rulePackets.get(row);
  const isCounted = counts(world, row);
  return {
    id: `rule:${name}/${table} ${place}`,
    ancestors: [tableId.rules(name, table), ...belowNetns(world, netns)],
    kind: "row",
    icon: "filter",
    label: place,
    description: `${isCounted ? `[${packets}] ` : ""}${ruleText(world, row)}`.trimEnd(),
    title: `rule ${name} ${table} ${place}`,
    text: printNetfilterRule(world, row),
    // Of all counters the one that says which rule an event was about.
    fields: isCounted ? { packets: String(packets) } : {},
    ...(isCounted && { counters: { bytes: String(netfilter.ruleBytes.get(row)) } }),
    source: known(namespaces.source.get(netns)),
  };
}

/** Each table as what one opens: its chains with their policies, and in these the rules. */
export function ruleInspections(world: World, netns: number): readonly Inspection[] {
  const tables = ruleTables(world, netns).map((table) => {
    const chains = chainsOf(world, netns, table);
    const sets = isOfIptables(table) ? [] : nftSetsOf(world, netns, table);
    const number =
      sets.length === 0
        ? count(chains.length, "chain")
        : `${count(chains.length, "chain")}, ${count(sets.length, "set")}`;
    return {
      name: `${ruleProgram(table)} ${table}`,
      value: number,
      childCount: sets.length + chains.length,
      children: () => [
        ...sets.map((set) => setInspection(world, set)),
        ...chains.map((chain) => chainInspection(world, chain)),
      ],
    };
  });
  return [...tables, ...setInspections(world, netns)];
}

/** `ipset web`: its type, and the entries. */
function setInspections({ ipSets, nowNs }: World, netns: number): readonly Inspection[] {
  return (netns === 0 ? [] : ipSets.ofNetns(netns)).map((row) => {
    const entries = ipSets.entries.get(row).filter((entry) => isLive(entry, nowNs));
    const hasTimeouts = ipSets.timeoutSeconds.get(row) >= 0;
    return {
      name: `ipset ${ipSets.name.get(row)}`,
      value: `${ipSets.type.get(row)}, ${entries.length === 1 ? "1 entry" : `${entries.length} entries`}`,
      childCount: entries.length,
      children: () =>
        entries.map(({ parts, isException, expiresNs }, index) => ({
          name: String(index + 1),
          value: `${formatEntry(parts)}${hasTimeouts ? ` timeout ${secondsLeft(expiresNs, nowNs)}` : ""}${isException ? " nomatch" : ""}`,
        })),
    };
  });
}

/** As `ipset list` counts them (`ip_set_timeout_get`): whole seconds, the last one until its end; 0 for ever. */
function secondsLeft(expiresNs: number | undefined, nowNs: number): number {
  return expiresNs === undefined ? 0 : Math.max(1, Math.floor((expiresNs - nowNs) / 1e9));
}

/** A chain and its rules: `FORWARD (policy ACCEPT): 3 rules`. */
export function chainInspection(world: World, chain: number): Inspection {
  const { netfilter } = world;
  const rows = netfilter.chainRules.get(chain);
  const itsPolicy = netfilter.chainPolicy.get(chain);
  const suffix = itsPolicy === policy.none ? "" : ` (policy ${itsPolicy === policy.drop ? "DROP" : "ACCEPT"})`;
  return {
    name: netfilter.chainName.get(chain),
    value: `${count(rows.length, "rule")}${suffix}`,
    childCount: rows.length,
    children: () =>
      rows.map((row, index) =>
        withData(() => shownRule(world, row), { name: String(index + 1), value: printNetfilterRule(world, row) }),
      ),
  };
}
