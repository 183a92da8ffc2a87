import type { Ipv4Packet } from "./ipv4.ts";

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

/** Destination unreachable (3), redirect (5), time exceeded (11), parameter problem (12): they quote the packet that caused them. */
export interface IcmpError {
  readonly kind: "icmp-error";
  readonly type: number;
  readonly code: number;
  /** The second 32-bit word of the header: next-hop MTU (RFC 1191) or the gateway of a redirect, else 0. */
  readonly rest: number;
  /** The offending packet's header and as much of its payload as the error carries, as emitted bytes. */
  readonly quoted: Uint8Array;
  /** The packet that `quoted` holds, whole, when this error was made here; absent in a parsed one. */
  readonly original?: Ipv4Packet;
  readonly checksum?: number;
}

export interface IcmpOther {
  readonly kind: "icmp-other";
  readonly type: number;
  readonly code: number;
  readonly bytes: Uint8Array;
  readonly checksum?: number;
}
