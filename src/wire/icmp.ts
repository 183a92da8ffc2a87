import { internetChecksum } from "./checksum.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import { formatIpv4 } from "./ipv4-address.ts";
import { type Malformed, malformed } from "./malformed.ts";
import { readUint16, readUint32, writeUint16, writeUint32 } from "./octets.ts";

/** An ICMP message (RFC 792). */
export type IcmpMessage = IcmpEcho | IcmpError | IcmpOther;

/** Echo request (type 8) and echo reply (type 0). */
export interface IcmpEcho {
  readonly kind: "icmp-echo";
  readonly type: 8 | 0;
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly checksum?: number;
}

/**
 * Destination unreachable (3), source quench (4), redirect (5), time exceeded (11), parameter problem (12): they quote
 * the packet that caused them.
 */
export interface IcmpError {
  readonly kind: "icmp-error";
  readonly type: number;
  readonly code: number;
  /** The second 32-bit word of the header: next-hop MTU (RFC 1191) or the gateway of a redirect, else 0. */
  readonly rest: number;
  /** The offending packet's header and as much of its payload as the error carries, as emitted bytes. */
  readonly quoted: Uint8Array;
  /** The packet that `quoted` holds: whole when this error was made here, as far as it is quoted in a parsed packet. */
  readonly original?: Ipv4Packet;
  readonly checksum?: number;
}

export interface IcmpOther {
  readonly kind: "icmp-other";
  readonly type: number;
  readonly code: number;
  /** Everything after the checksum. */
  readonly bytes: Uint8Array;
  readonly checksum?: number;
}

export const icmpType = {
  echoReply: 0,
  destinationUnreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;

/** Codes of destination unreachable (RFC 792, RFC 1812 section 5.2.7.1). */
export const unreachableCode = {
  network: 0,
  host: 1,
  protocol: 2,
  port: 3,
  fragmentationNeeded: 4,
  adminProhibited: 13,
} as const;

export const icmpHeaderLength = 8;

/** Of messages that quote a packet. */
export const quotingTypes: readonly number[] = [
  icmpType.destinationUnreachable,
  icmpType.sourceQuench,
  icmpType.redirect,
  icmpType.timeExceeded,
  icmpType.parameterProblem,
];

export function icmpEcho(
  type: 8 | 0,
  identifier: number,
  sequence: number,
  data: Uint8Array,
  checksum?: number,
): IcmpEcho {
  return { kind: "icmp-echo", type, identifier, sequence, data, checksum };
}

export function icmpError(
  type: number,
  code: number,
  rest: number,
  quoted: Uint8Array,
  original?: Ipv4Packet,
  checksum?: number,
): IcmpError {
  return { kind: "icmp-error", type, code, rest, quoted, original, checksum };
}

export function icmpOther(type: number, code: number, bytes: Uint8Array, checksum?: number): IcmpOther {
  return { kind: "icmp-other", type, code, bytes, checksum };
}

export function icmpLength(message: IcmpMessage): number {
  if (message.kind === "icmp-echo") return icmpHeaderLength + message.data.length;
  if (message.kind === "icmp-error") return icmpHeaderLength + message.quoted.length;
  return 4 + message.bytes.length;
}

export function parseIcmp(bytes: Uint8Array): IcmpMessage | Malformed {
  if (bytes.length < icmpHeaderLength)
    return malformed("icmp", `${bytes.length} bytes, needs ${icmpHeaderLength}`, bytes);
  const type = bytes[0];
  const code = bytes[1];
  const checksum = readUint16(bytes, 2);
  const body = bytes.subarray(icmpHeaderLength);
  const isEcho = type === icmpType.echoRequest || type === icmpType.echoReply;
  if (isEcho && code === 0) return icmpEcho(type, readUint16(bytes, 4), readUint16(bytes, 6), body, checksum);
  if (quotingTypes.includes(type)) return icmpError(type, code, readUint32(bytes, 4), body, undefined, checksum);
  return icmpOther(type, code, bytes.subarray(4), checksum);
}

export function emitIcmp(message: IcmpMessage): Uint8Array {
  const bytes = new Uint8Array(icmpLength(message));
  bytes[0] = message.type;
  if (message.kind === "icmp-echo") {
    writeUint16(bytes, 4, message.identifier);
    writeUint16(bytes, 6, message.sequence);
    bytes.set(message.data, icmpHeaderLength);
  } else if (message.kind === "icmp-error") {
    bytes[1] = message.code;
    writeUint32(bytes, 4, message.rest);
    bytes.set(message.quoted, icmpHeaderLength);
  } else {
    bytes[1] = message.code;
    bytes.set(message.bytes, 4);
  }
  writeUint16(bytes, 2, message.checksum ?? internetChecksum(bytes, 0, bytes.length));
  return bytes;
}

/** Type and code, as the trace names them. */
const messageNames = new Map([
  ["0/0", "echo-reply"],
  ["8/0", "echo-request"],
  ["3/0", "net-unreachable"],
  ["3/1", "host-unreachable"],
  ["3/3", "port-unreachable"],
  ["3/4", "frag-needed"],
  ["3/13", "admin-prohibited"],
  ["5/0", "redirect-net"],
  ["5/1", "redirect-host"],
  ["11/0", "ttl-exceeded"],
  ["11/1", "frag-time-exceeded"],
]);

/** `ICMP echo-request id=101 seq=1`; without the packet that an error quotes. */
export function printIcmp(message: IcmpMessage): string {
  const code = message.kind === "icmp-echo" ? 0 : message.code;
  const name = messageNames.get(`${message.type}/${code}`) ?? `type=${message.type} code=${code}`;
  return `ICMP ${name}${printIcmpRest(message, code)}`;
}

function printIcmpRest(message: IcmpMessage, code: number): string {
  if (message.kind === "icmp-echo") return ` id=${message.identifier} seq=${message.sequence}`;
  if (message.kind !== "icmp-error") return "";
  if (message.type === icmpType.redirect) return ` gw=${formatIpv4(message.rest)}`;
  const isMtu = message.type === icmpType.destinationUnreachable && code === unreachableCode.fragmentationNeeded;
  return isMtu ? ` mtu=${message.rest & 0xffff}` : "";
}
