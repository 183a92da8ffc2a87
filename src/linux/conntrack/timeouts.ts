import { ipProtocol } from "../../wire/ipv4.ts";
import type { World } from "../world.ts";

/** `net.netfilter.*` that the simulated kernel heeds, with Linux's defaults; times in seconds (net/netfilter/nf_conntrack_standalone.c). */
export const conntrackSysctls = {
  nf_conntrack_max: 262_144,
  nf_conntrack_buckets: 262_144,
  nf_conntrack_generic_timeout: 600,
  nf_conntrack_icmp_timeout: 30,
  nf_conntrack_udp_timeout: 30,
  nf_conntrack_udp_timeout_stream: 120,
  nf_conntrack_tcp_be_liberal: 0,
  nf_conntrack_tcp_ignore_invalid_rst: 0,
  nf_conntrack_tcp_loose: 1,
  nf_conntrack_tcp_max_retrans: 3,
  nf_conntrack_tcp_timeout_syn_sent: 120,
  nf_conntrack_tcp_timeout_syn_recv: 60,
  nf_conntrack_tcp_timeout_established: 432_000,
  nf_conntrack_tcp_timeout_fin_wait: 120,
  nf_conntrack_tcp_timeout_close_wait: 60,
  nf_conntrack_tcp_timeout_last_ack: 30,
  nf_conntrack_tcp_timeout_time_wait: 120,
  nf_conntrack_tcp_timeout_close: 10,
  nf_conntrack_tcp_timeout_max_retrans: 300,
  nf_conntrack_tcp_timeout_unacknowledged: 300,
} as const;

export type ConntrackSysctl = keyof typeof conntrackSysctls;

/** What the namespace has set, else Linux's default. */
export function conntrackSysctl(world: World, netns: number, name: ConntrackSysctl): number {
  return world.namespaces.sysctls.get(netns)[`net.netfilter.${name}`] ?? conntrackSysctls[name];
}

/** What `sysctl -n` says of a key of conntrack that was not set; undefined for any other key. */
export function readConntrackSysctl(world: World, netns: number, key: string): number | undefined {
  const name = key.replace(/^net\.netfilter\./, "");
  if (name === "nf_conntrack_count") return world.conntrack.countOf(netns);
  return name !== key && name in conntrackSysctls ? conntrackSysctls[name as ConntrackSysctl] : undefined;
}

const secondNs = 1_000_000_000;

/** A sysctl that is a time, in nanoseconds. */
export function conntrackTimeoutNs(world: World, netns: number, name: ConntrackSysctl): number {
  return conntrackSysctl(world, netns, name) * secondNs;
}

/** How long a connection of a protocol without states is remembered after each packet. */
export function plainTimeoutNs(world: World, netns: number, protocol: number): number {
  const name = protocol === ipProtocol.icmp ? "nf_conntrack_icmp_timeout" : "nf_conntrack_generic_timeout";
  return conntrackTimeoutNs(world, netns, name);
}
