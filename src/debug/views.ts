import type { DebugLab } from "../lab/api.ts";
import type { PositionRow, TreeRow } from "../lab/protocol.ts";
import type { Arguments } from "./arguments.ts";
import type { ClientFormat, ClientPlace } from "./client-format.ts";

/** `k8snet/tree`: a row of the state tree; its source is in the client's terms. */
export type ClientTreeRow = Omit<TreeRow, "source"> & { readonly source?: ClientPlace };

/** `k8snet/state`: sent after launch and restart, on every stop, at the end, and at most ten times a second in between. */
export interface StateEventBody {
  readonly position: PositionRow;
  readonly reason: "launched" | "running" | "stopped" | "ended";
}

const defaultTreeLimit = 1000;
const leastRefreshMs = 100;

export function treeRows(lab: DebugLab, args: Arguments, format: ClientFormat): { rows: ClientTreeRow[] } {
  const parentId = args.optionalString("parentId") ?? "";
  const limit = args.optionalInteger("limit", 1) ?? defaultTreeLimit;
  const rows = lab.tree(parentId, limit).map(({ source, ...row }) => {
    return { ...row, ...(source && { source: format.toPlace(source) }) };
  });
  return { rows };
}

/** Lets views follow a motion without drowning their client in messages. */
export class RefreshLimit {
  private lastMs = Number.NEGATIVE_INFINITY;

  allows(nowMs: number): boolean {
    if (nowMs - this.lastMs < leastRefreshMs) return false;
    this.lastMs = nowMs;
    return true;
  }
}
