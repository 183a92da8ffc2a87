import type { Diagnostic, Severity } from "../base/diagnostic.ts";
import { lineSeenFrom, type SourceRange } from "../base/source-range.ts";
import {
  broadcastAddress,
  formatIpv4,
  formatPrefix,
  type Ipv4Prefix,
  networkAddress,
  prefixContains,
} from "../wire/ipv4-address.ts";
import type { ClusterModel } from "./model.ts";
import type { DeclaredService } from "./service-declaration.ts";
import type { ServiceModel, ServicePortModel } from "./service-model.ts";

/** kube-apiserver's `--service-node-port-range`. */
const nodePortRange = { first: 30_000, last: 32_767 };

/**
 * What an API server decides when Services are stored: cluster IPs and node ports for those that state none. It draws
 * them from the upper part of the range, and leaves the lower to stated ones (KEP-3070, KEP-3668); here they are handed
 * out in order, so that the same file has the same ones.
 */
export function allocateServices({ services, serviceCidr }: Pick<ClusterModel, "services" | "serviceCidr">): {
  readonly services: readonly ServiceModel[];
  readonly problems: readonly Diagnostic[];
} {
  const problems: Diagnostic[] = [];
  const clusterIPs = takeClusterIPs(services, serviceCidr.value, problems);
  const nodePorts = takeNodePorts(services, problems);
  const free = {
    address: freeNumbers(...upperAddresses(serviceCidr.value), clusterIPs),
    nodePort: freeNumbers(...upperNodePorts(), nodePorts),
  };
  const exhausted = (service: DeclaredService, what: string) => {
    const message = `There is no ${what} left for the Service ${service.name}.`;
    problems.push({ severity: "error", code: "service-range-exhausted", range: service.source, message });
  };
  const complete = services.map((service): ServiceModel => {
    const needsAddress = !service.headless && !service.stored && service.clusterIP === undefined;
    const clusterIP = needsAddress ? free.address.next().value : service.clusterIP?.value;
    if (needsAddress && clusterIP === undefined) exhausted(service, `address in ${formatPrefix(serviceCidr.value)}`);
    const takeNodePort = () => {
      const port = free.nodePort.next().value;
      if (port === undefined) exhausted(service, "node port");
      return port ?? 0;
    };
    const ports = needsNodePorts(service)
      ? service.ports.map((port) => (port.nodePort === 0 ? { ...port, nodePort: takeNodePort() } : port))
      : service.ports;
    const needsHealthCheck = !service.stored && hasHealthCheck(service) && service.healthCheckNodePort === 0;
    const healthCheckNodePort = needsHealthCheck ? takeNodePort() : service.healthCheckNodePort;
    const {
      statedEndpoints: _endpoints,
      selectorSource: _place,
      headless: _headless,
      stored: _stored,
      ...model
    } = service;
    return { ...model, clusterIP, ports, healthCheckNodePort };
  });
  return { services: complete, problems };
}

/** Only these get a health check port: everybody else's nodes all answer. */
export function hasHealthCheck({ type, externalTrafficPolicy }: DeclaredService): boolean {
  return type === "LoadBalancer" && externalTrafficPolicy === "Local";
}

function needsNodePorts({ stored, type, allocatesNodePorts }: DeclaredService): boolean {
  return !stored && (type === "NodePort" || (type === "LoadBalancer" && allocatesNodePorts));
}

/** An API server that has stored an object has let it pass. */
function severityFor({ stored }: DeclaredService): Severity {
  return stored ? "warning" : "error";
}

function takeClusterIPs(services: readonly DeclaredService[], cidr: Ipv4Prefix, problems: Diagnostic[]): Set<number> {
  const owners = new Map<number, DeclaredService>();
  for (const service of services) {
    if (service.clusterIP === undefined) continue;
    const { value, source: range } = service.clusterIP;
    const other = owners.get(value);
    if (other) {
      const message = `${formatIpv4(value)} is already the clusterIP of the Service ${other.name} (${lineSeenFrom(other.source, range)}).`;
      problems.push({ severity: "error", code: "duplicate-cluster-ip", range, message });
    } else owners.set(value, service);
    const usable = value !== networkAddress(cidr) && value !== broadcastAddress(cidr);
    if (prefixContains(cidr, value) && usable) continue;
    const message = `The clusterIP ${formatIpv4(value)} is not inside ${formatPrefix(cidr)}, the cluster's serviceCIDR.`;
    problems.push({ severity: severityFor(service), code: "cluster-ip-outside-service-cidr", range, message });
  }
  return new Set(owners.keys());
}

interface NodePortOwner {
  readonly service: DeclaredService;
  readonly protocols: Set<string>;
  readonly source: SourceRange;
}

function takeNodePorts(services: readonly DeclaredService[], problems: Diagnostic[]): Set<number> {
  const owners = new Map<number, NodePortOwner>();
  for (const service of services) {
    for (const port of service.ports) if (port.nodePort !== 0) takeNodePort(service, port, owners, problems);
    const { healthCheckNodePort: nodePort, source } = service;
    if (nodePort !== 0 && hasHealthCheck(service)) {
      takeNodePort(service, { nodePort, protocol: "TCP", source }, owners, problems);
    }
  }
  return new Set(owners.keys());
}

function takeNodePort(
  service: DeclaredService,
  { nodePort, protocol, source: range }: Pick<ServicePortModel, "nodePort" | "protocol" | "source">,
  owners: Map<number, NodePortOwner>,
  problems: Diagnostic[],
): void {
  const owner = owners.get(nodePort);
  if (owner === undefined) owners.set(nodePort, { service, protocols: new Set([protocol]), source: range });
  else if (owner.service === service && !owner.protocols.has(protocol)) owner.protocols.add(protocol);
  else {
    const message = `The node port ${nodePort} is already taken by the Service ${owner.service.name} (${lineSeenFrom(owner.source, range)}).`;
    problems.push({ severity: "error", code: "duplicate-node-port", range, message });
  }
  const { first, last } = nodePortRange;
  if (nodePort >= first && nodePort <= last) return;
  const message = `The node port ${nodePort} is not between ${first} and ${last}, the range that an API server gives out.`;
  problems.push({ severity: severityFor(service), code: "node-port-out-of-range", range, message });
}

/** First and last address of the upper part: what `min(max(16, size/16), 256)` leaves. */
function upperAddresses(cidr: Ipv4Prefix): [first: number, last: number] {
  const size = 2 ** (32 - cidr.length) - 2;
  const lower = Math.min(Math.max(16, Math.floor(size / 16)), 256);
  const first = networkAddress(cidr) + 1;
  return [size > lower ? first + lower : first, broadcastAddress(cidr) - 1];
}

/** Likewise, with `min(max(16, size/32), 128)`. */
function upperNodePorts(): [first: number, last: number] {
  const size = nodePortRange.last - nodePortRange.first + 1;
  return [nodePortRange.first + Math.min(Math.max(16, Math.floor(size / 32)), 128), nodePortRange.last];
}

function* freeNumbers(first: number, last: number, taken: ReadonlySet<number>): Generator<number, undefined> {
  for (let number = first; number <= last; number++) if (!taken.has(number)) yield number;
  return undefined;
}
