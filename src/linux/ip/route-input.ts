import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { conf, confOf } from "../device/conf.ts";
import type { DropReason } from "../drop-reason.ts";
import { routeType } from "../routes.ts";
import type { World } from "../world.ts";
import { fibLookup, isBroadcastHere } from "./fib.ts";
import { isLocalAddress } from "./local.ts";
import { nextHopOf } from "./source.ts";
import { sourceDropReason, validateSource } from "./validate-source.ts";

/** Where a packet that came in by a device would go, asked without sending it there. */
export type InputDecision =
  | { readonly kind: "forward"; readonly device: number; readonly nextHop: Ipv4Address }
  /** To this machine, or to where its IP code refuses it. */
  | { readonly kind: "up" }
  | { readonly kind: "martian"; readonly reason: DropReason };

/** `ip_route_input` for a bridge that must know before it decides; stage `route.input` asks the same for those it routes. */
export function routeInput(
  world: World,
  packet: number,
  device: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): InputDecision {
  const { packets, routes, devices } = world;
  const netns = packets.netns.get(packet);
  const isMine = isLocalAddress(world, netns, destination) || isBroadcastHere(world, netns, device, destination);
  const row = isMine ? 0 : fibLookup(world, netns, destination, source, device, packets.mark.get(packet));
  const outDevice = row === 0 ? 0 : routes.device.get(row);
  const isRouted = row !== 0 && routes.type.get(row) === routeType.unicast && devices.up.get(outDevice) === 1;
  if (!isMine && (!isRouted || confOf(world, device, conf.forwarding) === 0)) return { kind: "up" };
  const verdict = validateSource(world, netns, device, source, destination, outDevice);
  if (verdict < 0) return { kind: "martian", reason: sourceDropReason(verdict) };
  return isMine ? { kind: "up" } : { kind: "forward", device: outDevice, nextHop: nextHopOf(world, row, destination) };
}
