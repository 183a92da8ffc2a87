import type { World } from "../../linux/world.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { formatMac, type MacAddress } from "../../wire/mac-address.ts";

/** Enters a neighbour by hand: `ip -n node1 neigh replace 10.244.1.0 lladdr 02:fa:0a:f4:01:00 dev flannel.1`. */
export function neighbourCommand(world: World, device: number, address: Ipv4Address, mac: MacAddress): string {
  const [netns, dev] = namesOf(world, device);
  return `ip -n ${netns} neigh replace ${formatIpv4(address)} lladdr ${formatMac(mac)} dev ${dev}`;
}

/** Enters behind which VTEP a MAC address is: `bridge -n node1 fdb append 02:fa:0a:f4:01:00 dev flannel.1 dst 192.168.1.12`. */
export function fdbCommand(world: World, device: number, mac: MacAddress, remote: Ipv4Address): string {
  const [netns, dev] = namesOf(world, device);
  return `bridge -n ${netns} fdb append ${formatMac(mac)} dev ${dev} dst ${formatIpv4(remote)}`;
}

function namesOf({ devices, namespaces }: World, device: number): readonly [string, string] {
  return [namespaces.name.get(devices.netns.get(device)), devices.name.get(device)];
}
