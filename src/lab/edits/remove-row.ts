import type { World } from "../../linux/world.ts";
import type { Table } from "../../sim/table.ts";
import { kindOf } from "../data/data-id.ts";
import { findData } from "../data/data-tables.ts";
import { routeCommand } from "./route-command.ts";
import { type Change, command, type Hands, netnsAndDev, noSource } from "./set-row.ts";
import { Refused } from "./values.ts";

type Remover = (hands: Hands, found: { readonly row: number; readonly table: Table }) => Change | Refused;

const removers: Readonly<Record<string, Remover>> = {
  arp: (hands, { row }) => {
    const { neighbours } = hands.world;
    const place = placeOf(hands.world, neighbours.device.get(row));
    return command(hands, { do: "neigh del", ...place, address: neighbours.address.get(row), source: noSource });
  },
  fdb: ({ world }, { row }) => {
    if (world.fdb.isLocal.get(row) === 1) return new Refused("It is an address of the bridge itself");
    return () => world.fdb.table.remove(row) as undefined;
  },
  route: (hands, { row }) => command(hands, routeCommand(hands.world, row, "route del")),
  ct:
    ({ world }, { row }) =>
    () =>
      world.conntrack.kill(row) as undefined,
  addr: (hands, { row }) => {
    const { addresses } = hands.world;
    const prefix = { address: addresses.address.get(row), length: addresses.prefixLength.get(row) };
    const place = placeOf(hands.world, addresses.device.get(row));
    return command(hands, { do: "addr del", ...place, prefix, source: noSource });
  },
};

function placeOf({ devices, namespaces }: World, device: number): { readonly netns: string; readonly dev: string } {
  return netnsAndDev(`${namespaces.name.get(devices.netns.get(device))}/${devices.name.get(device)}`);
}

/** How to take a row away. */
export function removeRow(hands: Hands, row: string): Change | Refused {
  const remover = removers[kindOf(row)];
  if (remover === undefined) return new Refused(`${row} is not to be removed by hand`);
  const found = findData(hands.world, row);
  return found === undefined ? new Refused(`There is no ${row} now`) : remover(hands, found);
}
