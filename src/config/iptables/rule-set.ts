import type { Ipv4Address, Ipv4Prefix } from "../../wire/ipv4-address.ts";

/** The tables that rules may stand in (iptables(8)); `security` needs SELinux, and nobody's CNI writes it. */
export const tableNames = ["raw", "mangle", "nat", "filter"] as const;
export type TableName = (typeof tableNames)[number];

/** The built-in chains, which are the five hooks of netfilter (include/uapi/linux/netfilter.h, `NF_INET_*`). */
export const hookNames = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] as const;
export type HookName = (typeof hookNames)[number];

/** Which hooks a table stands at. */
export const hooksOfTable: Readonly<Record<TableName, readonly HookName[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
};

/** One `*TABLE` … `COMMIT` section of an `iptables-save` text. */
export interface RuleTable {
  readonly name: TableName;
  /** Built-in chains first, in the order of the text. */
  readonly chains: readonly RuleChain[];
  /** Line of `*TABLE` in the text it was read from, counted from 1; 0 where it was not read. */
  readonly line: number;
}

export interface RuleChain {
  readonly name: string;
  /** What becomes of a packet that no rule decided; undefined in a user's chain, which returns. */
  readonly policy: "ACCEPT" | "DROP" | undefined;
  readonly counters: RuleCounters;
  readonly rules: readonly Rule[];
  readonly line: number;
  /** False: there are rules for it, but no `:CHAIN` line. With `--noflush` it then keeps its policy and the rules that it has. */
  readonly declared?: false;
}

export interface RuleCounters {
  readonly packets: number;
  readonly bytes: number;
}

/** A condition that may stand after `!`. */
export interface Inverted<Value> {
  readonly value: Value;
  readonly inverted: boolean;
}

/** One rule: what the IP header must look like, what the matches must say, and what then happens. */
export interface Rule {
  /** `-p`: an IP protocol number; absent: all. */
  readonly protocol?: Inverted<number>;
  /** `-s`. */
  readonly source?: Inverted<Ipv4Prefix>;
  /** `-d`. */
  readonly destination?: Inverted<Ipv4Prefix>;
  /** `-i`; a name that ends in `+` matches every device that begins like it. */
  readonly inInterface?: Inverted<string>;
  /** `-o`. */
  readonly outInterface?: Inverted<string>;
  /** `-f`: second and further fragments. */
  readonly fragment?: Inverted<true>;
  /** In the order of the text: they are tried in that order, and the first that fails ends the rule. */
  readonly matches: readonly Match[];
  /** Absent: the rule only counts. */
  readonly target?: Target;
  readonly counters: RuleCounters;
  readonly line: number;
}

/** Inclusive. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export const connectionStates = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"] as const;
export type ConnectionState = (typeof connectionStates)[number];

/** `-m addrtype` (net/netfilter/xt_addrtype.c): route types of an address. */
export const addressTypes = [
  "UNSPEC",
  "UNICAST",
  "LOCAL",
  "BROADCAST",
  "ANYCAST",
  "MULTICAST",
  "BLACKHOLE",
  "UNREACHABLE",
  "PROHIBIT",
] as const;
export type AddressType = (typeof addressTypes)[number];

/** What a rule's `-m NAME …` asks for. */
export type Match =
  | { readonly match: "comment"; readonly text: string }
  | {
      readonly match: "addrtype";
      readonly source?: Inverted<readonly AddressType[]>;
      readonly destination?: Inverted<readonly AddressType[]>;
      readonly limitInterfaceIn?: boolean;
      readonly limitInterfaceOut?: boolean;
    }
  | {
      readonly match: "conntrack";
      readonly states?: Inverted<readonly ConnectionState[]>;
      readonly protocol?: Inverted<number>;
      readonly originalSource?: Inverted<Ipv4Prefix>;
      readonly originalDestination?: Inverted<Ipv4Prefix>;
      readonly replySource?: Inverted<Ipv4Prefix>;
      readonly replyDestination?: Inverted<Ipv4Prefix>;
      readonly originalSourcePort?: Inverted<PortRange>;
      readonly originalDestinationPort?: Inverted<PortRange>;
      readonly replySourcePort?: Inverted<PortRange>;
      readonly replyDestinationPort?: Inverted<PortRange>;
      /** `--ctstatus`. */
      readonly status?: Inverted<readonly ("NONE" | "EXPECTED" | "SEEN_REPLY" | "ASSURED" | "CONFIRMED")[]>;
      readonly direction?: "ORIGINAL" | "REPLY";
    }
  | { readonly match: "state"; readonly states: Inverted<readonly ConnectionState[]> }
  | { readonly match: "mark" | "connmark"; readonly value: number; readonly mask: number; readonly inverted: boolean }
  | {
      readonly match: "multiport";
      readonly which: "sports" | "dports" | "ports";
      readonly ports: readonly PortRange[];
      readonly inverted: boolean;
    }
  | {
      readonly match: "physdev";
      readonly in?: Inverted<string>;
      readonly out?: Inverted<string>;
      readonly isIn?: Inverted<true>;
      readonly isOut?: Inverted<true>;
      readonly isBridged?: Inverted<true>;
    }
  | {
      readonly match: "recent";
      readonly operation: "set" | "rcheck" | "update" | "remove";
      readonly inverted: boolean;
      readonly name: string;
      readonly seconds?: number;
      readonly reap: boolean;
      readonly hitCount?: number;
      readonly ttl: boolean;
      readonly mask: Ipv4Address;
      readonly side: "source" | "destination";
    }
  | {
      readonly match: "statistic";
      readonly inverted: boolean;
      readonly mode: "random";
      /** The threshold as the kernel keeps it, of 2^31: a draw below it matches. */
      readonly probability31: number;
    }
  | {
      readonly match: "statistic";
      readonly inverted: boolean;
      readonly mode: "nth";
      readonly every: number;
      readonly packet: number;
    }
  | {
      readonly match: "set";
      readonly name: string;
      readonly inverted: boolean;
      readonly sides: readonly ("src" | "dst")[];
    }
  | {
      readonly match: "tcp";
      readonly sourcePorts?: Inverted<PortRange>;
      readonly destinationPorts?: Inverted<PortRange>;
      /** `--tcp-flags MASK COMP`, bits as in the header's flags byte. */
      readonly flags?: Inverted<{ readonly mask: number; readonly set: number }>;
      readonly option?: Inverted<number>;
    }
  | {
      readonly match: "udp" | "sctp";
      readonly sourcePorts?: Inverted<PortRange>;
      readonly destinationPorts?: Inverted<PortRange>;
    }
  | {
      readonly match: "icmp";
      /** 255: any. */
      readonly type: number;
      readonly codes: PortRange;
      readonly inverted: boolean;
    }
  | {
      readonly match: "limit";
      readonly average: number;
      readonly per: "sec" | "min" | "hour" | "day";
      readonly burst: number;
    }
  | { readonly match: "nfacct"; readonly name: string };

/** The ICMP errors and the reset that REJECT can answer with (net/ipv4/netfilter/ipt_REJECT.c). */
export const rejectAnswers = [
  "icmp-net-unreachable",
  "icmp-host-unreachable",
  "icmp-proto-unreachable",
  "icmp-port-unreachable",
  "icmp-net-prohibited",
  "icmp-host-prohibited",
  "icmp-admin-prohibited",
  "tcp-reset",
] as const;
export type RejectAnswer = (typeof rejectAnswers)[number];

/** What NAT may choose from. */
export interface NatRange {
  readonly addresses?: { readonly first: Ipv4Address; readonly last: Ipv4Address };
  readonly ports?: PortRange;
  readonly random: boolean;
  readonly randomFully: boolean;
  readonly persistent: boolean;
}

export type Target =
  | { readonly target: "ACCEPT" | "DROP" | "RETURN" }
  | { readonly target: "jump" | "goto"; readonly chain: string }
  | { readonly target: "REJECT"; readonly with: RejectAnswer }
  | { readonly target: "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT"; readonly range: NatRange }
  /** `--set-xmark VALUE/MASK`: mark = (mark & ~mask) ^ value. All other forms are written as this one. */
  | { readonly target: "MARK"; readonly value: number; readonly mask: number }
  | {
      readonly target: "CONNMARK";
      readonly operation: "set-xmark" | "save-mark" | "restore-mark";
      readonly value: number;
      /** `--nfmask` is the packet's, `--ctmask` the connection's; set-xmark has but the latter. */
      readonly packetMask: number;
      readonly connectionMask: number;
    }
  | { readonly target: "LOG"; readonly prefix: string; readonly level: number; readonly options: readonly string[] }
  /** `spelling`: written as `-j CT --notrack`, and printed so. */
  | { readonly target: "NOTRACK"; readonly spelling?: "CT" };

/** The sets (ipset(8)) that a rule asks for. */
export function setsOf(matches: readonly Match[]): readonly string[] {
  return matches.flatMap((match) => (match.match === "set" ? [match.name] : []));
}
