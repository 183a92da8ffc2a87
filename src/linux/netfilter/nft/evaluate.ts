import { bounds, isInPart } from "../../../config/nft/data-types.ts";
import { applyMark } from "../../../config/nft/mark-values.ts";
import type {
  Element,
  MarkValue,
  NftRule,
  Operand,
  Selector,
  Statement,
  Verdict,
} from "../../../config/nft/rule-set.ts";
import { ipProtocol, protocolNumber } from "../../../wire/ipv4.ts";
import type { DropReason } from "../../drop-reason.ts";
import type { World } from "../../world.ts";
import { logPacket } from "../log.ts";
import { matchLimit } from "../match-memory.ts";
import type { Subject } from "../subject.ts";
import { dontTrack, translate } from "../target.ts";
import { changeSet } from "./change-set.ts";
import { load } from "./load.ts";
import type { LiveElement } from "./nft-tables.ts";
import { drawNumber } from "./numgen.ts";

/** What a rule decides: a verdict, a refusal, a loss. Undefined: nothing, the next rule is tried. */
export type Outcome = Verdict | { readonly verdict: "reject" } | { readonly lost: DropReason } | undefined;

/** net/netfilter/nf_tables_core.c, `nft_do_chain`: statement by statement, until one does not hold or decides. */
export function evaluateRule(world: World, row: number, rule: NftRule, subject: Subject): Outcome {
  const { statements } = rule;
  for (let i = 0; i < statements.length; i++) {
    const outcome = evaluate(world, row, i, statements[i], subject);
    if (outcome !== "continue") return outcome === "break" ? undefined : outcome;
  }
  return undefined;
}

/** `break`: the rest of the rule is not done. */
type Step = Outcome | "continue" | "break";

function evaluate(world: World, row: number, index: number, statement: Statement, subject: Subject): Step {
  switch (statement.statement) {
    case "match":
      return matches(world, row, statement, subject) ? "continue" : "break";
    case "vmap": {
      const element = lookUp(world, row, statement.selectors, statement.map, subject);
      const data = element?.data;
      return data !== undefined && "verdict" in data ? data.verdict : "break";
    }
    case "verdict":
      return statement.verdict;
    case "counter":
      world.netfilter.count(row, subject.ip.totalLength);
      return "continue";
    case "set mark":
      return setMark(world, statement.mark, statement.value, subject);
    case "nat":
      return translateBy(world, statement, subject);
    case "reject": {
      const isTcp = protocolNumber(subject.ip.payload) === ipProtocol.tcp;
      return statement.answer === "tcp-reset" && !isTcp ? "break" : { verdict: "reject" };
    }
    case "change set": {
      const key = loadKey(world, row, statement.key, subject);
      return key !== undefined && changeSet(world, row, statement, key) ? "continue" : "break";
    }
    case "limit":
      return matchLimit(world, row, index, limitOf(statement)) !== statement.over ? "continue" : "break";
    case "log":
      logPacket(world, subject, { prefix: statement.prefix ?? "" });
      return "continue";
    case "notrack":
      dontTrack(world, subject.packet);
      return "continue";
  }
}

function limitOf({ rate, burst, per }: Extract<Statement, { statement: "limit" }>): Parameters<typeof matchLimit>[3] {
  return { match: "limit", average: rate, per: per === "second" ? "sec" : per === "minute" ? "min" : per, burst };
}

/** Whether a packet fits one statement that asks for something. With `numgen`, chance would be asked. */
export function evaluateMatch(
  world: World,
  row: number,
  statement: Extract<Statement, { statement: "match" | "vmap" }>,
  subject: Subject,
): boolean {
  if (statement.statement === "match") return matches(world, row, statement, subject);
  return lookUp(world, row, statement.selectors, statement.map, subject) !== undefined;
}

/**
 * The element of one of kube-proxy's maps of ports without endpoints that a rule finds for a packet; undefined where it finds none,
 * or is no such rule.
 */
export function noEndpointElement(world: World, row: number, subject: Subject): Element | undefined {
  for (const statement of world.netfilter.nftRule.get(row)?.statements ?? []) {
    if (statement.statement === "match" && matches(world, row, statement, subject)) continue;
    if (statement.statement !== "vmap") return undefined;
    const { selectors, map } = statement;
    const isOne = map.kind === "set" && /^no-endpoint-(services|nodeports)$/.test(map.name);
    return isOne ? lookUp(world, row, selectors, map, subject) : undefined;
  }
  return undefined;
}

type MatchStatement = Extract<Statement, { statement: "match" }>;

function matches(world: World, row: number, match: MatchStatement, subject: Subject): boolean {
  const { operand, comparison, selectors, mask } = match;
  if (operand.kind === "set" || operand.kind === "anonymous set") {
    const key = loadKey(world, row, selectors, subject);
    if (key === undefined) return false;
    return (findElement(world, row, operand, key) !== undefined) === (comparison === "==");
  }
  const loaded = loadOne(world, row, selectors[0], subject);
  if (loaded === undefined) return false;
  const value = mask === undefined || typeof loaded === "string" ? loaded : (loaded & mask) >>> 0;
  if (operand.kind === "bits") return matchesBits(Number(value), operand.bits, comparison === "==", mask !== undefined);
  switch (comparison) {
    case "==":
      return isInPart(operand.part, value);
    case "!=":
      return !isInPart(operand.part, value);
    case "<":
      return Number(value) < bounds(operand.part).first;
    case ">":
      return Number(value) > bounds(operand.part).last;
    case "<=":
      return Number(value) <= bounds(operand.part).last;
    case ">=":
      return Number(value) >= bounds(operand.part).first;
  }
}

/** Without a mask, one of the bits is asked for; `!=` compares all of them, as nft has the kernel do. */
function matchesBits(value: number, bits: number, isEqual: boolean, hasMask: boolean): boolean {
  if (!isEqual) return value !== bits;
  return hasMask ? value === bits : (value & bits) !== 0;
}

function lookUp(
  world: World,
  row: number,
  selectors: readonly Selector[],
  map: Extract<Operand, { kind: "set" | "anonymous set" }>,
  subject: Subject,
): LiveElement | undefined {
  const [first] = selectors;
  if (first.field === "numgen" && map.kind === "anonymous set")
    return findElement(world, row, map, [drawNumber(world, row, first, subject, map.elements)]);
  const key = loadKey(world, row, selectors, subject);
  return key === undefined ? undefined : findElement(world, row, map, key);
}

function findElement(
  world: World,
  row: number,
  operand: Extract<Operand, { kind: "set" | "anonymous set" }>,
  key: readonly (number | string)[],
): LiveElement | undefined {
  const { nftTables, netfilter, nowNs } = world;
  if (operand.kind === "anonymous set") return nftTables.lookUp(operand.elements, key, nowNs);
  const set = nftTables.findSet(netfilter.nftTableOf(netfilter.ruleChain.get(row)), operand.name);
  const elements = set === 0 ? undefined : nftTables.set.get(set)?.elements;
  return elements === undefined ? undefined : nftTables.lookUp(elements, key, nowNs);
}

function loadKey(
  world: World,
  row: number,
  selectors: readonly Selector[],
  subject: Subject,
): readonly (number | string)[] | undefined {
  const key: (number | string)[] = [];
  for (const selector of selectors) {
    const value = loadOne(world, row, selector, subject);
    if (value === undefined) return undefined;
    key.push(value);
  }
  return key;
}

function loadOne(world: World, row: number, selector: Selector, subject: Subject): number | string | undefined {
  return selector.field === "numgen"
    ? drawNumber(world, row, selector, subject, [])
    : load(world, selector.field, subject);
}

function setMark(world: World, mark: "meta mark" | "ct mark", value: MarkValue, subject: Subject): Step {
  const { packets, conntrack } = world;
  const from = value.from === "constant" ? 0 : load(world, value.from, subject);
  if (from === undefined) return "break";
  const made = applyMark(value, Number(from));
  if (mark === "meta mark") packets.mark.set(subject.packet, made | 0);
  else {
    const connection = packets.connection.get(subject.packet);
    if (connection === 0) return "break";
    conntrack.mark.set(connection, made | 0);
  }
  return "continue";
}

const targets = { dnat: "DNAT", snat: "SNAT", masquerade: "MASQUERADE", redirect: "REDIRECT" } as const;

function translateBy(world: World, { nat, range }: Extract<Statement, { statement: "nat" }>, subject: Subject): Step {
  const verdict = translate(world, subject, { target: targets[nat], range });
  if (verdict === "accept" || verdict === "continue") return { verdict: "accept" };
  return { lost: verdict };
}
