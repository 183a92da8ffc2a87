import { closest } from "../base/suggest.ts";

/** What `sysctl -aN` lists in a network namespace of Linux 6.18: settings of IPv4 itself, of a device, of its neighbours. */
const ipv4Names =
  "fwmark_reflect icmp_echo_enable_probe icmp_echo_ignore_all icmp_echo_ignore_broadcasts icmp_errors_use_inbound_ifaddr " +
  "icmp_ignore_bogus_error_responses icmp_msgs_burst icmp_msgs_per_sec icmp_ratelimit icmp_ratemask ip_autobind_reuse " +
  "ip_default_ttl ip_dynaddr ip_early_demux ip_forward ip_forward_update_priority ip_forward_use_pmtu ip_no_pmtu_disc " +
  "ip_nonlocal_bind ip_unprivileged_port_start ipfrag_high_thresh ipfrag_low_thresh ipfrag_max_dist ipfrag_time " +
  "nexthop_compat_mode raw_l3mdev_accept xfrm4_gc_thresh route.min_pmtu route.mtu_expires route.min_adv_mss";
const confNames =
  "accept_local accept_redirects accept_source_route arp_accept arp_announce arp_evict_nocarrier arp_filter arp_ignore arp_notify " +
  "bc_forwarding bootp_relay disable_policy disable_xfrm drop_gratuitous_arp drop_unicast_in_l2_multicast force_igmp_version " +
  "forwarding igmpv2_unsolicited_report_interval igmpv3_unsolicited_report_interval ignore_routes_with_linkdown log_martians " +
  "mc_forwarding medium_id promote_secondaries proxy_arp proxy_arp_pvlan route_localnet rp_filter secure_redirects " +
  "send_redirects shared_media src_valid_mark tag";
const neighbourNames =
  "anycast_delay app_solicit base_reachable_time base_reachable_time_ms delay_first_probe_time gc_interval gc_stale_time gc_thresh1 " +
  "gc_thresh2 gc_thresh3 interval_probe_time_ms locktime mcast_resolicit mcast_solicit proxy_delay proxy_qlen retrans_time " +
  "retrans_time_ms ucast_solicit unres_qlen unres_qlen_bytes";
const bridgeNames =
  "bridge-nf-call-arptables bridge-nf-call-ip6tables bridge-nf-call-iptables bridge-nf-filter-pppoe-tagged " +
  "bridge-nf-filter-vlan-tagged bridge-nf-pass-vlan-input-dev";

const netfilterNames =
  "nf_conntrack_acct nf_conntrack_buckets nf_conntrack_checksum nf_conntrack_count nf_conntrack_events nf_conntrack_expect_max " +
  "nf_conntrack_frag6_high_thresh nf_conntrack_frag6_low_thresh nf_conntrack_frag6_timeout nf_conntrack_generic_timeout " +
  "nf_conntrack_gre_timeout nf_conntrack_gre_timeout_stream nf_conntrack_icmp_timeout nf_conntrack_icmpv6_timeout " +
  "nf_conntrack_log_invalid nf_conntrack_max nf_conntrack_sctp_timeout_closed nf_conntrack_sctp_timeout_cookie_echoed " +
  "nf_conntrack_sctp_timeout_cookie_wait nf_conntrack_sctp_timeout_established nf_conntrack_sctp_timeout_heartbeat_sent " +
  "nf_conntrack_sctp_timeout_shutdown_ack_sent nf_conntrack_sctp_timeout_shutdown_recd nf_conntrack_sctp_timeout_shutdown_sent " +
  "nf_conntrack_tcp_be_liberal nf_conntrack_tcp_ignore_invalid_rst nf_conntrack_tcp_loose nf_conntrack_tcp_max_retrans " +
  "nf_conntrack_tcp_timeout_close nf_conntrack_tcp_timeout_close_wait nf_conntrack_tcp_timeout_established " +
  "nf_conntrack_tcp_timeout_fin_wait nf_conntrack_tcp_timeout_last_ack nf_conntrack_tcp_timeout_max_retrans " +
  "nf_conntrack_tcp_timeout_syn_recv nf_conntrack_tcp_timeout_syn_sent nf_conntrack_tcp_timeout_time_wait " +
  "nf_conntrack_tcp_timeout_unacknowledged nf_conntrack_timestamp nf_conntrack_udp_timeout nf_conntrack_udp_timeout_stream " +
  "nf_hooks_lwtunnel";

/** Families whose names are not looked at one by one: the simulated kernel keeps them and does nothing about them. */
const unlistedFamilies = /^net\.(ipv4\.(tcp|udp|igmp|fib)_|ipv6\.|core\.|unix\.)/;

const families: readonly { readonly pattern: RegExp; readonly names: ReadonlySet<string> }[] = [
  { pattern: /^(net\.ipv4\.conf\.[^.]+\.)(.*)$/, names: new Set(confNames.split(" ")) },
  { pattern: /^(net\.ipv4\.neigh\.[^.]+\.)(.*)$/, names: new Set(neighbourNames.split(" ")) },
  { pattern: /^(net\.ipv4\.)(.*)$/, names: new Set(ipv4Names.split(" ")) },
  { pattern: /^(net\.bridge\.)(.*)$/, names: new Set(bridgeNames.split(" ")) },
  { pattern: /^(net\.netfilter\.)(.*)$/, names: new Set(netfilterNames.split(" ")) },
];

/** A sentence where the kernel has no such sysctl, with the one that was probably meant. */
export function unknownSysctl(key: string): string | undefined {
  if (unlistedFamilies.test(key)) return undefined;
  for (const { pattern, names } of families) {
    const [, prefix, name] = pattern.exec(key) ?? [];
    if (name === undefined) continue;
    if (names.has(name)) return undefined;
    const meant = closest(name, names);
    return `There is no sysctl ${key}.${meant === undefined ? "" : ` Did you mean ${prefix}${meant}?`}`;
  }
  return `There is no sysctl ${key} of the network.`;
}
