import type { SourceRange } from "../base/source-range.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { Sourced } from "./model.ts";
import type { ProxyConfig, ServiceModel } from "./service-model.ts";

/** A Service as it was declared; what an API server would still decide is open. */
export interface DeclaredService extends Omit<ServiceModel, "clusterIP"> {
  /** `clusterIP None`, or a Service that has no address by its type. */
  readonly headless: boolean;
  readonly clusterIP?: Sourced<Ipv4Address>;
  /** `allocateLoadBalancerNodePorts`. */
  readonly allocatesNodePorts: boolean;
  /** An API server has stored it and decided everything: what it lacks it is to lack, and its numbers are what they are. */
  readonly stored: boolean;
  /** The labels of `selector`. */
  readonly selectorSource?: SourceRange;
  /** Addresses that are stated in the place of those that the selector finds; undefined where none are. */
  readonly statedEndpoints?: readonly Sourced<string>[];
}

/** The names of a cluster's proxies. */
export const proxyModes = ["iptables", "nftables", "none"] as const;
export type ProxyMode = (typeof proxyModes)[number];

/** kube-proxy's configuration, the same on every node. https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
export interface ProxySettings extends Omit<ProxyConfig, "nodeName" | "nodeIP" | "nodeAddresses" | "localDetector"> {
  /** Undefined: iptables where there are Services. */
  readonly mode?: ProxyMode;
  /** Undefined: ClusterCIDR with the cluster's pod CIDR, as kubeadm configures it. `NodeCIDR` is each node's own block. */
  readonly localDetector?: ProxyConfig["localDetector"] | { readonly mode: "NodeCIDR" };
}

export const defaultProxySettings: ProxySettings = {
  masqueradeAll: false,
  masqueradeMark: 0x4000,
  randomFully: false,
  nodePortAddresses: [],
  localhostNodePorts: true,
  nfacctCounters: [],
};

/** What a Service has that states nothing else. */
export const serviceDefaults = {
  type: "ClusterIP",
  headless: false,
  externalIPs: [],
  loadBalancerIngress: [],
  loadBalancerSourceRanges: [],
  sessionAffinity: "None",
  sessionAffinityTimeoutSeconds: 10_800,
  internalTrafficPolicy: "Cluster",
  externalTrafficPolicy: "Cluster",
  healthCheckNodePort: 0,
  publishNotReadyAddresses: false,
  allocatesNodePorts: true,
} as const satisfies Partial<DeclaredService>;
