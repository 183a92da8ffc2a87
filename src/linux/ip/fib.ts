import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";

/**
 * `fib_lookup`, after table local: the route to the destination, or 0. Rules may ask for the packet's source and for the
 * device that it came in by, 0 for packets made here; without rules there is table main alone.
 */
export function fibLookup(
  world: World,
  netns: number,
  destination: Ipv4Address,
  source: Ipv4Address,
  inDevice: number,
): number {
  const { rules, routes, devices } = world;
  if (rules.table.size === 0) return routes.lookup(netns, destination);
  return rules.route(routes, netns, destination, source, inDevice === 0 ? "lo" : devices.name.get(inDevice));
}
