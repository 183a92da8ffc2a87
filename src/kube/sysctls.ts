type Sysctls = readonly (readonly [key: string, value: number])[];

/** IPv6 is off before any interface exists, else its router solicitations would be on every link. */
const withoutIpv6: Sysctls = [
  ["net.ipv6.conf.all.disable_ipv6", 1],
  ["net.ipv6.conf.default.disable_ipv6", 1],
];

/** The sysctls that every namespace of a kind relies on; the plan states them, since hosts differ in their defaults. */
export const nodeSysctls: Sysctls = [
  ["net.ipv4.ip_forward", 1],
  ...withoutIpv6,
  ["net.ipv4.conf.all.rp_filter", 0],
  ["net.ipv4.conf.default.rp_filter", 0],
  ["net.bridge.bridge-nf-call-iptables", 1],
];

export const podSysctls: Sysctls = [
  ["net.ipv4.ip_forward", 0],
  ...withoutIpv6,
  ["net.ipv4.conf.all.rp_filter", 0],
  ["net.ipv4.conf.default.rp_filter", 0],
];

export const routerSysctls: Sysctls = [["net.ipv4.ip_forward", 1], ...podSysctls.slice(1)];

/** Settings of a device, `net.ipv4.conf.eth0.rp_filter`: they exist once the device does. */
export function isOfDevice(key: string): boolean {
  const device = /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\./.exec(key)?.[1];
  return device !== undefined && !["all", "default", "lo"].includes(device);
}
