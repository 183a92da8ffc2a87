import { type DnsMessage, type DnsRecord, dnsPort, typeOf } from "../../wire/dns.ts";
import { absolute, printData, printOpcode, printRcode, printType } from "../../wire/dns-text.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";

/** What dig was asked. */
export interface DigQuestion {
  readonly name: string;
  readonly type: number;
  readonly server?: Ipv4Address;
  readonly search?: object;
  readonly tcp: boolean;
  readonly short: boolean;
}

export interface DigTimes {
  readonly timeMs: number;
  readonly server: Ipv4Address;
  readonly overTcp: boolean;
  /** Octets of the message. */
  readonly size: number;
}

/** The lines before all others, with the command. */
export function digBanner({ name, type, server, search, tcp }: DigQuestion): string {
  const at = server === undefined ? "" : ` @${formatIpv4(server)}`;
  const options = `${search === undefined ? "" : " +search"}${tcp ? " +tcp" : ""}`;
  const asked = type === 1 ? name : `${name} ${printType(type)}`;
  return `\n; <<>> DiG 9.18 <<>>${at} ${asked}${options} +nocookie\n;; global options: +cmd\n`;
}

/** As dig prints an answer (bin/dig/dighost.c, lib/dns/masterdump.c), without the time of day, which there is none of here. */
export function digText(question: DigQuestion, message: DnsMessage, times: DigTimes): string {
  if (question.short) return message.answers.map((record) => `${printData(record)}\n`).join("");
  const sections = [
    message.edns ? optSection(message.edns) : "",
    section("QUESTION", message.questions.map(questionLine)),
    section("ANSWER", message.answers.map(recordLine)),
    section("AUTHORITY", message.authorities.map(recordLine)),
    section("ADDITIONAL", message.additionals.map(recordLine)),
  ];
  // The pseudosection and the question stand together.
  const [opt, asked, ...others] = sections;
  const parts = [opt + asked, ...others].filter((part) => part !== "");
  return `${digBanner(question)};; Got answer:\n${header(message)}\n${parts.join("\n")}\n${statistics(times)}`;
}

function header(message: DnsMessage): string {
  const { opcode, rcode, id, questions, answers, authorities, additionals, edns } = message;
  const flags = [
    ["qr", message.response],
    ["aa", message.authoritative],
    ["tc", message.truncated],
    ["rd", message.recursionDesired],
    ["ra", message.recursionAvailable],
    ["ad", message.authenticData],
    ["cd", message.checkingDisabled],
  ].flatMap(([name, isSet]) => (isSet ? [` ${name}`] : []));
  const counts = [
    `QUERY: ${questions.length}`,
    `ANSWER: ${answers.length}`,
    `AUTHORITY: ${authorities.length}`,
    `ADDITIONAL: ${additionals.length + (edns ? 1 : 0)}`,
  ];
  const isWithoutRecursion = message.recursionDesired && !message.recursionAvailable;
  return [
    `;; ->>HEADER<<- opcode: ${printOpcode(opcode)}, status: ${printRcode(rcode)}, id: ${id}`,
    `;; flags:${flags.join("")}; ${counts.join(", ")}`,
    ...(isWithoutRecursion ? [";; WARNING: recursion requested but not available"] : []),
    "",
  ].join("\n");
}

function optSection({ version, dnssecOk, udpPayloadSize }: NonNullable<DnsMessage["edns"]>): string {
  return `;; OPT PSEUDOSECTION:\n; EDNS: version: ${version}, flags:${dnssecOk ? " do" : ""}; udp: ${udpPayloadSize}\n`;
}

function section(name: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `;; ${name} SECTION:\n${lines.map((line) => `${line}\n`).join("")}`;
}

function questionLine({ name, type }: DnsMessage["questions"][number]): string {
  return columns([
    [`;${absolute(name)}`, 0],
    ["IN", 32],
    [printType(type), 40],
  ]);
}

function recordLine(record: DnsRecord): string {
  return columns([
    [absolute(record.name), 0],
    [String(record.ttlSeconds), 24],
    ["IN", 32],
    [printType(typeOf(record)), 40],
    [printData(record), 48],
  ]);
}

const tab = 8;

/** Each word at its column, by tabs; after a word that reaches beyond it, by one blank. */
function columns(words: readonly (readonly [text: string, column: number])[]): string {
  let [line, at] = ["", 0];
  for (const [text, column] of words) {
    const tabs = Math.floor(column / tab) - Math.floor(at / tab);
    if (column > 0) line += at >= column ? " " : "\t".repeat(tabs);
    if (column > 0) at = Math.max(at + 1, column);
    line += text;
    at += text.length;
  }
  return line;
}

function statistics({ timeMs, server, overTcp, size }: DigTimes): string {
  const address = formatIpv4(server);
  return [
    `;; Query time: ${timeMs} msec`,
    `;; SERVER: ${address}#${dnsPort}(${address}) (${overTcp ? "TCP" : "UDP"})`,
    `;; MSG SIZE  rcvd: ${size}`,
    "",
    "",
  ].join("\n");
}
