import type { World } from "../../linux/world.ts";
import type { Recorded } from "../../sim/change-log.ts";
import type { Table } from "../../sim/table.ts";
import type { ChangeMark } from "../protocol.ts";
import { shownConnection } from "./connections.ts";
import { shownNftSet } from "./nft-sets.ts";
import { shownRule } from "./rules.ts";
import {
  shownAddress,
  shownDevice,
  shownNetns,
  shownNode,
  shownPort,
  shownSysctl,
  sysctlKeys,
} from "./shown-machines.ts";
import type { ShownRow } from "./shown-row.ts";
import { shownStation } from "./shown-stations.ts";
import { shownFdbRow, shownNeighbour, shownRoute, shownSocket, shownVtep } from "./shown-tables.ts";

/** One thing that an event added, updated or removed. */
export interface RowChange {
  readonly mark: ChangeMark;
  /** As it is now, or for a removed one as it was. */
  readonly row: ShownRow;
  /** For an updated row, the fields that changed. */
  readonly fields: readonly FieldChange[];
}

export interface FieldChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

/**
 * What the event changed, or the events from `event` up to but without `end`, as far as views show it. Two rows are the
 * same thing if they have the same id, so what was removed and put in again is updated, and what came and went in
 * between is not there.
 *
 * To read how things were, the world is taken back to before the first of them and then returned to where it stood. So
 * this may only be called between two events, and it costs the way there: nothing to speak of for the last event taken.
 * Events that are no longer, or not yet, in the recording changed nothing.
 */
export function stepChanges(world: World, event: number, end = event + 1): readonly RowChange[] {
  return rowChanges(world, event, end, shownTables(world));
}

/** As `stepChanges`, of what this watch looks at. */
export function rowChanges(world: World, event: number, end: number, watch: Watch): readonly RowChange[] {
  const { sim } = world;
  if (event < sim.earliest || end > sim.recorded || event >= end) return [];
  const position = sim.position;
  const touched = touchedRows(world, event, end, watch);
  if (touched.size === 0) return [];
  sim.goTo(event);
  const before = shownOf(world, touched, watch);
  sim.goTo(end);
  const after = shownOf(world, touched, watch);
  sim.goTo(position);
  return compare(before, after, watch);
}

/** `neigh pod1/eth0 10.244.0.3: state INCOMPLETE → REACHABLE`, `+ neigh …`, `- fdb …`. */
export function printChange({ mark, row, fields }: RowChange): string {
  if (mark !== "updated") return `${mark} ${row.title}: ${row.text}`;
  return `${row.title}: ${fields.map(printFieldChange).join(", ")}`;
}

export function printFieldChange({ name, before, after }: FieldChange): string {
  return `${name} ${before || "none"} → ${after || "none"}`;
}

export type Show = (world: World, row: number) => readonly ShownRow[];

/** What views show of a row of each table. Tables not named here are the simulation's own affair. */
export function showOf(world: World): ReadonlyMap<Table, Show> {
  return new Map<Table, Show>([
    [world.nodes.table, (w, row) => [shownNode(w, row)]],
    [
      world.namespaces.table,
      (w, row) => [shownNetns(w, row), ...sysctlKeys(w, row).map((key) => shownSysctl(w, row, key))],
    ],
    [
      world.devices.table,
      (w, row) => [shownDevice(w, row), ...(w.devices.master.get(row) === 0 ? [] : [shownPort(w, row)])],
    ],
    [world.stations.table, (w, row) => [shownStation(w, row)]],
    [world.addresses.table, (w, row) => [shownAddress(w, row)]],
    [world.neighbours.table, (w, row) => [shownNeighbour(w, row)]],
    [world.fdb.table, (w, row) => [shownFdbRow(w, row)]],
    [world.vteps.table, (w, row) => [shownVtep(w, row)]],
    [world.routes.table, (w, row) => [shownRoute(w, row)]],
    [world.netfilter.rules, (w, row) => [shownRule(w, row)]],
    [world.nftTables.sets, (w, row) => [shownNftSet(w, row)]],
    [world.conntrack.table, (w, row) => [shownConnection(w, row)]],
    [world.sockets.table, (w, row) => [shownSocket(w, row)]],
  ]);
}

/** Whose changes are looked for: tables by what the change log names, the table itself or one of its columns. */
export interface Watch {
  readonly tableOf: ReadonlyMap<Recorded, Table>;
  readonly show: ReadonlyMap<Table, Show>;
  fieldsOf(row: ShownRow): Readonly<Record<string, string>>;
}

const watchOf = new WeakMap<World, Watch>();

/** The tables that views show, without counters and times. */
function shownTables(world: World): Watch {
  let found = watchOf.get(world);
  if (found === undefined) {
    const show = showOf(world);
    const tableOf = new Map<Recorded, Table>();
    const counters = counterColumns(world);
    for (const table of show.keys())
      for (const owner of [table, ...table.columns]) if (!counters.has(owner)) tableOf.set(owner, table);
    found = { tableOf, show, fieldsOf: (row) => row.fields };
    watchOf.set(world, found);
  }
  return found;
}

/** What changes with every packet, and is no change of its row. */
export function counterColumns(world: World): ReadonlySet<Recorded> {
  const { rxPackets, rxBytes, txPackets, txBytes } = world.devices;
  const { ruleBytes, ruleMemory } = world.netfilter;
  return new Set<Recorded>([world.vteps.updatedJiffies, rxPackets, rxBytes, txPackets, txBytes, ruleBytes, ruleMemory]);
}

function touchedRows(
  world: World,
  event: number,
  end: number,
  { tableOf }: Watch,
): ReadonlyMap<Table, ReadonlySet<number>> {
  const touched = new Map<Table, Set<number>>();
  const { devices, sim } = world;
  const { from } = sim.changesOf(event);
  const { to } = sim.changesOf(end - 1);
  const touch = (table: Table, row: number) => {
    const rows = touched.get(table);
    if (rows === undefined) touched.set(table, new Set([row]));
    else rows.add(row);
  };
  sim.log.forEach(from, to, (owner, row) => {
    const table = tableOf.get(owner);
    if (table === undefined) return;
    touch(table, row);
    // A veth that goes down takes the carrier from its peer.
    if (owner === devices.up && devices.peer.get(row) !== 0) touch(table, devices.peer.get(row));
  });
  return touched;
}

function shownOf(
  world: World,
  touched: ReadonlyMap<Table, ReadonlySet<number>>,
  { show }: Watch,
): ReadonlyMap<string, ShownRow> {
  const shown = new Map<string, ShownRow>();
  for (const [table, rows] of touched)
    for (const row of rows) {
      if (!table.has(row)) continue;
      for (const one of show.get(table)?.(world, row) ?? []) shown.set(one.id, one);
    }
  return shown;
}

function compare(
  before: ReadonlyMap<string, ShownRow>,
  after: ReadonlyMap<string, ShownRow>,
  watch: Watch,
): readonly RowChange[] {
  const changes: RowChange[] = [];
  for (const [id, row] of after) {
    const old = before.get(id);
    if (old === undefined) {
      changes.push({ mark: "added", row, fields: [] });
      continue;
    }
    const fields = changedFields(watch.fieldsOf(old), watch.fieldsOf(row));
    if (fields.length > 0) changes.push({ mark: "updated", row, fields });
  }
  for (const [id, row] of before) if (!after.has(id)) changes.push({ mark: "removed", row, fields: [] });
  return changes;
}

function changedFields(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly FieldChange[] {
  return Object.entries(after)
    .filter(([name, value]) => before[name] !== value)
    .map(([name, value]) => ({ name, before: before[name] ?? "", after: value }));
}
