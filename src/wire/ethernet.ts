import { type ArpPacket, arpLength, emitArp, parseArp } from "./arp.ts";
import { emitIpv4Packet, type Ipv4Packet, parseIpv4Packet } from "./ipv4.ts";
import type { MacAddress } from "./mac-address.ts";
import { type Malformed, malformed } from "./malformed.ts";
import { readMac, readUint16, writeMac, writeUint16 } from "./octets.ts";

/** An Ethernet II frame (IEEE 802.3 clause 3), without preamble and FCS. Values are immutable: copies share them. */
export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  readonly payload: EthernetPayload;
  /** Octets after the payload's own end, such as padding to 60 bytes; absent in nearly all frames. */
  readonly trailer?: Uint8Array;
}

export type EthernetPayload = ArpPacket | Ipv4Packet | OtherPayload;

/** A payload of an EtherType that is not decoded, or one that is no well-formed packet of its EtherType. */
export interface OtherPayload {
  readonly kind: "other";
  readonly etherType: number;
  readonly bytes: Uint8Array;
}

export const etherType = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

export const ethernetHeaderLength = 14;

export function ethernetFrame(
  destination: MacAddress,
  source: MacAddress,
  payload: EthernetPayload,
  trailer?: Uint8Array,
): EthernetFrame {
  return { destination, source, payload, trailer };
}

/** Bytes on the wire, without FCS. */
export function frameLength(frame: EthernetFrame): number {
  const trailerLength = frame.trailer === undefined ? 0 : frame.trailer.length;
  return ethernetHeaderLength + payloadLength(frame.payload) + trailerLength;
}

export function etherTypeOf(payload: EthernetPayload): number {
  if (payload.kind === "ipv4") return etherType.ipv4;
  if (payload.kind === "arp") return etherType.arp;
  return payload.etherType;
}

/**
 * The values share the given bytes. A layer that cannot be read stays bytes in the layer that carries it, as a bridge
 * forwards a frame whatever is inside; so only a frame without a whole Ethernet header is malformed.
 */
export function parseFrame(bytes: Uint8Array): EthernetFrame | Malformed {
  if (bytes.length < ethernetHeaderLength)
    return malformed("ethernet", `${bytes.length} bytes, needs ${ethernetHeaderLength}`, bytes);
  const payload = parsePayload(readUint16(bytes, 12), bytes.subarray(ethernetHeaderLength));
  const end = ethernetHeaderLength + payloadLength(payload);
  const trailer = end < bytes.length ? bytes.subarray(end) : undefined;
  return ethernetFrame(readMac(bytes, 0), readMac(bytes, 6), payload, trailer);
}

export function emitFrame(frame: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(frameLength(frame));
  writeMac(bytes, 0, frame.destination);
  writeMac(bytes, 6, frame.source);
  writeUint16(bytes, 12, etherTypeOf(frame.payload));
  bytes.set(emitPayload(frame.payload), ethernetHeaderLength);
  if (frame.trailer !== undefined) bytes.set(frame.trailer, bytes.length - frame.trailer.length);
  return bytes;
}

function payloadLength(payload: EthernetPayload): number {
  if (payload.kind === "ipv4") return payload.totalLength;
  if (payload.kind === "arp") return arpLength;
  return payload.bytes.length;
}

function parsePayload(type: number, bytes: Uint8Array): EthernetPayload {
  const parsed =
    type === etherType.ipv4 ? parseIpv4Packet(bytes) : type === etherType.arp ? parseArp(bytes) : undefined;
  if (parsed === undefined || parsed.kind === "malformed") return { kind: "other", etherType: type, bytes };
  return parsed;
}

function emitPayload(payload: EthernetPayload): Uint8Array {
  if (payload.kind === "ipv4") return emitIpv4Packet(payload);
  if (payload.kind === "arp") return emitArp(payload);
  return payload.bytes;
}
