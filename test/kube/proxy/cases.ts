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
  const objects = readObjects(join(folder, "services.yaml"), text("services.yaml"));
  return {
    name,
    config: readConfig(JSON.parse(text("config.json"))),
    services: objects.services.map((service) => ({ ...service, clusterIP: service.clusterIP?.value })),
    slices: objects.slices,
    expected: text("expected.iptables-save"),
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
}

function readConfig(json: CaseConfig): ProxyConfig {
  const { localDetector, interfaces } = json;
  const addresses = Object.values(interfaces).flat();
  return {
    ...json,
    nodeIP: ipv4(json.nodeIP),
    nodeAddresses: addresses.filter((address) => !address.includes(":")).map(prefix),
    masqueradeMark: Number(json.masqueradeMark),
    localDetector:
      localDetector.mode === "none" ? localDetector : { mode: "ClusterCIDR", cidr: prefix(localDetector.clusterCIDR) },
    nodePortAddresses: json.nodePortAddresses.map(prefix),
  };
}
