import type { TableName } from "../../config/iptables/rule-set.ts";
import type { ChainType } from "../../config/nft/rule-set.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { MacAddress } from "../../wire/mac-address.ts";

/** The five hooks (include/uapi/linux/netfilter.h, `NF_INET_*`); `hookNames` has their names in this order. */
export const hook = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** A base chain of nftables. */
export interface NftStep {
  readonly chain: number;
  readonly type: ChainType;
}

/**
 * What happens at a hook, one after the other, by the priorities of include/uapi/linux/netfilter_ipv4.h. The tables of type nat
 * choose how a connection is translated, and behind the last of them it is.
 */
export type HookStep = TableName | "defragment" | "track" | "translate" | "confirm" | NftStep;

/** By the hook's number; where nftables has chains, `namespaces.hookSteps` has others. */
export const hookSteps: readonly (readonly HookStep[])[] = [
  ["defragment", "raw", "track", "mangle", "nat", "translate"],
  ["mangle", "filter", "nat", "translate", "confirm"],
  ["mangle", "filter"],
  ["raw", "track", "mangle", "nat", "translate", "filter"],
  ["mangle", "nat", "translate", "confirm"],
];

/** Where a chain goes on when the chain that it jumped to returns. */
export interface Caller {
  readonly chain: number;
  /** The index of the rule after the jump. */
  readonly rule: number;
  readonly caller: Caller | undefined;
}

/** How far a packet has come at a hook. Immutable: every rule makes a new one. */
export interface HookPosition {
  readonly hook: number;
  /** What stood at the hook when the packet came: a change meanwhile is for those that come later. */
  readonly steps: readonly HookStep[];
  /** Index into these; as many as there are: the packet has passed. */
  readonly step: number;
  /** The chain that it is in, 0 between tables. */
  readonly chain: number;
  /** The index in that chain of the rule that is tried next, or that decided. */
  readonly rule: number;
  readonly caller: Caller | undefined;
  /** Devices as `-i` and `-o` see them, 0 where there is none. */
  readonly inDevice: number;
  readonly outDevice: number;
  /** The stage that follows when the hook lets it pass. */
  readonly then: number;
  /** As it came to OUTPUT: from there it goes another way if a rule of `mangle` changed the one, or NAT the other. */
  readonly mark: number;
  readonly destination: Ipv4Address;
  readonly isMarkChanged: boolean;
  /** The rule that somebody has chosen in place of chance: of those that match by chance, it alone does. 0: nobody has. */
  readonly chosen: number;
  /** Where that rule draws a number, which one. */
  readonly chosenNumber?: number;
}

/** `struct nf_bridge_info`: what a frame that came in by a bridge port keeps while the bridge calls the hooks of IPv4. */
export interface BridgeInfo {
  readonly inPort: number;
  /** 0 until the bridge has chosen one. */
  readonly outPort: number;
  /** Its MAC addresses as it came in. */
  readonly macSource: MacAddress;
  readonly macDestination: MacAddress;
  /** Its destination before PREROUTING. */
  readonly destination: Ipv4Address;
  /** On its way through the node's neighbour code, back to the bridge that it came from (`bridged_dnat`). */
  readonly isBridgedDnat: boolean;
  /** PREROUTING saw it on the bridge, and not again where it is delivered (`ip_sabotage_in`). */
  readonly isDelivered: boolean;
}
