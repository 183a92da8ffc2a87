import type { EndpointChanges, ScenarioPlan, Statement } from "../../plan/statements.ts";
import type { Bridge, Item, Line, Scenario } from "../generated/ast.ts";
import { headRange, isLaterWord, misplaced, nameToken, refuseExtraWords } from "../read/reading.ts";
import { rangeOfNode, span, type Token, tokensOf } from "../source.ts";
import { readDurationNs, readNumber } from "../values.ts";
import {
  readBridgeStatement,
  readConntrack,
  readIp,
  readIpset,
  readIptables,
  readNft,
  readRestore,
  readSysctl,
  readWait,
} from "./configure.ts";
import type { StatementContext, StatementHead } from "./context.ts";
import { readDig } from "./dig.ts";
import { EndpointState, readEndpoints, readReady } from "./endpoints.ts";
import { readExpectation } from "./expectation.ts";
import { readLink } from "./link.ts";
import { readArping, readCurl, readPing, readTcp, readTraceroute, readUdp, type StatementReader } from "./traffic.ts";

const verbs: Readonly<Record<string, StatementReader>> = {
  ping: readPing,
  udp: readUdp,
  tcp: readTcp,
  curl: readCurl,
  dig: readDig,
  arping: readArping,
  traceroute: readTraceroute,
  wait: readWait,
  ready: readReady,
  endpoints: readEndpoints,
  ip: readIp,
  link: readLink,
  bridge: readBridgeStatement,
  sysctl: readSysctl,
  iptables: readIptables,
  nft: readNft,
  ipset: readIpset,
  "iptables-restore": readRestore,
  conntrack: readConntrack,
};

/** Verbs of statements that change something or send. */
export const statementVerbs: readonly string[] = Object.keys(verbs);

/** Every word that a line of a scenario can begin with. */
const statementWords: readonly string[] = [...statementVerbs, "expect", "parallel", "at", "seed", "until"];

/** Reads `scenario "name" { seed 42; until 12s; statements… }`; `changes` is what was changed of endpoints before it. */
export function readScenario(
  node: Scenario,
  reading: Omit<StatementContext, "endpoints">,
  changes?: EndpointChanges,
): ScenarioPlan {
  const { problems } = reading;
  const context: StatementContext = { ...reading, endpoints: new EndpointState(reading.layout, changes) };
  const source = headRange(node, context);
  const name = nameToken(node, context);
  if (name === undefined)
    problems.error("missing-name", source, 'This scenario has no name: scenario "first ping" { … }.');
  refuseExtraWords(node, context);
  const settings: ScenarioSettings = { seed: 0 };
  const statements = readStatements(node.block?.items ?? [], settings, context);
  const empty = !node.block?.items.some((item) => item.$type === "Expect" || isStatementLine(item));
  if (empty) problems.warning("empty-scenario", source, "This scenario has no statements: nothing will happen.");
  return { name: name?.text ?? "", source, ...settings, statements };
}

interface ScenarioSettings {
  seed: number;
  untilNs?: number;
}

function isStatementLine(item: Item): boolean {
  return item.$type === "Line" && item.words[0]?.text !== "seed" && item.words[0]?.text !== "until";
}

/** Inside `parallel` there are no settings. */
function readStatements(
  items: readonly Item[],
  settings: ScenarioSettings | undefined,
  context: StatementContext,
): Statement[] {
  const statements: Statement[] = [];
  for (const item of items) {
    const statement =
      item.$type === "Expect"
        ? readExpectation(item, { source: rangeOfNode(item, context.uri), text: item.text.trimEnd() }, context)
        : item.$type === "Line"
          ? readLine(item, settings, context)
          : item.$type === "Bridge" && item.block === undefined
            ? readBridgeLine(item, context)
            : misplaced(item, "a scenario", context);
    if (statement) statements.push(statement);
  }
  return statements;
}

function readLine(
  line: Line,
  settings: ScenarioSettings | undefined,
  context: StatementContext,
): Statement | undefined {
  const { problems, uri } = context;
  const tokens = tokensOf(line.words, uri);
  const at = tokens[0]?.text === "at" && !tokens[0].quoted ? tokens[1] : undefined;
  const atNs = at && readDurationNs(at, problems);
  const [verb, ...rest] = at ? tokens.slice(2) : tokens;
  const head = statementHead(line, atNs, context);
  if (line.expectation && verb === undefined) return readExpectation(line.expectation, head, context);
  if (verb === undefined) {
    const message = at ? "The statement is missing after the time." : "This block belongs to nothing.";
    problems.error("incomplete-statement", head.source, message);
    return undefined;
  }
  if (verb.text === "parallel" && !verb.quoted) return readParallel(line, verb, rest, head, context);
  if (line.block) problems.error("unexpected-block", rangeOfNode(line.block, uri), `${verb.text} has no block.`);
  if (settings && !at && readScenarioSetting(verb, rest, settings, context)) return undefined;
  const reader = Object.hasOwn(verbs, verb.text) && !verb.quoted ? verbs[verb.text] : undefined;
  if (reader) return reader(verb, rest, head, context);
  if (isLaterWord(verb.text)) {
    problems.error("not-supported-yet", verb.range, `"${verb.text}" is not supported yet.`);
  } else {
    problems.unknown(
      "unknown-statement",
      verb.range,
      verb.text,
      `There is no statement "${verb.text}".`,
      statementWords,
    );
  }
  return undefined;
}

/** `bridge` begins a declaration elsewhere; here it is the command. */
function readBridgeLine(item: Bridge, context: StatementContext): Statement | undefined {
  const head = statementHead(item, undefined, context);
  const name = nameToken(item, context);
  const words = tokensOf(item.words, context.uri);
  const range = { ...head.source, endLine: head.source.line, endColumn: head.source.column + "bridge".length };
  const verb = { text: "bridge", quoted: false, range };
  return readBridgeStatement(verb, name === undefined ? words : [name, ...words], head, context);
}

function statementHead(line: Line | Bridge, atNs: number | undefined, context: StatementContext): StatementHead {
  const source = headRange(line, context);
  const start = line.$cstNode?.offset ?? 0;
  const end = line.block?.$cstNode?.offset ?? line.$cstNode?.end ?? start;
  return { source, text: context.text.slice(start, end).trim(), ...(atNs !== undefined && { atNs }) };
}

function readParallel(
  line: Line,
  verb: Token,
  rest: readonly Token[],
  head: StatementHead,
  context: StatementContext,
): Statement | undefined {
  const [extra] = rest;
  if (extra) {
    const range = span(extra.range, rest[rest.length - 1].range);
    context.problems.error("unexpected-words", range, `"${extra.text}" does not belong here.`);
  }
  if (line.block === undefined) {
    context.problems.error(
      "incomplete-statement",
      verb.range,
      "parallel needs a block: parallel { ping a -> b; ping b -> a }.",
    );
    return undefined;
  }
  return { ...head, do: "parallel", statements: readStatements(line.block.items, undefined, context) };
}

/** `seed 42` and `until 12s`; true where the line was one of them. */
function readScenarioSetting(
  name: Token,
  rest: readonly Token[],
  settings: ScenarioSettings,
  context: StatementContext,
): boolean {
  if (name.text !== "seed" && name.text !== "until") return false;
  const [value, extra] = rest;
  if (value === undefined) {
    context.problems.error("missing-value", name.range, `The value of ${name.text} is missing.`);
  } else if (name.text === "seed") {
    settings.seed = readNumber(value, context.problems, 0, 0xffff_ffff) ?? 0;
  } else settings.untilNs = readDurationNs(value, context.problems);
  if (extra) context.problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  return true;
}
