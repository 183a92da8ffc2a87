import type { NetworkCommand } from "../plan/commands.ts";
import { flannelTables } from "./flannel-rules.ts";
import type { ClusterLayout } from "./layout.ts";
import type { NodeGroup } from "./model.ts";
import { kubeProxyTables } from "./proxy/iptables-rules.ts";
import { withJumps } from "./proxy/jumps.ts";
import { kubeProxyNftText } from "./proxy/nftables/nftables-rules.ts";
import { type RestoreChain, type RestoreTable, restoreText } from "./proxy/rule-lists.ts";
import { proxyConfigOf, proxyModeOf } from "./proxy-config.ts";
import { nftCommand, restoreCommand } from "./restore-command.ts";
import type { ProxyMode } from "./service-declaration.ts";

/** Loads a node's rules before anything is sent, one text for each program; nothing where nobody writes any. */
export function* nodeRuleCommands(layout: ClusterLayout, group: NodeGroup, member: number): Generator<NetworkCommand> {
  const { nft, iptables } = nodeRulesTexts(layout, group, member);
  const node = layout.names.nodeName(group, member);
  if (nft !== "") yield nftCommand(node, nft, group.source);
  if (iptables !== "") yield restoreCommand(node, iptables, false, group.source);
}

/**
 * What stands in the tables of one member of a node group when all that write there have done so: kube-proxy, and then
 * flannel, which appends. As `nft -f` and as `iptables-restore` read it; empty where nobody writes. Without a mode, kube-proxy's is
 * that of the cluster.
 */
export function nodeRulesTexts(
  layout: ClusterLayout,
  group: NodeGroup,
  member: number,
  mode: ProxyMode = proxyModeOf(layout),
): { readonly nft: string; readonly iptables: string } {
  const { model, services } = layout;
  const config = proxyConfigOf(layout, group, member);
  const proxy = mode === "iptables" ? withJumps(kubeProxyTables(config, services, layout.endpointSlices())) : [];
  const cidr = layout.cidrs.of(group, member);
  const flannel = model.ipMasq && cidr ? flannelTables(model.podCidr.value, cidr) : [];
  return {
    nft: mode === "nftables" ? kubeProxyNftText(config, services, layout.endpointSlices()) : "",
    iptables: restoreText(appended(proxy, flannel)),
  };
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
