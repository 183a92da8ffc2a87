import { type IcmpMessage, parseIcmp } from "./icmp.ts";
import { ipProtocol, type RawIpPayload, rawIpPayload } from "./ipv4.ts";
import { isMalformed } from "./malformed.ts";
import type { Notation } from "./notation.ts";
import { readUint16, readUint32 } from "./octets.ts";
import { parseTcp, type TcpSegment } from "./tcp.ts";
import { udpHeaderLength } from "./udp.ts";

/** The beginning of a transport whose end was cut off: what ICMP errors quote, and first fragments carry. */
export type TransportHead = IcmpMessage | TcpSegment | TcpHead | UdpHead | RawIpPayload;

/** The eight octets of TCP that every ICMP error quotes (RFC 792). */
export interface TcpHead {
  readonly kind: "tcp-head";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
}

export interface UdpHead {
  readonly kind: "udp-head";
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Bytes of data in the whole datagram. */
  readonly dataLength: number;
  readonly checksum: number;
}

/** RFC 792 promises this many octets of the quoted packet's payload. */
const leastQuotedOctets = 8;

/** Reads as much as there is; fewer octets than RFC 792 promises stay raw. */
export function parseTransportHead(protocol: number, bytes: Uint8Array): TransportHead {
  if (bytes.length < leastQuotedOctets) return rawIpPayload(protocol, bytes);
  const sourcePort = readUint16(bytes, 0);
  const destinationPort = readUint16(bytes, 2);
  if (protocol === ipProtocol.udp) {
    const dataLength = readUint16(bytes, 4) - udpHeaderLength;
    return { kind: "udp-head", sourcePort, destinationPort, dataLength, checksum: readUint16(bytes, 6) };
  }
  if (protocol === ipProtocol.tcp) {
    const segment = parseTcp(bytes);
    if (!isMalformed(segment)) return segment;
    return { kind: "tcp-head", sourcePort, destinationPort, sequence: readUint32(bytes, 4) };
  }
  const message = protocol === ipProtocol.icmp ? parseIcmp(bytes) : undefined;
  return message === undefined || message.kind === "malformed" ? rawIpPayload(protocol, bytes) : message;
}

export function printTcpHead(head: TcpHead, notation: Notation): string {
  const ports = `${notation.port(head.sourcePort)} > ${notation.port(head.destinationPort)}`;
  return `TCP ${ports} seq=${notation.sequence(head.sequence)}`;
}

export function printUdpHead(head: UdpHead, notation: Notation): string {
  return `UDP ${notation.port(head.sourcePort)} > ${notation.port(head.destinationPort)} len=${head.dataLength}`;
}
