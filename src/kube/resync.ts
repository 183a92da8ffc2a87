import { assert } from "../base/assert.ts";
import type { SourceRange } from "../base/source-range.ts";
import { parseConntrackCommand } from "../config/conntrack-command.ts";
import type { NetworkCommand } from "../plan/commands.ts";
import type { ClusterLayout } from "./layout.ts";
import { memberCount } from "./model.ts";
import { kubeProxyTables } from "./proxy/iptables-rules.ts";
import { kubeProxyNftResync, kubeProxyNftText } from "./proxy/nftables/nftables-rules.ts";
import { type RestoreTable, restoreText } from "./proxy/rule-lists.ts";
import { staleUdpConnections } from "./proxy/stale-connections.ts";
import { proxyConfigOf, proxyModeOf } from "./proxy-config.ts";
import { nftCommand, restoreCommand } from "./restore-command.ts";
import type { EndpointSliceModel, ProxyConfig, ServiceModel } from "./service-model.ts";

/**
 * What kube-proxy does on every node when endpoints have changed: the chains that differ anew with `iptables-restore --noflush` or `nft -f`,
 * and then it forgets the UDP connections that lead to who is no longer there. Empty where no rule differs.
 */
export function resyncCommands(
  layout: ClusterLayout,
  before: readonly EndpointSliceModel[],
  after: readonly EndpointSliceModel[],
  source: SourceRange,
): NetworkCommand[] {
  const mode = proxyModeOf(layout);
  if (mode === "none") return [];
  const { services } = layout;
  const stale = staleUdpConnections({ services, slices: before }, { services, slices: after });
  const commands: NetworkCommand[] = [];
  for (const group of layout.model.nodes) {
    for (let member = 0; member < memberCount(group.name); member++) {
      const config = proxyConfigOf(layout, group, member);
      const sync = mode === "nftables" ? nftSync : iptablesSync;
      const command = sync(config, services, { before, after }, source);
      if (command === undefined) continue;
      commands.push(command);
      commands.push(...stale.map((text) => forget(config.nodeName, text, source)));
    }
  }
  return commands;
}

interface Slices {
  readonly before: readonly EndpointSliceModel[];
  readonly after: readonly EndpointSliceModel[];
}

function iptablesSync(
  config: ProxyConfig,
  services: readonly ServiceModel[],
  { before, after }: Slices,
  source: SourceRange,
): NetworkCommand | undefined {
  const old = kubeProxyTables(config, services, before);
  const tables = kubeProxyTables(config, services, after);
  if (restoreText(old) === restoreText(tables)) return undefined;
  return restoreCommand(config.nodeName, restoreText(changedChains(tables, old)), true, source);
}

function nftSync(
  config: ProxyConfig,
  services: readonly ServiceModel[],
  { before, after }: Slices,
  source: SourceRange,
): NetworkCommand | undefined {
  if (kubeProxyNftText(config, services, before) === kubeProxyNftText(config, services, after)) return undefined;
  return nftCommand(config.nodeName, kubeProxyNftResync(config, services, before, after), source);
}

/** Runs `conntrack` with these arguments; there may be no such connection. */
function forget(netns: string, text: string, source: SourceRange): NetworkCommand {
  const parsed = parseConntrackCommand(text.split(" "));
  assert("command" in parsed, `kube-proxy runs conntrack ${text}`);
  return { ...parsed.command, netns, mayFindNone: true, source };
}

/**
 * Those whose rules differ, as kube-proxy leaves out the chains of Services that have not changed: what somebody has written into others
 * stays. Chains that nobody jumps to any more are emptied; kube-proxy deletes them later.
 */
function changedChains(tables: readonly RestoreTable[], old: readonly RestoreTable[]): readonly RestoreTable[] {
  return tables.flatMap(({ name, chains }) => {
    const before = new Map(old.find((table) => table.name === name)?.chains.map((chain) => [chain.name, chain.rules]));
    const known = new Set(chains.map((chain) => chain.name));
    const changed = chains.filter((chain) => before.get(chain.name)?.join("\n") !== chain.rules.join("\n"));
    const gone = [...before.keys()].filter((chain) => !known.has(chain)).map((chain) => ({ name: chain, rules: [] }));
    return changed.length + gone.length === 0 ? [] : [{ name, chains: [...changed, ...gone] }];
  });
}
