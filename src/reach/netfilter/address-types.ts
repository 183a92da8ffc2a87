import type { AddressType } from "../../config/iptables/rule-set.ts";
import { type Ipv4Address, type Ipv4Prefix, prefixContains } from "../../wire/ipv4-address.ts";

/** Addresses that are the node's own. */
export type AddressTypes = ReadonlySet<Ipv4Address>;

export function isLocal(own: AddressTypes, address: Ipv4Address): boolean {
  return own.has(address) || prefixContains(loopback, address);
}

/** `-m addrtype`, as far as addresses tell without the routes of the node. */
export function hasAddressType(own: AddressTypes, address: Ipv4Address, wanted: readonly AddressType[]): boolean {
  return wanted.includes(addressType(own, address));
}

const loopback: Ipv4Prefix = { address: 0x7f000000, length: 8 };
const multicast: Ipv4Prefix = { address: 0xe0000000, length: 4 };

export function addressType(own: AddressTypes, address: Ipv4Address): AddressType {
  if (isLocal(own, address)) return "LOCAL";
  if (address === 0 || address === 0xffffffff) return "BROADCAST";
  return prefixContains(multicast, address) ? "MULTICAST" : "UNICAST";
}
