import type { Ipv4Address } from "./ipv4-address.ts";
import type { MacAddress } from "./mac-address.ts";

/** ARP for IPv4 over Ethernet (RFC 826). */
export interface ArpPacket {
  readonly kind: "arp";
  /** 1 = request, 2 = reply. */
  readonly operation: number;
  readonly senderMac: MacAddress;
  readonly senderIp: Ipv4Address;
  readonly targetMac: MacAddress;
  readonly targetIp: Ipv4Address;
}
