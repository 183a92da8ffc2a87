import { type IcmpError, icmpError, icmpHeaderLength } from "./icmp.ts";
import {
  emitIpv4Packet,
  type Ipv4Header,
  type Ipv4Packet,
  ipv4HeaderLength,
  parseIpv4Header,
  parseIpv4Packet,
  rawIpPayload,
} from "./ipv4.ts";
import { isMalformed, type Malformed } from "./malformed.ts";
import { parseTransportHead, type TransportHead } from "./transport-head.ts";

/** What Linux sends at most in an ICMP error, outer IP header included (RFC 1812 section 4.3.2.3; net/ipv4/icmp.c). */
const maximumErrorPacketBytes = 576;

/**
 * Makes an ICMP error that quotes `original` with its TTL as it is: the header and as much of the payload as fits into
 * 576 bytes, as `icmp_send` does.
 */
export function makeIcmpError(type: number, code: number, rest: number, original: Ipv4Packet): IcmpError {
  const room = maximumErrorPacketBytes - ipv4HeaderLength - icmpHeaderLength;
  return icmpError(type, code, rest, emitIpv4Packet(original).subarray(0, room), original);
}

/**
 * An error that was read from bytes, with the packet that it quotes as its sender had it: what was cut off is taken for zeros. Others
 * stay as they are.
 */
export function withOriginal(error: IcmpError): IcmpError {
  const header = parseIpv4Header(error.quoted);
  if (isMalformed(header)) return error;
  const bytes = new Uint8Array(Math.max(header.totalLength, error.quoted.length));
  bytes.set(error.quoted);
  const original = parseIpv4Packet(bytes.subarray(0, header.totalLength));
  if (isMalformed(original)) return error;
  return icmpError(error.type, error.code, error.rest, error.quoted, original, error.checksum);
}

/** The packet that an error quotes, as far as it goes. */
export interface QuotedPacket extends Ipv4Header {
  readonly transport: TransportHead;
}

export function parseQuoted(error: IcmpError): QuotedPacket | Malformed {
  const header = parseIpv4Header(error.quoted);
  if (isMalformed(header)) return header;
  const body = error.quoted.subarray(header.headerLength);
  const transport =
    header.fragmentOffset > 0 ? rawIpPayload(header.protocol, body) : parseTransportHead(header.protocol, body);
  return { ...header, transport };
}
