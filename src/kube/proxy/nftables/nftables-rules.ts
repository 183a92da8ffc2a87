import type { EndpointSliceModel, ProxyConfig, ServiceModel } from "../../service-model.ts";
import { endpointsByPort } from "../endpoints.ts";
import { portKey, proxiedPorts } from "../service-ports.ts";
import { usableEndpoints } from "../traffic-policy.ts";
import { kubeProxyTable, nftBase } from "./base.ts";
import { NftScript } from "./script.ts";
import { nftServiceRules } from "./service-rules.ts";

/** What `nft -f` reads of kube-proxy's nftables mode in its first full sync (pkg/proxy/nftables/proxier.go, Kubernetes 1.34). */
export function kubeProxyNftText(
  config: ProxyConfig,
  services: readonly ServiceModel[],
  slices: readonly EndpointSliceModel[],
): string {
  const script = scriptOf(config, services, slices);
  return text([addTable, ...script.declarations(), ...script.contents()]);
}

/**
 * What it reads when endpoints have changed: chains and maps whose contents differ are emptied and filled anew, and what nobody leads to any more is
 * emptied, since kube-proxy deletes it later. The sets of clients that were sent somewhere stay as they are.
 */
export function kubeProxyNftResync(
  config: ProxyConfig,
  services: readonly ServiceModel[],
  before: readonly EndpointSliceModel[],
  after: readonly EndpointSliceModel[],
): string {
  const [old, script] = [scriptOf(config, services, before), scriptOf(config, services, after)];
  const differs = (commands: (of: NftScript) => readonly string[]) => commands(old).join() !== commands(script).join();
  const chains = [...new Set([...script.chainNames, ...old.chainNames])].filter((name) =>
    differs((of) => of.rulesOf(name)),
  );
  const sets = script.sets.filter(({ name }) => differs((of) => of.elementsOf(name)));
  const names = new Set(script.sets.map(({ name }) => name));
  const gone = old.sets.filter(({ name }) => !names.has(name));
  return text([
    addTable,
    ...script.declarations(),
    ...chains.map((chain) => `flush chain ${kubeProxyTable} ${chain}`),
    ...sets.map(({ name, kind }) => `flush ${kind} ${kubeProxyTable} ${name}`),
    ...chains.flatMap((chain) => script.rulesOf(chain)),
    ...sets.flatMap(({ name }) => script.elementsOf(name)),
    ...gone.map(({ name }) => `delete set ${kubeProxyTable} ${name}`),
  ]);
}

const addTable = `add table ${kubeProxyTable} { comment "rules for kube-proxy" ; }`;

function scriptOf(
  config: ProxyConfig,
  services: readonly ServiceModel[],
  slices: readonly EndpointSliceModel[],
): NftScript {
  const script = new NftScript(kubeProxyTable);
  nftBase(config, script);
  const endpoints = endpointsByPort(slices, config.nodeName);
  for (const port of proxiedPorts(services)) {
    const { namespace, name } = port.service;
    const all = endpoints.get(portKey(namespace, name, port.port.name, port.port.protocol)) ?? [];
    nftServiceRules(config, port, usableEndpoints(port, all), script);
  }
  return script;
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
