import { type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";

/** `inet_addr_onlink`: one of the device's networks holds both. */
export function isOnLink(world: World, device: number, one: Ipv4Address, other: Ipv4Address): boolean {
  const { addresses } = world;
  for (let row = addresses.byDevice.find(device, 0); row !== 0; row = addresses.byDevice.findNext(row)) {
    const block = { address: addresses.address.get(row), length: addresses.prefixLength.get(row) };
    if (prefixContains(block, one) && prefixContains(block, other)) return true;
  }
  return false;
}
