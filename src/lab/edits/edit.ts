/**
 * A change that somebody makes by hand to a world that stands still. It is plain data, so that a recording can be saved and
 * lived again: packets are named by their number, which the same file, seed and edits give to the same packet, and everything else
 * by its id in the state tree.
 */
export type Edit = PacketEdit | BytesEdit | DataEdit | InjectEdit | NextEdit | StatementEdit;

export type PacketEdit =
  /** Drops a packet where it is; puts a second one like it beside it; keeps it where it is until it is released. */
  | { readonly do: "drop" | "duplicate" | "hold" | "release"; readonly packet: number }
  /** Decides what chance would: which of the packet's `stepTargets` its next draw of lots gives, by index. */
  | { readonly do: "choose"; readonly packet: number; readonly target: number };

/** Writes what a packet carries anew: all of its bytes in hexadecimal digits. */
export interface BytesEdit {
  readonly do: "bytes";
  readonly packet: number;
  readonly bytes: string;
}

export type DataEdit =
  /** Gives a field of a row or of a packet another value, written as people write it: `arp:pod1/eth0/10.244.1.9#lladdr`. */
  | { readonly do: "set"; readonly data: string; readonly value: string }
  /** Removes a row: an ARP entry, a route, a connection. */
  | { readonly do: "remove"; readonly data: string };

export interface InjectEdit {
  readonly do: "inject";
  /** `pod1/eth0`. */
  readonly device: string;
  /** As if it came in by the device, or as if the machine sent it out by it. */
  readonly way: "in" | "out";
  /** The Ethernet frame without FCS, in hexadecimal digits. */
  readonly frame: string;
}

/** Of what is due at one time, lets this come next: `packet 12`, or another event as `Futures` names it. */
export interface NextEdit {
  readonly do: "next";
  readonly event: string;
}

/** A statement of the language that changes the network or sends, as it could stand in a scenario. */
export interface StatementEdit {
  readonly do: "statement";
  /** `curl pod1 -> http://web.default/`. */
  readonly text: string;
}

/** An edit and the number of events that had been taken when it was made. */
export interface MadeEdit {
  readonly position: number;
  readonly edit: Edit;
}
