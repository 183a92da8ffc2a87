import type { NameServerSettings, NameZone } from "../../plan/names.ts";
import { type DnsRecord, dnsType } from "../../wire/dns.ts";
import { type DnsName, reverseName } from "../../wire/dns-name.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import type { ClusterLayout } from "../layout.ts";
import type { DnsModel } from "../model.ts";
import type { EndpointModel, EndpointSliceModel, ServiceModel } from "../service-model.ts";
import { dnsNamespace, dnsServiceName } from "./coredns.ts";

/** `ttl 30` in kubeadm's Corefile. */
const ttlSeconds = 30;

/**
 * What CoreDNS with kubeadm's Corefile answers (the plugin kubernetes, after
 * https://github.com/kubernetes/dns/blob/master/docs/specification.md): the cluster's domain and the reverse of all addresses. What
 * is outside of them goes to `forward`; without one those two zones are all that it serves, and it refuses the rest.
 */
export function clusterNames(
  { model, services }: Pick<ClusterLayout, "model" | "services">,
  slices: readonly EndpointSliceModel[],
): NameServerSettings {
  const dns = model.dns as DnsModel;
  const { domain, upstreams } = dns;
  const byService = new Map<string, EndpointSliceModel[]>();
  for (const slice of slices) {
    const key = `${slice.namespace}/${slice.service}`;
    byService.set(key, [...(byService.get(key) ?? []), slice]);
  }
  const names = services.map((service) =>
    serviceNames(service, byService.get(`${service.namespace}/${service.name}`) ?? [], domain),
  );
  const forward = names.flatMap((one) => one.forward);
  const reverse = names.flatMap((one) => one.reverse);
  const namespaces = new Set(["default", "kube-system", ...services.map(({ namespace }) => namespace)]);
  for (const { pods } of model.nodes) for (const pod of pods) namespaces.add(pod.namespace);
  const zones: NameZone[] = [
    {
      apex: domain,
      soa: soa(domain, domain),
      records: [...forward, ...ownNames(services, domain)],
      emptyNames: [...namespaces].map((namespace) => `${namespace}.svc.${domain}`),
      podNamespaces: [...namespaces],
    },
    { apex: "in-addr.arpa", soa: soa("in-addr.arpa", domain), records: reverse, fallsThrough: true },
    { apex: "ip6.arpa", soa: soa("ip6.arpa", domain), records: [], fallsThrough: true },
  ];
  return { zones, upstreams };
}

interface Names {
  readonly forward: readonly DnsRecord[];
  readonly reverse: readonly DnsRecord[];
}

function serviceNames(service: ServiceModel, slices: readonly EndpointSliceModel[], domain: DnsName): Names {
  const name = `${service.name}.${service.namespace}.svc.${domain}`;
  if (service.externalName !== undefined) {
    return { forward: [{ name, ttlSeconds, type: dnsType.CNAME, target: service.externalName }], reverse: [] };
  }
  if (service.clusterIP === undefined) return headlessNames(slices, name);
  const address = service.clusterIP;
  const services = service.ports.map((port) => srv(port.name, port.protocol, name, name, port.port, 100));
  const endpoints = readyEndpoints(slices).map(({ endpoint }) => endpoint);
  return {
    forward: [{ name, ttlSeconds, type: dnsType.A, address }, ...services.flat(), ...endpointNames(endpoints, name)],
    reverse: [pointer(address, name)],
  };
}

/** The name stands for all endpoints that are ready; without any there is no such name, as for CoreDNS. */
function headlessNames(slices: readonly EndpointSliceModel[], name: DnsName): Names {
  const ready = readyEndpoints(slices);
  const endpoints = ready.map(({ endpoint }) => endpoint);
  const weight = Math.floor(100 / Math.max(1, ready.length));
  const addresses = endpoints.flatMap((endpoint) => endpoint.addresses);
  return {
    forward: [
      ...addresses.map((address): DnsRecord => ({ name, ttlSeconds, type: dnsType.A, address })),
      ...endpointNames(endpoints, name),
      ...ready.flatMap(({ endpoint, ports }) =>
        ports.flatMap((port) =>
          srv(port.name, port.protocol, name, `${endpointName(endpoint)}.${name}`, port.port, weight),
        ),
      ),
    ],
    reverse: endpoints.flatMap(({ hostname, addresses: own }) =>
      // Only who has a name of its own is found by its address.
      hostname === undefined ? [] : own.map((address) => pointer(address, `${hostname}.${name}`)),
    ),
  };
}

function pointer(address: Ipv4Address, target: DnsName): DnsRecord {
  return { name: reverseName(address), ttlSeconds, type: dnsType.PTR, target };
}

function readyEndpoints(slices: readonly EndpointSliceModel[]) {
  return slices.flatMap(({ endpoints, ports }) =>
    endpoints.filter((endpoint) => endpoint.ready).map((endpoint) => ({ endpoint, ports })),
  );
}

/** Each has a name: that of its pod, or its address with dashes. */
function endpointNames(endpoints: readonly EndpointModel[], service: DnsName): DnsRecord[] {
  return endpoints.flatMap((endpoint) => {
    const name = `${endpointName(endpoint)}.${service}`;
    return endpoint.addresses.map((address): DnsRecord => ({ name, ttlSeconds, type: dnsType.A, address }));
  });
}

function endpointName({ hostname, addresses }: EndpointModel): string {
  return hostname ?? dashed(addresses[0]);
}

function dashed(address: Ipv4Address): string {
  return formatIpv4(address).replaceAll(".", "-");
}

/** A port with a name has a record of its own. */
function srv(
  port: string,
  protocol: string,
  service: DnsName,
  target: DnsName,
  number: number,
  weight: number,
): DnsRecord[] {
  if (port === "") return [];
  const data = { ttlSeconds, type: dnsType.SRV, priority: 0, weight, port: number, target } as const;
  return [{ name: `_${port}._${protocol.toLowerCase()}.${service}`, ...data }];
}

/** The server's own name, which its SOA records give. */
function ownNames(services: readonly ServiceModel[], domain: DnsName): DnsRecord[] {
  const own = services.find(({ namespace, name }) => namespace === dnsNamespace && name === dnsServiceName);
  if (own?.clusterIP === undefined) return [];
  return [{ name: `ns.dns.${domain}`, ttlSeconds, type: dnsType.A, address: own.clusterIP }];
}

function soa(name: DnsName, domain: DnsName): DnsRecord {
  return {
    name,
    ttlSeconds,
    type: dnsType.SOA,
    primary: `ns.dns.${domain}`,
    mailbox: `hostmaster.${domain}`,
    // CoreDNS takes the time of its start; here nothing may depend on that.
    serial: 1,
    refreshSeconds: 7200,
    retrySeconds: 1800,
    expireSeconds: 86_400,
    minimumSeconds: 30,
  };
}
