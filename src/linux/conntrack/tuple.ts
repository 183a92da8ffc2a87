import { type Ipv4Packet, ipProtocol, protocolNumber } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { readUint16 } from "../../wire/octets.ts";

/** Who speaks to whom, in one direction: `struct nf_conntrack_tuple` (include/net/netfilter/nf_conntrack_tuple.h). */
export interface Tuple {
  readonly protocol: number;
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** Of ICMP: the identifier. 0 for protocols without ports. */
  readonly sourcePort: number;
  /** Of ICMP: type * 256 + code. 0 for protocols without ports. */
  readonly destinationPort: number;
}

/** All tuples are made here, so that they share one object shape. */
export function makeTuple(
  protocol: number,
  source: Ipv4Address,
  destination: Ipv4Address,
  sourcePort: number,
  destinationPort: number,
): Tuple {
  return { protocol, source, destination, sourcePort, destinationPort };
}

/** ICMP queries and their answers, by type (net/netfilter/nf_conntrack_proto_icmp.c, `invmap`). */
const inverseTypes: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [0, 8],
  [13, 14],
  [14, 13],
  [15, 16],
  [16, 15],
  [17, 18],
  [18, 17],
]);

/** The tuple of a whole packet; undefined for what has none, such as a later fragment. */
export function tupleOf(ip: Ipv4Packet): Tuple | undefined {
  if (ip.fragmentOffset !== 0) return undefined;
  const { source, destination, payload } = ip;
  const protocol = protocolNumber(payload);
  switch (payload.kind) {
    case "tcp":
    case "udp":
      return makeTuple(protocol, source, destination, payload.sourcePort, payload.destinationPort);
    case "icmp-echo":
      return makeTuple(protocol, source, destination, payload.identifier, payload.type * 256);
    case "icmp-error":
      return makeTuple(protocol, source, destination, payload.rest >>> 16, payload.type * 256 + payload.code);
    case "icmp-other": {
      const identifier = payload.bytes.length < 2 ? 0 : readUint16(payload.bytes, 0);
      return makeTuple(protocol, source, destination, identifier, payload.type * 256 + payload.code);
    }
    default:
      // A header too short to be read gives no tuple.
      if (protocol === ipProtocol.tcp || protocol === ipProtocol.udp || protocol === ipProtocol.icmp) return undefined;
      return makeTuple(protocol, source, destination, 0, 0);
  }
}

/** `nf_ct_invert_tuple`: the tuple of an answer; undefined for ICMP that asks for none. */
export function invertTuple(tuple: Tuple): Tuple | undefined {
  const { protocol, source, destination, sourcePort, destinationPort } = tuple;
  if (protocol !== ipProtocol.icmp) return makeTuple(protocol, destination, source, destinationPort, sourcePort);
  const type = inverseTypes.get(destinationPort >>> 8);
  if (type === undefined) return undefined;
  return makeTuple(protocol, destination, source, sourcePort, type * 256 + (destinationPort & 0xff));
}

export function equalTuples(one: Tuple, other: Tuple): boolean {
  return (
    one.source === other.source &&
    one.destination === other.destination &&
    one.sourcePort === other.sourcePort &&
    one.destinationPort === other.destinationPort &&
    one.protocol === other.protocol
  );
}

/** A number below 2^32 that equal tuples share. */
export function tupleHash(tuple: Tuple): number {
  let h = Math.imul(tuple.source, 0x9e37_79b1) ^ Math.imul(tuple.destination, 0x85eb_ca6b);
  h ^= Math.imul((tuple.sourcePort << 16) | tuple.destinationPort, 0xc2b2_ae35) ^ tuple.protocol;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b_3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
