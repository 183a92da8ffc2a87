import { sha1 } from "@noble/hashes/legacy.js";
import type { SetUpCommand } from "../plan/commands.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import type { PodCable } from "./pod-cable.ts";

/** Every host end has this address: pods reach nothing but their node, so nobody can confuse them. */
export const caliMac: MacAddress = 0xeeee_eeee_eeee;

/** The gateway of every pod. No interface has it; the node answers for it by proxy ARP. */
export const caliGateway: Ipv4Address = 0xa9fe_0101;

/** `cali` and the first 11 digits of the SHA-1 of `NAMESPACE.POD` (projectcalico/calico, libcalico-go/lib/backend/k8s/conversion). */
export function caliName(namespace: string, pod: string): string {
  const digest = sha1(new TextEncoder().encode(`${namespace}.${pod}`));
  return `cali${Array.from(digest.slice(0, 6), (octet) => octet.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, 11)}`;
}

/** What felix writes for every host end (projectcalico/calico, felix/dataplane/linux/endpoint_mgr.go). */
const hostEndSysctls = [
  ["conf", "route_localnet", 1],
  ["neigh", "proxy_delay", 0],
  ["conf", "proxy_arp", 1],
  ["conf", "forwarding", 1],
  ["conf", "rp_filter", 1],
] as const;

/** The rest of Calico's CNI ADD, when the cable is laid: both ends up, the pod's routes, the node's route to the pod. */
export function* caliCommands({
  netns,
  node,
  hostDev,
  address,
  mtu,
  source,
  places,
}: PodCable): Generator<SetUpCommand> {
  const link = { length: 32 };
  yield { do: "link set", netns: node, dev: hostDev, mtu, up: true, source: places.hostEnd };
  if (address !== undefined) {
    yield { do: "addr add", netns, dev: "eth0", prefix: { address, ...link }, source: places.address };
  }
  yield { do: "link set", netns, dev: "eth0", mtu, up: true, source };
  if (address === undefined) return;
  const add = { do: "route add", type: "unicast", source } as const;
  yield { ...add, netns, destination: { address: caliGateway, ...link }, dev: "eth0" };
  yield { ...add, netns, destination: { address: 0, length: 0 }, via: caliGateway, dev: "eth0" };
  for (const [kind, name, value] of hostEndSysctls) {
    yield { do: "sysctl", netns: node, key: `net.ipv4.${kind}.${hostDev}.${name}`, value, source };
  }
  yield { ...add, netns: node, destination: { address, ...link }, dev: hostDev };
}
