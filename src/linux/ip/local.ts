import { broadcastAddress, type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";

/**
 * The `local` routing table: addresses of the namespace's devices, and all of 127.0.0.0/8 once `lo` is up. A device that goes
 * down takes no local route with it (`fib_sync_down_dev`: their next hops have scope nowhere).
 */
export function isLocalAddress(world: World, netns: number, address: Ipv4Address): boolean {
  const { addresses, devices, namespaces } = world;
  if (addresses.has(netns, address)) return true;
  return address >>> 24 === 127 && devices.up.get(namespaces.loopback.get(netns)) === 1;
}

/**
 * `fib_add_ifaddr`: the local route of a secondary address prefers its primary one as the source, and that of 127.0.0.0/8
 * prefers 127.0.0.1.
 */
export function localSource(world: World, netns: number, destination: Ipv4Address): Ipv4Address {
  const { addresses } = world;
  const row = addresses.find(netns, destination);
  if (row === 0) return loopbackAddress;
  if (!addresses.isSecondary(row)) return destination;
  const length = addresses.prefixLength.get(row);
  const primary = addresses
    .ofDevice(addresses.device.get(row))
    .find(
      (other) =>
        !addresses.isSecondary(other) &&
        addresses.prefixLength.get(other) === length &&
        prefixContains({ address: addresses.address.get(other), length }, destination),
    );
  return primary === undefined ? destination : addresses.address.get(primary);
}

export const loopbackAddress = 0x7f00_0001;

/** The limited broadcast, and the directed broadcast of one of the device's networks, unless it is a local address as well. */
export function isBroadcastAddress(world: World, device: number, address: Ipv4Address): boolean {
  if (address === 0xffff_ffff) return true;
  const { addresses } = world;
  for (let row = addresses.byDevice.find(device, 0); row !== 0; row = addresses.byDevice.findNext(row)) {
    const length = addresses.prefixLength.get(row);
    if (length < 31 && broadcastAddress({ address: addresses.address.get(row), length }) === address)
      return !addresses.has(addresses.netns.get(row), address);
  }
  return false;
}
