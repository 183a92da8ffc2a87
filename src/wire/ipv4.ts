import type { IcmpMessage } from "./icmp.ts";
import type { Ipv4Address } from "./ipv4-address.ts";
import type { TcpSegment } from "./tcp.ts";
import type { UdpDatagram } from "./udp.ts";

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

/** A transport that is not decoded, or a fragment that is not the first. */
export interface RawIpPayload {
  readonly kind: "raw";
  readonly protocol: number;
  readonly bytes: Uint8Array;
}
