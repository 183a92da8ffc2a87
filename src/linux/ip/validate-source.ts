import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { conf, confOf } from "../device/conf.ts";
import type { DropReason } from "../drop-reason.ts";
import { routeType } from "../routes.ts";
import type { World } from "../world.ts";
import { fibLookup } from "./fib.ts";
import { isLocalAddress } from "./local.ts";

/** What `fib_validate_source` makes of a packet's source address. */
export const sourceVerdict = {
  /** May arrive here. */
  valid: 0,
  /** And it is a neighbour on this very link: the one who could be sent a redirect. */
  neighbour: 1,
  ours: -1,
  wrongWay: -2,
} as const;

const strict = 1;

/**
 * `fib_validate_source` (net/ipv4/fib_frontend.c): may a packet from this address come in by this device? `outDevice` is where
 * it will go, 0 for packets to this machine.
 */
export function validateSource(
  world: World,
  netns: number,
  device: number,
  source: Ipv4Address,
  destination: Ipv4Address,
  outDevice: number,
): number {
  const filter = confOf(world, device, conf.rpFilter);
  const acceptsLocal = confOf(world, device, conf.acceptLocal) === 1;
  const mayRedirect = outDevice === device && confOf(world, device, conf.sendRedirects) === 1;
  if (isLocalAddress(world, netns, source)) return acceptsLocal ? sourceVerdict.valid : sourceVerdict.ours;
  if (filter === 0 && !mayRedirect) return sourceVerdict.valid;
  return reversePath(world, netns, device, source, destination, outDevice, filter);
}

/** `__fib_validate_source`: where would an answer go? */
function reversePath(
  world: World,
  netns: number,
  device: number,
  source: Ipv4Address,
  destination: Ipv4Address,
  outDevice: number,
  filter: number,
): number {
  const { routes, addresses } = world;
  const row = fibLookup(world, netns, source, destination, outDevice);
  const isReachable = row !== 0 && routes.type.get(row) === routeType.unicast;
  if (row !== 0 && !isReachable) return filter === 0 ? sourceVerdict.valid : sourceVerdict.wrongWay;
  if (isReachable && routes.device.get(row) === device)
    return routes.gateway.get(row) === 0 ? sourceVerdict.neighbour : sourceVerdict.valid;
  const hasNoAddress = addresses.byDevice.find(device, 0) === 0;
  if (!isReachable || hasNoAddress) return filter === 0 ? sourceVerdict.valid : sourceVerdict.wrongWay;
  return filter === strict ? sourceVerdict.wrongWay : sourceVerdict.valid;
}

export function sourceDropReason(verdict: number): DropReason {
  return verdict === sourceVerdict.ours ? "IP_LOCAL_SOURCE" : "IP_RPFILTER";
}
