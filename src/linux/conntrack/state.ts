import type { ConnectionState } from "../../config/iptables/rule-set.ts";
import type { World } from "../world.ts";
import { ctInfo, status } from "./status.ts";

/** What `-m conntrack --ctstate` and `-m state` see of a packet (`NF_CT_STATE_BIT`, net/netfilter/xt_conntrack.c). */
export function connectionState({ packets }: World, packet: number): Exclude<ConnectionState, "SNAT" | "DNAT"> {
  const info = packets.ctInfo.get(packet);
  if (info === ctInfo.untracked) return "UNTRACKED";
  if (packets.connection.get(packet) === 0) return "INVALID";
  if (info === ctInfo.new) return "NEW";
  return info === ctInfo.related || info === ctInfo.relatedReply ? "RELATED" : "ESTABLISHED";
}

/** The state SNAT: its connection's source was changed. */
export function isSourceTranslated({ conntrack, packets }: World, packet: number): boolean {
  const connection = packets.connection.get(packet);
  return connection !== 0 && conntrack.has(connection, status.sourceNat);
}

/** The state DNAT. */
export function isDestinationTranslated({ conntrack, packets }: World, packet: number): boolean {
  const connection = packets.connection.get(packet);
  return connection !== 0 && conntrack.has(connection, status.destinationNat);
}
