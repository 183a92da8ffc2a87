/** One of the events that may come next. */
export interface Future {
  /** What a `next` edit names it by: `packet 12`, `program.wake 3`. */
  readonly event: string;
  /** `veth.receive of #12 @ node1/veth1`. */
  readonly label: string;
  /** What it carries, or what is due. */
  readonly description: string;
}

/** At equal times the order of events is Linux's freedom: which of them comes next. */
export interface Futures {
  /** What may come next, first what does if nobody chooses. Made by an edit: `{ do: "next", event }`. */
  list(): readonly Future[];
}
