import type { World } from "../../linux/world.ts";
import type { Recorded } from "../../sim/change-log.ts";
import { compileExpression } from "../expressions/compile.ts";
import { worldFunctions } from "../expressions/functions.ts";
import { printValue } from "../expressions/print-value.ts";
import { findNode } from "../inspect/find.ts";
import { type RowChange, rowChanges, type Watch } from "../inspect/step-changes.ts";
import type { ChangeMark } from "../protocol.ts";
import { type DataId, expressionPrefix, formatDataId, kindOf, parseDataId } from "./data-id.ts";
import { findData, isKnownKind, isNamed, rowOf, watchOfData } from "./data-tables.ts";

/** What an event did to what is watched. */
export interface DataChange {
  readonly mark: ChangeMark;
  /** `neigh pod1/eth0 10.244.0.3`. */
  readonly title: string;
  /** The field that is watched, if one is. */
  readonly field?: string;
  /** Empty where the row was not there before, or is not there now. */
  readonly before: string;
  readonly after: string;
}

/** Something whose changes can be found. */
export interface DataWatch {
  readonly dataId: string;
  readonly description: string;
  /** Those in the change log that a change of it is a change of. */
  readonly owners: readonly Recorded[];
  /** What an event did to it. Leaves the world where it was; only between two events. */
  changesOf(event: number): readonly DataChange[];
}

type Refusal = { readonly message: string };

/** Reads the name of data, or an expression. */
export function watchData(world: World, text: string): DataWatch | Refusal {
  if (text.startsWith(expressionPrefix)) return watchExpression(world, text.slice(expressionPrefix.length));
  const id = parseDataId(text);
  return isKnownKind(id.row) ? watchRow(world, id) : watchExpression(world, text);
}

function watchRow(world: World, id: DataId): DataWatch | Refusal {
  const found = findData(world, id.row)?.shown;
  if (found === undefined && !isOfThisWorld(world, id.row)) return { message: noSuchData(id.row) };
  if (found !== undefined && id.field !== undefined && !(id.field in { ...found.fields, ...found.counters })) {
    const known = Object.keys({ ...found.fields, ...found.counters }).join(", ");
    return { message: `${found.title} has no "${id.field}" to watch${known === "" ? "" : `; it has ${known}`}.` };
  }
  const watch = watchOfData(world, id);
  const title = found?.title ?? id.row;
  return {
    dataId: formatDataId(id),
    description: id.field === undefined ? title : `${title}: ${id.field}`,
    owners: watch.owners,
    changesOf: (event) =>
      mayChange(world, id, watch, event)
        ? rowChanges(world, event, event + 1, watch).flatMap((change) =>
            isNamed(id, change.row) ? dataChange(change, id.field) : [],
          )
        : [],
  };
}

/** False where the event changed other rows of the table only: said without going back to look. */
function mayChange(world: World, id: DataId, { tableOf }: Watch, event: number): boolean {
  const row = rowOf(world, id);
  if (row === undefined || row === 0) return true;
  const { sim, devices } = world;
  const { from, to } = sim.changesOf(event);
  let may = false;
  sim.log.forEach(from, to, (owner, changed) => {
    // Rows that come and go change numbers; a device that goes down takes the carrier from its peer.
    if (tableOf.has(owner) && (changed === row || owner === tableOf.get(owner) || owner === devices.up)) may = true;
  });
  return may;
}

/** Rows come and go, but what they belong to must be there: a namespace, a node, a hub, a packet that may be sent. */
function isOfThisWorld(world: World, row: string): boolean {
  const kind = kindOf(row);
  const rest = row.slice(kind.length + 1);
  if (kind === "packet") return /^\d+(\.\d+)*$/.test(rest);
  const { namespaces, hubs } = world;
  const begins = (name: string) => rest === name || rest.startsWith(`${name}/`) || rest.startsWith(`${name} `);
  if (kind === "hub" || kind === "station") return [...hubs.table.rows()].some((one) => begins(hubs.name.get(one)));
  if (kind === "node") return findNode(world, rest) !== 0;
  return [...namespaces.table.rows()].some((one) => begins(namespaces.name.get(one)));
}

function noSuchData(row: string): string {
  return `There is no "${row}" in this network, and there cannot be one.`;
}

function dataChange({ mark, row, fields }: RowChange, field: string | undefined): readonly DataChange[] {
  const { title } = row;
  const ofRow = field === undefined ? row.text : { ...row.fields, ...row.counters }[field];
  if (ofRow === undefined) return [];
  if (mark !== "updated")
    return [{ mark, title, field, before: mark === "added" ? "" : ofRow, after: mark === "added" ? ofRow : "" }];
  const changed = field === undefined ? fields : fields.filter((one) => one.name === field);
  if (changed.length === 0) return [];
  const list = (side: "before" | "after") =>
    changed.map((one) => (field === undefined ? `${one.name} ${one[side] || "none"}` : one[side])).join(", ");
  return [{ mark, title, field, before: list("before"), after: list("after") }];
}

/** `neigh pod1/eth0 10.244.0.3: state INCOMPLETE → REACHABLE`, `added neigh …`. */
export function printDataChange({ mark, title, field, before, after }: DataChange): string {
  const what = field === undefined ? "" : `${field} `;
  if (mark === "added") return `added ${title}: ${what}${after || "none"}`;
  if (mark === "removed") return `removed ${title}: ${what}${before || "none"}`;
  return `${title}: ${what}${before || "none"} → ${after || "none"}`;
}

/** The functions of expressions, and the kinds of rows that their answers depend on; those of others may depend on any. */
const askedKinds: Readonly<Record<string, readonly string[]>> = {
  neigh: ["arp"],
  fdb: ["fdb"],
  route: ["route", "addr", "dev", "sysctl"],
  conntrack: ["ct"],
  station: ["station"],
  sysctl: ["sysctl"],
};

function watchExpression(world: World, text: string): DataWatch | Refusal {
  const compiled = compileExpression(text);
  if (compiled.kind === "error")
    return { message: `${text} is no row that the state view shows, and no expression: ${compiled.message}` };
  const functions = worldFunctions.map(({ name }) => name);
  const asked = functions.filter((name) => new RegExp(`\\b${name}\\s*\\(`).test(text));
  if (asked.length === 0) return { message: `${text} asks nothing of the network, so it never changes.` };
  const kinds = new Set(asked.flatMap((name) => askedKinds[name] ?? ["netns"]));
  const value = () => {
    const answer = compiled.evaluate({ world, variables: {} });
    return answer.kind === "value" ? printValue(answer.value) : "";
  };
  return {
    dataId: `${expressionPrefix}${text}`,
    description: text,
    owners: [...kinds].flatMap((kind) => watchOfData(world, { row: `${kind}:` }).owners),
    changesOf(event) {
      const { sim } = world;
      if (event < sim.earliest || event >= sim.recorded) return [];
      const { position } = sim;
      sim.goTo(event);
      const before = value();
      sim.goTo(event + 1);
      const after = value();
      sim.goTo(position);
      return before === after ? [] : [{ mark: "updated", title: text, before, after }];
    },
  };
}
