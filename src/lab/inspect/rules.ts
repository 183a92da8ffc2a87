import { printRule } from "../../config/iptables/print-rule.ts";
import { type TableName, tableNames } from "../../config/iptables/rule-set.ts";
import { policy } from "../../linux/netfilter/rules.ts";
import type { World } from "../../linux/world.ts";
import type { Inspection } from "../protocol.ts";
import { belowNetns } from "./shown-machines.ts";
import { known, type ShownRow, tableId } from "./shown-row.ts";
import { type TableRows, tableRows } from "./tables.ts";
import { withData } from "./with-data.ts";
import { count } from "./words.ts";

/** The rules of netfilter as views show them: one table for each that a namespace has, chain by chain. */

/** Tables of a namespace that have chains, in the order of their priorities. */
export function ruleTables({ netfilter }: World, netns: number): readonly TableName[] {
  return netns === 0 ? [] : tableNames.filter((name) => netfilter.chainsOf(netns, name).length > 0);
}

/** Built-in chains first, each oldest first. */
export function ruleRows(world: World, netns: number, table: TableName): TableRows {
  const { netfilter } = world;
  const rows = netfilter.chainsInOrder(netns, table).flatMap((chain) => netfilter.chainRules.get(chain));
  return tableRows(rows, (row) => shownRule(world, row));
}

/** As `iptables-save -c` with the rule's place: `[12:840] -A KUBE-SERVICES -d 10.96.0.10/32 …`. */
export function printNetfilterRule({ netfilter }: World, row: number): string {
  const rule = netfilter.rule.get(row);
  const chain = netfilter.chainName.get(netfilter.ruleChain.get(row));
  const counters = `[${netfilter.rulePackets.get(row)}:${netfilter.ruleBytes.get(row)}]`;
  return `${counters} -A ${chain} ${rule === null ? "" : printRule(rule)}`.trimEnd();
}

export function shownRule(world: World, row: number): ShownRow {
  const { netfilter, namespaces } = world;
  const chain = netfilter.ruleChain.get(row);
  const netns = netfilter.chainNetns.get(chain);
  const name = namespaces.name.get(netns);
  const table = netfilter.tableOf(chain);
  const place = `${netfilter.chainName.get(chain)} ${netfilter.chainRules.get(chain).indexOf(row) + 1}`;
  const rule = netfilter.rule.get(row);
  const packets = netfilter.rulePackets.get(row);
  return {
    id: `rule:${name}/${table} ${place}`,
    ancestors: [tableId.rules(name, table), ...belowNetns(world, netns)],
    kind: "row",
    icon: "filter",
    label: place,
    description: `[${packets}] ${rule === null ? "" : printRule(rule)}`.trimEnd(),
    title: `rule ${name} ${table} ${place}`,
    text: printNetfilterRule(world, row),
    // Of all counters the one that says which rule an event was about.
    fields: { packets: String(packets) },
    counters: { bytes: String(netfilter.ruleBytes.get(row)) },
    source: known(namespaces.source.get(netns)),
  };
}

/** Each table as what one opens: its chains with their policies, and in these the rules. */
export function ruleInspections(world: World, netns: number): readonly Inspection[] {
  const { netfilter } = world;
  return ruleTables(world, netns).map((table) => {
    const chains = netfilter.chainsInOrder(netns, table);
    return {
      name: `iptables ${table}`,
      value: count(chains.length, "chain"),
      childCount: chains.length,
      children: () => chains.map((chain) => chainInspection(world, chain)),
    };
  });
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
