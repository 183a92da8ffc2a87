import { type IcmpError, icmpError, icmpHeaderLength } from "./icmp.ts";
import { emitIpv4Packet, type Ipv4Packet, ipv4HeaderLength } from "./ipv4.ts";

/** What Linux sends at most in an ICMP error, outer IP header included (RFC 1812 section 4.3.2.3; net/ipv4/icmp.c, `icmp_send`). */
const maximumErrorPacketBytes = 576;

/** Makes an ICMP error that quotes `original`, TTL as it is, as Linux does: header and as much payload as fits 576 bytes. */
export function makeIcmpError(type: number, code: number, rest: number, original: Ipv4Packet): IcmpError {
  const room = maximumErrorPacketBytes - ipv4HeaderLength - icmpHeaderLength;
  return icmpError(type, code, rest, emitIpv4Packet(original).subarray(0, room), original);
}
