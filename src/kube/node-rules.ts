import type { NetworkCommand } from "../plan/commands.ts";
import { flannelTables } from "./flannel-rules.ts";
import type { ClusterLayout } from "./layout.ts";
import type { NodeGroup } from "./model.ts";
import { kubeProxyTables } from "./proxy/iptables-rules.ts";
import { withJumps } from "./proxy/jumps.ts";
import { type RestoreChain, type RestoreTable, restoreText } from "./proxy/rule-lists.ts";
import { proxyConfigOf, usesIptablesProxy } from "./proxy-config.ts";
import { restoreCommand } from "./restore-command.ts";

/** Loads a node's rules before anything is sent, as one `iptables-restore`; nothing where nobody writes any. */
export function* nodeRuleCommands(layout: ClusterLayout, group: NodeGroup, member: number): Generator<NetworkCommand> {
  const text = nodeRulesText(layout, group, member);
  if (text !== "") yield restoreCommand(layout.names.nodeName(group, member), text, false, group.source);
}

/**
 * What stands in the tables of one member of a node group when all that write there have done so: kube-proxy, and then
 * flannel, which appends. As `iptables-restore` reads it; empty where nobody writes.
 */
export function nodeRulesText(layout: ClusterLayout, group: NodeGroup, member: number): string {
  const { model } = layout;
  const proxy = usesIptablesProxy(layout)
    ? withJumps(kubeProxyTables(proxyConfigOf(layout, group, member), layout.services, layout.endpointSlices()))
    : [];
  const cidr = layout.cidrs.of(group, member);
  const flannel = model.ipMasq && cidr ? flannelTables(model.podCidr.value, cidr) : [];
  return restoreText(appended(proxy, flannel));
}

/** Each table once: the rules of `later` come behind in chains that are there, and its own chains behind the others. */
function appended(tables: readonly RestoreTable[], later: readonly RestoreTable[]): readonly RestoreTable[] {
  const merged = tables.map((table): RestoreTable => {
    const other = later.find(({ name }) => name === table.name);
    return other ? { name: table.name, chains: appendedChains(table.chains, other.chains) } : table;
  });
  return [...merged, ...later.filter(({ name }) => !tables.some((table) => table.name === name))];
}

function appendedChains(chains: readonly RestoreChain[], later: readonly RestoreChain[]): readonly RestoreChain[] {
  const merged = chains.map(({ name, rules }): RestoreChain => {
    const more = later.find((chain) => chain.name === name)?.rules ?? [];
    return { name, rules: [...rules, ...more] };
  });
  return [...merged, ...later.filter(({ name }) => !chains.some((chain) => chain.name === name))];
}
