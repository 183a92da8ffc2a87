import { scopesFor } from "../../../src/lab/inspect/scopes.ts";
import type { StateTree } from "../../../src/lab/inspect/state-tree.ts";
import { printChange, stepChanges } from "../../../src/lab/inspect/step-changes.ts";
import type { Inspection, ScopeRow, TreeRow } from "../../../src/lab/protocol.ts";
import type { SmallWorld } from "./small-world.ts";

/** The tree below a row as indented text: `label  description  [mark]`; `▸` where `isOpen` says to leave it closed. */
export function treeText(tree: StateTree, parentId = "", isOpen: (row: TreeRow) => boolean = () => true): string {
  const lines = (id: string, indent: string): string[] =>
    tree.children(id, 100).flatMap((row) => {
      const mark = row.change === undefined ? "" : `[${row.change}]`;
      const isClosed = row.expandable && !isOpen(row);
      const text = [row.label, row.description, mark].filter((part) => part !== "").join("  ");
      const below = row.expandable && !isClosed ? lines(row.id, `${indent}  `) : [];
      return [`${indent}${isClosed ? "▸ " : ""}${text}`, ...below];
    });
  return lines(parentId, "").join("\n");
}

/** Every row of the tree with all that it says. */
export function wholeTree(tree: StateTree, parentId = ""): readonly unknown[] {
  return tree.children(parentId, 1000).map((row) => [row, row.expandable ? wholeTree(tree, row.id) : []]);
}

/** What the last event changed, one line each. */
export function lastChanges({ world }: SmallWorld): readonly string[] {
  return stepChanges(world, world.sim.position - 1).map(printChange);
}

/** The scopes of the packet that is under way, for its next stage. */
export function scopesHere({ world }: SmallWorld): readonly ScopeRow[] {
  const next = world.sim.next();
  if (next === undefined || next.walker === 0) throw new Error("no packet is under way");
  const { packets } = world;
  const { walker, stage } = next;
  return scopesFor(world, {
    packet: walker,
    data: packets.data.get(walker),
    stage,
    device: packets.device.get(walker),
  });
}

/** One scope as indented text. */
export function scopeText(scopes: readonly ScopeRow[], name: string, depth = 1): string {
  const scope = scopes.find((one) => one.name === name);
  return scope === undefined ? `no scope ${name}` : inspectionText(scope.children(), depth);
}

function inspectionText(rows: readonly Inspection[], depth: number, indent = ""): string {
  return rows
    .flatMap((row) => {
      const below =
        depth > 0 && row.children !== undefined ? [inspectionText(row.children(), depth - 1, `${indent}  `)] : [];
      return [`${indent}${row.name}: ${row.value}`, ...below];
    })
    .join("\n");
}
