import type { ConnectionState } from "../../config/iptables/rule-set.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { NodeSets } from "./node-sets.ts";

/** The first packet of a connection, and the node that it passes. */
export interface RuleQuestion {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** IP protocol number. */
  readonly protocol: number;
  /** Undefined: any. */
  readonly sourcePort?: number;
  readonly destinationPort: number;
  /** The node's own addresses; 127.0.0.0/8 is so always. */
  readonly localAddresses: readonly Ipv4Address[];
  /** The device by which the node reaches an address, and by which packets from there come in; undefined: not known. */
  readonly deviceTowards?: (address: Ipv4Address) => string | undefined;
  /** Absent: whether a packet is in one is not known. */
  readonly sets?: NodeSets;
}

/** One way that the packet may take: chance and what is not known make several of one question. Immutable. */
export interface Flow {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly sourcePort: number | undefined;
  readonly destinationPort: number;
  /** As it was sent. */
  readonly original: { readonly source: Ipv4Address; readonly destination: Ipv4Address; readonly port: number };
  readonly mark: number;
  readonly connectionMark: number;
  readonly tracked: boolean;
  readonly destinationTranslated: boolean;
  readonly sourceTranslated: boolean;
  /** A rule let it pass by name, rather than that none had anything to say. */
  readonly accepted: boolean;
  /** Undefined: not known. Empty: none, it was sent here. */
  readonly inDevice: string | undefined;
  /** The same where it leaves; empty where it does not. */
  readonly outDevice: string | undefined;
  /** Absent: the first packet of its connection. */
  readonly state?: Extract<ConnectionState, "NEW" | "ESTABLISHED" | "RELATED" | "INVALID">;
  /** It goes against the direction of the connection's first packet; `original` is still that one's. */
  readonly isReply?: boolean;
  /** Absent: an echo request. */
  readonly icmp?: { readonly type: number; readonly code: number };
  /** Absent: SYN. */
  readonly tcpFlags?: number;
  /** The ports of a bridge that it passes, empty where there is none; absent: not known. */
  readonly bridgePorts?: { readonly in: string; readonly out: string };
  /** Its source becomes the address of the interface that it leaves by, which no question says. */
  readonly isMasqueraded?: boolean;
  /** The rule that translated it last. */
  readonly translatedBy?: RulePlace;
}

/** A rule by its index in a chain. */
export interface RulePlace {
  /** Whose rule it is. */
  readonly program: "iptables" | "nft";
  /** `nat`; of nftables with its family: `ip kube-proxy`. */
  readonly table: string;
  readonly chain: string;
  /** Undefined: the chain's policy. */
  readonly rule: number | undefined;
}

/** Where a way ends. */
export interface Ending {
  readonly verdict: "ACCEPT" | "DROP" | "REJECT";
  readonly flow: Flow;
  /** What refused it. */
  readonly by?: RulePlace;
}

/** A rule that was asked, or the policy at the end of a chain of the kernel. */
export interface TriedRule extends RulePlace {
  /** Of any of the ways. */
  readonly matched: boolean;
}

/** Everything that can become of a packet. */
export interface RuleTrace {
  readonly endings: readonly Ending[];
  /** Each once, in the order in which the first way came by. */
  readonly tried: readonly TriedRule[];
}

export function flowKey(flow: Flow): string {
  const { source, destination, destinationPort, mark, connectionMark, tracked, accepted } = flow;
  const translated = `${flow.destinationTranslated} ${flow.sourceTranslated}`;
  return `${source} ${destination} ${destinationPort} ${mark} ${connectionMark} ${tracked} ${accepted} ${translated}`;
}
