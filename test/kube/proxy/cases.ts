import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { EndpointSliceModel, ProxyConfig, ServiceModel } from "../../../src/kube/service-model.ts";
import { endpointSlice, ipv4, prefix, service } from "./objects.ts";

/** One folder of a collection of cases: what a cluster has, and the text that kube-proxy makes of it. */
export interface ProxyCase {
  readonly name: string;
  readonly config: ProxyConfig;
  readonly services: readonly ServiceModel[];
  readonly slices: readonly EndpointSliceModel[];
  /** `iptables-restore` text. */
  readonly expected: string;
}

/** Reads every folder of `root` that has an `expected.iptables-save`. */
export function readProxyCases(root: string): readonly ProxyCase[] {
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, "expected.iptables-save")))
    .map((name) => readProxyCase(join(root, name), name));
}

function readProxyCase(folder: string, name: string): ProxyCase {
  const text = (file: string) => readFileSync(join(folder, file), "utf8");
  const objects = parseAllDocuments(text("services.yaml")).map((document) => document.toJS());
  return {
    name,
    config: readConfig(JSON.parse(text("config.json"))),
    services: objects.filter(({ kind }) => kind === "Service").map(readService),
    slices: objects.filter(({ kind }) => kind === "EndpointSlice").map(readSlice),
    expected: text("expected.iptables-save"),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of another project
function readConfig(json: any): ProxyConfig {
  const { mode, clusterCIDR } = json.localDetector;
  return {
    nodeName: json.nodeName,
    nodeIP: ipv4(json.nodeIP),
    nodeAddresses: Object.values<string[]>(json.interfaces)
      .flat()
      .filter((address) => !address.includes(":"))
      .map(prefix),
    masqueradeAll: json.masqueradeAll,
    masqueradeMark: Number(json.masqueradeMark),
    randomFully: json.randomFully,
    localDetector: clusterCIDR === undefined ? { mode } : { mode, cidr: prefix(clusterCIDR) },
    nodePortAddresses: json.nodePortAddresses.map(prefix),
    localhostNodePorts: json.localhostNodePorts,
    nfacctCounters: json.nfacctCounters,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: YAML of another project
function readService({ metadata, spec, status }: any): ServiceModel {
  return service(`${metadata.namespace}/${metadata.name}`, {
    ...spec,
    clusterIP: ipv4(spec.clusterIP),
    externalIPs: (spec.externalIPs ?? []).map(ipv4),
    // biome-ignore lint/suspicious/noExplicitAny: see above
    loadBalancerIngress: (status?.loadBalancer?.ingress ?? []).map((ingress: any) => ({
      ip: ipv4(ingress.ip),
      ipMode: ingress.ipMode ?? "VIP",
    })),
    loadBalancerSourceRanges: (spec.loadBalancerSourceRanges ?? []).map((range: string) => prefix(range.trim())),
    sessionAffinityTimeoutSeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800,
  });
}

// biome-ignore lint/suspicious/noExplicitAny: YAML of another project
function readSlice({ metadata, endpoints, ports }: any): EndpointSliceModel {
  return endpointSlice(`${metadata.namespace}/${metadata.labels["kubernetes.io/service-name"]}`, {
    ports,
    // biome-ignore lint/suspicious/noExplicitAny: see above
    endpoints: (endpoints ?? []).map(({ addresses, nodeName, conditions }: any) => ({
      addresses: addresses.map(ipv4),
      nodeName,
      ...conditions,
    })),
  });
}
