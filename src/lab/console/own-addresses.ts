import type { World } from "../../linux/world.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";

/** An address of a device. */
export interface OwnAddress {
  readonly address: Ipv4Address;
  readonly length: number;
  readonly isSecondary: boolean;
  readonly scope: "host" | "global";
}

const loopback: OwnAddress = { address: 0x7f00_0001, length: 8, isSecondary: false, scope: "host" };

/** The addresses of a device in the order of `ip addr`. `lo` has its own as soon as it is up (net/ipv4/devinet.c, `inetdev_event`). */
export function ownAddresses(world: World, device: number): readonly OwnAddress[] {
  const { addresses, devices, namespaces } = world;
  const stated = addresses.ofDevice(device).map((row): OwnAddress => {
    const address = addresses.address.get(row);
    const scope = address >>> 24 === 127 ? "host" : "global";
    return { address, length: addresses.prefixLength.get(row), isSecondary: addresses.isSecondary(row), scope };
  });
  const isLoopback = device === namespaces.loopback.get(devices.netns.get(device));
  const hasIts = stated.some(({ address }) => address === loopback.address);
  return isLoopback && !hasIts && devices.up.get(device) === 1 ? [loopback, ...stated] : stated;
}
