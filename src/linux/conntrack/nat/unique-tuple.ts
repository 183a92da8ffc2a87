import type { NatRange } from "../../../config/iptables/rule-set.ts";
import { ipProtocol } from "../../../wire/ipv4.ts";
import type { Ipv4Address } from "../../../wire/ipv4-address.ts";
import { seenAnswers } from "../../choices.ts";
import type { World } from "../../world.ts";
import { direction, natMask, status } from "../status.ts";
import { tcpState } from "../tcp-state.ts";
import { equalTuples, invertTuple, makeTuple, type Tuple } from "../tuple.ts";
import { jhash } from "./jhash.ts";
import type { Manipulation } from "./setup.ts";

/** So many ports are tried at first, and half as many with each new start. */
const mostAttempts = 128;
const leastAttempts = 16;
/** NF_NAT_HARDER_THRESH: the last of them also take the ports of TCP connections that are over. */
const harderAttempts = 32;

interface Ports {
  readonly first: number;
  readonly count: number;
}

/**
 * `get_unique_tuple` (net/netfilter/nf_nat_core.c): what the connection's packets shall look like from here on. The port is kept
 * where no other connection has it; otherwise Linux looks for a free one from a random place on. If there is none, the tuple is not
 * unique, and the packet will be dropped when its connection is confirmed.
 */
export function uniqueTuple(
  world: World,
  connection: number,
  original: Tuple,
  range: NatRange,
  manipulation: Manipulation,
): Tuple {
  const isRandom = range.random || range.randomFully;
  if (manipulation === "source" && !isRandom) {
    const kept = keepSource(world, connection, original, range);
    if (kept !== undefined) return kept;
  }
  const tuple = withAddress(original, range, manipulation);
  if (!isRandom && range.ports === undefined && !isTaken(world, connection, tuple)) return tuple;
  if (!isRandom && range.ports !== undefined && isPortInRange(tuple, range, manipulation)) {
    const isSingle = range.ports.first === range.ports.last;
    if (isSingle || !isTaken(world, connection, tuple)) return tuple;
  }
  const ports = portsToTry(tuple, range, manipulation);
  return ports === undefined ? tuple : searchPort(world, connection, tuple, ports, manipulation, isRandom);
}

/** As it is, or as other connections from the same source were translated. */
function keepSource(world: World, connection: number, original: Tuple, range: NatRange): Tuple | undefined {
  const { conntrack } = world;
  if (isInRange(original, range)) return isTakenByNew(world, connection, original) ? undefined : original;
  for (const other of conntrack.ofSource(conntrack.netns.get(connection), original)) {
    const { source, sourcePort } = invertTuple(conntrack.reply.get(other)) as Tuple;
    const { protocol, destination, destinationPort } = original;
    const tuple = makeTuple(protocol, source, destination, sourcePort, destinationPort);
    if (isInRange(tuple, range)) return isTaken(world, connection, tuple) ? undefined : tuple;
  }
  return undefined;
}

function isInRange(tuple: Tuple, range: NatRange): boolean {
  const { addresses } = range;
  if (addresses !== undefined && (tuple.source < addresses.first || tuple.source > addresses.last)) return false;
  return range.ports === undefined || isPortInRange(tuple, range, "source");
}

function hasPorts(protocol: number): boolean {
  return protocol === ipProtocol.tcp || protocol === ipProtocol.udp || protocol === 132;
}

/** `l4proto_in_range`. */
function isPortInRange(tuple: Tuple, { ports }: NatRange, manipulation: Manipulation): boolean {
  const isIcmp = tuple.protocol === ipProtocol.icmp;
  if (ports === undefined || !(isIcmp || hasPorts(tuple.protocol))) return true;
  const port = isIcmp || manipulation === "source" ? tuple.sourcePort : tuple.destinationPort;
  return port >= ports.first && port <= ports.last;
}

/** `nf_nat_used_tuple`: would answers to it be taken for another connection's? */
function isTaken(world: World, connection: number, tuple: Tuple): boolean {
  return ownerOf(world, connection, tuple) !== 0;
}

function ownerOf({ conntrack }: World, connection: number, tuple: Tuple): number {
  const answer = invertTuple(tuple) as Tuple;
  const found = conntrack.find(conntrack.netns.get(connection), answer);
  if (found === undefined || found.connection === connection) return 0;
  // `nf_conntrack_tuple_taken`: two that began in the same way are one flow; `confirmPacket` sees to it.
  const isSameFlow = equalTuples(conntrack.original.get(found.connection), conntrack.original.get(connection));
  return isSameFlow ? 0 : found.connection;
}

/**
 * `nf_nat_used_tuple_new`: two datagrams that cross, each of which began the connection in its direction, are one conversation
 * that needs no other port.
 */
function isTakenByNew(world: World, connection: number, tuple: Tuple): boolean {
  const { conntrack } = world;
  if (!isTaken(world, connection, tuple)) return false;
  if (tuple.protocol !== ipProtocol.udp) return true;
  const found = conntrack.find(conntrack.netns.get(connection), tuple);
  if (found === undefined || found.direction === direction.original) return true;
  if (conntrack.has(found.connection, natMask)) return true;
  return !(
    equalTuples(conntrack.original.get(found.connection), conntrack.reply.get(connection)) &&
    equalTuples(conntrack.reply.get(found.connection), conntrack.original.get(connection))
  );
}

/** `nf_nat_used_tuple_harder`: towards the end of the search, a connection that is closing gives its port up. */
function isTakenForGood(world: World, connection: number, tuple: Tuple, attemptsLeft: number): boolean {
  const { conntrack } = world;
  const owner = ownerOf(world, connection, tuple);
  if (owner === 0) return false;
  if (attemptsLeft > harderAttempts || tuple.protocol !== ipProtocol.tcp) return true;
  if (conntrack.state.get(connection) !== tcpState.synSent) return true;
  const answer = invertTuple(tuple) as Tuple;
  const isSeen = conntrack.has(owner, status.seenReply) && conntrack.has(owner, status.assured);
  const isOver = conntrack.state.get(owner) > tcpState.closeWait;
  if (!isSeen || !isOver || !equalTuples(conntrack.reply.get(owner), answer)) return true;
  conntrack.kill(owner);
  return false;
}

/** `find_best_ips_proto`: of several addresses, always the same one for the same pair of ends. */
function withAddress(tuple: Tuple, { addresses, persistent }: NatRange, manipulation: Manipulation): Tuple {
  if (addresses === undefined) return tuple;
  const { first, last } = addresses;
  const { protocol, source, destination, sourcePort, destinationPort } = tuple;
  let address: Ipv4Address = first;
  if (first !== last) {
    const hash = jhash([bytesSwapped(source), 0, 0, 0], persistent ? 0 : bytesSwapped(destination));
    address = first + Math.floor((hash * (last - first + 1)) / 0x1_0000_0000);
  }
  return manipulation === "source"
    ? makeTuple(protocol, address, destination, sourcePort, destinationPort)
    : makeTuple(protocol, source, address, sourcePort, destinationPort);
}

/** An address as a little-endian machine reads it from a header. */
function bytesSwapped(address: Ipv4Address): number {
  return ((address & 0xff) << 24) | ((address & 0xff00) << 8) | ((address >>> 8) & 0xff00) | ((address >>> 24) & 0xff);
}

/** `nf_nat_l4proto_unique_tuple`; undefined where the port must not change. */
function portsToTry(tuple: Tuple, { ports }: NatRange, manipulation: Manipulation): Ports | undefined {
  if (ports !== undefined && (hasPorts(tuple.protocol) || tuple.protocol === ipProtocol.icmp)) {
    const first = Math.min(ports.first, ports.last);
    return { first, count: Math.max(ports.first, ports.last) - first + 1 };
  }
  if (tuple.protocol === ipProtocol.icmp) return { first: 0, count: 65_536 };
  if (!hasPorts(tuple.protocol) || manipulation === "destination") return undefined;
  // Ports below 512 and below 1024 say something about their owner, so they stay among themselves.
  if (tuple.sourcePort < 512) return { first: 1, count: 511 };
  return tuple.sourcePort < 1024 ? { first: 600, count: 424 } : { first: 1024, count: 64_512 };
}

function searchPort(
  world: World,
  connection: number,
  tuple: Tuple,
  { first, count }: Ports,
  manipulation: Manipulation,
  isRandom: boolean,
): Tuple {
  const seen = seenPort(world, connection, manipulation);
  if (seen !== undefined && seen >= first && seen < first + count) {
    const drawn = withPort(tuple, seen, manipulation);
    if (!isTaken(world, connection, drawn)) return drawn;
  }
  let candidate = tuple;
  // A destination is searched from the first port on; whatever was not found at once, from a random one.
  let start = isRandom || manipulation === "source" ? randomStart(world) : 0;
  for (let attempts = Math.min(count, mostAttempts); ; attempts = attempts >> 1) {
    for (let i = 0; i < attempts; i++) {
      candidate = withPort(tuple, first + (((start + i) & 0xffff) % count), manipulation);
      if (!isTakenForGood(world, connection, candidate, attempts - i)) return candidate;
    }
    if (attempts >= count || attempts < leastAttempts) return candidate;
    start = randomStart(world);
  }
}

/** The port that Linux was seen to draw for this connection. */
function seenPort(world: World, connection: number, manipulation: Manipulation): number | undefined {
  const answers = seenAnswers(world, connection);
  const seen = answers && invertTuple(answers);
  const isIcmp = seen?.protocol === ipProtocol.icmp;
  return isIcmp || manipulation === "source" ? seen?.sourcePort : seen?.destinationPort;
}

function randomStart(world: World): number {
  return world.sim.random.below(65_536);
}

function withPort(tuple: Tuple, port: number, manipulation: Manipulation): Tuple {
  const { protocol, source, destination, sourcePort, destinationPort } = tuple;
  return manipulation === "source" || protocol === ipProtocol.icmp
    ? makeTuple(protocol, source, destination, port, destinationPort)
    : makeTuple(protocol, source, destination, sourcePort, port);
}
