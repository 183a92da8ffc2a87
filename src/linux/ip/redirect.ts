import type { IcmpError } from "../../wire/icmp.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { acceptsRedirects, conf, confOf } from "../device/conf.ts";
import { create, resolve } from "../neighbour/neighbour.ts";
import { nudValid } from "../neighbours.ts";
import { routeType } from "../routes.ts";
import type { World } from "../world.ts";
import { fibLookup } from "./fib.ts";
import { sendIcmpError } from "./icmp-error.ts";
import { isLocalAddress } from "./local.ts";
import { isOnLink } from "./on-link.ts";

const redirect = 5;
const hostRedirect = 1;
/** net.ipv4.route.gc_timeout: as long a redirect is heeded. */
const redirectLifetimeNs = 300_000_000_000;

/** `ip_rt_send_redirect`: tells the sender, who is on the same link, of a better first hop. */
export function sendRedirect(world: World, packet: number, forwarded: Ipv4Packet): void {
  const { packets, icmpLimits } = world;
  const device = packets.outDevice.get(packet);
  const nextHop = packets.nextHop.get(packet);
  if (confOf(world, device, conf.sharedMedia) === 0 && !isOnLink(world, device, forwarded.source, nextHop)) return;
  if (!icmpLimits.allowRedirect(packets.netns.get(packet), forwarded.source, world.nowInJiffiesNs)) return;
  sendIcmpError(world, packet, forwarded, redirect, hostRedirect, nextHop);
}

/**
 * `__ip_do_redirect`: who is told of a better gateway first resolves its address; the route is changed by the next redirect
 * that finds it resolved.
 */
export function takeRedirect(world: World, netns: number, from: Ipv4Address, message: IcmpError): void {
  const { routes, neighbours, exceptions, nowNs } = world;
  const destination = message.original?.destination;
  const gateway = message.rest >>> 0;
  if (destination === undefined || message.code > 3) return;
  const route = fibLookup(world, netns, destination, message.original?.source ?? 0, 0);
  if (route === 0 || routes.type.get(route) !== routeType.unicast) return;
  const exception = exceptions.find(route, destination, nowNs);
  const current = (exception !== 0 && exceptions.gateway.get(exception)) || routes.gateway.get(route);
  const device = routes.device.get(route);
  if (current !== from || gateway === from || !acceptsRedirects(world, device)) return;
  if (!isUsableGateway(world, netns, device, gateway, from)) return;
  const neighbour = neighbours.find(device, gateway) || create(world, device, gateway);
  if (neighbour === 0) return;
  if ((neighbours.state.get(neighbour) & nudValid) === 0) resolve(world, neighbour);
  else exceptions.note(route, destination, gateway, 0, nowNs + redirectLifetimeNs);
}

/** A single machine's address; where links are not shared, one on the same network as the old gateway. */
function isUsableGateway(
  world: World,
  netns: number,
  device: number,
  gateway: Ipv4Address,
  from: Ipv4Address,
): boolean {
  const isSingle = gateway >>> 28 !== 0xe && gateway !== 0xffff_ffff && gateway >>> 24 !== 0;
  if (!isSingle || isLocalAddress(world, netns, gateway)) return false;
  return confOf(world, device, conf.sharedMedia) === 1 || isOnLink(world, device, gateway, from);
}
