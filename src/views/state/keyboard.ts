import type { ShownRow } from "./tree-model.ts";

/** What a key does in a tree, by the ARIA Authoring Practices' tree view pattern; null where it is not the tree's. */
export type KeyAction =
  | { readonly kind: "focus"; readonly index: number }
  | { readonly kind: "open"; readonly index: number; readonly open: boolean }
  | { readonly kind: "open siblings"; readonly index: number }
  | { readonly kind: "activate"; readonly index: number }
  | null;

/** @param focused The index of the focused row, -1 for none. @param pageRows How many rows fit into the view. */
export function keyAction(key: string, rows: readonly ShownRow[], focused: number, pageRows: number): KeyAction {
  if (rows.length === 0) return null;
  const last = rows.length - 1;
  const focus = (index: number): KeyAction => ({ kind: "focus", index: Math.min(last, Math.max(0, index)) });
  if (focused < 0) return key === "End" ? focus(last) : isMove(key) ? focus(0) : null;
  switch (key) {
    case "ArrowDown":
      return focus(focused + 1);
    case "ArrowUp":
      return focus(focused - 1);
    case "Home":
      return focus(0);
    case "End":
      return focus(last);
    case "PageDown":
      return focus(focused + pageRows);
    case "PageUp":
      return focus(focused - pageRows);
    case "ArrowRight":
      return openOrEnter(rows, focused);
    case "ArrowLeft":
      return closeOrLeave(rows, focused);
    case "Enter":
      return { kind: "activate", index: focused };
    case " ":
      return rows[focused].row.expandable ? { kind: "open", index: focused, open: !rows[focused].open } : null;
    case "*":
      return { kind: "open siblings", index: focused };
    default:
      return null;
  }
}

/**
 * The row that typed text leads to: the next whose label begins with it, wrapping round. The focused row itself counts
 * while a word is being typed on (two letters or more), not for the first letter.
 */
export function typeAhead(typed: string, rows: readonly ShownRow[], focused: number): number {
  const wanted = typed.toLowerCase();
  const start = Math.max(0, typed.length > 1 ? focused : focused + 1);
  for (let step = 0; step < rows.length; step++) {
    const index = (start + step) % rows.length;
    if (rows[index].row.label.toLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}

function isMove(key: string): boolean {
  return key.startsWith("Arrow") || key.startsWith("Page") || key === "Home";
}

function openOrEnter(rows: readonly ShownRow[], focused: number): KeyAction {
  const { row, open } = rows[focused];
  if (!row.expandable) return null;
  if (!open) return { kind: "open", index: focused, open: true };
  return rows[focused + 1]?.parentIndex === focused ? { kind: "focus", index: focused + 1 } : null;
}

function closeOrLeave(rows: readonly ShownRow[], focused: number): KeyAction {
  const { open, parentIndex } = rows[focused];
  if (open) return { kind: "open", index: focused, open: false };
  return parentIndex >= 0 ? { kind: "focus", index: parentIndex } : null;
}
