import type { ClusterLayout } from "../../kube/layout.ts";
import type { World } from "../../linux/world.ts";
import type { ConsoleCompletion } from "./api.ts";

export interface CompletionContext {
  readonly world: World;
  readonly layout: ClusterLayout | undefined;
  readonly stageNames: readonly string[];
  readonly here: number;
}

export function completionsOf(
  _context: CompletionContext,
  _line: string,
  _column: number,
): readonly ConsoleCompletion[] {
  return [];
}
