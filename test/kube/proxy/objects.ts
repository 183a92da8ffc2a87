import type {
  EndpointModel,
  EndpointSliceModel,
  ProxyConfig,
  ServiceModel,
  ServicePortModel,
} from "../../../src/kube/service-model.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../../src/wire/ipv4-address.ts";

const source = { uri: "test", line: 1, column: 1, endLine: 1, endColumn: 1 };

export function ipv4(text: string): Ipv4Address {
  return text.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

export function prefix(text: string): Ipv4Prefix {
  const [address, length] = text.split("/");
  return { address: ipv4(address), length: Number(length) };
}

/** A kube-proxy with all defaults, on node `here`, 192.168.0.2, of a cluster 10.0.0.0/8. */
export function proxyConfig(changes: Partial<ProxyConfig> = {}): ProxyConfig {
  return {
    nodeName: "here",
    nodeIP: ipv4("192.168.0.2"),
    nodeAddresses: [prefix("127.0.0.1/8"), prefix("192.168.0.2/24"), prefix("172.18.0.2/16")],
    masqueradeAll: false,
    masqueradeMark: 0x4000,
    randomFully: false,
    localDetector: { mode: "ClusterCIDR", cidr: prefix("10.0.0.0/8") },
    nodePortAddresses: [],
    localhostNodePorts: true,
    nfacctCounters: [],
    ...changes,
  };
}

interface ServiceChanges extends Partial<Omit<ServiceModel, "ports">> {
  readonly ports?: readonly Partial<ServicePortModel>[];
}

/** A Service `NAMESPACE/NAME` with what the API server fills in; ports are 80/TCP unless they say otherwise. */
export function service(fullName: string, { ports = [{}], ...changes }: ServiceChanges = {}): ServiceModel {
  const [namespace, name] = fullName.split("/");
  return {
    namespace,
    name,
    type: "ClusterIP",
    clusterIP: ipv4("172.30.0.1"),
    externalIPs: [],
    loadBalancerIngress: [],
    loadBalancerSourceRanges: [],
    sessionAffinity: "None",
    sessionAffinityTimeoutSeconds: 10800,
    internalTrafficPolicy: "Cluster",
    externalTrafficPolicy: "Cluster",
    healthCheckNodePort: 0,
    publishNotReadyAddresses: false,
    source,
    ...changes,
    ports: ports.map((port) => ({ name: "", protocol: "TCP", port: 80, targetPort: 80, nodePort: 0, source, ...port })),
  };
}

interface SliceChanges extends Partial<Omit<EndpointSliceModel, "endpoints">> {
  readonly endpoints?: readonly Partial<EndpointModel>[];
}

export function endpointSlice(fullName: string, { endpoints = [], ...changes }: SliceChanges): EndpointSliceModel {
  const [namespace, name] = fullName.split("/");
  return {
    namespace,
    service: name,
    addressType: "IPv4",
    ports: [{ name: "", protocol: "TCP", port: 8080 }],
    source,
    ...changes,
    endpoints: endpoints.map((endpoint) => ({
      addresses: [],
      ready: true,
      serving: true,
      terminating: false,
      ...endpoint,
    })),
  };
}

/** An endpoint at an address, on a node if one is named. */
export function at(address: string, nodeName?: string, changes: Partial<EndpointModel> = {}): EndpointModel {
  return { addresses: [ipv4(address)], nodeName, ready: true, serving: true, terminating: false, ...changes };
}
