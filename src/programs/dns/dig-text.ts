import { type DnsMessage, type DnsQuestion, type DnsReading, type DnsRecord, dnsPort, typeOf } from "../../wire/dns.ts";
import { type DnsMalformed, isInZone } from "../../wire/dns-name.ts";
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
  return `\n; <<>> DiG 9.18 <<>>${at} ${asked}${options} +nocookie\n${at === "" ? "" : "; (1 server found)\n"};; global options: +cmd\n`;
}

/** As dig prints an answer (bin/dig/dighost.c, lib/dns/masterdump.c), without the time of day, which there is none of here. */
export function digText(question: DigQuestion, { message, counts, end, problem }: DnsReading, times: DigTimes): string {
  const warning = problem === undefined ? "" : ";; Warning: Message parser reports malformed message packet.\n";
  if (question.short) return warning + message.answers.map((record) => `${printData(record)}\n`).join("");
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
  const heading = header(message, counts, times.size - end);
  const multicast = message.questions.some(({ name }) => isInZone(name, "local")) ? multicastWarning : "";
  return `${warning}${digBanner(question)};; Got answer:\n${multicast}${heading}\n${parts.map((part) => `${part}\n`).join("")}${statistics(times)}`;
}

/** RFC 6762: names of cluster.local would be Multicast DNS' own, which dig never fails to say. */
const multicastWarning = `;; WARNING: .local is reserved for Multicast DNS
;; You are currently testing what happens when an mDNS query is leaked to DNS
`;

/** What dig says of a datagram that is no answer to its question, before it waits on. */
export const digWarning = {
  short: ";; Warning: short (< header size) message received\n",
  otherId: (expected: number, got: number) => `;; Warning: ID mismatch: expected ID ${expected}, got ${got}\n`,
  otherQuestion: ({ name, type }: DnsQuestion) =>
    `;; ;; Question section mismatch: got ${name === "" ? "." : name}/${printType(type)}/IN\n`,
} as const;

/** BIND's words for what it cannot read on from (lib/isc/result.c). */
const faultText = {
  "bad pointer": "bad compression pointer",
  "bad label": "bad label type",
  "name too long": "name too long",
  "extra octets": "extra input data",
} as const;

/** What dig prints of a message that makes no sense; undefined where it only ends too early, and is shown as far as it goes. */
export function badPacket({ fault, bytes }: DnsMalformed): string | undefined {
  if (fault === "cut short") return undefined;
  return `;; Got bad packet: ${faultText[fault]}\n${bytes.length} bytes\n${hexDump(bytes)}`;
}

const dumpWidth = 16;

/** Sixteen octets a line, and their characters. */
function hexDump(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += dumpWidth) {
    const line = bytes.subarray(at, at + dumpWidth);
    const octets = Array.from(line, (octet) => `${octet.toString(16).padStart(2, "0")} `).join("");
    const characters = Array.from(line, (octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : "."));
    text += `${octets.padEnd(3 * dumpWidth)}         ${characters.join("")}\n`;
  }
  return text;
}

function header(message: DnsMessage, sizes: readonly number[], extra: number): string {
  const { opcode, rcode, id } = message;
  const flags = [
    ["qr", message.response],
    ["aa", message.authoritative],
    ["tc", message.truncated],
    ["rd", message.recursionDesired],
    ["ra", message.recursionAvailable],
    ["ad", message.authenticData],
    ["cd", message.checkingDisabled],
  ].flatMap(([name, isSet]) => (isSet ? [` ${name}`] : []));
  const counts = [`QUERY: ${sizes[0]}`, `ANSWER: ${sizes[1]}`, `AUTHORITY: ${sizes[2]}`, `ADDITIONAL: ${sizes[3]}`];
  const isWithoutRecursion = message.recursionDesired && !message.recursionAvailable;
  return [
    `;; ->>HEADER<<- opcode: ${printOpcode(opcode)}, status: ${printRcode(rcode)}, id: ${id}`,
    `;; flags:${flags.join("")}; ${counts.join(", ")}`,
    ...(isWithoutRecursion ? [";; WARNING: recursion requested but not available"] : []),
    ...(extra > 0 ? [`;; WARNING: Message has ${extra} extra bytes at end`] : []),
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
  const words = columns([
    [absolute(name), 0],
    ["IN", 32],
    [printType(type), 40],
  ]);
  return `;${words}`;
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

/** Each word at its column, by tabs and blanks as BIND sets them (`indent` of lib/dns/masterdump.c): at least one of either. */
function columns(words: readonly (readonly [text: string, column: number])[]): string {
  let [line, at] = ["", 0];
  for (const [text, column] of words) {
    if (column > 0) {
      const to = Math.max(column, at + 1);
      const tabs = Math.floor(to / tab) - Math.floor(at / tab);
      line += "\t".repeat(tabs) + " ".repeat(to - (tabs > 0 ? Math.floor(to / tab) * tab : at));
      at = to;
    }
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
