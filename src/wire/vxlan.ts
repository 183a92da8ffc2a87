import { type EthernetFrame, parseFrame } from "./ethernet.ts";
import { isMalformed, type Malformed, malformed } from "./malformed.ts";
import { readUint32, writeUint32 } from "./octets.ts";
import type { UdpDatagram } from "./udp.ts";

/** A VXLAN header (RFC 7348 section 5), the first eight octets of a UDP datagram's data; an Ethernet frame follows. */
export interface VxlanHeader {
  readonly kind: "vxlan";
  /** VXLAN network identifier, 24 bits. */
  readonly vni: number;
}

export const vxlanHeaderLength = 8;

/** The port that IANA assigned, and the older one that Linux defaults to. */
export const vxlanPort = { assigned: 4789, linux: 8472 } as const;

/** The I flag: the VNI is valid. All other bits are reserved. */
const validVniFlag = 0x0800_0000;

export function vxlanHeader(vni: number): VxlanHeader {
  return { kind: "vxlan", vni };
}

/** A header with a reserved bit set is malformed, as for Linux (`vxlan_rcv`), though RFC 7348 says to ignore them. */
export function parseVxlan(bytes: Uint8Array): VxlanHeader | Malformed {
  if (bytes.length < vxlanHeaderLength)
    return malformed("vxlan", `${bytes.length} bytes, needs ${vxlanHeaderLength}`, bytes);
  if (readUint32(bytes, 0) !== validVniFlag || bytes[7] !== 0)
    return malformed("vxlan", "flags other than a valid VNI", bytes);
  return vxlanHeader(readUint32(bytes, 4) >>> 8);
}

export function emitVxlan(header: VxlanHeader): Uint8Array {
  const bytes = new Uint8Array(vxlanHeaderLength);
  writeUint32(bytes, 0, validVniFlag);
  writeUint32(bytes, 4, header.vni << 8);
  return bytes;
}

export function printVxlan(header: VxlanHeader): string {
  return `VXLAN vni=${header.vni}`;
}

export function isVxlanPort(port: number): boolean {
  return port === vxlanPort.assigned || port === vxlanPort.linux;
}

/** The frame that a datagram to a VXLAN port carries; undefined where it carries none. */
export function encapsulatedFrame(datagram: UdpDatagram): { header: VxlanHeader; frame: EthernetFrame } | undefined {
  if (!isVxlanPort(datagram.destinationPort)) return undefined;
  const header = parseVxlan(datagram.data);
  if (isMalformed(header)) return undefined;
  const frame = parseFrame(datagram.data.subarray(vxlanHeaderLength));
  return isMalformed(frame) ? undefined : { header, frame };
}
