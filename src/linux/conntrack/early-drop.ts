import type { World } from "../world.ts";
import { status } from "./status.ts";
import { conntrackSysctl } from "./timeouts.ts";
import { type Tuple, tupleHash } from "./tuple.ts";

/** NF_CT_EVICTION_RANGE of net/netfilter/nf_conntrack_core.c. */
const bucketsSearched = 8;

/**
 * `early_drop`: makes room in a full table. Linux looks into eight neighbouring buckets of its hash table and throws out what is
 * not ASSURED in the first that has any; where the table is large and its limit small, it mostly finds none. False then.
 */
export function dropEarly(world: World, netns: number, tuple: Tuple): boolean {
  const { conntrack } = world;
  const buckets = conntrackSysctl(world, netns, "nf_conntrack_buckets");
  const start = tupleHash(tuple) % buckets;
  let nearest = bucketsSearched;
  let victims: number[] = [];
  for (const connection of conntrack.ofNetns(netns)) {
    if (conntrack.has(connection, status.assured) || !conntrack.has(connection, status.confirmed)) continue;
    for (const own of [conntrack.original.get(connection), conntrack.reply.get(connection)]) {
      const distance = ((tupleHash(own) % buckets) - start + buckets) % buckets;
      if (distance > nearest || distance >= bucketsSearched) continue;
      if (distance < nearest) victims = [];
      nearest = distance;
      victims.push(connection);
    }
  }
  for (const connection of victims) conntrack.kill(connection);
  return victims.length > 0;
}
