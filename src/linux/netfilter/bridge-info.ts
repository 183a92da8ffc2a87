import type { World } from "../world.ts";

/** `ip_sabotage_in` (net/bridge/br_netfilter_hooks.c): asked once of a packet that was delivered by a bridge. */
export function wasSeenOnBridge({ packets }: World, packet: number): boolean {
  const info = packets.bridgeInfo.get(packet);
  if (info === null || info.isDelivered) return false;
  packets.bridgeInfo.set(packet, { ...info, isDelivered: true });
  return true;
}
