/** Routers and hosts differ in what they begin with, so this comes before the rest. */
const notForwarding = ["net.ipv4.ip_forward", 0] as const;

/**
 * Sysctls that a new namespace copies from the machine it is made on (`net.core.devconf_inherit_init_net`), with the values
 * that the kernel itself begins with and the simulated kernel always has: distributions change some of them.
 */
export const baselineSysctls: readonly (readonly [key: string, value: number])[] = [
  notForwarding,
  ...["all", "default"].flatMap((which) =>
    (
      [
        ["accept_local", 0],
        ["accept_redirects", 1],
        ["arp_accept", 0],
        ["arp_announce", 0],
        ["arp_filter", 0],
        ["arp_ignore", 0],
        ["arp_notify", 0],
        ["drop_gratuitous_arp", 0],
        ["ignore_routes_with_linkdown", 0],
        ["promote_secondaries", 0],
        ["proxy_arp", 0],
        ["proxy_arp_pvlan", 0],
        ["route_localnet", 0],
        ["rp_filter", 0],
        ["send_redirects", 1],
        ["shared_media", 1],
      ] as const
    ).map(([name, value]) => [`net.ipv4.conf.${which}.${name}`, value] as const),
  ),
];

/** Sysctls that belong to the whole machine: no namespace of a test may set them. */
const machineWide =
  /^net\.ipv4\.neigh\.default\.gc_|^net\.netfilter\.nf_conntrack_(max|buckets)$|^net\.nf_conntrack_max$/;

export function isMachineWide(key: string): boolean {
  return machineWide.test(key);
}
