import { type DnsMessage, type DnsRecord, dnsType, typeOf } from "./dns.ts";
import type { DnsName } from "./dns-name.ts";
import { formatIpv4 } from "./ipv4-address.ts";

/** Types of records by number, as the registry of IANA names them. */
const typeNames: Readonly<Record<number, string>> = {
  ...Object.fromEntries(Object.entries(dnsType).map(([name, number]) => [number, name])),
  13: "HINFO",
  15: "MX",
  16: "TXT",
  35: "NAPTR",
  41: "OPT",
  43: "DS",
  46: "RRSIG",
  48: "DNSKEY",
  64: "SVCB",
  65: "HTTPS",
  251: "IXFR",
  252: "AXFR",
  255: "ANY",
  257: "CAA",
};

/** `SRV`; a type without a name as RFC 3597 writes it: `TYPE1234`. */
export function printType(type: number): string {
  return typeNames[type] ?? `TYPE${type}`;
}

/** The number of a type's name; undefined where there is none. */
export function parseType(text: string): number | undefined {
  const upper = text.toUpperCase();
  const known = Object.entries(typeNames).find(([, name]) => name === upper);
  if (known !== undefined) return Number(known[0]);
  const number = /^TYPE(\d{1,5})$/.exec(upper)?.[1];
  return number !== undefined && Number(number) <= 0xffff ? Number(number) : undefined;
}

/** As dig names them. */
const rcodeNames = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"] as const;

export function printRcode(rcode: number): string {
  return rcodeNames[rcode] ?? `RESERVED${rcode}`;
}

const opcodes = ["QUERY", "IQUERY", "STATUS", "RESERVED3", "NOTIFY", "UPDATE"] as const;

export function printOpcode(opcode: number): string {
  return opcodes[opcode] ?? `RESERVED${opcode}`;
}

/** What Wireshark calls them. */
const wiresharkOpcodes: Readonly<Record<number, string>> = {
  0: "Standard query",
  1: "Inverse query",
  2: "Server status request",
  4: "Zone change notification",
  5: "Dynamic update",
};
const wiresharkRcodes: Readonly<Record<number, string>> = {
  1: "Format error",
  2: "Server failure",
  3: "No such name",
  4: "Not implemented",
  5: "Refused",
};

/** `DNS Standard query response 0x002a A web.default.svc.cluster.local A 10.96.0.1`, as Wireshark's info column has it. */
export function printDns(message: DnsMessage): string {
  const { response, opcode, rcode, id, questions, answers, authorities, additionals, edns } = message;
  const what = wiresharkOpcodes[opcode] ?? `Unknown operation (${opcode})`;
  const records = [...answers, ...authorities, ...additionals].map((record) => ` ${printInfo(record)}`);
  return [
    `DNS ${what}${response ? " response" : ""} 0x${id.toString(16).padStart(4, "0")}`,
    response && rcode !== 0 ? ` ${wiresharkRcodes[rcode] ?? `Unknown error (${rcode})`}` : "",
    ...questions.map(({ name, type }) => ` ${printType(type)} ${name === "" ? "<Root>" : name}`),
    ...records,
    edns ? " OPT" : "",
  ].join("");
}

function printInfo(record: DnsRecord): string {
  const type = printType(typeOf(record));
  switch (record.type) {
    case dnsType.SOA:
      return `${type} ${record.primary}`;
    case dnsType.SRV:
      return `${type} ${record.priority} ${record.weight} ${record.port} ${record.target}`;
    case dnsType.A:
    case dnsType.AAAA:
    case dnsType.CNAME:
    case dnsType.PTR:
    case dnsType.NS:
      return `${type} ${printData(record)}`.replace(/\.$/, "");
    default:
      return type;
  }
}

/** The data as zone files have them: `0 100 80 web.default.svc.cluster.local.` */
export function printData(record: DnsRecord): string {
  switch (record.type) {
    case dnsType.A:
      return formatIpv4(record.address);
    case dnsType.AAAA:
      return printIpv6(record.octets);
    case dnsType.CNAME:
    case dnsType.PTR:
    case dnsType.NS:
      return absolute(record.target);
    case dnsType.SRV:
      return `${record.priority} ${record.weight} ${record.port} ${absolute(record.target)}`;
    case dnsType.SOA: {
      const { serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds } = record;
      const times = [serial, refreshSeconds, retrySeconds, expireSeconds, minimumSeconds].join(" ");
      return `${absolute(record.primary)} ${absolute(record.mailbox)} ${times}`;
    }
    default:
      return printUnknown(record.octets);
  }
}

/** RFC 3597, 5. */
function printUnknown(octets: Uint8Array): string {
  const hex = Array.from(octets, (octet) => octet.toString(16).padStart(2, "0").toUpperCase()).join("");
  return `\\# ${octets.length}${hex === "" ? "" : ` ${hex}`}`;
}

/** A name with the dot at its end. */
export function absolute(name: DnsName): string {
  return `${name}.`;
}

/** RFC 5952: the longest run of zeros, of two or more groups, becomes `::`. */
function printIpv6(octets: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((octets[2 * i] << 8) | octets[2 * i + 1]).toString(16));
  let best = { at: 0, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length < 2) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.length).join(":")}`;
}
