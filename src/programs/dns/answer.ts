import {
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  dnsQuery,
  dnsRcode,
  dnsType,
  emitDns,
  internetClass,
  parseDns,
  parseDnsHeader,
  plainUdpSize,
} from "../../wire/dns.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { readUint16 } from "../../wire/octets.ts";
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
  const query = parseDns(bytes);
  if (isMalformed(query)) return refuse(header, dnsRcode.formErr);
  if (query.edns !== undefined && query.edns.version !== 0) return badVersion(query);
  const [question] = query.questions;
  if (question.class !== internetClass) return { kind: "answer", message: reply(query, dnsRcode.refused) };
  return answerQuestion(query, question, data, canForward);
}

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
