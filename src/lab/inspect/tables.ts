import type { World } from "../../linux/world.ts";
import { devicesOf, portsOf } from "./find.ts";
import { shownPort, shownSysctl, sysctlKeys } from "./shown-machines.ts";
import type { ShownRow } from "./shown-row.ts";
import { shownStation } from "./shown-stations.ts";
import { shownFdbRow, shownNeighbour, shownRoute, shownSocket, shownVtep } from "./shown-tables.ts";

/** The rows of one table of one namespace or bridge in the order in which they are shown; printed when asked for. */
export interface TableRows<Key = number> {
  readonly count: number;
  readonly keys: readonly Key[];
  first(limit: number): readonly ShownRow[];
}

/** By device, then by address. Empty for namespace 0, as all of these. */
export function arpRows(world: World, netns: number): TableRows {
  const { neighbours } = world;
  const rows: number[] = [];
  if (netns !== 0)
    for (const device of devicesOf(world, netns))
      rows.push(...sorted(neighbours.ofDevice(device), (row) => neighbours.address.get(row)));
  return tableRows(rows, (row) => shownNeighbour(world, row));
}

/** What was learned, by address; then the bridge's own. */
export function fdbRows(world: World, bridge: number): TableRows {
  const { fdb } = world;
  const rows = bridge === 0 ? [] : fdb.ofBridge(bridge);
  const learnedFirst = (row: number) => fdb.isLocal.get(row) * 0x1_0000_0000_0000 + fdb.mac.get(row);
  return tableRows(sorted(rows, learnedFirst), (row) => shownFdbRow(world, row));
}

/** What a vxlan device knows of VTEPs, by address. */
export function vtepRows(world: World, device: number): TableRows {
  const { vteps } = world;
  const rows = device === 0 ? [] : vteps.ofDevice(device);
  return tableRows(
    sorted(rows, (row) => vteps.mac.get(row)),
    (row) => shownVtep(world, row),
  );
}

/** In the order of `ip route`. */
export function routeRows(world: World, netns: number): TableRows {
  return tableRows(netns === 0 ? [] : world.routes.ofNetns(netns), (row) => shownRoute(world, row));
}

/** By kind and local port. */
export function socketRows(world: World, netns: number): TableRows {
  const { sockets } = world;
  const rows = netns === 0 ? [] : sockets.ofNetns(netns);
  return tableRows(
    [...rows].sort(
      (a, b) =>
        sockets.kind.get(a) - sockets.kind.get(b) ||
        sockets.localPort.get(a) - sockets.localPort.get(b) ||
        sockets.remotePort.get(a) - sockets.remotePort.get(b) ||
        a - b,
    ),
    (row) => shownSocket(world, row),
  );
}

export function portRows(world: World, bridge: number): TableRows {
  return tableRows(bridge === 0 ? [] : [...portsOf(world, bridge)], (row) => shownPort(world, row));
}

/** The stations of a hub, in the order in which they were plugged in. */
export function stationRows(world: World, hub: number): TableRows {
  return tableRows(hub === 0 ? [] : world.stations.ofHub(hub), (row) => shownStation(world, row));
}

export function sysctlRows(world: World, netns: number): TableRows<string> {
  return tableRows(netns === 0 ? [] : sysctlKeys(world, netns), (key) => shownSysctl(world, netns, key));
}

/** Rows known by their keys, each shown by `show`. */
export function tableRows<Key>(keys: readonly Key[], show: (key: Key) => ShownRow): TableRows<Key> {
  return { count: keys.length, keys, first: (limit) => keys.slice(0, limit).map(show) };
}

function sorted(rows: readonly number[], key: (row: number) => number): readonly number[] {
  return [...rows].sort((a, b) => key(a) - key(b));
}
