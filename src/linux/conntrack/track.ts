import { type IcmpError, icmpType } from "../../wire/icmp.ts";
import { type Ipv4Packet, ipProtocol } from "../../wire/ipv4.ts";
import { ipOf } from "../netfilter/packet-ip.ts";
import type { World } from "../world.ts";
import type { Found } from "./connections.ts";
import { dropEarly } from "./early-drop.ts";
import { ctInfo, direction, directionOf, isReply, status } from "./status.ts";
import { trackTcp } from "./tcp.ts";
import { conntrackSysctl, conntrackTimeoutNs, plainTimeoutNs } from "./timeouts.ts";
import { invertTuple, type Tuple, tupleOf } from "./tuple.ts";
import type { Verdict } from "./verdict.ts";

/** UDP that goes both ways for longer than this is a stream (`nf_conntrack_udp_packet`). */
const streamAfterNs = 2_000_000_000;

/** What a protocol makes of a packet: `repeat` means that its connection is over, and another one may begin. */
export type Tracked = "accept" | "invalid" | "repeat";

/**
 * `nf_conntrack_in`: finds the connection of a packet, or begins one. A packet that belongs to none, and can begin none, is INVALID:
 * it goes on without a connection.
 */
export function trackPacket(world: World, packet: number): Verdict {
  const { packets } = world;
  // Seen before: it came round over `lo`, or it answers a packet whose connection it was given.
  if (packets.connection.get(packet) !== 0 || packets.ctInfo.get(packet) === ctInfo.untracked) return "accept";
  const ip = ipOf(world, packet);
  if (ip.payload.kind === "icmp-error") {
    relate(world, packet, ip, ip.payload);
    return "accept";
  }
  const tuple = tupleOf(ip);
  return tuple === undefined ? "accept" : trackTuple(world, packet, ip, tuple);
}

/** Whether `trackPacket` would begin a connection for it. */
export function startsConnection(world: World, packet: number): boolean {
  const { packets, conntrack } = world;
  if (packets.connection.get(packet) !== 0 || packets.ctInfo.get(packet) === ctInfo.untracked) return false;
  const ip = ipOf(world, packet);
  const tuple = ip.payload.kind === "icmp-error" ? undefined : tupleOf(ip);
  if (tuple === undefined || invertTuple(tuple) === undefined) return false;
  return conntrack.find(packets.netns.get(packet), tuple) === undefined;
}

function trackTuple(world: World, packet: number, ip: Ipv4Packet, tuple: Tuple): Verdict {
  const { packets, conntrack } = world;
  const netns = packets.netns.get(packet);
  const found = conntrack.find(netns, tuple);
  if (found !== undefined) {
    packets.attach(packet, found.connection);
    packets.ctInfo.set(packet, infoOf(world, found));
  } else {
    const reply = invertTuple(tuple);
    if (reply === undefined) return "accept";
    if (isFull(world, netns) && !dropEarly(world, netns, tuple)) return "CONNTRACK_FULL";
    const connection = conntrack.add(netns, tuple, reply);
    packets.attach(packet, connection);
    conntrack.release(connection);
    packets.ctInfo.set(packet, ctInfo.new);
  }
  const tracked = trackProtocol(world, packet, ip);
  if (tracked !== "accept") {
    packets.attach(packet, 0);
    packets.ctInfo.set(packet, 0);
    return tracked === "repeat" ? trackTuple(world, packet, ip, tuple) : "accept";
  }
  const connection = packets.connection.get(packet);
  if (packets.ctInfo.get(packet) === ctInfo.establishedReply) conntrack.set(connection, status.seenReply);
  return "accept";
}

/** Once both sides were heard, the connection is established. */
function infoOf({ conntrack }: World, found: Found): number {
  if (found.direction === direction.reply) return ctInfo.establishedReply;
  return conntrack.has(found.connection, status.seenReply) ? ctInfo.established : ctInfo.new;
}

function isFull(world: World, netns: number): boolean {
  const maximum = conntrackSysctl(world, netns, "nf_conntrack_max");
  return maximum !== 0 && world.conntrack.countOf(netns) >= maximum;
}

/** `nf_conntrack_handle_packet`. */
function trackProtocol(world: World, packet: number, ip: Ipv4Packet): Tracked {
  const { conntrack, packets } = world;
  const connection = packets.connection.get(packet);
  const netns = packets.netns.get(packet);
  const { protocol, destinationPort } = conntrack.original.get(connection);
  if (ip.payload.kind === "tcp")
    return trackTcp(world, connection, directionOf(packets.ctInfo.get(packet)), ip.payload);
  if (protocol === ipProtocol.udp) return trackUdp(world, connection, netns);
  if (
    protocol === ipProtocol.icmp &&
    !conntrack.has(connection, status.confirmed) &&
    !beginsIcmp(destinationPort >>> 8)
  )
    return "invalid";
  conntrack.refresh(connection, plainTimeoutNs(world, netns, protocol), world.nowNs);
  return "accept";
}

/** Only questions begin a connection: echo, timestamp, information and address mask requests. */
function beginsIcmp(type: number): boolean {
  return type === icmpType.echoRequest || type === 13 || type === 15 || type === 17;
}

/** `nf_conntrack_udp_packet`: answered and still going after two seconds, it is a stream, and kept for longer. */
function trackUdp(world: World, connection: number, netns: number): Tracked {
  const { conntrack, nowNs } = world;
  if (!conntrack.has(connection, status.confirmed)) conntrack.streamNs.set(connection, nowNs + streamAfterNs);
  const isStream = conntrack.has(connection, status.seenReply) && nowNs > conntrack.streamNs.get(connection);
  const name = isStream ? "nf_conntrack_udp_timeout_stream" : "nf_conntrack_udp_timeout";
  conntrack.refresh(connection, conntrackTimeoutNs(world, netns, name), nowNs);
  if (isStream && !conntrack.has(connection, status.natClash)) conntrack.set(connection, status.assured);
  return "accept";
}

/**
 * `nf_conntrack_inet_error`: an ICMP error is related to the connection of the packet that it quotes, if it goes to the one
 * who sent that packet.
 */
function relate(world: World, packet: number, ip: Ipv4Packet, error: IcmpError): void {
  const { conntrack, packets } = world;
  const quoted = error.original === undefined ? undefined : tupleOf(error.original);
  const inverse = quoted === undefined ? undefined : invertTuple(quoted);
  const found = inverse === undefined ? undefined : conntrack.find(packets.netns.get(packet), inverse);
  if (found === undefined) return;
  if (conntrack.tuple(found.connection, found.direction).destination !== ip.destination) return;
  packets.attach(packet, found.connection);
  packets.ctInfo.set(packet, found.direction === direction.reply ? ctInfo.relatedReply : ctInfo.related);
}

/**
 * `nf_ct_attach`: an ICMP error or a reset made here belongs to the connection of the packet that it answers, which may not be
 * in the table yet.
 */
export function attachConnection({ packets }: World, answer: number, cause: number): void {
  const connection = packets.connection.get(cause);
  if (connection === 0) return;
  packets.attach(answer, connection);
  const isAnswer = packets.ctInfo.get(cause) < isReply;
  packets.ctInfo.set(answer, isAnswer ? ctInfo.relatedReply : ctInfo.related);
}
