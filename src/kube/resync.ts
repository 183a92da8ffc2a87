import { assert } from "../base/assert.ts";
import type { SourceRange } from "../base/source-range.ts";
import { parseConntrackCommand } from "../config/conntrack-command.ts";
import type { NetworkCommand } from "../plan/commands.ts";
import type { ClusterLayout } from "./layout.ts";
import { memberCount } from "./model.ts";
import { kubeProxyTables } from "./proxy/iptables-rules.ts";
import { type RestoreTable, restoreText } from "./proxy/rule-lists.ts";
import { staleUdpConnections } from "./proxy/stale-connections.ts";
import { proxyConfigOf, usesIptablesProxy } from "./proxy-config.ts";
import { restoreCommand } from "./restore-command.ts";
import type { EndpointSliceModel } from "./service-model.ts";

/**
 * What kube-proxy does on every node when endpoints have changed: its chains anew with `iptables-restore --noflush`, and
 * then it forgets the UDP connections that lead to who is no longer there. Empty where no rule differs.
 */
export function resyncCommands(
  layout: ClusterLayout,
  before: readonly EndpointSliceModel[],
  after: readonly EndpointSliceModel[],
  source: SourceRange,
): NetworkCommand[] {
  if (!usesIptablesProxy(layout)) return [];
  const { services } = layout;
  const stale = staleUdpConnections({ services, slices: before }, { services, slices: after });
  const commands: NetworkCommand[] = [];
  for (const group of layout.model.nodes) {
    for (let member = 0; member < memberCount(group.name); member++) {
      const config = proxyConfigOf(layout, group, member);
      const old = kubeProxyTables(config, services, before);
      const tables = kubeProxyTables(config, services, after);
      if (restoreText(old) === restoreText(tables)) continue;
      commands.push(restoreCommand(config.nodeName, restoreText(withEmptied(tables, old)), true, source));
      commands.push(...stale.map((text) => forget(config.nodeName, text, source)));
    }
  }
  return commands;
}

/** Runs `conntrack` with these arguments; there may be no such connection. */
function forget(netns: string, text: string, source: SourceRange): NetworkCommand {
  const parsed = parseConntrackCommand(text.split(" "));
  assert("command" in parsed, `kube-proxy runs conntrack ${text}`);
  return { ...parsed.command, netns, mayFindNone: true, source };
}

/** Chains that nobody jumps to any more are emptied; kube-proxy deletes them later. */
function withEmptied(tables: readonly RestoreTable[], old: readonly RestoreTable[]): readonly RestoreTable[] {
  return tables.map(({ name, chains }) => {
    const known = new Set(chains.map((chain) => chain.name));
    const gone = old.find((table) => table.name === name)?.chains.filter((chain) => !known.has(chain.name)) ?? [];
    return { name, chains: [...chains, ...gone.map((chain) => ({ name: chain.name, rules: [] }))] };
  });
}
