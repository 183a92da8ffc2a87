import { assert } from "../base/assert.ts";
import { internetChecksum, pseudoHeaderSum } from "./checksum.ts";
import { emitIcmp, type IcmpMessage, icmpLength, parseIcmp, quotingTypes } from "./icmp.ts";
import { formatIpv4, type Ipv4Address } from "./ipv4-address.ts";
import { isMalformed, type Malformed, malformed } from "./malformed.ts";
import { readUint16, readUint32, writeUint16, writeUint32 } from "./octets.ts";
import { emitTcp, parseTcp, type TcpSegment, tcpHeaderLength } from "./tcp.ts";
import { emitUdp, parseUdp, type UdpDatagram, udpHeaderLength } from "./udp.ts";

/** An IPv4 packet (RFC 791). */
export interface Ipv4Packet {
  readonly kind: "ipv4";
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly ttl: number;
  /** DSCP and ECN, the former type of service octet. */
  readonly tos: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Of this fragment in the original packet, in bytes. */
  readonly fragmentOffset: number;
  /** Header and payload, in bytes. */
  readonly totalLength: number;
  /** Raw option octets, padded to four; absent in nearly all packets. */
  readonly options?: Uint8Array;
  /** As found when parsed from bytes; absent in a made packet, whose checksum is computed when emitted. */
  readonly checksum?: number;
  readonly payload: Ipv4Payload;
}

export type Ipv4Payload = IcmpMessage | UdpDatagram | TcpSegment | RawIpPayload;

/** A transport that is not decoded or cannot be, such as a fragment that is not the first. */
export interface RawIpPayload {
  readonly kind: "raw";
  readonly protocol: number;
  readonly bytes: Uint8Array;
}

/** Assigned Internet protocol numbers (IANA). */
export const ipProtocol = { icmp: 1, tcp: 6, udp: 17, sctp: 132 } as const;

/** Without options. */
export const ipv4HeaderLength = 20;

export interface Ipv4Fields {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly ttl: number;
  readonly payload: Ipv4Payload;
  readonly tos?: number;
  readonly identification?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  readonly fragmentOffset?: number;
  readonly options?: Uint8Array;
  readonly checksum?: number;
}

/** Makes a packet and computes its total length. All packets are made here, so that they share one object shape. */
export function ipv4Packet(fields: Ipv4Fields): Ipv4Packet {
  const headerLength = ipv4HeaderLength + (fields.options === undefined ? 0 : fields.options.length);
  return {
    kind: "ipv4",
    source: fields.source,
    destination: fields.destination,
    ttl: fields.ttl,
    tos: fields.tos ?? 0,
    identification: fields.identification ?? 0,
    dontFragment: fields.dontFragment ?? false,
    moreFragments: fields.moreFragments ?? false,
    fragmentOffset: fields.fragmentOffset ?? 0,
    totalLength: headerLength + ipv4PayloadLength(fields.payload),
    options: fields.options,
    checksum: fields.checksum,
    payload: fields.payload,
  };
}

/** The packet as a router passes it on: other TTL, so another checksum. */
export function withTtl(packet: Ipv4Packet, ttl: number): Ipv4Packet {
  return {
    kind: "ipv4",
    source: packet.source,
    destination: packet.destination,
    ttl,
    tos: packet.tos,
    identification: packet.identification,
    dontFragment: packet.dontFragment,
    moreFragments: packet.moreFragments,
    fragmentOffset: packet.fragmentOffset,
    totalLength: packet.totalLength,
    options: packet.options,
    checksum: undefined,
    payload: packet.payload,
  };
}

export function rawIpPayload(protocol: number, bytes: Uint8Array): RawIpPayload {
  return { kind: "raw", protocol, bytes };
}

/** The number in the header's protocol field. */
export function protocolNumber(payload: Ipv4Payload): number {
  switch (payload.kind) {
    case "udp":
      return ipProtocol.udp;
    case "tcp":
      return ipProtocol.tcp;
    case "raw":
      return payload.protocol;
    default:
      return ipProtocol.icmp;
  }
}

export function ipv4PayloadLength(payload: Ipv4Payload): number {
  switch (payload.kind) {
    case "udp":
      return udpHeaderLength + payload.data.length;
    case "tcp":
      return tcpHeaderLength + payload.options.length + payload.data.length;
    case "raw":
      return payload.bytes.length;
    default:
      return icmpLength(payload);
  }
}

/** The header's fields, and where the payload begins. */
export interface Ipv4Header extends Omit<Ipv4Packet, "kind" | "payload"> {
  readonly protocol: number;
  readonly headerLength: number;
}

/** Reads the header alone: the bytes may end before the packet does, as in the quote of an ICMP error. */
export function parseIpv4Header(bytes: Uint8Array): Ipv4Header | Malformed {
  if (bytes.length < ipv4HeaderLength)
    return malformed("ipv4", `${bytes.length} bytes, needs ${ipv4HeaderLength}`, bytes);
  const headerLength = (bytes[0] & 15) * 4;
  const totalLength = readUint16(bytes, 2);
  const fragment = readUint16(bytes, 6);
  if (bytes[0] >>> 4 !== 4) return malformed("ipv4", `version ${bytes[0] >>> 4}`, bytes);
  if (headerLength < ipv4HeaderLength || headerLength > bytes.length)
    return malformed("ipv4", `header length ${headerLength} in ${bytes.length} bytes`, bytes);
  if (totalLength < headerLength)
    return malformed("ipv4", `total length ${totalLength}, header ${headerLength}`, bytes);
  if ((fragment & 0x8000) !== 0) return malformed("ipv4", "reserved flag set", bytes);
  return {
    source: readUint32(bytes, 12),
    destination: readUint32(bytes, 16),
    ttl: bytes[8],
    tos: bytes[1],
    identification: readUint16(bytes, 4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    totalLength,
    options: headerLength > ipv4HeaderLength ? bytes.subarray(ipv4HeaderLength, headerLength) : undefined,
    checksum: readUint16(bytes, 10),
    protocol: bytes[9],
    headerLength,
  };
}

/** Octets after the total length (Ethernet padding) are ignored. A transport that cannot be read stays raw. */
export function parseIpv4Packet(bytes: Uint8Array): Ipv4Packet | Malformed {
  const header = parseIpv4Header(bytes);
  if (isMalformed(header)) return header;
  if (header.totalLength > bytes.length)
    return malformed("ipv4", `total length ${header.totalLength}, but ${bytes.length} bytes`, bytes);
  const body = bytes.subarray(header.headerLength, header.totalLength);
  const payload =
    header.fragmentOffset > 0 ? rawIpPayload(header.protocol, body) : parseTransport(header.protocol, body);
  return ipv4Packet({ ...header, payload });
}

function parseTransport(protocol: number, bytes: Uint8Array): Ipv4Payload {
  const parsed = parseKnownTransport(protocol, bytes);
  return parsed === undefined || parsed.kind === "malformed" ? rawIpPayload(protocol, bytes) : parsed;
}

function parseKnownTransport(protocol: number, bytes: Uint8Array): Ipv4Payload | Malformed | undefined {
  if (protocol === ipProtocol.icmp) return withOriginal(parseIcmp(bytes));
  if (protocol === ipProtocol.tcp) return parseTcp(bytes);
  if (protocol === ipProtocol.udp) return parseUdp(bytes);
  return undefined;
}

/** An error knows the packet that it quotes; what lies beyond the quote is zero. Nobody sends errors about errors (RFC 1122). */
function withOriginal(message: IcmpMessage | Malformed): IcmpMessage | Malformed {
  if (message.kind !== "icmp-error") return message;
  const { quoted } = message;
  const header = parseIpv4Header(quoted);
  if (isMalformed(header) || isIcmpError(header, quoted)) return message;
  const whole = new Uint8Array(Math.max(header.totalLength, quoted.length));
  whole.set(quoted);
  const original = parseIpv4Packet(whole);
  return isMalformed(original) ? message : { ...message, original };
}

function isIcmpError({ protocol, headerLength }: Ipv4Header, bytes: Uint8Array): boolean {
  return protocol === ipProtocol.icmp && quotingTypes.includes(bytes[headerLength]);
}

export function emitIpv4Packet(packet: Ipv4Packet): Uint8Array {
  const payload = emitTransport(packet);
  const headerLength = ipv4HeaderLength + (packet.options?.length ?? 0);
  assert(packet.totalLength === headerLength + payload.length, "an IPv4 packet's total length is that of its parts");
  const bytes = new Uint8Array(packet.totalLength);
  bytes[0] = 0x40 | (headerLength / 4);
  bytes[1] = packet.tos;
  writeUint16(bytes, 2, packet.totalLength);
  writeUint16(bytes, 4, packet.identification);
  const flags = (packet.dontFragment ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0);
  writeUint16(bytes, 6, flags | (packet.fragmentOffset / 8));
  bytes[8] = packet.ttl;
  bytes[9] = protocolNumber(packet.payload);
  writeUint32(bytes, 12, packet.source);
  writeUint32(bytes, 16, packet.destination);
  if (packet.options !== undefined) bytes.set(packet.options, ipv4HeaderLength);
  writeUint16(bytes, 10, packet.checksum ?? internetChecksum(bytes, 0, headerLength));
  bytes.set(payload, headerLength);
  return bytes;
}

function emitTransport(packet: Ipv4Packet): Uint8Array {
  const { source, destination, payload } = packet;
  switch (payload.kind) {
    case "raw":
      return payload.bytes;
    case "udp":
      return emitUdp(payload, pseudoHeaderSum(source, destination, ipProtocol.udp, ipv4PayloadLength(payload)));
    case "tcp":
      return emitTcp(payload, pseudoHeaderSum(source, destination, ipProtocol.tcp, ipv4PayloadLength(payload)));
    default:
      return emitIcmp(payload);
  }
}

/** `IP 10.244.0.2 > 10.244.0.3 ttl=64 DF len=84`; identification and options are left out. */
export function printIpv4Header(header: Omit<Ipv4Packet, "kind" | "payload">): string {
  const tos = header.tos === 0 ? "" : ` tos=0x${header.tos.toString(16).padStart(2, "0")}`;
  const dontFragment = header.dontFragment ? " DF" : "";
  const more = header.moreFragments ? " more" : "";
  const isFragment = header.moreFragments || header.fragmentOffset > 0;
  const fragment = isFragment ? ` frag off=${header.fragmentOffset}${more}` : "";
  const addresses = `${formatIpv4(header.source)} > ${formatIpv4(header.destination)}`;
  return `IP ${addresses} ttl=${header.ttl}${tos}${dontFragment}${fragment} len=${header.totalLength}`;
}
