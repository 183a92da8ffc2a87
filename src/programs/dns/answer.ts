import {
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  dnsHeaderLength,
  dnsQuery,
  dnsRcode,
  dnsType,
  emitDns,
  internetClass,
  parseDnsHeader,
  plainUdpSize,
  readDns,
} from "../../wire/dns.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { joinBytes, readUint16 } from "../../wire/octets.ts";
import type { DnsZone, Found, ZoneData } from "./zone-data.ts";

/** What a server does about the octets that it was sent. */
export type Reaction =
  | { readonly kind: "answer"; readonly message: DnsMessage }
  /** Somebody else is to be asked for `question`; what is known so far stands in `begun`. */
  | { readonly kind: "forward"; readonly query: DnsMessage; readonly question: DnsQuestion; readonly begun: DnsMessage }
  | { readonly kind: "ignore" };

/** As CoreDNS reacts, whose library is github.com/miekg/dns (`server.go`, `acceptfunc.go`). `canForward`: there are upstreams. */
export function react(bytes: Uint8Array, data: ZoneData, canForward: boolean): Reaction {
  const header = parseDnsHeader(bytes);
  // Without a header there is nothing that an answer could be to.
  if (isMalformed(header) || header.response) return { kind: "ignore" };
  if (header.opcode !== 0 && header.opcode !== notify) return refuse(header, dnsRcode.notImp);
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((offset) => readUint16(bytes, offset));
  if (questions !== 1 || answers > 1 || authorities > 1 || additionals > 2) return refuse(header, dnsRcode.formErr);
  const query = readQuery(bytes);
  if (query === undefined) return refuse(header, dnsRcode.formErr);
  if (query.edns !== undefined && query.edns.version !== 0) return badVersion(query);
  const [question] = query.questions;
  // One is announced, and then there is none: CoreDNS has nobody to hand that to.
  if (question === undefined) return { kind: "answer", message: reply(query, dnsRcode.servFail) };
  if (question.class !== internetClass) return { kind: "answer", message: reply(query, dnsRcode.refused) };
  return answerQuestion(query, question, data, canForward);
}

/**
 * As that library reads (`msg.go`, `unpack`): it goes without records that are announced and not there, and does not look at octets
 * behind the last one; a question that ends with its name, or with its type, has zeros for the rest. Undefined for all else that makes no sense.
 */
export function readQuery(bytes: Uint8Array): DnsMessage | undefined {
  const reading = readDns(bytes);
  if (isMalformed(reading)) return undefined;
  const { message, end, problem } = reading;
  if (problem === undefined) return message;
  const left = bytes.length - end;
  if (problem.fault !== "cut short" || left > 2) return undefined;
  const isInQuestion = message.questions.length === 0 && end > dnsHeaderLength;
  if (isInQuestion && left !== 1) return readQuery(joinBytes(bytes, new Uint8Array(questionTail - left)));
  return left === 0 ? message : undefined;
}

/** Type and class. */
const questionTail = 4;

const notify = 4;
/** BADVERS is 16: its upper bits are in the OPT record (RFC 6891, 6.1.3). */
const badVersionUpper = 1;

/** A server that could read the header only gives that back. */
function refuse(header: DnsMessage, rcode: number): Reaction {
  const opcode = rcode === dnsRcode.notImp ? header.opcode : 0;
  const { id, recursionDesired } = header;
  const { questions: _none, ...empty } = dnsQuery(id, "", 0);
  return { kind: "answer", message: { ...empty, questions: [], response: true, opcode, recursionDesired, rcode } };
}

function badVersion(query: DnsMessage): Reaction {
  const message = reply(query, dnsRcode.noError);
  return { kind: "answer", message: { ...message, edns: { ...serverEdns(query), extendedRcode: badVersionUpper } } };
}

/** An answer to a query that says nothing yet. */
export function reply(query: DnsMessage, rcode: number): DnsMessage {
  const { id, recursionDesired, questions, checkingDisabled } = query;
  const plain = { ...dnsQuery(id, "", 0), response: true, recursionDesired, checkingDisabled, questions, rcode };
  return query.edns === undefined ? plain : { ...plain, edns: serverEdns(query) };
}

/** An OPT record goes with the answer where one came with the query, and repeats its size (`request.SizeAndDo` of CoreDNS). */
function serverEdns({ edns }: DnsMessage): NonNullable<DnsMessage["edns"]> {
  const udpPayloadSize = Math.max(plainUdpSize, edns?.udpPayloadSize ?? 0);
  return {
    udpPayloadSize,
    extendedRcode: 0,
    version: 0,
    dnssecOk: edns?.dnssecOk ?? false,
    options: new Uint8Array(0),
  };
}

/** More aliases than that lead in a ring (`maxCnameChainLength` of CoreDNS is 10). */
const mostAliases = 10;

function answerQuestion(query: DnsMessage, question: DnsQuestion, data: ZoneData, canForward: boolean): Reaction {
  const answers: DnsRecord[] = [];
  let [name, isOurs] = [question.name, false];
  for (let aliases = 0; aliases <= mostAliases; aliases++) {
    const found = data.find(name, question.type);
    if (found.kind === "alias") {
      answers.push(found.alias);
      name = found.target;
      isOurs = true;
      continue;
    }
    const begun = { ...reply(query, dnsRcode.noError), authoritative: isOurs, answers };
    const goesOn = found.kind === "elsewhere" || (found.kind === "no name" && found.zone.fallsThrough === true);
    if (goesOn && canForward) return { kind: "forward", query, question: { ...question, name }, begun };
    if (found.kind === "elsewhere") {
      // An alias that leads to where nobody can be asked is an answer by itself.
      return { kind: "answer", message: isOurs ? begun : reply(query, dnsRcode.refused) };
    }
    if (found.kind === "records") return { kind: "answer", message: positive(begun, found, data, query.id) };
    return { kind: "answer", message: negative(begun, found.kind === "no name", found.zone) };
  }
  return { kind: "answer", message: reply(query, dnsRcode.servFail) };
}

/** The addresses of the targets of SRV records go with them. */
function positive(
  begun: DnsMessage,
  { records, zone }: Extract<Found, { kind: "records" }>,
  data: ZoneData,
  id: number,
): DnsMessage {
  const additionals = records.flatMap((record) => {
    if (record.type !== dnsType.SRV) return [];
    const found = data.find(record.target, dnsType.A);
    return found.kind === "records" ? found.records : [];
  });
  const answers = [...begun.answers, ...shuffled(records, id)];
  return { ...begun, ...authorityOf(zone), answers, additionals };
}

/** Who is no authority for a zone and yet knows it is a resolver that others ask. */
function authorityOf({ soa }: DnsZone): Pick<DnsMessage, "authoritative" | "recursionAvailable"> {
  return { authoritative: soa !== undefined, recursionAvailable: soa === undefined };
}

function negative(begun: DnsMessage, isNoName: boolean, zone: DnsZone): DnsMessage {
  const rcode = isNoName && begun.answers.length === 0 ? dnsRcode.nxDomain : dnsRcode.noError;
  return { ...begun, ...authorityOf(zone), rcode, authorities: zone.soa ? [zone.soa] : [] };
}

/**
 * The plugin loadbalance (`round_robin`): addresses in an order that changes from query to query. CoreDNS draws it; here the
 * query's id decides, which its sender drew.
 */
function shuffled(records: readonly DnsRecord[], id: number): readonly DnsRecord[] {
  if (records.length < 2 || records.some(({ type }) => type !== dnsType.A)) return records;
  const first = id % records.length;
  return [...records.slice(first), ...records.slice(0, first)];
}

/** What came from upstream, as an answer to the query that made somebody ask there. */
export function forwardedAnswer(query: DnsMessage, begun: DnsMessage, from: DnsMessage): DnsMessage {
  const { rcode, authorities, additionals, recursionAvailable, truncated } = from;
  const answers = [...begun.answers, ...from.answers];
  // With an alias of our own before it, what is missing behind that is no failure of the name itself.
  const isAliased = begun.answers.length > 0;
  const message = { ...reply(query, isAliased ? dnsRcode.noError : rcode), answers, recursionAvailable, truncated };
  if (isAliased) return { ...message, authoritative: true };
  return { ...message, authoritative: from.authoritative, authorities, additionals };
}

/** The octets of an answer over UDP: what is too long for the asker is cut off between two records, and says so. */
export function emitAnswer(message: DnsMessage, limit: number): Uint8Array {
  const plain = emitDns(message);
  if (plain.length <= limit) return plain;
  let cut = message;
  for (;;) {
    const bytes = emitDns(cut, true);
    if (bytes.length <= limit || cut.answers.length + cut.authorities.length + cut.additionals.length === 0)
      return bytes;
    cut = withoutLast(cut);
  }
}

/** Additional records may be missing without harm; for all others the asker must come again, over TCP. */
function withoutLast(message: DnsMessage): DnsMessage {
  const { answers, authorities, additionals } = message;
  if (additionals.length > 0) return { ...message, additionals: additionals.slice(0, -1) };
  if (authorities.length > 0) return { ...message, truncated: true, authorities: authorities.slice(0, -1) };
  return { ...message, truncated: true, answers: answers.slice(0, -1) };
}

/** The longest answer that an asker can take in one datagram. */
export function datagramLimit({ edns }: DnsMessage): number {
  return Math.max(plainUdpSize, edns?.udpPayloadSize ?? 0);
}
