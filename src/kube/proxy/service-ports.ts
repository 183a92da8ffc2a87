import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { ServiceModel, ServicePortModel } from "../service-model.ts";
import { type ServiceChainNames, serviceChainNames } from "./chain-names.ts";

/** One port of a Service, as kube-proxy looks at it (pkg/proxy/serviceport.go). */
export interface ProxiedPort {
  /** `NAMESPACE/NAME:PORT`, without the colon where the port has no name: it stands in comments and in hashes. */
  readonly name: string;
  readonly service: ServiceModel;
  readonly port: ServicePortModel;
  readonly clusterIP: Ipv4Address;
  /** Only of load balancers that hand packets on with the address that the client dialled. */
  readonly loadBalancerIPs: readonly Ipv4Address[];
  /** Whether clients inside the cluster only ever reach endpoints of their own node. */
  readonly internalLocal: boolean;
  /** The same for clients outside. */
  readonly externalLocal: boolean;
  /** Reachable by more than the cluster IP. */
  readonly external: boolean;
  /** 0: none. */
  readonly healthCheckNodePort: number;
  readonly chains: ServiceChainNames;
}

/**
 * The ports that kube-proxy writes rules for, by the name of their Service. Headless Services and ExternalNames have
 * none: DNS answers for them. kube-proxy's own order is that of a Go map, that is, none.
 */
export function proxiedPorts(services: readonly ServiceModel[]): readonly ProxiedPort[] {
  return [...services]
    .sort((left, right) => compare(serviceName(left), serviceName(right)))
    .flatMap((service) => {
      const { clusterIP } = service;
      if (clusterIP === undefined || service.type === "ExternalName") return [];
      return service.ports.map((port) => proxiedPort(service, port, clusterIP));
    });
}

/** What says which endpoints belong to which port: names have no blank and no slash. */
export function portKey(namespace: string, service: string, portName: string, protocol: string): string {
  return `${namespace}/${service}:${portName}/${protocol}`;
}

function proxiedPort(service: ServiceModel, port: ServicePortModel, clusterIP: Ipv4Address): ProxiedPort {
  const name = port.name === "" ? serviceName(service) : `${serviceName(service)}:${port.name}`;
  const loadBalancerIPs = service.loadBalancerIngress.filter(({ ipMode }) => ipMode === "VIP").map(({ ip }) => ip);
  const externalLocal = service.externalTrafficPolicy === "Local" && mayBeExternal(service);
  return {
    name,
    service,
    port,
    clusterIP,
    loadBalancerIPs,
    internalLocal: service.internalTrafficPolicy === "Local",
    externalLocal,
    external: port.nodePort !== 0 || loadBalancerIPs.length > 0 || service.externalIPs.length > 0,
    healthCheckNodePort: externalLocal && service.type === "LoadBalancer" ? service.healthCheckNodePort : 0,
    chains: serviceChainNames(name, port.protocol),
  };
}

function serviceName(service: ServiceModel): string {
  return `${service.namespace}/${service.name}`;
}

/** By what the Service is, whether or not it has an address yet (pkg/api/v1/service/util.go). */
function mayBeExternal(service: ServiceModel): boolean {
  return service.type === "NodePort" || service.type === "LoadBalancer" || service.externalIPs.length > 0;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
