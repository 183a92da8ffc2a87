import { internetChecksum } from "./checksum.ts";
import { type Malformed, malformed } from "./malformed.ts";
import { type Notation, plainNotation } from "./notation.ts";
import { readUint16, writeUint16 } from "./octets.ts";

/** A UDP datagram (RFC 768). */
export interface UdpDatagram {
  readonly kind: "udp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
  /** 0 = none (RFC 768); absent in a made datagram, whose checksum is computed when emitted. */
  readonly checksum?: number;
}

export const udpHeaderLength = 8;

/** Give `checksum` only as found in bytes, or 0 to send without one. */
export function udpDatagram(
  sourcePort: number,
  destinationPort: number,
  data: Uint8Array,
  checksum?: number,
): UdpDatagram {
  return { kind: "udp", sourcePort, destinationPort, data, checksum };
}

/** A datagram whose length field disagrees with the bytes, as in a first fragment, is malformed here. */
export function parseUdp(bytes: Uint8Array): UdpDatagram | Malformed {
  if (bytes.length < udpHeaderLength) return malformed("udp", `${bytes.length} bytes, needs ${udpHeaderLength}`, bytes);
  const length = readUint16(bytes, 4);
  if (length !== bytes.length) return malformed("udp", `length ${length}, but ${bytes.length} bytes`, bytes);
  return udpDatagram(readUint16(bytes, 0), readUint16(bytes, 2), bytes.subarray(udpHeaderLength), readUint16(bytes, 6));
}

/** `pseudoHeader` is `pseudoHeaderSum` of the packet that carries the datagram. */
export function emitUdp(datagram: UdpDatagram, pseudoHeader: number): Uint8Array {
  const bytes = new Uint8Array(udpHeaderLength + datagram.data.length);
  writeUint16(bytes, 0, datagram.sourcePort);
  writeUint16(bytes, 2, datagram.destinationPort);
  writeUint16(bytes, 4, bytes.length);
  bytes.set(datagram.data, udpHeaderLength);
  // A computed zero is sent as all ones, for zero means "no checksum" (RFC 768).
  const checksum = datagram.checksum ?? (internetChecksum(bytes, 0, bytes.length, pseudoHeader) || 0xffff);
  writeUint16(bytes, 6, checksum);
  return bytes;
}

/** `UDP 41001 > 53 len=5` */
export function printUdp(datagram: UdpDatagram, notation: Notation = plainNotation): string {
  return `${printUdpPorts(datagram, notation)} len=${datagram.data.length}`;
}

export function printUdpPorts(datagram: UdpDatagram, notation: Notation): string {
  return `UDP ${notation.port(datagram.sourcePort)} > ${notation.port(datagram.destinationPort)}`;
}
