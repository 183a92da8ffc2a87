import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { broadcastAddress } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";

/** The `local` routing table: addresses of the namespace's devices that are up, and all of 127.0.0.0/8 once `lo` is. */
export function isLocalAddress(world: World, netns: number, address: Ipv4Address): boolean {
  const { addresses, devices, namespaces } = world;
  for (let row = addresses.find(netns, address); row !== 0; row = addresses.byNetnsAndAddress.findNext(row))
    if (devices.up.get(addresses.device.get(row)) === 1) return true;
  return address >>> 24 === 127 && devices.up.get(namespaces.loopback.get(netns)) === 1;
}

/** The limited broadcast, and the directed broadcast of one of the device's networks. */
export function isBroadcastAddress(world: World, device: number, address: Ipv4Address): boolean {
  if (address === 0xffff_ffff) return true;
  const { addresses } = world;
  for (let row = addresses.byDevice.find(device, 0); row !== 0; row = addresses.byDevice.findNext(row)) {
    const length = addresses.prefixLength.get(row);
    if (length < 31 && broadcastAddress({ address: addresses.address.get(row), length }) === address) return true;
  }
  return false;
}
