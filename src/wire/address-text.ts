import { Address4 } from "ip-address";
import type { Ipv4Address, Ipv4Prefix } from "./ipv4-address.ts";

/** Reads dotted decimal with four parts; undefined for anything else. */
export function parseIpv4(text: string): Ipv4Address | undefined {
  if (text.includes("/") || !Address4.isValid(text)) return undefined;
  return addressNumber(text);
}

/** Reads `10.244.1.0/24`, host bits kept; undefined for anything else, a bare address included. */
export function parsePrefix(text: string): Ipv4Prefix | undefined {
  if (!text.includes("/") || !Address4.isValid(text)) return undefined;
  const [address, length] = text.split("/");
  return { address: addressNumber(address), length: Number(length) };
}

function addressNumber(text: string): Ipv4Address {
  return Number(new Address4(text).bigInt());
}
