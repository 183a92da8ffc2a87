import type { World } from "../../linux/world.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { devicesOf } from "../inspect/find.ts";
import { printNeighbour, printVtep } from "../inspect/print.ts";
import { deviceName } from "../names.ts";
import { type Asked, statementIdea } from "./asked.ts";
import { fdbCommand, neighbourCommand } from "./entry-commands.ts";
import type { Reasons } from "./explanation.ts";

/**
 * Neighbour entries elsewhere by which the frame was meant for this machine: the address is one of its own, the MAC address none. Of
 * a copy of a flood that is for others there are none.
 */
export function wrongNeighbours(world: World, packet: number): readonly number[] {
  const { packets, devices, neighbours, addresses } = world;
  const { destination } = packets.data.get(packet) as EthernetFrame;
  const netns = devices.netns.get(packets.device.get(packet));
  return [...devicesOf(world, netns)]
    .flatMap((device) => addresses.ofDevice(device))
    .flatMap((own) => neighbours.ofAddress(addresses.address.get(own)))
    .filter((row) => {
      return neighbours.mac.get(row) === destination && devices.netns.get(neighbours.device.get(row)) !== netns;
    });
}

/** The address is known by a MAC address that is no longer its owner's. */
export function becauseOfOldMac(asked: Asked): Reasons {
  const { world, packet } = asked;
  const { packets, devices, vteps, namespaces } = world;
  const device = packets.device.get(packet);
  const { destination } = packets.data.get(packet) as EthernetFrame;
  const own = `${deviceName(world, device)} has ${formatMac(devices.mac.get(device))}`;
  const rows = wrongNeighbours(world, packet);
  const vtepsOf = (row: number) => vteps.of(world.neighbours.device.get(row), destination);
  const netnsOf = (row: number) => namespaces.name.get(devices.netns.get(world.neighbours.device.get(row)));
  return {
    tried: rows.flatMap((row) => [
      { what: `neighbour ${printNeighbour(world, row)} in ${netnsOf(row)}`, missed: own },
      ...vtepsOf(row).map((one) => ({
        what: `bridge fdb of ${netnsOf(row)}: ${printVtep(world, one)}`,
        missed: `there the tunnel's device has another address`,
      })),
    ]),
    ideas: rows.flatMap((row) => {
      const mac = devices.mac.get(device);
      const asking = world.neighbours.device.get(row);
      const changes = [
        neighbourCommand(world, asking, world.neighbours.address.get(row), mac),
        ...vtepsOf(row).map((one) => fdbCommand(world, asking, mac, vteps.remote.get(one))),
      ];
      return statementIdea(asked, changes.join("; "));
    }),
  };
}
