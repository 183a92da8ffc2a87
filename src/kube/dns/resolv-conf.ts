import type { ResolvConf } from "../../plan/names.ts";
import { resolverDefaults } from "../../plan/resolv-conf.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { ClusterLayout } from "../layout.ts";
import type { PodGroup } from "../model.ts";
import type { NamespaceRef } from "../names.ts";
import { dnsNamespace, dnsServiceName } from "./coredns.ts";

/** MAXNS of glibc; kubelet warns of more. */
export const mostNameservers = 3;

/**
 * The /etc/resolv.conf that kubelet gives a pod, after its dnsPolicy and dnsConfig; undefined for who has none: all but pods, and
 * pods where there is neither a cluster DNS nor a nameserver of their own.
 */
export function resolvConfOf(layout: ClusterLayout, ref: NamespaceRef): ResolvConf | undefined {
  return ref.role === "pod" ? podResolvConf(layout, ref.pod) : undefined;
}

/** What was made before: clusters have far more pods than files that differ. */
const made = new WeakMap<ClusterLayout, Map<PodGroup, ResolvConf | undefined>>();

/** As `resolvConfOf`, for all pods of a group: one and the same for all of them. */
export function podResolvConf(layout: ClusterLayout, pod: PodGroup): ResolvConf | undefined {
  const ofLayout = made.get(layout) ?? new Map<PodGroup, ResolvConf | undefined>();
  made.set(layout, ofLayout);
  if (!ofLayout.has(pod)) ofLayout.set(pod, makeResolvConf(layout, pod));
  return ofLayout.get(pod);
}

function makeResolvConf(layout: ClusterLayout, pod: PodGroup): ResolvConf | undefined {
  const base = baseOf(layout, pod);
  const own = pod.dns;
  const nameservers = [...base.nameservers, ...(own?.nameservers ?? [])].slice(0, mostNameservers);
  if (nameservers.length === 0) return undefined;
  const search = [...new Set([...base.search, ...(own?.searches ?? [])])];
  return { ...base, ...own?.options, nameservers, search };
}

function baseOf(layout: ClusterLayout, pod: PodGroup): ResolvConf {
  const { dns } = layout.model;
  const address = clusterDnsAddress(layout);
  const policy = pod.dns?.policy ?? "ClusterFirst";
  if (dns === undefined || policy === "None") return { ...resolverDefaults, nameservers: [], search: [] };
  const asNode = policy === "Default" || (policy === "ClusterFirst" && pod.hostNetwork);
  // Nodes ask whom CoreDNS asks: kubeadm's Corefile forwards to the node's own resolv.conf.
  if (asNode || address === undefined) return { ...resolverDefaults, nameservers: dns.upstreams, search: [] };
  const { domain } = dns;
  const search = [`${pod.namespace}.svc.${domain}`, `svc.${domain}`, domain];
  return { ...resolverDefaults, nameservers: [address], search, ndots: 5 };
}

/** The address of the Service before CoreDNS; undefined where there is none. */
export function clusterDnsAddress({ model, services }: ClusterLayout): Ipv4Address | undefined {
  if (model.dns === undefined) return undefined;
  return services.find(({ namespace, name }) => namespace === dnsNamespace && name === dnsServiceName)?.clusterIP;
}
