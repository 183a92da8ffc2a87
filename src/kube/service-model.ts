import type { SourceRange } from "../base/source-range.ts";
import type { Ipv4Address, Ipv4Prefix } from "../wire/ipv4-address.ts";

export type ServiceProtocol = "TCP" | "UDP" | "SCTP";

/** A Service (v1), with the defaults of the API server filled in. https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ */
export interface ServiceModel {
  readonly namespace: string;
  readonly name: string;
  readonly type: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
  /** Of the type ExternalName: the name outside that its own is an alias of. */
  readonly externalName?: string;
  /** Undefined: headless (`None`), or not yet allocated. */
  readonly clusterIP?: Ipv4Address;
  readonly externalIPs: readonly Ipv4Address[];
  /** `status.loadBalancer.ingress[].ip`; `ipMode: Proxy` leaves the address to the load balancer. */
  readonly loadBalancerIngress: readonly { readonly ip: Ipv4Address; readonly ipMode: "VIP" | "Proxy" }[];
  readonly loadBalancerSourceRanges: readonly Ipv4Prefix[];
  readonly sessionAffinity: "None" | "ClientIP";
  /** `sessionAffinityConfig.clientIP.timeoutSeconds`; 10800 by default. */
  readonly sessionAffinityTimeoutSeconds: number;
  readonly internalTrafficPolicy: "Cluster" | "Local";
  readonly externalTrafficPolicy: "Cluster" | "Local";
  /** 0: none. */
  readonly healthCheckNodePort: number;
  readonly publishNotReadyAddresses: boolean;
  readonly ports: readonly ServicePortModel[];
  readonly selector?: Readonly<Record<string, string>>;
  /** The Service's own line. */
  readonly source: SourceRange;
}

export interface ServicePortModel {
  /** Empty where the only port has no name. */
  readonly name: string;
  readonly protocol: ServiceProtocol;
  readonly port: number;
  readonly targetPort: number | string;
  /** 0: none. */
  readonly nodePort: number;
  readonly source: SourceRange;
}

/** An EndpointSlice (discovery.k8s.io/v1) of a Service. */
export interface EndpointSliceModel {
  readonly namespace: string;
  /** Label `kubernetes.io/service-name`. */
  readonly service: string;
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly ports: readonly { readonly name: string; readonly protocol: ServiceProtocol; readonly port: number }[];
  readonly endpoints: readonly EndpointModel[];
  readonly source: SourceRange;
}

export interface EndpointModel {
  readonly addresses: readonly Ipv4Address[];
  /** Unset conditions: ready and serving true, terminating false. */
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName?: string;
  /** The pod's, where its subdomain is the Service. */
  readonly hostname?: string;
}

/** What kube-proxy is told by its configuration. https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
export interface ProxyConfig {
  readonly nodeName: string;
  readonly nodeIP: Ipv4Address;
  /** Addresses of the node's interfaces. */
  readonly nodeAddresses: readonly Ipv4Prefix[];
  readonly masqueradeAll: boolean;
  /** `iptables.masqueradeBit` as a mark: 0x4000 by default. */
  readonly masqueradeMark: number;
  readonly randomFully: boolean;
  /** `detectLocalMode`: whose packets count as local pods'. */
  readonly localDetector:
    | { readonly mode: "ClusterCIDR" | "NodeCIDR"; readonly cidr: Ipv4Prefix }
    | { readonly mode: "BridgeInterface"; readonly interface: string }
    | { readonly mode: "InterfaceNamePrefix"; readonly prefix: string }
    | { readonly mode: "none" };
  /** Empty: every local address. `primary`: the node's IP only. */
  readonly nodePortAddresses: readonly Ipv4Prefix[] | "primary";
  readonly localhostNodePorts: boolean;
  /** Where cluster IPs come from: nftables mode drops what goes to one that no Service has. */
  readonly serviceCIDRs?: readonly Ipv4Prefix[];
  /** nfacct objects that the kernel has; rules with others of them leave the match out. */
  readonly nfacctCounters: readonly string[];
  /** `conntrack.tcpBeLiberal`, or the node's `nf_conntrack_tcp_be_liberal`: packets out of their window are let through. */
  readonly conntrackTcpBeLiberal?: boolean;
}
