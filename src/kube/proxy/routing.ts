import type { ProxiedPort } from "./service-ports.ts";
import type { UsableEndpoints } from "./traffic-policy.ts";

/** What becomes of packets to one port of a Service. */
export interface Routing {
  readonly endpoints: UsableEndpoints;
  /** For packets to the cluster IP. */
  readonly internal: Way;
  /** For packets to all other addresses, once it is clear that they come from outside. */
  readonly external: Way;
  /** There is a KUBE-EXT chain. It is there without endpoints for `external`, too: clients inside the cluster go another way. */
  readonly usesExternalChain: boolean;
  /** There is a KUBE-FW chain, for `loadBalancerSourceRanges`. */
  readonly usesFirewall: boolean;
}

/** A chain with endpoints; or how packets are refused. */
export type Way =
  | { readonly chain: string }
  | { readonly chain: undefined; readonly refusal: "REJECT" | "DROP"; readonly reason: string };

export function routing(port: ProxiedPort, endpoints: UsableEndpoints): Routing {
  return {
    endpoints,
    internal: way(port, endpoints, port.internalLocal),
    external: way(port, endpoints, port.externalLocal),
    usesExternalChain: endpoints.somewhere && port.external,
    usesFirewall:
      endpoints.somewhere && port.loadBalancerIPs.length > 0 && port.service.loadBalancerSourceRanges.length > 0,
  };
}

function way(port: ProxiedPort, endpoints: UsableEndpoints, local: boolean): Way {
  if (!endpoints.somewhere) return { chain: undefined, refusal: "REJECT", reason: `${port.name} has no endpoints` };
  if (!local) return { chain: port.chains.cluster };
  if (endpoints.local.length > 0) return { chain: port.chains.local };
  // Dropped rather than rejected: a load balancer's health checks take this node out, and clients try again.
  return { chain: undefined, refusal: "DROP", reason: `${port.name} has no local endpoints` };
}
