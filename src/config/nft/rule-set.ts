import type { NatRange, RejectAnswer } from "../iptables/rule-set.ts";
import type { DataType, Part } from "./data-types.ts";

/** Tables of IPv4 alone, and of IPv4 and IPv6 together; other families see packets that k8snet has not. */
export const families = ["ip", "inet"] as const;
export type Family = (typeof families)[number];

/** The hooks of netfilter in the order of `NF_INET_*`, as nft(8) names them. */
export const nftHooks = ["prerouting", "input", "forward", "output", "postrouting"] as const;
export type NftHook = (typeof nftHooks)[number];

export const chainTypes = ["filter", "nat", "route"] as const;
export type ChainType = (typeof chainTypes)[number];

/** What the kernel has in one namespace. All values are immutable: what did not change is the same object. */
export interface NftRuleSet {
  readonly tables: readonly NftTable[];
}

export interface NftTable {
  readonly family: Family;
  readonly name: string;
  readonly comment?: string;
  /** Oldest first. */
  readonly chains: readonly NftChain[];
  /** Sets and maps, oldest first. */
  readonly sets: readonly NftSet[];
  readonly line: number;
}

/** Where a base chain is hooked in. */
export interface BaseChain {
  readonly type: ChainType;
  readonly hook: NftHook;
  /** Chains of a hook run from the lowest to the highest. */
  readonly priority: number;
  /** What becomes of packets that no rule decided. */
  readonly policy: "accept" | "drop";
}

export interface NftChain {
  readonly name: string;
  readonly comment?: string;
  /** Absent: rules lead to it. */
  readonly base?: BaseChain;
  readonly rules: readonly NftRule[];
  readonly line: number;
}

export interface NftRule {
  /** In the order in which they are evaluated; the first match that fails ends the rule. */
  readonly statements: readonly Statement[];
  readonly comment?: string;
  /** In the text that it was read from, counted from 1; 0 where it was not read. */
  readonly line: number;
}

/** A set, or a map, which keeps data for each key. */
export interface SetDefinition {
  readonly name: string;
  readonly keyTypes: readonly DataType[];
  /** Absent: a set. */
  readonly data?: "verdict" | readonly DataType[];
  /** Keys may be ranges and prefixes. */
  readonly interval: boolean;
  readonly constant: boolean;
  /** Rules may add elements. */
  readonly dynamic: boolean;
  /** Elements may go out of date. */
  readonly hasTimeout: boolean;
  readonly autoMerge: boolean;
  readonly size?: number;
  /** How long an element stays that says nothing else. */
  readonly timeoutMs?: number;
  readonly gcIntervalMs?: number;
  readonly comment?: string;
}

export interface NftSet {
  readonly definition: SetDefinition;
  readonly elements: readonly Element[];
  readonly line: number;
}

export interface Element {
  /** One part for each type of the key. */
  readonly key: readonly Part[];
  readonly data?: ElementData;
  readonly comment?: string;
  readonly timeoutMs?: number;
  /** How much of that is left, where a listing said so. */
  readonly expiresMs?: number;
}

export type ElementData = { readonly verdict: Verdict } | { readonly parts: readonly Part[] };

export type Verdict =
  | { readonly verdict: "accept" | "drop" | "return" | "continue" }
  | { readonly verdict: "jump" | "goto"; readonly chain: string };

/** What of a packet, its connection, its way or of chance is looked at. */
export type Selector =
  | { readonly field: FieldName }
  | {
      readonly field: "numgen";
      readonly mode: "random" | "inc";
      readonly modulus: number;
      readonly offset: number;
    };

export type FieldName =
  | `ip ${"saddr" | "daddr" | "protocol" | "ttl" | "length"}`
  | `${"tcp" | "udp" | "sctp" | "th"} ${"sport" | "dport"}`
  | `icmp ${"type" | "code"}`
  | `meta ${"mark" | "l4proto" | "nfproto" | "length"}`
  | "iifname"
  | "oifname"
  | `ct ${"state" | "status" | "mark" | "direction" | "protocol"}`
  | `ct ${"original" | "reply"} ${"ip saddr" | "ip daddr" | "proto-src" | "proto-dst"}`
  | `fib ${"saddr" | "daddr"} type`;

export const comparisons = ["==", "!=", "<", ">", "<=", ">="] as const;
export type Comparison = (typeof comparisons)[number];

/** What a selector's value is compared with. */
export type Operand =
  | { readonly kind: "value"; readonly part: Part }
  /** One of these bits is set: `ct state established,related`. */
  | { readonly kind: "bits"; readonly bits: number }
  | { readonly kind: "set"; readonly name: string }
  | { readonly kind: "anonymous set"; readonly elements: readonly Element[] };

/** What becomes a mark: (what it is now & and) ^ xor. */
export interface MarkValue {
  readonly from: "constant" | "meta mark" | "ct mark";
  readonly and: number;
  readonly xor: number;
}

export type Statement =
  | {
      readonly statement: "match";
      /** Several: a concatenation. */
      readonly selectors: readonly Selector[];
      /** `& MASK` behind the selector. */
      readonly mask?: number;
      readonly comparison: Comparison;
      readonly operand: Operand;
    }
  | {
      readonly statement: "vmap";
      readonly selectors: readonly Selector[];
      readonly map: Extract<Operand, { kind: "set" | "anonymous set" }>;
    }
  | { readonly statement: "verdict"; readonly verdict: Verdict }
  /** Counters as the text has them: what was counted before. */
  | { readonly statement: "counter"; readonly packets: number; readonly bytes: number }
  | { readonly statement: "set mark"; readonly mark: "meta mark" | "ct mark"; readonly value: MarkValue }
  | { readonly statement: "nat"; readonly nat: "dnat" | "snat" | "masquerade" | "redirect"; readonly range: NatRange }
  /** `icmpx`: said so that it holds for IPv4 and IPv6, in a table of both. */
  | { readonly statement: "reject"; readonly answer: RejectAnswer; readonly icmpx?: true }
  | {
      readonly statement: "change set";
      readonly operation: "add" | "update" | "delete";
      readonly set: string;
      readonly key: readonly Selector[];
      readonly timeoutMs?: number;
    }
  | {
      readonly statement: "limit";
      readonly over: boolean;
      readonly rate: number;
      readonly per: "second" | "minute" | "hour" | "day";
      readonly burst: number;
    }
  | { readonly statement: "log"; readonly prefix?: string; readonly level?: string }
  | { readonly statement: "notrack" };

/** The chain of that name. */
export function chainNamed(table: NftTable | undefined, name: string): NftChain | undefined {
  return table?.chains.find((chain) => chain.name === name);
}

export function setNamed(table: NftTable | undefined, name: string): NftSet | undefined {
  return table?.sets.find(({ definition }) => definition.name === name);
}
