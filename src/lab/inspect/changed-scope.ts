import type { World } from "../../linux/world.ts";
import type { Inspection } from "../protocol.ts";
import { printFieldChange, type RowChange, stepChanges } from "./step-changes.ts";

/** What was added, updated or removed since the world stood at that position. */
export function changedScope(world: World, since: number): readonly Inspection[] {
  const changes = stepChanges(world, since, world.sim.position);
  if (changes.length === 0) return [{ name: "nothing", value: "the last step changed no table" }];
  return changes.map(changeInspection);
}

function changeInspection({ mark, row, fields }: RowChange): Inspection {
  if (mark !== "updated") return { name: row.title, value: `${mark}: ${row.text}`, changed: true };
  return {
    name: row.title,
    value: fields.map(printFieldChange).join(", "),
    changed: true,
    childCount: fields.length,
    children: () =>
      fields.map((field) => ({ name: field.name, value: `${field.before || "none"} → ${field.after || "none"}` })),
  };
}
