import { broadcastAddress, type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";

/**
 * The `local` routing table: addresses of the namespace's devices, and all of 127.0.0.0/8 once `lo` is up. A device that goes
 * down takes no local route with it (`fib_sync_down_dev`: their next hops have scope nowhere).
 */
export function isLocalAddress(world: World, netns: number, address: Ipv4Address): boolean {
  const { addresses, devices, namespaces } = world;
  if (addresses.isLocal(netns, address)) return true;
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
  for (let row = addresses.byDevice.find(device, 0); row !== 0; row = addresses.byDevice.findNext(row))
    if (isBroadcastOf(world, row, address)) return !addresses.isLocal(addresses.netns.get(row), address);
  return false;
}

/** The directed broadcast of the network of this address, unless Linux refused to connect that (`fib_valid_prefsrc`). */
function isBroadcastOf({ addresses }: World, row: number, address: Ipv4Address): boolean {
  const length = addresses.prefixLength.get(row);
  if (length >= 31 || addresses.broadcastOf.get(row) !== 0) return false;
  return broadcastAddress({ address: addresses.address.get(row), length }) === address;
}

/** The row of an address in the namespace whose broadcast this is, of a device that is up, as table `local` has it; or 0. */
export function broadcastOwner(world: World, netns: number, address: Ipv4Address): number {
  const { addresses, devices, namespaces } = world;
  for (let device = namespaces.firstDevice.get(netns); device !== 0; device = devices.nextInNetns.get(device)) {
    if (devices.up.get(device) === 0) continue;
    for (const row of addresses.ofDevice(device))
      if (!addresses.isSecondary(row) && isBroadcastOf(world, row, address)) return row;
  }
  return 0;
}
