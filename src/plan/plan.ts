import type { SourceRange } from "../base/source-range.ts";
import type { Rule } from "../config/iptables/rule-set.ts";
import type { NftRule } from "../config/nft/rule-set.ts";
import type { SetUpCommand } from "./commands.ts";
import type { ScenarioPlan } from "./statements.ts";

/**
 * What a Linux administrator would type to wire the network, and what then happens on it.
 * The simulated kernel and the real one run the same plan.
 */
export interface NetworkPlan {
  /** The uri of the file that was lowered to this plan. */
  readonly uri: string;
  readonly title: string;
  /** The set-up in order. Yields the same commands on every call; made on demand, since large clusters have millions. */
  setUp(): Iterable<SetUpCommand>;
  readonly scenarios: readonly ScenarioPlan[];
  /** Lines a breakpoint can bind to, each with what it stands for. */
  readonly places: readonly DeclaredPlace[];
}

/** What a declaration in the file stands for in the running network. */
export type DeclaredPlace = { readonly source: SourceRange } & (
  | { readonly kind: "netns"; readonly netns: readonly string[] }
  | { readonly kind: "interface"; readonly interfaces: readonly InterfaceName[] }
  | { readonly kind: "bridge"; readonly interfaces: readonly InterfaceName[] }
  | { readonly kind: "hub"; readonly hub: string }
  | { readonly kind: "listen"; readonly listeners: readonly ListenerName[] }
  /**
   * A port of a Service, or all of its ports, as kube-proxy names them (`default/web:http`), and the chains where it chooses their
   * endpoints.
   */
  | {
      readonly kind: "service";
      readonly service: string;
      readonly ports: readonly string[];
      readonly chains: readonly string[];
    }
  /** One rule of a text that the file loads. */
  | { readonly kind: "rule"; readonly rule: Rule | NftRule }
  | { readonly kind: "statement"; readonly scenario: number; readonly statement: number }
);

export interface InterfaceName {
  readonly netns: string;
  readonly dev: string;
}

export interface ListenerName {
  readonly netns: string;
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}
