import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { endpointChainName } from "./chain-names.ts";
import type { ProxyEndpoint } from "./endpoints.ts";
import type { Routing } from "./routing.ts";
import { comment, type RuleLists } from "./rule-lists.ts";
import { ofProtocol } from "./service-entry-rules.ts";
import type { ProxiedPort } from "./service-ports.ts";

/**
 * KUBE-SVC and KUBE-SVL, which choose an endpoint, and one KUBE-SEP for each, which translates. In a large cluster
 * (`terse`) without the comments, which are almost half of the text.
 */
export function endpointChains(port: ProxiedPort, { endpoints }: Routing, nat: RuleLists, terse: boolean): void {
  if (endpoints.cluster.length > 0) choose(port, port.chains.cluster, endpoints.cluster, nat, terse);
  if (endpoints.local.length > 0) choose(port, port.chains.local, endpoints.local, nat, terse);
  for (const endpoint of endpoints.reachable) translate(port, endpoint, nat, terse);
}

/** Who came before within the time of the affinity goes where it went; everybody else has the same chance everywhere. */
function choose(
  port: ProxiedPort,
  chain: string,
  endpoints: readonly ProxyEndpoint[],
  nat: RuleLists,
  terse: boolean,
): void {
  nat.declare(chain);
  const note = (to: ProxyEndpoint) => (terse ? [] : [comment(`${port.name} -> ${to.text}`)]);
  if (port.service.sessionAffinity === "ClientIP") {
    const seconds = port.service.sessionAffinityTimeoutSeconds;
    for (const endpoint of endpoints) {
      const name = chainOf(port, endpoint);
      const recent = `-m recent --name ${name} --rcheck --seconds ${seconds} --reap`;
      nat.append(chain, ...note(endpoint), recent, `-j ${name}`);
    }
  }
  endpoints.forEach((endpoint, index) => {
    const left = endpoints.length - index;
    // Of those that are left each gets its share; the last one gets whatever comes.
    const draw = left > 1 ? [`-m statistic --mode random --probability ${(1 / left).toFixed(10)}`] : [];
    nat.append(chain, ...note(endpoint), ...draw, `-j ${chainOf(port, endpoint)}`);
  });
}

function translate(port: ProxiedPort, endpoint: ProxyEndpoint, nat: RuleLists, terse: boolean): void {
  const chain = chainOf(port, endpoint);
  const note = terse ? [] : [comment(port.name)];
  // An endpoint that dials its own Service would answer itself directly: it must think that the node called.
  nat.append(chain, ...note, `-s ${formatIpv4(endpoint.address)}`, "-j KUBE-MARK-MASQ");
  const remember = port.service.sessionAffinity === "ClientIP" ? [`-m recent --name ${chain} --set`] : [];
  nat.append(chain, ...note, ...remember, ofProtocol(port), `-j DNAT --to-destination ${endpoint.text}`);
}

function chainOf(port: ProxiedPort, endpoint: ProxyEndpoint): string {
  return endpointChainName(port.name, port.port.protocol, endpoint.text);
}
