import type { PositionRow, TreeRow } from "../../lab/protocol.ts";

/** What the state view and the extension say to each other with `postMessage`. */

/** A stretch of a document, in the debug session's own terms; lines and columns count from 1. */
export interface ViewPlace {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export type ViewRow = Omit<TreeRow, "source"> & { readonly place?: ViewPlace };

/** `ended` stands after the last event of a session that is over: its last rows stay readable. */
export type ViewPhase = "running" | "stopped" | "ended";

export type MessageToView =
  /** Which session is shown; null when there is none. Another key means that all rows known so far are void. */
  | { readonly kind: "session"; readonly key: string | null }
  /** The lab stands somewhere else now: rows are to be asked for again. */
  | { readonly kind: "state"; readonly position: PositionRow; readonly phase: ViewPhase }
  /** Answers a request of the same number; null when the session could not answer. */
  | { readonly kind: "rows"; readonly request: number; readonly rows: readonly ViewRow[] | null }
  | { readonly kind: "collapse all" };

export type MessageFromView =
  /** The script runs and wants to know where things stand. */
  | { readonly kind: "ready" }
  | { readonly kind: "rows"; readonly request: number; readonly parentId: string; readonly limit: number }
  | { readonly kind: "reveal"; readonly place: ViewPlace; readonly keepFocus: boolean }
  | { readonly kind: "open sample" }
  | { readonly kind: "debug" };
