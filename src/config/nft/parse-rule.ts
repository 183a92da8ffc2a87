import { parseIpv4 } from "../../wire/address-text.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import type { NatRange, PortRange, RejectAnswer } from "../iptables/rule-set.ts";
import { icmpCodes } from "./data-types.ts";
import { withoutDependencies } from "./dependencies.ts";
import { readVerdict } from "./elements.ts";
import { readMarkValue } from "./mark-values.ts";
import { readMatch, readSetReference } from "./parse-match.ts";
import { readTimeMs } from "./parse-values.ts";
import type { Family, NftRule, Statement } from "./rule-set.ts";
import { isField, readSelectors, selectorWords } from "./selectors.ts";
import { BadNft, type Token, type TokenReader } from "./tokens.ts";

/** Reads one rule, up to the end of its line: `ip daddr 10.96.0.10 tcp dport 80 counter jump web comment "…"`. */
export function readRule(reader: TokenReader, family: Family): NftRule {
  const { line } = reader.token;
  const statements: Statement[] = [];
  const places: Token[] = [];
  let comment: string | undefined;
  while (!reader.isAtEnd) {
    const { token } = reader;
    if (reader.take("comment")) {
      comment = reader.string("The comment");
      if (!reader.isAtEnd) reader.fail("A comment stands at the end of its rule.");
      break;
    }
    const last = statements.at(-1);
    if (last !== undefined && isTerminal(last))
      throw new BadNft("The statement before this one decides: nothing comes after it.", token);
    statements.push(readStatement(reader, family, statements));
    places.push(token);
  }
  if (statements.length === 0) reader.fail("A rule is missing.");
  refuseTwice(statements, places, "counter", "A rule has one counter here.");
  return { statements: withoutDependencies(withResetProtocol(statements), family), comment, line };
}

/** A reset asks for TCP: where no match says so, nft puts one before all else. */
function withResetProtocol(statements: readonly Statement[]): readonly Statement[] {
  const last = statements.at(-1);
  if (last?.statement !== "reject" || last.answer !== "tcp-reset" || statements.some(saysProtocol)) return statements;
  const operand = { kind: "value", part: ipProtocol.tcp } as const;
  return [{ statement: "match", selectors: [{ field: "meta l4proto" }], comparison: "==", operand }, ...statements];
}

function saysProtocol(statement: Statement): boolean {
  if (statement.statement !== "match" || statement.comparison !== "==") return false;
  return statement.selectors.some(({ field }) => /^(tcp|meta l4proto|ip protocol)/.test(field));
}

/** nft refuses what comes behind these. */
function isTerminal(statement: Statement): boolean {
  if (statement.statement === "verdict") return true;
  return statement.statement === "nat" || statement.statement === "reject";
}

function refuseTwice(
  statements: readonly Statement[],
  places: readonly Token[],
  name: Statement["statement"],
  message: string,
): void {
  const found = statements.flatMap(({ statement }, index) => (statement === name ? [index] : []));
  if (found.length > 1) throw new BadNft(message, places[found[1]]);
}

function readStatement(reader: TokenReader, family: Family, before: readonly Statement[]): Statement {
  const verdict = readVerdict(reader);
  if (verdict !== undefined) return { statement: "verdict", verdict };
  const { token } = reader;
  const read =
    Object.hasOwn(statementReaders, token.text) && token.kind === "word" ? statementReaders[token.text] : undefined;
  if (read !== undefined) {
    reader.next();
    return read(reader, before, family);
  }
  if (token.text === "iif" || token.text === "oif")
    throw new BadNft(`"${token.text}" is not supported: write ${token.text}name.`, token);
  if (!(selectorWords as readonly string[]).includes(token.text))
    throw new BadNft(`"${token.text}" is not supported: rules may have ${supported()}.`, token);
  const selectors = readSelectors(reader);
  const [first] = selectors;
  if (reader.isAt("set") && selectors.length === 1 && isField(first, "meta mark", "ct mark")) {
    reader.next();
    return { statement: "set mark", mark: first.field as "meta mark", value: readMarkValue(reader) };
  }
  return readMatch(reader, selectors, before, token, family);
}

type Read = (reader: TokenReader, before: readonly Statement[], family: Family) => Statement;

const statementReaders: Readonly<Record<string, Read>> = {
  counter: readCounter,
  reject: readReject,
  dnat: (reader, before) => readNat(reader, "dnat", before),
  snat: (reader, before) => readNat(reader, "snat", before),
  masquerade: (reader, before) => readNat(reader, "masquerade", before),
  redirect: (reader, before) => readNat(reader, "redirect", before),
  add: (reader) => readSetChange(reader, "add"),
  update: (reader) => readSetChange(reader, "update"),
  delete: (reader) => readSetChange(reader, "delete"),
  limit: readLimit,
  log: readLog,
  notrack: () => ({ statement: "notrack" }),
};

function supported(): string {
  return [...Object.keys(statementReaders), "accept, drop, return, jump, goto, comment", ...selectorWords].join(", ");
}

function readCounter(reader: TokenReader): Statement {
  const packets = reader.take("packets") ? reader.number("the number of packets") : 0;
  const bytes = reader.take("bytes") ? reader.number("the number of bytes") : 0;
  return { statement: "counter", packets, bytes };
}

function readReject(reader: TokenReader, before: readonly Statement[], family: Family): Statement {
  const icmpx = family === "inet" ? ({ icmpx: true } as const) : {};
  if (!reader.take("with")) return { statement: "reject", answer: "icmp-port-unreachable", ...icmpx };
  if (reader.take("tcp")) {
    reader.need("reset", 'After "tcp" comes reset.');
    refuseOtherProtocol(before, reader.before);
    return { statement: "reject", answer: "tcp-reset" };
  }
  const kind = reader.take("icmp", ...(family === "inet" ? ["icmpx"] : []));
  if (kind === undefined) return reader.fail('After "with" comes tcp reset, or icmp and what it says.');
  reader.take("type");
  const token = reader.word("What ICMP is to say");
  const answer = rejectAnswers[token.text];
  if (answer === undefined || (kind.text === "icmpx" && !inetAnswers.includes(token.text)))
    throw new BadNft(`"${token.text}" is not what reject can say: ${Object.keys(rejectAnswers).join(", ")}.`, token);
  return { statement: "reject", answer, ...(kind.text === "icmpx" && icmpx) };
}

const rejectAnswers: Readonly<Record<string, Exclude<RejectAnswer, "tcp-reset"> | undefined>> = Object.fromEntries(
  Object.keys(icmpCodes)
    .filter((name) => name !== "frag-needed")
    .map((name) => [name, `icmp-${name.replace("prot-", "proto-")}` as "icmp-port-unreachable"]),
);
const inetAnswers = ["port-unreachable", "admin-prohibited", "host-unreachable", "net-unreachable"];

function refuseOtherProtocol(before: readonly Statement[], token: Token): void {
  const protocol = before.find(
    (one) => one.statement === "match" && isField(one.selectors[0], "meta l4proto", "ip protocol"),
  );
  if (protocol?.statement !== "match" || protocol.comparison !== "==" || protocol.operand.kind !== "value") return;
  if (protocol.operand.part !== 6) throw new BadNft("Only TCP has resets.", token);
}

function readNat(
  reader: TokenReader,
  nat: "dnat" | "snat" | "masquerade" | "redirect",
  before: readonly Statement[],
): Statement {
  const needsTarget = nat === "dnat" || nat === "snat";
  if (needsTarget) reader.take("ip");
  const hasTarget = needsTarget ? reader.need("to", `After "${nat}" comes "to ADDRESS".`) : reader.take("to");
  const range: { -readonly [Key in keyof NatRange]: NatRange[Key] } = {
    random: false,
    randomFully: false,
    persistent: false,
  };
  if (hasTarget !== undefined) {
    if (needsTarget) range.addresses = readAddresses(reader);
    if (reader.isAt(":")) {
      const colon = reader.next();
      range.ports = readPorts(reader);
      if (!knowsPorts(before))
        throw new BadNft(
          "A port can be given only after a match of the protocol, such as tcp dport 80 or meta l4proto tcp.",
          colon,
        );
    } else if (!needsTarget) reader.fail('Here belongs ":PORT".');
  }
  readNatFlags(reader, range);
  return { statement: "nat", nat, range };
}

function readAddresses(reader: TokenReader): NatRange["addresses"] {
  const token = reader.word("The address");
  const [first, last, more] = token.text.split("-").map(parseIpv4);
  if (first === undefined || more !== undefined || (last === undefined && token.text.includes("-")))
    throw new BadNft(`"${token.text}" is not supported here: write an IPv4 address, or FIRST-LAST.`, token);
  return { first, last: last ?? first };
}

function readPorts(reader: TokenReader): PortRange {
  const token = reader.word("The port");
  const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(token.text);
  const [first, last] = [Number(found?.[1]), Number(found?.[2] ?? found?.[1])];
  if (found === null || last > 65_535 || first > last)
    throw new BadNft(`"${token.text}" is not a port or FIRST-LAST.`, token);
  return { first, last };
}

function readNatFlags(
  reader: TokenReader,
  range: { random: boolean; randomFully: boolean; persistent: boolean },
): void {
  while (reader.isAt("random", "fully-random", "persistent")) {
    const { text } = reader.next();
    if (text === "random") range.random = true;
    if (text === "fully-random") range.randomFully = true;
    if (text === "persistent") range.persistent = true;
    if (!reader.take(",")) return;
  }
}

/** Whether a statement before says that the packet has ports. */
function knowsPorts(before: readonly Statement[]): boolean {
  return before.some((one) => {
    if (one.statement !== "match" && one.statement !== "vmap") return false;
    return one.selectors.some(({ field }) => /^(tcp|udp|sctp|meta l4proto|ip protocol)/.test(field));
  });
}

function readSetChange(reader: TokenReader, operation: "add" | "update" | "delete"): Statement {
  const set = readSetReference(reader);
  reader.need("{", "What is put into the set stands in braces: { ip saddr }.");
  const key = readSelectors(reader);
  const timeoutMs = reader.take("timeout") ? readTimeMs(reader.word("The timeout")) : undefined;
  if (reader.isAt(":")) reader.fail("Rules that put data into a map are not supported.");
  reader.need("}");
  return { statement: "change set", operation, set, key, timeoutMs };
}

function readLimit(reader: TokenReader): Statement {
  reader.need("rate", 'After "limit" comes "rate NUMBER/second".');
  const over = reader.take("over") !== undefined;
  reader.take("until");
  const token = reader.word("The rate");
  const found = /^(\d{1,9})\/(second|minute|hour|day)$/.exec(token.text);
  if (found === null) throw new BadNft(`"${token.text}" is not a rate of packets, such as 5/second.`, token);
  let burst = 5;
  if (reader.take("burst")) {
    burst = reader.number("the burst");
    reader.need("packets", "Only packets can be counted here.");
  }
  if (reader.isAt("bytes", "kbytes", "mbytes")) reader.fail("Only packets can be counted here.");
  return { statement: "limit", over, rate: Number(found[1]), per: found[2] as "second", burst };
}

const levels = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"];

function readLevel(reader: TokenReader): string {
  const token = reader.word("The level");
  if (!levels.includes(token.text))
    throw new BadNft(`"${token.text}" is not a level of the log: ${levels.join(", ")}.`, token);
  return token.text;
}

function readLog(reader: TokenReader): Statement {
  let prefix: string | undefined;
  let level: string | undefined;
  for (;;) {
    if (reader.take("prefix")) prefix = reader.string("The prefix");
    else if (reader.take("level")) level = readLevel(reader);
    else if (reader.isAt("group", "flags", "snaplen", "queue-threshold"))
      reader.fail(`"log ${reader.token.text}" is not supported: log has a prefix and a level.`);
    else return { statement: "log", prefix, level: level === "warn" ? undefined : level };
  }
}
