import type { ProxyEndpoint } from "./endpoints.ts";
import type { ProxiedPort } from "./service-ports.ts";

/** Who may get a Service's connections on this node. */
export interface UsableEndpoints {
  /** For traffic policy Cluster; empty where it is never used. */
  readonly cluster: readonly ProxyEndpoint[];
  /** For traffic policy Local; empty where it is never used. */
  readonly local: readonly ProxyEndpoint[];
  /** Both, each once. */
  readonly reachable: readonly ProxyEndpoint[];
  /** Somebody in the cluster could answer, be it not from this node. */
  readonly somewhere: boolean;
}

/**
 * Chooses as kube-proxy does (pkg/proxy/topology.go, without topology hints): who is ready; where nobody is, who is
 * terminating but still serves (KEP-1669), for each policy by itself.
 */
export function usableEndpoints(port: ProxiedPort, endpoints: readonly ProxyEndpoint[]): UsableEndpoints {
  // Policy Local needs those of Cluster, too: a client in the cluster that dials from inside is not held to it.
  const usesCluster = !port.internalLocal || port.external;
  const usesLocal = port.internalLocal || (port.externalLocal && port.external);
  const everywhere = readyElseServing(endpoints);
  const cluster = usesCluster ? everywhere : [];
  const local = usesLocal ? readyElseServing(endpoints.filter((endpoint) => endpoint.local)) : [];
  const reachable = [...cluster, ...local.filter((endpoint) => !cluster.includes(endpoint))];
  return { cluster, local, reachable, somewhere: everywhere.length > 0 };
}

function readyElseServing(endpoints: readonly ProxyEndpoint[]): readonly ProxyEndpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : endpoints.filter(({ serving, terminating }) => serving && terminating);
}
