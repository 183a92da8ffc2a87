import type { HookName } from "../../config/iptables/rule-set.ts";
import { applyMark } from "../../config/nft/mark-values.ts";
import {
  chainNamed,
  type MarkValue,
  type NftChain,
  type NftRule,
  type NftTable,
  type Statement,
  type Verdict,
} from "../../config/nft/rule-set.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import type { AddressTypes } from "./address-types.ts";
import type { Flow, RulePlace } from "./flow.ts";
import { candidates, nftMatchHolds } from "./nft-matches.ts";
import type { TraceRecord } from "./trace-record.ts";
import { translated } from "./translation.ts";
import { distinct, type Walked } from "./walk.ts";

/** Takes all ways of a packet through the chains of a table of nftables at once. */
export class NftWalk {
  readonly #table: NftTable;
  readonly #own: AddressTypes;
  readonly #record: TraceRecord;

  constructor(table: NftTable, own: AddressTypes, record: TraceRecord) {
    this.#table = table;
    this.#own = own;
    this.#record = record;
  }

  /** One base chain. Gives the ways that go on; the others are among the endings. */
  pass(chain: NftChain, hook: HookName, flows: readonly Flow[]): readonly Flow[] {
    const isNat = chain.base?.type === "nat";
    const asked = isNat ? flows.filter((flow) => flow.tracked && !isDone(flow, hook)) : flows;
    if (asked.length === 0) return flows;
    const through = this.#walkChain(chain, asked, hook);
    const others = flows.filter((flow) => !asked.includes(flow));
    if (chain.base?.policy !== "drop" || through.returned.length === 0)
      return [...others, ...through.passed, ...through.returned];
    this.#try(chain.name, undefined, true);
    const by = this.#placeOf(chain.name, undefined);
    for (const flow of through.returned) this.#record.endings.push({ verdict: "DROP", flow, by });
    return [...others, ...through.passed];
  }

  #walkChain(chain: NftChain, flows: readonly Flow[], hook: HookName): Walked {
    const walked: Walked = { passed: [], returned: [] };
    let live = flows;
    for (const [index, rule] of chain.rules.entries()) {
      if (live.length === 0) break;
      const next: Flow[] = [];
      for (const flow of live) {
        // Asked before what its chains ask, and known to have matched only after.
        this.#try(chain.name, index, false);
        const place = this.#placeOf(chain.name, index);
        const matched = this.#applyRule(rule, flow, hook, walked, next, place);
        if (matched) this.#try(chain.name, index, true);
      }
      live = distinct(next);
    }
    walked.returned.push(...live);
    return { passed: distinct(walked.passed), returned: distinct(walked.returned) };
  }

  /** Statement by statement; ways that go on with the next rule are put into `next`. Answers whether all may have held. */
  #applyRule(rule: NftRule, start: Flow, hook: HookName, walked: Walked, next: Flow[], place: RulePlace): boolean {
    let flow = start;
    for (const statement of rule.statements) {
      if (statement.statement === "match" || statement.statement === "limit") {
        const certainty = this.#holds(statement, flow);
        if (certainty !== "yes") next.push(flow);
        if (certainty === "no") return false;
      } else if (statement.statement === "vmap") {
        return this.#lookUp(statement, flow, hook, walked, next, place);
      } else {
        const after = this.#apply(statement, flow, hook, walked, next, place);
        if (after === undefined) return true;
        flow = after;
      }
    }
    next.push(flow);
    return true;
  }

  #holds(statement: Extract<Statement, { statement: "match" | "limit" }>, flow: Flow): "yes" | "no" | "maybe" {
    if (statement.statement === "limit") return "maybe";
    return nftMatchHolds(statement, { table: this.#table, flow, own: this.#own });
  }

  #lookUp(
    { map, selectors }: Extract<Statement, { statement: "vmap" }>,
    flow: Flow,
    hook: HookName,
    walked: Walked,
    next: Flow[],
    place: RulePlace,
  ): boolean {
    const found = candidates(map, selectors, { table: this.#table, flow, own: this.#own });
    const isDraw = selectors.length === 1 && selectors[0].field === "numgen";
    if (!isDraw && !found.some(({ certainty }) => certainty === "yes")) next.push(flow);
    for (const { element } of found) {
      const { data } = element;
      if (data === undefined || !("verdict" in data)) continue;
      this.#matched(place);
      this.#decide(data.verdict, flow, hook, walked, next, place);
    }
    return found.length > 0;
  }

  /** The way after a statement that decides nothing; undefined where it decided. */
  #apply(
    statement: Exclude<Statement, { statement: "match" | "limit" | "vmap" }>,
    flow: Flow,
    hook: HookName,
    walked: Walked,
    next: Flow[],
    place: RulePlace,
  ): Flow | undefined {
    switch (statement.statement) {
      case "verdict":
        this.#matched(place);
        this.#decide(statement.verdict, flow, hook, walked, next, place);
        return undefined;
      case "set mark":
        return marked(flow, statement.mark, statement.value);
      case "notrack":
        return { ...flow, tracked: false };
      case "reject":
        if (statement.answer === "tcp-reset" && flow.protocol !== ipProtocol.tcp) next.push(flow);
        else this.#record.endings.push({ verdict: "REJECT", flow, by: place });
        return undefined;
      case "nat": {
        const target = ({ dnat: "DNAT", snat: "SNAT", masquerade: "MASQUERADE", redirect: "REDIRECT" } as const)[
          statement.nat
        ];
        const after = translated(flow, { target, range: statement.range }, hook, this.#own);
        walked.passed.push({ ...after, translatedBy: place });
        return undefined;
      }
      default:
        return flow;
    }
  }

  #decide(verdict: Verdict, flow: Flow, hook: HookName, walked: Walked, next: Flow[], by: RulePlace): void {
    switch (verdict.verdict) {
      case "accept":
        walked.passed.push({ ...flow, accepted: true });
        return;
      case "drop":
        this.#record.endings.push({ verdict: "DROP", flow, by });
        return;
      case "return":
        walked.returned.push(flow);
        return;
      case "continue":
        next.push(flow);
        return;
      default: {
        const chain = chainNamed(this.#table, verdict.chain);
        if (chain === undefined) return;
        const inside = this.#walkChain(chain, [flow], hook);
        walked.passed.push(...inside.passed);
        (verdict.verdict === "jump" ? next : walked.returned).push(...inside.returned);
      }
    }
  }

  #try(chain: string, rule: number | undefined, matched: boolean): void {
    this.#record.try({ ...this.#placeOf(chain, rule), matched });
  }

  #matched(place: RulePlace): void {
    this.#record.try({ ...place, matched: true });
  }

  #placeOf(chain: string, rule: number | undefined): RulePlace {
    const { family, name } = this.#table;
    return { program: "nft", table: `${family} ${name}`, chain, rule };
  }
}

/** Whether an earlier chain of this hook has translated already. */
function isDone(flow: Flow, hook: HookName): boolean {
  return hook === "PREROUTING" || hook === "OUTPUT" ? flow.destinationTranslated : flow.sourceTranslated;
}

function marked(flow: Flow, mark: "meta mark" | "ct mark", value: MarkValue): Flow {
  const from = value.from === "constant" ? 0 : value.from === "ct mark" ? flow.connectionMark : flow.mark;
  const made = applyMark(value, from);
  return mark === "meta mark" ? { ...flow, mark: made } : { ...flow, connectionMark: made };
}
