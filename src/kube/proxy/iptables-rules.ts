import type { EndpointSliceModel, ProxyConfig, ServiceModel } from "../service-model.ts";
import { filterBase, natBase, nodePortTail } from "./base-rules.ts";
import { endpointChains } from "./endpoint-chains.ts";
import { endpointsByPort } from "./endpoints.ts";
import { routing } from "./routing.ts";
import { type RestoreTable, RuleLists } from "./rule-lists.ts";
import { serviceChains } from "./service-chains.ts";
import { serviceEntryRules } from "./service-entry-rules.ts";
import { portKey, proxiedPorts } from "./service-ports.ts";
import { usableEndpoints } from "./traffic-policy.ts";

/** With more endpoints than this, kube-proxy leaves out the comments that stand at each of them. */
const largeClusterEndpoints = 1000;

/**
 * The KUBE-* chains that kube-proxy's iptables mode writes in its first full sync, with its own arguments, comments
 * and order inside each chain (pkg/proxy/iptables/proxier.go, Kubernetes 1.28 to 1.34).
 */
export function kubeProxyTables(
  config: ProxyConfig,
  services: readonly ServiceModel[],
  slices: readonly EndpointSliceModel[],
): readonly RestoreTable[] {
  const tables = { filter: new RuleLists(), nat: new RuleLists() };
  filterBase(config, tables.filter);
  natBase(config, tables.nat);
  const endpoints = endpointsByPort(slices, config.nodeName);
  const ports = proxiedPorts(services).map((port) => {
    const { namespace, name } = port.service;
    return { port, all: endpoints.get(portKey(namespace, name, port.port.name, port.port.protocol)) ?? [] };
  });
  const terse = ports.reduce((sum, { all }) => sum + all.length, 0) > largeClusterEndpoints;
  for (const { port, all } of ports) {
    const ways = routing(port, usableEndpoints(port, all));
    serviceEntryRules(config, port, ways, tables);
    serviceChains(config, port, ways, tables.nat);
    endpointChains(port, ways, tables.nat, terse);
  }
  nodePortTail(config, tables.nat);
  return [
    { name: "filter", chains: tables.filter.chains() },
    { name: "nat", chains: tables.nat.chains() },
  ];
}
