import { type Ipv4Address, type Ipv4Prefix, networkAddress } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";

const octetsOfAddress = 0x1_0000_0000;

/** `0a:58` and the address, as the bridge plugin and kubenet make them (containernetworking/plugins, pkg/utils/hwaddr). */
export function podMac(address: Ipv4Address): MacAddress {
  return 0x0a58 * octetsOfAddress + address;
}

/** The host end of a pod's veth: `02:ee` and the pod's address, so that both ends can be told apart at a glance. */
export function hostEndMac(podAddress: Ipv4Address): MacAddress {
  return 0x02ee * octetsOfAddress + podAddress;
}

/** A node's interface: `02:00` and its address. */
export function nodeMac(address: Ipv4Address): MacAddress {
  return 0x0200 * octetsOfAddress + address;
}

/** A node's VTEP: `02:fa` and the first address of its pod CIDR. */
export function vtepMac(podCidr: Ipv4Prefix): MacAddress {
  return 0x02fa * octetsOfAddress + networkAddress(podCidr);
}

/** A locally administered unicast address from names (FNV-1a), where no address gives one. */
export function macFromNames(netns: string, dev: string): MacAddress {
  const text = `${netns}/${dev}`;
  const high = fnv1a(text, 0x811c9dc5) & 0xffff;
  const low = fnv1a(text, 0x01000193);
  return ((high & 0xfcff) | 0x0200) * octetsOfAddress + low;
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
