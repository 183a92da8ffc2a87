import type { World } from "../../linux/world.ts";
import type { Recorded } from "../../sim/change-log.ts";
import type { Table } from "../../sim/table.ts";
import type { ShownRow } from "../inspect/shown-row.ts";
import { type Show, showOf, type Watch } from "../inspect/step-changes.ts";
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

/** All columns of these tables, counters too. */
function ownersOf(tables: readonly Table[]): readonly Recorded[] {
  return tables.flatMap((table): readonly Recorded[] => [table, ...table.columns]);
}

/** Looks at the tables that hold what is named; with `field`, or of one row alone, at counters as well. */
export function watchOfData(world: World, id: DataId): Watch & { readonly owners: readonly Recorded[] } {
  const shown = new Map<Table, Show>([...showOf(world), [world.packets.table, (w, row) => [shownPacket(w, row)]]]);
  const tables = tablesOf[kindOf(id.row)](world);
  const show = new Map(tables.flatMap((table) => [[table, shown.get(table) as Show] as const]));
  const tableOf = new Map(tables.flatMap((table) => ownersOf([table]).map((owner) => [owner, table] as const)));
  const fieldsOf = (row: ShownRow) => (id.field === undefined ? row.fields : { ...row.fields, ...row.counters });
  return { tableOf, show, fieldsOf, owners: ownersOf(tables) };
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
