import { Address4 } from "ip-address";
import type { Ipv4Address, Ipv4Prefix } from "./ipv4-address.ts";

/** Reads dotted decimal with four parts; undefined for anything else. */
export function parseIpv4(text: string): Ipv4Address | undefined {
  return text.includes("/") ? undefined : addressNumber(text);
}

/** Reads `10.244.1.0/24`, host bits kept; undefined for anything else, a bare address included. */
export function parsePrefix(text: string): Ipv4Prefix | undefined {
  const length = prefixLength.exec(text)?.[1];
  const address = length === undefined ? undefined : addressNumber(text);
  return address === undefined ? undefined : { address, length: Number(length) };
}

/** The library would let leading zeros pass. */
const prefixLength = /\/(0|[1-9]\d?)$/;

function addressNumber(text: string): Ipv4Address | undefined {
  try {
    const [first, second, third, fourth] = new Address4(text).toArray();
    return ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
  } catch {
    return undefined;
  }
}
