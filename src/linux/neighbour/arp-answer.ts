import type { ArpPacket } from "../../wire/arp.ts";
import { type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import { conf, confOf } from "../device/conf.ts";
import { fibLookup } from "../ip/fib.ts";
import { isLocalAddress } from "../ip/local.ts";
import { routeOutput } from "../ip/source.ts";
import { sourceVerdict, validateSource } from "../ip/validate-source.ts";
import { routeType } from "../routes.ts";
import type { World } from "../world.ts";

/**
 * Does this machine own the address that is asked for, and may it say so here? "silent" is a local address that is not told
 * (`arp_ignore`, `arp_filter`).
 */
export function ownAnswer(world: World, device: number, arp: ArpPacket): "yes" | "silent" | "no" {
  const netns = world.devices.netns.get(device);
  if (!isLocalAddress(world, netns, arp.targetIp)) return "no";
  // A request from a wrong source is none: `ip_route_input` refuses it.
  if (arp.senderIp !== 0 && validateSource(world, netns, device, arp.senderIp, arp.targetIp, 0) < 0) return "no";
  const isSilent = isIgnored(world, device, arp) || isFiltered(world, netns, device, arp);
  return isSilent ? "silent" : "yes";
}

/** `arp_ignore`. */
export function isIgnored(world: World, device: number, { senderIp, targetIp }: ArpPacket): boolean {
  switch (confOf(world, device, conf.arpIgnore)) {
    case 1:
      return !ownsAddress(world, device, targetIp, 0);
    case 2:
      return !ownsAddress(world, device, targetIp, senderIp);
    case 3:
      return targetIp >>> 24 === 127;
    case 8:
      return true;
    default:
      return false;
  }
}

/** `inet_confirm_addr` on one device: it has the address, in a network that the asker is in too. */
function ownsAddress(world: World, device: number, address: Ipv4Address, asker: Ipv4Address): boolean {
  const { addresses } = world;
  for (let row = addresses.byDevice.find(device, 0); row !== 0; row = addresses.byDevice.findNext(row)) {
    if (addresses.address.get(row) !== address) continue;
    if (asker === 0 || prefixContains({ address, length: addresses.prefixLength.get(row) }, asker)) return true;
  }
  return false;
}

/** `arp_filter`: answers only where packets to the asker would leave. */
export function isFiltered(world: World, netns: number, device: number, { senderIp, targetIp }: ArpPacket): boolean {
  if (senderIp === 0 || confOf(world, device, conf.arpFilter) === 0) return false;
  const way = routeOutput(world, netns, senderIp, targetIp);
  return way.kind !== "unicast" || way.device !== device;
}

/** `arp_fwd_proxy` and `arp_fwd_pvlan`: answers for an address that this router would forward to. */
export function isProxyFor(world: World, device: number, { senderIp, targetIp }: ArpPacket): boolean {
  if (confOf(world, device, conf.forwarding) === 0) return false;
  const isProxy = confOf(world, device, conf.proxyArp) === 1;
  const isPrivateVlan = confOf(world, device, conf.proxyArpPvlan) === 1;
  if (!isProxy && !isPrivateVlan) return false;
  const { routes, devices } = world;
  const netns = devices.netns.get(device);
  const row = fibLookup(world, netns, targetIp, senderIp, device);
  if (row === 0 || routes.type.get(row) !== routeType.unicast) return false;
  const out = routes.device.get(row);
  if (validateSource(world, netns, device, senderIp, targetIp, out) < sourceVerdict.valid) return false;
  return out === device ? isPrivateVlan && senderIp !== targetIp : isProxy;
}
