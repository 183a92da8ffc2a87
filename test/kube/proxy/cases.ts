import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EndpointSliceModel, ProxyConfig, ServiceModel } from "../../../src/kube/service-model.ts";
import { type ManifestObjects, readManifest } from "../../../src/language/manifest/manifest.ts";
import { Problems } from "../../../src/language/problems.ts";
import { ipv4, prefix } from "./objects.ts";

/** One folder of a collection of cases: what a cluster has, and the text that kube-proxy makes of it. */
export interface ProxyCase {
  readonly name: string;
  readonly config: ProxyConfig;
  readonly services: readonly ServiceModel[];
  readonly slices: readonly EndpointSliceModel[];
  /** What `iptables-restore` or `nft -f` reads. */
  readonly expected: string;
}

/** Reads every folder of `root` that has the text for a program. */
export function readProxyCases(root: string, file: "expected.iptables-save" | "expected.nft"): readonly ProxyCase[] {
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, file)))
    .map((name) => readProxyCase(join(root, name), name, file));
}

function readProxyCase(folder: string, name: string, file: string): ProxyCase {
  const text = (file: string) => readFileSync(join(folder, file), "utf8");
  const objects = readObjects(join(folder, "services.yaml"), text("services.yaml"));
  return {
    name,
    config: readConfig(JSON.parse(text("config.json"))),
    services: objects.services.map((service) => ({ ...service, clusterIP: service.clusterIP?.value })),
    slices: objects.slices,
    expected: text(file),
  };
}

function readObjects(uri: string, text: string): ManifestObjects {
  const objects: ManifestObjects = { services: [], slices: [], nodes: [], ingresses: [] };
  const problems = new Problems(uri);
  readManifest(uri, text, objects, problems);
  const errors = problems.list().filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(`${uri}: ${errors[0].message}`);
  return objects;
}

interface CaseConfig
  extends Pick<ProxyConfig, "nodeName" | "masqueradeAll" | "randomFully" | "localhostNodePorts" | "nfacctCounters"> {
  readonly nodeIP: string;
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  readonly masqueradeMark: string;
  readonly localDetector: { readonly mode: "ClusterCIDR"; readonly clusterCIDR: string } | { readonly mode: "none" };
  readonly nodePortAddresses: readonly string[];
  /** Blocks with commas between them. */
  readonly serviceCIDRs?: string;
}

function readConfig(json: CaseConfig): ProxyConfig {
  const { localDetector, interfaces } = json;
  const addresses = Object.values(interfaces).flat();
  return {
    ...json,
    nodeIP: ipv4(json.nodeIP),
    nodeAddresses: addresses.filter(isIpv4).map(prefix),
    masqueradeMark: Number(json.masqueradeMark),
    localDetector:
      localDetector.mode === "none" ? localDetector : { mode: "ClusterCIDR", cidr: prefix(localDetector.clusterCIDR) },
    nodePortAddresses: json.nodePortAddresses.filter(isIpv4).map(prefix),
    serviceCIDRs: json.serviceCIDRs?.split(",").filter(isIpv4).map(prefix),
  };
}

function isIpv4(address: string): boolean {
  return !address.includes(":");
}
