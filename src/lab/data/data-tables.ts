import type { World } from "../../linux/world.ts";
import type { Recorded } from "../../sim/change-log.ts";
import type { Table } from "../../sim/table.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { findDeviceByPath } from "../inspect/find.ts";
import type { ShownRow } from "../inspect/shown-row.ts";
import { counterColumns, type Show, showOf, type Watch } from "../inspect/step-changes.ts";
import { type DataId, kindOf } from "./data-id.ts";
import { shownPacket } from "./shown-packet.ts";

/** Ids that stand for all rows below them, tables and what has tables; every other id is that of a row. */
const containers = new Set(["node", "netns", "hub", "routes", "connections", "rules", "sockets", "sysctls", "ports"]);

/** Which tables hold the rows of a kind of ids. */
const tablesOf: Readonly<Record<string, (world: World) => readonly Table[]>> = {
  arp: ({ neighbours }) => [neighbours.table],
  fdb: ({ fdb, vteps }) => [fdb.table, vteps.table],
  vtep: ({ vteps }) => [vteps.table],
  routes: ({ routes }) => [routes.table],
  route: ({ routes }) => [routes.table],
  connections: ({ conntrack }) => [conntrack.table],
  ct: ({ conntrack }) => [conntrack.table],
  rules: ({ netfilter, nftTables }) => [netfilter.rules, nftTables.sets],
  nftset: ({ nftTables }) => [nftTables.sets],
  rule: ({ netfilter }) => [netfilter.rules],
  sockets: ({ sockets }) => [sockets.table],
  sock: ({ sockets }) => [sockets.table],
  sysctls: ({ namespaces }) => [namespaces.table],
  sysctl: ({ namespaces }) => [namespaces.table],
  ports: ({ devices }) => [devices.table],
  port: ({ devices }) => [devices.table],
  dev: ({ devices }) => [devices.table],
  addr: ({ addresses }) => [addresses.table],
  station: ({ stations }) => [stations.table],
  hub: ({ stations }) => [stations.table],
  netns: allTables,
  node: allTables,
  packet: ({ packets }) => [packets.table],
};

function allTables(world: World): readonly Table[] {
  return [...showOf(world).keys()];
}

/** True of an id that can stand for something. */
export function isKnownKind(row: string): boolean {
  return kindOf(row) in tablesOf;
}

/** Fields that so few columns change that it pays to look at these alone. */
const columnsOf: Readonly<Record<string, (world: World) => readonly Recorded[]>> = {
  "dev#RX": ({ devices }) => [devices.rxPackets, devices.rxBytes],
  "dev#TX": ({ devices }) => [devices.txPackets, devices.txBytes],
  "dev#mtu": ({ devices }) => [devices.mtu],
};

/** What in a table changes what is named: counters only where a field is. */
function ownersIn(world: World, table: Table, { row, field }: DataId): readonly Recorded[] {
  if (field !== undefined) return [table, ...(columnsOf[`${kindOf(row)}#${field}`]?.(world) ?? table.columns)];
  const counters = counterColumns(world);
  return [table, ...table.columns].filter((owner) => !counters.has(owner));
}

/** The row of a table that is named, found without looking through the table; undefined where that cannot be. */
export function rowOf(world: World, id: DataId): number | undefined {
  const rest = id.row.slice(id.row.indexOf(":") + 1);
  const slash = rest.lastIndexOf("/");
  const device = () => findDeviceByPath(world, rest.slice(0, slash));
  switch (kindOf(id.row)) {
    case "dev":
      return findDeviceByPath(world, rest);
    case "arp":
      return slash < 0 ? undefined : world.neighbours.find(device(), parseIpv4(rest.slice(slash + 1)) ?? 0);
    default:
      return undefined;
  }
}

/** Looks at the tables that hold what is named; with `field` at counters as well. */
export function watchOfData(world: World, id: DataId): Watch & { readonly owners: readonly Recorded[] } {
  const shown = new Map<Table, Show>([...showOf(world), [world.packets.table, (w, row) => [shownPacket(w, row)]]]);
  const tables = tablesOf[kindOf(id.row)](world);
  const show = new Map(tables.flatMap((table) => [[table, shown.get(table) as Show] as const]));
  const tableOf = new Map(
    tables.flatMap((table) => ownersIn(world, table, id).map((owner) => [owner, table] as const)),
  );
  const fieldsOf = (row: ShownRow) => (id.field === undefined ? row.fields : { ...row.fields, ...row.counters });
  return { tableOf, show, fieldsOf, owners: [...tableOf.keys()] };
}

/** Whether a row is the one that is named, or below it. */
export function isNamed(id: DataId, row: ShownRow): boolean {
  if (row.id === id.row) return true;
  const isTable = containers.has(kindOf(id.row)) || row.ancestors[0] === id.row;
  return isTable && row.ancestors.includes(id.row) && kindOf(id.row) !== "dev";
}

/** The row of that name as it is now, with its number in its table. */
export function findData(
  world: World,
  id: string,
): { readonly shown: ShownRow; readonly table: Table; readonly row: number } | undefined {
  if (!isKnownKind(id)) return undefined;
  for (const [table, show] of watchOfData(world, { row: id }).show)
    for (const row of table.rows())
      for (const shown of show(world, row)) if (shown.id === id) return { shown, table, row };
  return undefined;
}
