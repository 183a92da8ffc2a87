import type { World } from "../../linux/world.ts";
import { formatDataId, parseDataId } from "../data/data-id.ts";
import { findData, isKnownKind } from "../data/data-tables.ts";
import type { Inspection } from "../protocol.ts";

/** A row by its id in the state tree, `arp:pod1/eth0/10.244.1.9`, or one of its fields, `…#state`; undefined for any other text. */
export function dataThing(world: World, text: string): Inspection | undefined {
  const id = parseDataId(text);
  if (!isKnownKind(id.row)) return undefined;
  const shown = findData(world, id.row)?.shown;
  if (shown === undefined) return undefined;
  const fields = { ...shown.fields, ...shown.counters };
  if (id.field === undefined) {
    const children = () =>
      Object.entries(fields).map(([name, value]) => ({
        name,
        value,
        data: () => formatDataId({ row: id.row, field: name }),
      }));
    return { name: shown.title, value: shown.text, data: () => id.row, children };
  }
  const value = fields[id.field];
  return value === undefined ? undefined : { name: id.field, value, data: () => formatDataId(id) };
}
