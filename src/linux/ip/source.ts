import { type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";
import { fibLookup } from "./fib.ts";
import { isLocalAddress, localSource } from "./local.ts";

/**
 * `inet_select_addr` (net/ipv4/devinet.c): the device's first primary address in the target's network, else its first, else
 * the first of another device of the namespace. 0 when there is none.
 */
export function selectSource(world: World, device: number, target: Ipv4Address): Ipv4Address {
  const { addresses, devices, namespaces } = world;
  const own = addresses.ofDevice(device).filter((row) => !addresses.isSecondary(row));
  for (const row of own) {
    const address = addresses.address.get(row);
    if (prefixContains({ address, length: addresses.prefixLength.get(row) }, target)) return address;
  }
  if (own.length > 0) return addresses.address.get(own[0]);
  const netns = devices.netns.get(device);
  for (let other = namespaces.firstDevice.get(netns); other !== 0; other = devices.nextInNetns.get(other)) {
    if (other === namespaces.loopback.get(netns)) continue;
    const rows = addresses.ofDevice(other);
    if (rows.length > 0) return addresses.address.get(rows[0]);
  }
  return 0;
}

/** Where a packet to an address goes from here. */
export type RouteDecision =
  | {
      readonly kind: "local";
      readonly device: number;
      readonly destination: Ipv4Address;
      readonly source: Ipv4Address;
      readonly mtu: number;
    }
  | {
      readonly kind: "unicast";
      readonly device: number;
      readonly nextHop: Ipv4Address;
      readonly route: number;
      /** What fits: the device's MTU, or less where the path is known to bear less. */
      readonly mtu: number;
    }
  | { readonly kind: "refused"; readonly type: number; readonly route: number }
  | { readonly kind: "none" };

/** `ip_route_output_key_hash`: table local, then what the rules say; `from` is the source, 0 where none is chosen yet, `mark` the packet's. */
export function routeOutput(
  world: World,
  netns: number,
  destination: Ipv4Address,
  from: Ipv4Address = 0,
  mark = 0,
): RouteDecision {
  const { routes, devices, namespaces } = world;
  if (isLocalAddress(world, netns, destination)) {
    const loopback = namespaces.loopback.get(netns);
    const source = localSource(world, netns, destination);
    return { kind: "local", device: loopback, destination, source, mtu: devices.mtu.get(loopback) };
  }
  const route = fibLookup(world, netns, destination, from, 0, mark);
  if (route === 0) return { kind: "none" };
  const type = routes.type.get(route);
  if (type !== 1) return { kind: "refused", type, route };
  const device = routes.device.get(route);
  if (devices.up.get(device) === 0) return { kind: "none" };
  const nextHop = nextHopOf(world, route, destination);
  return { kind: "unicast", device, nextHop, route, mtu: pathMtu(world, route, destination) };
}

/** The neighbour to send to: a redirect's gateway, the route's, or the destination itself. */
export function nextHopOf(world: World, route: number, destination: Ipv4Address): Ipv4Address {
  const { exceptions, routes, nowNs } = world;
  const exception = exceptions.find(route, destination, nowNs);
  return (exception !== 0 && exceptions.gateway.get(exception)) || routes.gateway.get(route) || destination;
}

/** `ipv4_mtu`: what a router on the path has said that it bears, else the device's MTU. */
export function pathMtu(world: World, route: number, destination: Ipv4Address): number {
  const { exceptions, devices, routes, nowNs } = world;
  const mtu = devices.mtu.get(routes.device.get(route));
  const exception = exceptions.find(route, destination, nowNs);
  const known = exception === 0 ? 0 : exceptions.pathMtu.get(exception);
  return known === 0 ? mtu : Math.min(known, mtu);
}

/** The source address that the kernel would choose for this way, where the sender is not bound to one. */
export function sourceFor(world: World, way: Extract<RouteDecision, { kind: "local" | "unicast" }>): Ipv4Address {
  if (way.kind === "local") return way.source;
  return world.routes.preferredSource.get(way.route) || selectSource(world, way.device, way.nextHop);
}
