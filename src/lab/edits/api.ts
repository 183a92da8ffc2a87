import type { Edit, MadeEdit } from "./edit.ts";

/** Changes by hand, to a lab that stands still. */
export interface HandFacet {
  /** Makes an edit as part of the recording: what was recorded after is forgotten. Answers why it cannot, where it cannot. */
  apply(edit: Edit): string | undefined;
  /** Whether a `set` of this data can do anything; what cannot is shown as read-only. */
  isSettable(data: string): boolean;
  /**
   * The data that an expression reads, if it reads just one: `ip.ttl` of the thread's packet, `neigh("pod1", "10.244.1.9").state`,
   * or an id itself.
   */
  dataOf(expression: string, threadId: number): string | undefined;
  /** The value of a field, as it is shown; undefined where there is none. */
  valueOf(data: string): string | undefined;
  /** The fields of a row, or the one field that is named, that a `set` can change, with their values. */
  settableFields(data: string): Readonly<Record<string, string>>;
  /** The edits of the recording, also those that were gone back before and not yet forgotten. */
  readonly made: readonly MadeEdit[];
}
