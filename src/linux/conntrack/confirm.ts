import { ipProtocol } from "../../wire/ipv4.ts";
import type { World } from "../world.ts";
import type { Found } from "./connections.ts";
import { direction, directionOf, natDoneMask, status } from "./status.ts";
import { equalTuples } from "./tuple.ts";
import type { Verdict } from "./verdict.ts";

/** Whether the packet's connection waits for it to get through. */
export function isUnconfirmed({ conntrack, packets }: World, packet: number): boolean {
  const connection = packets.connection.get(packet);
  return connection !== 0 && !conntrack.has(connection, status.confirmed);
}

/**
 * `__nf_conntrack_confirm`: the packet that began a connection has got through, so the connection goes into the table. An answer
 * made here to that packet (`attachConnection`) does not count.
 */
export function confirmPacket(world: World, packet: number): Verdict {
  const { conntrack, packets, nowNs } = world;
  if (!isUnconfirmed(world, packet) || directionOf(packets.ctInfo.get(packet)) !== direction.original) return "accept";
  const connection = packets.connection.get(packet);
  if (conntrack.has(connection, status.dying)) return "NETFILTER_DROP";
  const netns = packets.netns.get(packet);
  const clash =
    conntrack.find(netns, conntrack.original.get(connection)) ?? conntrack.find(netns, conntrack.reply.get(connection));
  if (clash !== undefined) return resolveClash(world, packet, connection, clash);
  conntrack.confirm(connection, nowNs);
  return "accept";
}

/**
 * `nf_ct_resolve_clash`: datagrams that began the same connection at the same time share the one that came first. Where NAT
 * led them to different ends, the second one's answers at least are found for a second (since Linux 5.7; before, the packet was lost).
 */
function resolveClash(world: World, packet: number, loser: number, { connection: winner }: Found): Verdict {
  const { conntrack, packets } = world;
  if (conntrack.original.get(loser).protocol !== ipProtocol.udp) return "CONNTRACK_CLASH";
  if (canShare(world, winner, loser)) {
    packets.attach(packet, winner);
    return "accept";
  }
  const answered = conntrack.find(packets.netns.get(packet), conntrack.reply.get(loser));
  if (answered === undefined) {
    conntrack.confirmForAnswers(loser, world.nowNs);
    return "accept";
  }
  if (!canShare(world, answered.connection, loser)) return "CONNTRACK_CLASH";
  packets.attach(packet, answered.connection);
  return "accept";
}

/** `__nf_ct_resolve_clash`. */
function canShare({ conntrack }: World, winner: number, loser: number): boolean {
  const isSame =
    equalTuples(conntrack.original.get(winner), conntrack.original.get(loser)) &&
    equalTuples(conntrack.reply.get(winner), conntrack.reply.get(loser));
  return isSame || !conntrack.has(winner, natDoneMask);
}
