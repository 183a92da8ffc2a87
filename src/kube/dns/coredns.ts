import { networkAddress } from "../../wire/ipv4-address.ts";
import type { ClusterModel, DeploymentModel, DnsModel, ListenerModel, Sourced } from "../model.ts";
import { noContents } from "../model.ts";
import { type DeclaredService, serviceDefaults } from "../service-declaration.ts";

/** Where kubeadm puts CoreDNS, and what its Service has been called since before it was CoreDNS. */
export const dnsNamespace = "kube-system";
export const dnsServiceName = "kube-dns";
const labels = { "k8s-app": "kube-dns" };
const dnsPort = 53;

/** The cluster with its CoreDNS: a Deployment, placed behind all others, and the Service before it. */
export function withClusterDns<Model extends Pick<ClusterModel, "dns" | "services" | "deployments" | "serviceCidr">>(
  model: Model,
): Model {
  const { dns } = model;
  if (dns === undefined) return model;
  const services = hasOwnService(model) ? model.services : [...model.services, dnsService(model, dns)];
  return { ...model, services, deployments: [...model.deployments, coreDns(dns)] };
}

function hasOwnService({ services }: Pick<ClusterModel, "services">): boolean {
  return services.some(({ namespace, name }) => namespace === dnsNamespace && name === dnsServiceName);
}

/** kubeadm takes the tenth address of the Services' block (`GetDNSIP`). */
function dnsService(
  { serviceCidr }: Pick<ClusterModel, "serviceCidr">,
  { clusterIP, source }: DnsModel,
): DeclaredService {
  const tenth: Sourced<number> = { value: networkAddress(serviceCidr.value) + 10, source };
  const port = { port: dnsPort, nodePort: 0, source };
  return {
    ...serviceDefaults,
    namespace: dnsNamespace,
    name: dnsServiceName,
    stored: false,
    clusterIP: clusterIP ?? tenth,
    ports: [
      { ...port, name: "dns", protocol: "UDP", targetPort: dnsPort },
      { ...port, name: "dns-tcp", protocol: "TCP", targetPort: dnsPort },
    ],
    selector: labels,
    source,
  };
}

function coreDns({ replicas, source }: DnsModel): DeploymentModel {
  const listener = { address: 0, port: dnsPort, program: "dns", isClusterDns: true, source } as const;
  const listeners: ListenerModel[] = [
    { ...listener, protocol: "udp", name: "dns" },
    { ...listener, protocol: "tcp", name: "dns-tcp" },
  ];
  return {
    replicas,
    template: {
      name: { base: "coredns", source },
      namespace: dnsNamespace,
      labels,
      ready: true,
      terminating: false,
      hostNetwork: false,
      contents: { ...noContents, containers: [{ name: "coredns", listeners, source }] },
      source,
    },
  };
}
