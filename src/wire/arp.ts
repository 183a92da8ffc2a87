import { formatIpv4, type Ipv4Address } from "./ipv4-address.ts";
import { formatMac, type MacAddress, zeroMac } from "./mac-address.ts";
import { type Malformed, malformed } from "./malformed.ts";
import { readMac, readUint16, readUint32, writeMac, writeUint16, writeUint32 } from "./octets.ts";

/** ARP for IPv4 over Ethernet (RFC 826). */
export interface ArpPacket {
  readonly kind: "arp";
  /** 1 = request, 2 = reply. */
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderIp: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetIp: Ipv4Address;
}

export const arpOperation = { request: 1, reply: 2 } as const;

/** Bytes of an ARP packet for IPv4 over Ethernet. */
export const arpLength = 28;

/** Hardware type 1 (Ethernet), protocol type 0x0800, address lengths 6 and 4, as the first six octets carry them. */
const hardwareType = 1;
const protocolType = 0x0800;
const addressLengths = 0x0604;

export function arpPacket(
  operation: number,
  senderMac: MacAddress,
  senderIp: Ipv4Address,
  targetMac: MacAddress,
  targetIp: Ipv4Address,
): ArpPacket {
  return { kind: "arp", operation, senderMac, senderIp, targetMac, targetIp };
}

/** Octets after the packet (Ethernet padding) are ignored. */
export function parseArp(bytes: Uint8Array): ArpPacket | Malformed {
  if (bytes.length < arpLength) return malformed("arp", `${bytes.length} bytes, needs ${arpLength}`, bytes);
  const isIpv4OverEthernet =
    readUint16(bytes, 0) === hardwareType &&
    readUint16(bytes, 2) === protocolType &&
    readUint16(bytes, 4) === addressLengths;
  if (!isIpv4OverEthernet) return malformed("arp", "not for IPv4 over Ethernet", bytes);
  return arpPacket(
    readUint16(bytes, 6),
    readMac(bytes, 8),
    readUint32(bytes, 14),
    readMac(bytes, 18),
    readUint32(bytes, 24),
  );
}

export function emitArp(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(arpLength);
  writeUint16(bytes, 0, hardwareType);
  writeUint16(bytes, 2, protocolType);
  writeUint16(bytes, 4, addressLengths);
  writeUint16(bytes, 6, packet.operation);
  writeMac(bytes, 8, packet.senderMac);
  writeUint32(bytes, 14, packet.senderIp);
  writeMac(bytes, 18, packet.targetMac);
  writeUint32(bytes, 24, packet.targetIp);
  return bytes;
}

/** `ARP who-has 10.244.0.3 tell 10.244.0.2`, or `ARP reply 10.244.0.3 is-at … (to …)`. */
export function printArp(packet: ArpPacket): string {
  const sender = formatIpv4(packet.senderIp);
  const target = formatIpv4(packet.targetIp);
  if (packet.operation !== arpOperation.request)
    return `ARP reply ${sender} is-at ${formatMac(packet.senderMac)} (to ${target} ${formatMac(packet.targetMac)})`;
  const hint = packet.targetMac === zeroMac ? "" : ` (tha ${formatMac(packet.targetMac)})`;
  return `ARP who-has ${target} tell ${sender}${hint}`;
}
