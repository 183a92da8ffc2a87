import type { DropReason } from "../../linux/drop-reason.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { RulePlace } from "../netfilter/flow.ts";

/** A packet that is followed without being sent. Immutable. */
export interface ProbePacket {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** IP protocol number. */
  readonly protocol: number;
  /** Of UDP and TCP; 0 where there are no ports. A source may be any. */
  readonly sourcePort: number | undefined;
  readonly destinationPort: number;
  readonly tcpFlags: number;
  readonly icmp: { readonly type: number; readonly code: number };
  /** Of the IPv4 packet, in bytes. */
  readonly length: number;
  readonly dontFragment: boolean;
  readonly ttl: number;
  /** As it was sent. */
  readonly firstTtl: number;
  readonly mark: number;
  /** No rule of the namespace has said that nobody shall look for its connection. */
  readonly isTracked: boolean;
  /** The addresses of its connection's first packet. */
  readonly original: { readonly source: Ipv4Address; readonly destination: Ipv4Address };
  readonly isReply: boolean;
  /** An ICMP error about a packet of the connection. */
  readonly isRelated: boolean;
  /** It follows the connection's first packet the same way: TCP's third. */
  readonly isLater: boolean;
}

/**
 * Namespaces that know a connection: they have seen its first packet, or the answer as well. `reversed`: the answer alone, which
 * they took for a first packet.
 */
export type Connection = Map<number, "begun" | "answered" | "reversed">;

/** Where a packet ends, and by which device it came there. */
export interface Delivery {
  readonly kind: "delivered";
  readonly netns: number;
  readonly device: number;
  readonly packet: ProbePacket;
}

/** Why a packet does not get where it should, in the terms of a drop where it is one. */
export interface Loss {
  readonly kind: "lost";
  readonly reason: DropReason | Fault;
  readonly netns: number;
  readonly device: number;
  /** One sentence without a full stop. */
  readonly text: string;
  /** The route that decided; 0: none did. */
  readonly route?: number;
  /** The netfilter rule that decided. */
  readonly rule?: RulePlace;
  /** It depends on chance, on what was before, or on who answers first. */
  readonly isUncertain?: boolean;
  /** As it was when it was lost. */
  readonly packet?: ProbePacket;
}

/** What refutes the model though no kernel would call it a drop. */
export type Fault = "TRANSLATED" | "DUPLICATE_ADDRESS" | "DUPLICATE_MAC" | "WRONG_MACHINE" | "NO_ADDRESS";

export type Fate = Delivery | Loss;

export function isLost(fate: Fate): fate is Loss {
  return fate.kind === "lost";
}
