import type { ChangeMark } from "../protocol.ts";
import type { ShownRow } from "./shown-row.ts";
import type { RowChange } from "./step-changes.ts";

/** Changes by the rows of the state tree: those that changed, and those above them. */
export class ChangeMarks {
  private readonly marks = new Map<string, ChangeMark>();
  private readonly changes = new Map<string, RowChange>();
  /** Changed or marked rows below each parent. */
  private readonly below = new Map<string, Set<string>>();
  private readonly removed = new Map<string, ShownRow[]>();

  constructor(changes: readonly RowChange[]) {
    for (const change of changes) {
      const { row, mark } = change;
      this.marks.set(row.id, mark);
      this.changes.set(row.id, change);
      if (mark === "removed") push(this.removed, row.ancestors[0] ?? "", row);
    }
    for (const { row } of changes) this.markAncestors(row);
  }

  /** What happened to the row, or `updated` when something happened below it. */
  of(id: string): ChangeMark | undefined {
    return this.marks.get(id);
  }

  /** The mark of one field of a row. */
  ofField(id: string, field: string): ChangeMark | undefined {
    return this.changes.get(id)?.fields.some((one) => one.name === field) ? "updated" : undefined;
  }

  /** Rows that were children of this one before. */
  removedFrom(parentId: string): readonly ShownRow[] {
    return this.removed.get(parentId) ?? [];
  }

  /** True if a child that is not among those shown has a mark. */
  hasHidden(parentId: string, shown: ReadonlySet<string>): boolean {
    for (const id of this.below.get(parentId) ?? []) if (!shown.has(id)) return true;
    return false;
  }

  private markAncestors(row: ShownRow): void {
    let child = row.id;
    for (const ancestor of [...row.ancestors, ""]) {
      const children = this.below.get(ancestor);
      if (children === undefined) this.below.set(ancestor, new Set([child]));
      else children.add(child);
      if (ancestor !== "" && !this.marks.has(ancestor)) this.marks.set(ancestor, "updated");
      child = ancestor;
    }
  }
}

function push<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
