import { confirmPacket, isUnconfirmed } from "../../linux/conntrack/confirm.ts";
import { ctInfo, direction, directionOf, status } from "../../linux/conntrack/status.ts";
import { startsConnection, trackPacket } from "../../linux/conntrack/track.ts";
import { equalTuples, invertTuple, type Tuple, tupleOf } from "../../linux/conntrack/tuple.ts";
import { isLocalAddress } from "../../linux/ip/local.ts";
import type { PacketName } from "../../linux/packets.ts";
import type { World } from "../../linux/world.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { tcpFlag } from "../../wire/tcp.ts";
import { type Crossing, isBridged, isRewritten } from "./crossings.ts";

/** Where ports begin that Linux draws for clients (`net.ipv4.ip_local_port_range`). */
const firstDrawnPort = 32_768;

/**
 * Connection tracking as packets betray it. A packet that leaves a namespace with another address or port than it came with proves that
 * the namespace tracks connections: from the start of the capture, packets that cross it are tracked as the kernel does. Whether
 * others do cannot be seen from outside: they have no entries here.
 */
export class CapturedConnections {
  private readonly world: World;
  /** By the frame that they are known by. */
  private readonly crossings: ReadonlyMap<number, Crossing>;
  private readonly tracking: ReadonlySet<string>;
  /** Namespaces whose bridges call IP's hooks (`bridge-nf-call-iptables`): they rewrote what they did not route. */
  private readonly bridging: ReadonlySet<string>;

  constructor(world: World, crossings: readonly Crossing[]) {
    this.world = world;
    this.crossings = new Map(crossings.map((crossing) => [crossing.knownAt, crossing]));
    this.tracking = namespacesOf(crossings.filter(isRewritten));
    this.bridging = namespacesOf(crossings.filter((crossing) => isRewritten(crossing) && isBridged(crossing)));
  }

  /** A packet in flight is at that frame of the capture: tracks it if it is now known to have got through. */
  learn(packet: number, frame: number): void {
    const crossing = this.crossings.get(frame);
    if (crossing === undefined || !this.isTracked(crossing, this.world.packets.netns.get(packet))) return;
    const { packets } = this.world;
    const data = packets.data.get(packet);
    packets.data.set(packet, (crossing.came ?? crossing.left) as Ipv4Packet);
    this.track(packet, crossing);
    packets.data.set(packet, data);
  }

  private isTracked(crossing: Crossing, netns: number): boolean {
    const { netns: name, came, left } = crossing;
    if (!this.tracking.has(name)) return false;
    if (isBridged(crossing)) return isRewritten(crossing) || this.bridging.has(name);
    // What came for somebody else and did not leave has been dropped, and a connection is kept only once its packet got through.
    return left !== undefined || (came !== undefined && isLocalAddress(this.world, netns, came.destination));
  }

  private track(packet: number, crossing: Crossing): void {
    const { conntrack, packets } = this.world;
    const { came, left } = crossing;
    const seen = (came ?? left) as Ipv4Packet;
    const after = left && tupleOf(left);
    packets.scrub(packet, true);
    // What a connection has begun with, before the capture, is unknown; who asks is the one with the drawn port.
    if (startsConnection(this.world, packet) && looksLikeAnswer(seen)) return;
    trackPacket(this.world, packet);
    if (after !== undefined && this.isOtherThan(packet, after)) {
      // The ports have been taken again, by a connection that is translated to elsewhere.
      conntrack.kill(packets.connection.get(packet));
      packets.scrub(packet, true);
      trackPacket(this.world, packet);
    }
    if (!isUnconfirmed(this.world, packet)) return;
    const connection = packets.connection.get(packet);
    if (after !== undefined) this.translate(connection, after);
    conntrack.evidence.set(connection, evidenceOf(crossing, packets.origin.get(packet).name));
    confirmPacket(this.world, packet);
  }

  /** It belongs to a connection, in its original direction, that is translated otherwise. */
  private isOtherThan(packet: number, after: Tuple): boolean {
    const { conntrack, packets } = this.world;
    const connection = packets.connection.get(packet);
    if (connection === 0 || isUnconfirmed(this.world, packet)) return false;
    const info = packets.ctInfo.get(packet);
    if (directionOf(info) !== direction.original || info === ctInfo.related) return false;
    return !equalTuples(conntrack.reply.get(connection), invertTuple(after) as Tuple);
  }

  private translate(connection: number, after: Tuple): void {
    const { conntrack } = this.world;
    const before = conntrack.original.get(connection);
    if (equalTuples(before, after)) return;
    conntrack.reply.set(connection, invertTuple(after) as Tuple);
    if (before.source !== after.source || before.sourcePort !== after.sourcePort)
      conntrack.set(connection, status.sourceNat);
    const isElsewhere = before.destination !== after.destination || before.destinationPort !== after.destinationPort;
    if (isElsewhere) conntrack.set(connection, status.destinationNat);
  }
}

/** Namespaces that pass packets on, none of which they rewrite. */
export function unknownTrackers(crossings: readonly Crossing[]): readonly string[] {
  const tracking = namespacesOf(crossings.filter(isRewritten));
  const routers = namespacesOf(crossings.filter(isRouted));
  return [...routers].filter((netns) => !tracking.has(netns));
}

function isRouted(crossing: Crossing): boolean {
  return crossing.came !== undefined && crossing.left !== undefined && !isBridged(crossing);
}

function namespacesOf(crossings: readonly Crossing[]): ReadonlySet<string> {
  return new Set(crossings.map(({ netns }) => netns));
}

function looksLikeAnswer({ payload }: Ipv4Packet): boolean {
  if (payload.kind !== "tcp" && payload.kind !== "udp") return false;
  const opens = payload.kind === "tcp" && (payload.flags & (tcpFlag.syn | tcpFlag.ack)) === tcpFlag.syn;
  return !opens && payload.sourcePort < firstDrawnPort && payload.destinationPort >= firstDrawnPort;
}

/** `seen` is what one packet shows by itself; all else is inferred from that the namespace rewrites others. */
function evidenceOf(crossing: Crossing, packet: PacketName): string {
  const { netns, came, left } = crossing;
  if (isRewritten(crossing)) return `seen: ${netns} rewrote #${packet}`;
  if (came === undefined) return `inferred: ${netns} sent #${packet}; whether it had rewritten it is not seen`;
  if (left === undefined) return `inferred: #${packet} came to ${netns}; whether it was let in is not seen`;
  return `inferred: #${packet} passed ${netns}, which rewrites others`;
}
