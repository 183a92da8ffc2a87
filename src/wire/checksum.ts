import type { Ipv4Address } from "./ipv4-address.ts";
import { readUint16 } from "./octets.ts";

/**
 * The Internet checksum (RFC 1071) of `bytes[start, end)`: the complement of the ones' complement sum of its 16-bit
 * words, an odd last octet padded with zero. `initial` is a sum to go on from, such as that of a pseudo header.
 */
export function internetChecksum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  let sum = initial;
  let at = start;
  for (; at + 1 < end; at += 2) sum += readUint16(bytes, at);
  if (at < end) sum += bytes[at] << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The sum of the pseudo header that TCP and UDP checksums cover (RFC 9293 section 3.1, RFC 768). */
export function pseudoHeaderSum(
  source: Ipv4Address,
  destination: Ipv4Address,
  protocol: number,
  lengthBytes: number,
): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + lengthBytes;
}
