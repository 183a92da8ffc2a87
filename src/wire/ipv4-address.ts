/** An IPv4 address as an unsigned 32-bit number in host order. */
export type Ipv4Address = number;

/** An address block in CIDR notation (RFC 4632); `address` may have host bits set. */
export interface Ipv4Prefix {
  readonly address: Ipv4Address;
  readonly length: number;
}

/** Writes dotted decimal. */
export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The mask of a prefix length: 24 gives 255.255.255.0. */
export function netmask(length: number): number {
  return length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
}

/** The block's first address. */
export function networkAddress(prefix: Ipv4Prefix): Ipv4Address {
  return (prefix.address & netmask(prefix.length)) >>> 0;
}

/** The block's last address, its directed broadcast. */
export function broadcastAddress(prefix: Ipv4Prefix): Ipv4Address {
  return (prefix.address | ~netmask(prefix.length)) >>> 0;
}

export function prefixContains(prefix: Ipv4Prefix, address: Ipv4Address): boolean {
  return (prefix.address & netmask(prefix.length)) === (address & netmask(prefix.length));
}

/** Writes `10.244.1.0/24`. */
export function formatPrefix(prefix: Ipv4Prefix): string {
  return `${formatIpv4(prefix.address)}/${prefix.length}`;
}
