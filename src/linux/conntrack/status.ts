/** What a packet is to its connection: `enum ip_conntrack_info` (include/uapi/linux/netfilter/nf_conntrack_common.h). */
export const ctInfo = {
  established: 0,
  related: 1,
  /** Begins the connection; or continues it before an answer was seen. */
  new: 2,
  establishedReply: 3,
  relatedReply: 4,
  /** Means something without a connection, too: nobody shall look for one. */
  untracked: 7,
} as const;

/** From there on, it is `IP_CT_IS_REPLY` more than in the original direction. */
export const isReply = 3;

export const direction = { original: 0, reply: 1 } as const;
export type Direction = (typeof direction)[keyof typeof direction];

/** `CTINFO2DIR`. */
export function directionOf(info: number): Direction {
  return info >= isReply ? direction.reply : direction.original;
}

/** Bits of a connection's status: `enum ip_conntrack_status` of the same file. */
export const status = {
  seenReply: 1 << 1,
  /** Not to be dropped early when the table is full. */
  assured: 1 << 2,
  /** It is in the table, where lookups find it. */
  confirmed: 1 << 3,
  sourceNat: 1 << 4,
  destinationNat: 1 << 5,
  sourceNatDone: 1 << 7,
  destinationNatDone: 1 << 8,
  dying: 1 << 9,
  /** No packet makes it last longer. */
  fixedTimeout: 1 << 10,
  /** It came second with its original tuple: only answers find it, and `conntrack -L` does not list it. */
  natClash: 1 << 12,
} as const;

export const natMask = status.sourceNat | status.destinationNat;
export const natDoneMask = status.sourceNatDone | status.destinationNatDone;
