import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { routeType } from "../routes.ts";
import type { World } from "../world.ts";
import { fibLookup } from "./fib.ts";
import { pathMtu } from "./source.ts";

/** net.ipv4.route.min_pmtu: less is not believed. */
const minimumPathMtu = 552;
/** net.ipv4.route.mtu_expires. */
const lifetimeNs = 600_000_000_000;

/** `__ip_rt_update_pmtu`: a router on the way to the destination of `quoted` does not bear its size (RFC 1191). */
export function notePathMtu(world: World, netns: number, quoted: Ipv4Packet, told: number): void {
  const { routes, exceptions, nowNs } = world;
  const { source, destination } = quoted;
  const route = fibLookup(world, netns, destination, source, 0);
  if (route === 0 || routes.type.get(route) !== routeType.unicast) return;
  const before = pathMtu(world, route, destination);
  if (before < told) return;
  const mtu = told < minimumPathMtu ? Math.min(before, minimumPathMtu) : told;
  exceptions.note(route, destination, 0, mtu, nowNs + lifetimeNs);
}
