import type { DataType } from "./data-types.ts";
import type { FieldName, Selector } from "./rule-set.ts";
import { BadNft, type TokenReader } from "./tokens.ts";

/** What `nft` calls a field, and of which type it is. */
const fieldTypes: Readonly<Record<FieldName, DataType>> = {
  "ip saddr": "ipv4_addr",
  "ip daddr": "ipv4_addr",
  "ip protocol": "inet_proto",
  "ip ttl": "integer",
  "ip length": "integer",
  "tcp sport": "inet_service",
  "tcp dport": "inet_service",
  "udp sport": "inet_service",
  "udp dport": "inet_service",
  "sctp sport": "inet_service",
  "sctp dport": "inet_service",
  "th sport": "inet_service",
  "th dport": "inet_service",
  "icmp type": "icmp_type",
  "icmp code": "icmp_code",
  "meta mark": "mark",
  "meta l4proto": "inet_proto",
  "meta nfproto": "nf_proto",
  "meta length": "integer",
  iifname: "ifname",
  oifname: "ifname",
  "ct state": "ct_state",
  "ct status": "ct_status",
  "ct mark": "mark",
  "ct direction": "ct_dir",
  "ct protocol": "inet_proto",
  "ct original ip saddr": "ipv4_addr",
  "ct original ip daddr": "ipv4_addr",
  "ct original proto-src": "inet_service",
  "ct original proto-dst": "inet_service",
  "ct reply ip saddr": "ipv4_addr",
  "ct reply ip daddr": "ipv4_addr",
  "ct reply proto-src": "inet_service",
  "ct reply proto-dst": "inet_service",
  "fib saddr type": "fib_addrtype",
  "fib daddr type": "fib_addrtype",
};

/** Words with which a selector may begin. */
export const selectorWords = [
  ...["ip", "tcp", "udp", "sctp", "th", "icmp", "meta", "mark", "iifname", "oifname"],
  ...["ct", "fib", "numgen"],
] as const;

export function typeOf(selector: Selector): DataType {
  return selector.field === "numgen" ? "integer" : fieldTypes[selector.field];
}

/** Reads `ip daddr . meta l4proto . th dport`. */
export function readSelectors(reader: TokenReader): readonly Selector[] {
  const selectors = [readSelector(reader)];
  while (reader.take(".")) selectors.push(readSelector(reader));
  return selectors;
}

/** Whether two selectors look at the same. */
export function isField(selector: Selector, ...names: readonly FieldName[]): boolean {
  return selector.field !== "numgen" && names.includes(selector.field);
}

export function printSelectors(selectors: readonly Selector[]): string {
  return selectors.map(printSelector).join(" . ");
}

function printSelector(selector: Selector): string {
  if (selector.field !== "numgen") return selector.field;
  const { mode, modulus, offset } = selector;
  return `numgen ${mode} mod ${modulus}${offset === 0 ? "" : ` offset ${offset}`}`;
}

/** Names that are shorter, or older, than those that nft prints. */
const spellings: Readonly<Record<string, FieldName>> = {
  mark: "meta mark",
  "meta iifname": "iifname",
  "meta oifname": "oifname",
  "ct original saddr": "ct original ip saddr",
  "ct original daddr": "ct original ip daddr",
  "ct reply saddr": "ct reply ip saddr",
  "ct reply daddr": "ct reply ip daddr",
  "ct original protocol": "ct protocol",
};

function readSelector(reader: TokenReader): Selector {
  const start = reader.token;
  if (reader.take("numgen")) return readNumgen(reader);
  // The longest name that stands here.
  let text = "";
  let found: FieldName | undefined;
  while (found === undefined && reader.token.kind === "word") {
    text = text === "" ? reader.next().text : `${text} ${reader.next().text}`;
    found = fieldNamed(text);
    if (found === undefined && !beginsName(text)) break;
  }
  if (found !== undefined) return { field: found };
  const last = reader.before;
  const length = last.line === start.line ? last.column + last.length - start.column : start.length;
  throw new BadNft(`"${text === "" ? start.text : text}" is not supported: ${known(start.text)}.`, {
    ...start,
    length,
  });
}

function fieldNamed(text: string): FieldName | undefined {
  if (Object.hasOwn(spellings, text)) return spellings[text];
  return Object.hasOwn(fieldTypes, text) ? (text as FieldName) : undefined;
}

const allNames: readonly string[] = [...Object.keys(fieldTypes), ...Object.keys(spellings)];

function beginsName(text: string): boolean {
  return allNames.some((name) => name.startsWith(`${text} `));
}

function known(first: string): string {
  const same = Object.keys(fieldTypes).filter((name) => name.startsWith(`${first} `));
  return same.length > 0 ? `there are ${same.join(", ")}` : `rules may ask for ${selectorWords.join(", ")}`;
}

function readNumgen(reader: TokenReader): Selector {
  const mode = reader.take("random", "inc")?.text as "random" | "inc" | undefined;
  if (mode === undefined) return reader.fail('After "numgen" comes random or inc.');
  reader.need("mod", 'Of how many is missing: "mod NUMBER".');
  const token = reader.token;
  const modulus = reader.number("the modulus");
  if (modulus === 0) throw new BadNft("The modulus is at least 1.", token);
  const offset = reader.take("offset") ? reader.number("the offset") : 0;
  return { field: "numgen", mode, modulus, offset };
}
