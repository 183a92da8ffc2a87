import type { Listen } from "../../plan/commands.ts";
import type { NameServerSettings } from "../../plan/names.ts";
import type { DnsRecord } from "../../wire/dns.ts";
import type { ClusterLayout } from "../layout.ts";
import type { ContainerModel, ListenerModel } from "../model.ts";

/** The command that starts a server, with what it knows beforehand. */
export function listenCommand(
  layout: ClusterLayout,
  netns: string,
  container: ContainerModel,
  listener: ListenerModel,
): Listen {
  const { name: _name, isClusterDns, ...server } = listener;
  const command: Listen = { do: "listen", netns, container: container.name, ...server };
  if (server.program === "ingress") return { ...command, proxy: layout.ingressSettings() };
  if (isClusterDns) return { ...command, names: layout.clusterNames() };
  return server.program === "dns" ? { ...command, names: resolverOf(container.records ?? []) } : command;
}

/** A server outside of the cluster: it answers for all names that there are, as resolvers of providers do. */
function resolverOf(records: readonly DnsRecord[]): NameServerSettings {
  return { zones: [{ apex: "", records }], upstreams: [] };
}
