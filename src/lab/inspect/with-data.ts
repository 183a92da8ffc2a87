import type { Inspection } from "../protocol.ts";
import type { ShownRow } from "./shown-row.ts";

/** What some inspections call otherwise than the row that they show. */
const otherNames: Readonly<Record<string, string>> = { port: "dev" };

/** Says of a row, and of those of its fields that a row of the state tree has, by which id data breakpoints and edits know them. */
export function withData(shown: () => ShownRow, inspection: Inspection): Inspection {
  const { children } = inspection;
  return {
    ...inspection,
    data: () => shown().id,
    ...(children !== undefined && { children: () => withFields(shown, children()) }),
  };
}

/** The same for fields whose row is not shown itself. */
export function withFields(shown: () => ShownRow, inspections: readonly Inspection[]): readonly Inspection[] {
  const { id, fields, counters } = shown();
  return inspections.map((one) => {
    const field = one.name in fields || one.name in (counters ?? {}) ? one.name : otherNames[one.name];
    return field === undefined || !(field in fields || field in (counters ?? {}))
      ? one
      : { ...one, data: () => `${id}#${field}` };
  });
}
