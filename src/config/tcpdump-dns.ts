import { type DnsMessage, type DnsRecord, dnsType, internetClass, typeOf } from "../wire/dns.ts";
import { absolute, printData, printType } from "../wire/dns-text.ts";

const operations = ["", " inv_q", " stat", " op3", " notify", " update"];
const responses = [
  "",
  " FormErr",
  " ServFail",
  " NXDomain",
  " NotImp",
  " Refused",
  " YXDomain",
  " YXRRSet",
  " NXRRSet",
];

/** A DNS message as `tcpdump -n` prints it, of a datagram or stream with so many bytes of it (print-domain.c). */
export function domainText(message: DnsMessage, length: number): string {
  const { id, opcode } = message;
  const text = message.response ? responseText(message) : queryText(message);
  return `${id}${operations[opcode] ?? ` op${opcode}`}${text} (${length})`;
}

function responseText(message: DnsMessage): string {
  const { rcode, authoritative, recursionAvailable, truncated, authenticData, questions, answers } = message;
  const flags = [
    responses[rcode] ?? ` Resp${rcode}`,
    authoritative ? "*" : "",
    recursionAvailable ? "" : "-",
    truncated ? "|" : "",
    authenticData ? "$" : "",
  ].join("");
  const unusual = questions.length === 1 ? "" : ` [${questions.length}q]`;
  const counts = `${answers.length}/${message.authorities.length}/${additionals(message)}`;
  return `${flags}${unusual} ${counts}${answers.map(recordText).join(",")}`;
}

function queryText(message: DnsMessage): string {
  const { recursionDesired, checkingDisabled, questions, answers, authorities } = message;
  const flags = `${recursionDesired ? "+" : ""}${checkingDisabled ? "%" : ""}`;
  const unusual = [
    answers.length === 0 ? "" : ` [${answers.length}a]`,
    questions.length === 1 ? "" : ` [${questions.length}q]`,
    authorities.length === 0 ? "" : ` [${authorities.length}n]`,
    additionals(message) === 0 ? "" : ` [${additionals(message)}au]`,
  ].join("");
  const asked = questions.map(({ name, type }) => ` ${printType(type)}? ${absolute(name)}`);
  return `${flags}${unusual}${asked.join(",")}`;
}

/** The OPT record counts among them. */
function additionals({ additionals: records, edns }: DnsMessage): number {
  return records.length + (edns === undefined ? 0 : 1);
}

function recordText(record: DnsRecord): string {
  const type = printType(typeOf(record));
  const isInternet = (record.class ?? internetClass) === internetClass;
  const head = isInternet ? ` ${type}` : ` CLASS${record.class} ${type}`;
  switch (record.type) {
    case dnsType.SRV:
      return `${head} ${absolute(record.target)}:${record.port} ${record.priority} ${record.weight}`;
    case dnsType.SOA:
    case -1:
      return head;
    default:
      return `${head} ${printData(record)}`;
  }
}
