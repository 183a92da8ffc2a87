import { type IcmpError, icmpEcho, icmpError, icmpType } from "../../../wire/icmp.ts";
import { emitIpv4Packet, type Ipv4Packet, type Ipv4Payload, ipv4Packet } from "../../../wire/ipv4.ts";
import { tcpSegment } from "../../../wire/tcp.ts";
import { udpDatagram } from "../../../wire/udp.ts";
import { ipOf, setIp } from "../../netfilter/packet-ip.ts";
import { hook } from "../../netfilter/position.ts";
import type { World } from "../../world.ts";
import { ctInfo, direction, directionOf, natMask, status } from "../status.ts";
import { invertTuple, type Tuple } from "../tuple.ts";
import type { Verdict } from "../verdict.ts";
import { isNatDone, type Manipulation, manipulationAt, natRulesNeeded, nullBinding } from "./setup.ts";

/** Whether `natPacket` would change this packet: for a breakpoint on translations. */
export function isTranslatedAt(world: World, packet: number, at: number): boolean {
  const { conntrack, packets } = world;
  const connection = packets.connection.get(packet);
  return connection !== 0 && conntrack.has(connection, statusBit(world, packet, manipulationAt(at)));
}

/**
 * What `nf_nat_inet_fn` does once the rules have been asked: a side that no rule decided is bound to what it is; then addresses and
 * ports are rewritten as the connection says, and those of a packet that an ICMP error quotes back.
 */
export function natPacket(world: World, packet: number, at: number, outDevice: number): Verdict {
  const { conntrack, packets } = world;
  const connection = packets.connection.get(packet);
  if (connection === 0) return "accept";
  const manipulation = manipulationAt(at);
  const ip = ipOf(world, packet);
  const info = packets.ctInfo.get(packet);
  const isRelated = info === ctInfo.related || info === ctInfo.relatedReply;
  if (isRelated && ip.payload.kind === "icmp-error") return natError(world, packet, ip, ip.payload, manipulation);
  if (natRulesNeeded(world, packet, at)) {
    const verdict = nullBinding(world, packet, manipulation);
    if (verdict !== "accept") return verdict;
  } else if (at === hook.postrouting && hasOtherOut(world, connection, info, outDevice)) {
    conntrack.kill(connection);
    return "NAT_OUT_CHANGED";
  }
  if (!conntrack.has(connection, statusBit(world, packet, manipulation))) return "accept";
  setIp(world, packet, translated(ip, targetOf(world, packet), manipulation));
  return "accept";
}

/** `nf_nat_oif_changed`: the way out has changed since the connection was masqueraded. */
function hasOtherOut({ conntrack }: World, connection: number, info: number, outDevice: number): boolean {
  const device = conntrack.masqueradeDevice.get(connection);
  return device !== 0 && directionOf(info) === direction.original && device !== outDevice;
}

/** Answers are translated the other way round: what was done to the source is undone in their destination. */
function statusBit({ packets }: World, packet: number, manipulation: Manipulation): number {
  const bit = manipulation === "source" ? status.sourceNat : status.destinationNat;
  return directionOf(packets.ctInfo.get(packet)) === direction.original ? bit : bit ^ natMask;
}

/** What the packet shall look like: the inverse of what comes in from the other side. */
function targetOf(world: World, packet: number): Tuple {
  return invertTuple(otherSide(world, packet)) as Tuple;
}

function otherSide({ conntrack, packets }: World, packet: number): Tuple {
  const connection = packets.connection.get(packet);
  const way = directionOf(packets.ctInfo.get(packet));
  return conntrack.tuple(connection, way === direction.original ? direction.reply : direction.original);
}

/** `nf_nat_icmp_reply_translation`: the error itself, and back again the packet in it. */
function natError(world: World, packet: number, ip: Ipv4Packet, error: IcmpError, manipulation: Manipulation): Verdict {
  const { conntrack, packets } = world;
  const connection = packets.connection.get(packet);
  if (error.type === icmpType.redirect && (!isNatDone(world, connection) || conntrack.has(connection, natMask)))
    return "NAT_REDIRECT";
  if (!conntrack.has(connection, statusBit(world, packet, manipulation)) || error.original === undefined)
    return "accept";
  const opposite = manipulation === "source" ? "destination" : "source";
  const original = translated(error.original, otherSide(world, packet), opposite);
  const quoted = emitIpv4Packet(original).subarray(0, error.quoted.length);
  const payload = icmpError(error.type, error.code, error.rest, quoted, original);
  const target = targetOf(world, packet);
  setIp(world, packet, withAddresses(ip, target, manipulation, payload));
  return "accept";
}

/** `nf_nat_ipv4_manip_pkt`: the source or the destination, with the port, as in the tuple. */
function translated(ip: Ipv4Packet, tuple: Tuple, manipulation: Manipulation): Ipv4Packet {
  return withAddresses(ip, tuple, manipulation, translatedPayload(ip.payload, tuple, manipulation));
}

function withAddresses(ip: Ipv4Packet, tuple: Tuple, manipulation: Manipulation, payload: Ipv4Payload): Ipv4Packet {
  const source = manipulation === "source" ? tuple.source : ip.source;
  const destination = manipulation === "destination" ? tuple.destination : ip.destination;
  return ipv4Packet({ ...ip, checksum: undefined, source, destination, payload });
}

function translatedPayload(payload: Ipv4Payload, tuple: Tuple, manipulation: Manipulation): Ipv4Payload {
  if (payload.kind === "icmp-echo") return icmpEcho(payload.type, tuple.sourcePort, payload.sequence, payload.data);
  if (payload.kind !== "udp" && payload.kind !== "tcp") return payload;
  const sourcePort = manipulation === "source" ? tuple.sourcePort : payload.sourcePort;
  const destinationPort = manipulation === "destination" ? tuple.destinationPort : payload.destinationPort;
  if (payload.kind === "tcp") return tcpSegment({ ...payload, sourcePort, destinationPort, checksum: undefined });
  // A datagram without a checksum stays so.
  const checksum = payload.checksum === 0 ? 0 : undefined;
  return udpDatagram(sourcePort, destinationPort, payload.data, checksum);
}
