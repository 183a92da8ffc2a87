import type { BreakpointRow, BreakpointWish } from "../protocol.ts";

export interface DataBreakpoint extends BreakpointWish {
  /** As `watchable` gives it, or the id of a row of the state tree. */
  readonly dataId: string;
}

/** Something whose changes can be waited for. */
export interface Watchable {
  readonly dataId: string;
  /** One line for people: `neigh pod1/eth0 10.244.0.3: state`. */
  readonly description: string;
}

/** Breakpoints on data: they stop right after the event that added, changed or removed a row, or changed one of its fields. */
export interface DataBreakpointFacet {
  /** Reads the id of a row, a field or a table, or an expression that asks the world; answers with a sentence where it is neither. */
  watchable(text: string): Watchable | { readonly message: string };
  /** Replaces all of them. Answers in the order asked. */
  set(breakpoints: readonly DataBreakpoint[]): readonly BreakpointRow[];
}
