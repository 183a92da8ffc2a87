/** Which packets in flight are listed as threads. */
export type ThreadFilter =
  /** All of them. */
  | { readonly show: "all" }
  /** This packet with its copies, and what it causes: ARP requests, replies, errors. */
  | { readonly show: "packet"; readonly threadId: number }
  /** Packets between the same two ends as this one, in both directions, through translations as well. */
  | { readonly show: "conversation"; readonly threadId: number }
  /** Those that a condition in CEL fits. */
  | { readonly show: "matching"; readonly condition: string };

export interface ThreadFilterFacet {
  /** Replaces the filter. Answers why it cannot, where it cannot. */
  set(filter: ThreadFilter): string | undefined;
  readonly current: ThreadFilter;
}
