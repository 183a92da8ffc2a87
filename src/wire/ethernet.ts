import type { ArpPacket } from "./arp.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import type { MacAddress } from "./mac-address.ts";

/** An Ethernet II frame (IEEE 802.3 clause 3), without preamble and FCS. Values are immutable: copies share them. */
export interface EthernetFrame {
  readonly destination: MacAddress;
  readonly source: MacAddress;
  readonly payload: ArpPacket | Ipv4Packet | OtherPayload;
}

/** A payload of an EtherType that is not decoded. */
export interface OtherPayload {
  readonly kind: "other";
  readonly etherType: number;
  readonly bytes: Uint8Array;
}
