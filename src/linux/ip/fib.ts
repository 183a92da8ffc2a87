import { type Ipv4Address, netmask } from "../../wire/ipv4-address.ts";
import { routeType } from "../routes.ts";
import type { World } from "../world.ts";
import { isBroadcastAddress, isLocalAddress } from "./local.ts";

/**
 * `fib_lookup`, after the local addresses of table local: the route to the destination, or 0. Rules may ask for the packet's
 * source, for the device that it came in by, 0 for packets made here, and for its mark; without rules there is table main alone.
 */
export function fibLookup(
  world: World,
  netns: number,
  destination: Ipv4Address,
  source: Ipv4Address,
  inDevice: number,
  mark = 0,
): number {
  const { rules, routes, devices } = world;
  if ((destination & 3) === 3) {
    const broadcast = broadcastRoute(world, netns, destination);
    if (broadcast !== 0) return broadcast;
  }
  if (rules.table.size === 0) return routes.lookup(netns, destination);
  return rules.route(routes, netns, destination, source, inDevice === 0 ? "lo" : devices.name.get(inDevice), mark);
}

/**
 * Whether a packet that came in is a broadcast: one to a network of any device of the namespace, which is not sent on to it
 * (`ip_route_input_slow`: bc_forwarding is off).
 */
export function isBroadcastHere(world: World, netns: number, device: number, destination: Ipv4Address): boolean {
  if (isBroadcastAddress(world, device, destination)) return true;
  if ((destination & 3) !== 3 || isLocalAddress(world, netns, destination)) return false;
  return broadcastRoute(world, netns, destination) !== 0;
}

/**
 * Table local has the directed broadcasts of all networks too (`fib_add_ifaddr`), so that neither rules nor a route to that one
 * address lead elsewhere. The route to the network stands for such a one.
 */
function broadcastRoute(world: World, netns: number, destination: Ipv4Address): number {
  const { routes } = world;
  const found = routes.lookup(netns, destination);
  if (found === 0) return 0;
  for (let length = Math.min(30, routes.prefixLength.get(found)); length > 0; length--) {
    for (const row of routes.find(netns, networkOf(destination, length), length)) {
      if (routes.isConnected.get(row) === 0 || routes.type.get(row) !== routeType.unicast) continue;
      if (isBroadcastAddress(world, routes.device.get(row), destination)) return row;
    }
    if (routes.isConnected.get(found) === 1) return 0;
  }
  return 0;
}

function networkOf(address: Ipv4Address, length: number): Ipv4Address {
  return (address & netmask(length)) >>> 0;
}
