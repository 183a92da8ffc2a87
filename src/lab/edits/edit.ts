/**
 * A change that somebody makes by hand to a world that stands still. It is plain data, so that a recording can be saved and
 * lived again: packets are named by their number, which the same file, seed and edits give to the same packet.
 */
export type Edit =
  /** Drops a packet where it is. */
  | { readonly do: "drop"; readonly packet: number }
  /** Decides what chance would: which of the packet's `stepTargets` its next draw of lots gives, by index. */
  | { readonly do: "choose"; readonly packet: number; readonly target: number };

/** An edit and the number of events that had been taken when it was made. */
export interface MadeEdit {
  readonly position: number;
  readonly edit: Edit;
}
