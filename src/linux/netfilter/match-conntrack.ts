import type { ConnectionState, Inverted, Match, PortRange } from "../../config/iptables/rule-set.ts";
import { type Ipv4Prefix, prefixContains } from "../../wire/ipv4-address.ts";
import { connectionState, isDestinationTranslated, isSourceTranslated } from "../conntrack/state.ts";
import { direction, directionOf, status } from "../conntrack/status.ts";
import type { World } from "../world.ts";
import type { Subject } from "./subject.ts";

type ConntrackMatch = Extract<Match, { match: "conntrack" }>;

/** net/netfilter/xt_conntrack.c. A packet without a connection can only be asked for its state. */
export function matchConntrack(world: World, match: ConntrackMatch, { packet }: Subject): boolean {
  const { packets, conntrack } = world;
  if (match.states !== undefined && !isInStates(world, packet, match.states)) return false;
  const connection = packets.connection.get(packet);
  if (connection === 0) return match.states !== undefined;
  const way = directionOf(packets.ctInfo.get(packet)) === direction.original ? "ORIGINAL" : "REPLY";
  if (match.direction !== undefined && match.direction !== way) return false;
  return matchesTuples(world, match, connection) && hasStatus(conntrack.status.get(connection), match.status);
}

export function matchState(world: World, match: Extract<Match, { match: "state" }>, { packet }: Subject): boolean {
  return isInStates(world, packet, match.states);
}

export function matchConnmark(
  world: World,
  match: Extract<Match, { match: "mark" | "connmark" }>,
  { packet }: Subject,
): boolean {
  const connection = world.packets.connection.get(packet);
  if (connection === 0) return false;
  return ((world.conntrack.mark.get(connection) & match.mask) >>> 0 === match.value) !== match.inverted;
}

function isInStates(world: World, packet: number, { value, inverted }: Inverted<readonly ConnectionState[]>): boolean {
  const isIn =
    value.includes(connectionState(world, packet)) ||
    (value.includes("SNAT") && isSourceTranslated(world, packet)) ||
    (value.includes("DNAT") && isDestinationTranslated(world, packet));
  return isIn !== inverted;
}

function matchesTuples({ conntrack }: World, match: ConntrackMatch, connection: number): boolean {
  const original = conntrack.original.get(connection);
  const reply = conntrack.reply.get(connection);
  return (
    isPrefix(match.originalSource, original.source) &&
    isPrefix(match.originalDestination, original.destination) &&
    isPrefix(match.replySource, reply.source) &&
    isPrefix(match.replyDestination, reply.destination) &&
    isPort(match.originalSourcePort, original.sourcePort) &&
    isPort(match.originalDestinationPort, original.destinationPort) &&
    isPort(match.replySourcePort, reply.sourcePort) &&
    isPort(match.replyDestinationPort, reply.destinationPort) &&
    (match.protocol === undefined || (match.protocol.value === original.protocol) !== match.protocol.inverted)
  );
}

function isPrefix(asked: Inverted<Ipv4Prefix> | undefined, address: number): boolean {
  return asked === undefined || prefixContains(asked.value, address) !== asked.inverted;
}

function isPort(asked: Inverted<PortRange> | undefined, port: number): boolean {
  return asked === undefined || (port >= asked.value.first && port <= asked.value.last) !== asked.inverted;
}

const statusBits = {
  NONE: 0,
  EXPECTED: 1,
  SEEN_REPLY: status.seenReply,
  ASSURED: status.assured,
  CONFIRMED: status.confirmed,
} as const;

function hasStatus(bits: number, asked: ConntrackMatch["status"]): boolean {
  return asked === undefined || asked.value.some((name) => (bits & statusBits[name]) !== 0) !== asked.inverted;
}
