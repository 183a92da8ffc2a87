import type { Chance } from "./chance.ts";
import type { Device } from "./topology.ts";

const perDevice: readonly (readonly [name: string, values: readonly number[]])[] = [
  ["rp_filter", [0, 1, 2]],
  ["arp_ignore", [0, 1, 2, 8]],
  ["arp_announce", [0, 1, 2]],
  ["arp_accept", [0, 1]],
  ["arp_filter", [0, 1]],
  ["proxy_arp", [0, 1]],
  ["accept_local", [0, 1]],
  ["route_localnet", [0, 1]],
  ["send_redirects", [0, 1]],
  ["accept_redirects", [0, 1]],
  ["forwarding", [0, 1]],
];

const perNamespace: readonly (readonly [key: string, values: readonly number[]])[] = [
  ["net.ipv4.ip_forward", [0, 1]],
  ["net.ipv4.ip_default_ttl", [1, 2, 32, 255]],
  ["net.ipv4.icmp_echo_ignore_all", [0, 1]],
];

/** `net.ipv4.conf.e0.rp_filter 1`. */
export function drawSysctl(devices: readonly Device[], chance: Chance): string {
  if (chance.is(0.3)) {
    const [key, values] = chance.pick(perNamespace);
    return `${key} ${chance.pick(values)}`;
  }
  const [name, values] = chance.pick(perDevice);
  const device = chance.pick(["all", ...devices.map(({ dev }) => dev)]);
  return `net.ipv4.conf.${device}.${name} ${chance.pick(values)}`;
}
