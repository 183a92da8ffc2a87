import { internetChecksum } from "./checksum.ts";
import { type Malformed, malformed } from "./malformed.ts";
import { type Notation, plainNotation } from "./notation.ts";
import { noBytes, readUint16, readUint32, writeUint16, writeUint32 } from "./octets.ts";
import { tcpOptions } from "./tcp-options.ts";

/** A TCP segment (RFC 9293). */
export interface TcpSegment {
  readonly kind: "tcp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128; above them the four reserved bits. */
  readonly flags: number;
  readonly window: number;
  readonly urgentPointer: number;
  /** Raw option octets, padded to four. */
  readonly options: Uint8Array;
  readonly data: Uint8Array;
  readonly checksum?: number;
}

export const tcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

/** Without options. */
export const tcpHeaderLength = 20;

export interface TcpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  readonly urgentPointer?: number;
  /** A multiple of four octets, at most 40. */
  readonly options?: Uint8Array;
  readonly data?: Uint8Array;
  readonly checksum?: number;
}

export function tcpSegment(fields: TcpFields): TcpSegment {
  return {
    kind: "tcp",
    sourcePort: fields.sourcePort,
    destinationPort: fields.destinationPort,
    sequence: fields.sequence,
    acknowledgment: fields.acknowledgment,
    flags: fields.flags,
    window: fields.window,
    urgentPointer: fields.urgentPointer ?? 0,
    options: fields.options ?? noBytes,
    data: fields.data ?? noBytes,
    checksum: fields.checksum,
  };
}

export function parseTcp(bytes: Uint8Array): TcpSegment | Malformed {
  if (bytes.length < tcpHeaderLength) return malformed("tcp", `${bytes.length} bytes, needs ${tcpHeaderLength}`, bytes);
  const headerLength = (bytes[12] >>> 4) * 4;
  if (headerLength < tcpHeaderLength || headerLength > bytes.length)
    return malformed("tcp", `data offset ${headerLength} in ${bytes.length} bytes`, bytes);
  return tcpSegment({
    sourcePort: readUint16(bytes, 0),
    destinationPort: readUint16(bytes, 2),
    sequence: readUint32(bytes, 4),
    acknowledgment: readUint32(bytes, 8),
    flags: readUint16(bytes, 12) & 0xfff,
    window: readUint16(bytes, 14),
    urgentPointer: readUint16(bytes, 18),
    options: bytes.subarray(tcpHeaderLength, headerLength),
    data: bytes.subarray(headerLength),
    checksum: readUint16(bytes, 16),
  });
}

/** `pseudoHeader` is `pseudoHeaderSum` of the packet that carries the segment. */
export function emitTcp(segment: TcpSegment, pseudoHeader: number): Uint8Array {
  const headerLength = tcpHeaderLength + segment.options.length;
  const bytes = new Uint8Array(headerLength + segment.data.length);
  writeUint16(bytes, 0, segment.sourcePort);
  writeUint16(bytes, 2, segment.destinationPort);
  writeUint32(bytes, 4, segment.sequence);
  writeUint32(bytes, 8, segment.acknowledgment);
  writeUint16(bytes, 12, ((headerLength / 4) << 12) | segment.flags);
  writeUint16(bytes, 14, segment.window);
  writeUint16(bytes, 18, segment.urgentPointer);
  bytes.set(segment.options, tcpHeaderLength);
  bytes.set(segment.data, headerLength);
  writeUint16(bytes, 16, segment.checksum ?? internetChecksum(bytes, 0, bytes.length, pseudoHeader));
  return bytes;
}

/** `TCP 40001 > 8080 [SA] seq=0 ack=1 len=0 mss=1460` */
export function printTcp(segment: TcpSegment, notation: Notation = plainNotation): string {
  const ports = `${notation.port(segment.sourcePort)} > ${notation.port(segment.destinationPort)}`;
  const isAcknowledging = (segment.flags & tcpFlag.ack) !== 0;
  const acknowledgment = isAcknowledging ? ` ack=${notation.sequence(segment.acknowledgment)}` : "";
  const size = tcpOptions(segment).maximumSegmentSize;
  const sequence = `seq=${notation.sequence(segment.sequence)}${acknowledgment}`;
  const maximum = size === undefined ? "" : ` mss=${size}`;
  return `TCP ${ports} [${printTcpFlags(segment.flags)}] ${sequence} len=${segment.data.length}${maximum}`;
}

/** One letter for each flag that is set, lowest bit first: `SA`, `PA`, `R`. */
export function printTcpFlags(flags: number): string {
  return [..."FSRPAUEC"].filter((_, bit) => ((flags >>> bit) & 1) === 1).join("");
}
