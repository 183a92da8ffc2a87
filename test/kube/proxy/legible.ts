import { kubeProxyTables } from "../../../src/kube/proxy/iptables-rules.ts";
import type { RestoreTable } from "../../../src/kube/proxy/rule-lists.ts";
import type { EndpointSliceModel, ProxyConfig, ServiceModel } from "../../../src/kube/service-model.ts";
import { proxyConfig } from "./objects.ts";

/** Written for every node, whatever Services there are. */
const baseChains = new Set(["KUBE-POSTROUTING", "KUBE-MARK-MASQ", "KUBE-FORWARD", "KUBE-FIREWALL"]);

/**
 * The rules of one Service with one port, without comments, and with names in the place of hashes: `SVC`, `SVL`,
 * `EXT`, `FW`, and `SEP` with the endpoint's address.
 */
export function legibleRules(
  service: ServiceModel,
  slice?: EndpointSliceModel,
  config: Partial<ProxyConfig> = {},
): readonly string[] {
  const tables = kubeProxyTables(proxyConfig(config), [service], slice ? [slice] : []);
  const names = endpointNames(tables);
  return tables.flatMap(({ name: table, chains }) =>
    chains
      .filter(({ name }) => !baseChains.has(name))
      .flatMap(({ name, rules }) => rules.map((rule) => `${table} ${name} ${rule}`))
      .filter((line) => !line.includes("must be the last rule"))
      .map((line) => line.replace(/ -m comment --comment ("[^"]*"|\S+)/, ""))
      .map((line) => line.replace(/KUBE-(SVC|SVL|EXT|FW)-[A-Z2-7]{16}/g, "$1"))
      .map((line) => line.replace(/KUBE-SEP-[A-Z2-7]{16}/g, (name) => names.get(name) ?? name)),
  );
}

function endpointNames(tables: readonly RestoreTable[]): ReadonlyMap<string, string> {
  return new Map(
    tables
      .flatMap(({ chains }) => chains)
      .flatMap(({ name, rules }) => {
        const endpoint = /--to-destination (\S+):/.exec(rules.join(" "))?.[1];
        return endpoint === undefined ? [] : [[name, `SEP-${endpoint}`] as const];
      }),
  );
}
