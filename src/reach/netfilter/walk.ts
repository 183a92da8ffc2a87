import type { HookName, Rule, RuleChain, RuleTable, TableName, Target } from "../../config/iptables/rule-set.ts";
import type { AddressTypes } from "./address-types.ts";
import { type Flow, flowKey } from "./flow.ts";
import type { NodeSets } from "./node-sets.ts";
import { ruleMatches } from "./rule-matches.ts";
import type { TraceRecord } from "./trace-record.ts";
import { translated } from "./translation.ts";

/** Takes all ways of a packet through the chains of a rule set at once. */
export class RuleWalk {
  readonly #tables: readonly RuleTable[];
  readonly #own: AddressTypes;
  readonly #record: TraceRecord;
  readonly #sets: NodeSets | undefined;

  /** Without sets, whether a packet is in one is not known. */
  constructor(tables: readonly RuleTable[], own: AddressTypes, record: TraceRecord, sets?: NodeSets) {
    this.#tables = tables;
    this.#own = own;
    this.#record = record;
    this.#sets = sets;
  }

  /** One table at one hook. Gives the ways that go on; the others are among the endings. */
  pass(table: TableName, hook: HookName, flows: readonly Flow[]): readonly Flow[] {
    const chain = this.#chain(table, hook);
    // Connections that are not tracked have no translation, so their packets do not see the rules for it.
    const asked = table === "nat" ? flows.filter(({ tracked }) => tracked) : flows;
    if (chain === undefined || asked.length === 0) return flows;
    const through = this.#walkChain(table, chain, asked, hook);
    const others = flows.filter((flow) => !asked.includes(flow));
    if (chain.policy !== "DROP" || through.returned.length === 0) {
      return [...others, ...through.passed, ...through.returned];
    }
    this.#try(table, chain.name, undefined, true);
    const by = { program: "iptables", table, chain: chain.name, rule: undefined } as const;
    for (const flow of through.returned) this.#record.endings.push({ verdict: "DROP", flow, by });
    return [...others, ...through.passed];
  }

  #chain(table: TableName, name: string): RuleChain | undefined {
    return this.#tables.find((one) => one.name === table)?.chains.find((chain) => chain.name === name);
  }

  #walkChain(table: TableName, chain: RuleChain, flows: readonly Flow[], hook: HookName): Walked {
    const walked: Walked = { passed: [], returned: [] };
    let live = flows;
    for (const [index, rule] of chain.rules.entries()) {
      if (live.length === 0) break;
      const next: Flow[] = [];
      for (const flow of live) {
        const certainty = ruleMatches(rule, flow, this.#own, this.#sets);
        this.#try(table, chain.name, index, certainty !== "no");
        if (certainty !== "no")
          next.push(...this.#apply(table, { chain: chain.name, rule: index }, rule, flow, hook, walked));
        if (certainty !== "yes") next.push(flow);
      }
      live = distinct(next);
    }
    walked.returned.push(...live);
    return { passed: distinct(walked.passed), returned: distinct(walked.returned) };
  }

  /** Gives the ways that go on with the chain's next rule. */
  #apply(
    table: TableName,
    place: { readonly chain: string; readonly rule: number },
    { target }: Rule,
    flow: Flow,
    hook: HookName,
    walked: Walked,
  ): readonly Flow[] {
    const by = { program: "iptables", table, ...place } as const;
    if (target === undefined) return [flow];
    switch (target.target) {
      case "LOG":
        return [flow];
      case "ACCEPT":
        walked.passed.push({ ...flow, accepted: flow.accepted || table === "filter" });
        return [];
      case "DROP":
      case "REJECT":
        this.#record.endings.push({ verdict: target.target, flow, by });
        return [];
      case "RETURN":
        walked.returned.push(flow);
        return [];
      case "jump":
      case "goto":
        return this.#enter(table, target, flow, hook, walked);
      case "MARK":
        return [{ ...flow, mark: ((flow.mark & ~target.mask) ^ target.value) >>> 0 }];
      case "CONNMARK":
        return [connectionMarked(flow, target)];
      case "NOTRACK":
        return [{ ...flow, tracked: false }];
      default:
        walked.passed.push({ ...translated(flow, target, hook, this.#own), translatedBy: by });
        return [];
    }
  }

  #enter(
    table: TableName,
    target: Extract<Target, { chain: string }>,
    flow: Flow,
    hook: HookName,
    walked: Walked,
  ): readonly Flow[] {
    const chain = this.#chain(table, target.chain);
    if (chain === undefined) return [flow];
    const inside = this.#walkChain(table, chain, [flow], hook);
    walked.passed.push(...inside.passed);
    if (target.target === "jump") return inside.returned;
    walked.returned.push(...inside.returned);
    return [];
  }

  #try(table: TableName, chain: string, rule: number | undefined, matched: boolean): void {
    this.#record.try({ program: "iptables", table, chain, rule, matched });
  }
}

/** Where the ways through a chain have led. */
export interface Walked {
  /** The table is done with them. */
  readonly passed: Flow[];
  /** They go on where the chain was called. */
  readonly returned: Flow[];
}

function connectionMarked(flow: Flow, target: Extract<Target, { target: "CONNMARK" }>): Flow {
  const { mark, connectionMark } = flow;
  const { operation, value, packetMask, connectionMask } = target;
  switch (operation) {
    case "set-xmark":
      return { ...flow, connectionMark: ((connectionMark & ~connectionMask) ^ value) >>> 0 };
    case "save-mark":
      return { ...flow, connectionMark: ((connectionMark & ~connectionMask) ^ (mark & packetMask)) >>> 0 };
    case "restore-mark":
      return { ...flow, mark: ((mark & ~packetMask) ^ (connectionMark & connectionMask)) >>> 0 };
  }
}

/** Each way once. */
export function distinct(flows: readonly Flow[]): Flow[] {
  return flows.length < 2 ? [...flows] : [...new Map(flows.map((flow) => [flowKey(flow), flow])).values()];
}
