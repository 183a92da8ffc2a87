import { type ArpPacket, arpOperation } from "../../wire/arp.ts";
import { type DnsMessage, dnsRcode } from "../../wire/dns.ts";
import { printRcode, printType } from "../../wire/dns-text.ts";
import { type EthernetFrame, etherType, etherTypeOf } from "../../wire/ethernet.ts";
import { type IcmpMessage, icmpType, printIcmp, unreachableCode } from "../../wire/icmp.ts";
import { type Ipv4Header, ipProtocol } from "../../wire/ipv4.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { printTcpFlags, type TcpSegment, tcpFlag, tcpHeaderLength } from "../../wire/tcp.ts";
import { type TcpOptions, tcpOptions } from "../../wire/tcp-options.ts";
import type { TcpHead, UdpHead } from "../../wire/transport-head.ts";
import { type UdpDatagram, udpHeaderLength } from "../../wire/udp.ts";
import type { VxlanHeader } from "../../wire/vxlan.ts";

/** A field of a header under the name that Wireshark's display filters know it by. */
export interface PacketField<Header> {
  readonly name: string;
  readonly description: string;
  /** Its type in CEL. */
  readonly type: "int" | "string" | "bool";
  /** Undefined where this header has no such field. */
  read(header: Header): number | string | boolean | undefined;
  /** As people read it, where that is not just the value. */
  show?(header: Header): string;
}

/** What is known of a TCP header; an ICMP error may quote only its first eight octets. */
export type TcpFields = TcpSegment | TcpHead;
export type UdpFields = UdpDatagram | UdpHead;

export const ethernetFields: readonly PacketField<EthernetFrame>[] = [
  { name: "eth.dst", description: "Destination MAC address", type: "string", read: (f) => formatMac(f.destination) },
  { name: "eth.src", description: "Source MAC address", type: "string", read: (f) => formatMac(f.source) },
  {
    name: "eth.type",
    description: "EtherType of the payload",
    type: "int",
    read: (f) => etherTypeOf(f.payload),
    show: (f) => `${hex(etherTypeOf(f.payload), 4)}${named(etherTypeNames, etherTypeOf(f.payload))}`,
  },
  {
    name: "eth.trailer",
    description: "Octets after the payload",
    type: "string",
    read: (f) => f.trailer && octets(f.trailer),
  },
];

export const arpFields: readonly PacketField<ArpPacket>[] = [
  {
    name: "arp.opcode",
    description: "1 asks, 2 answers",
    type: "int",
    read: (a) => a.operation,
    show: (a) => `${a.operation}${named(arpOperationNames, a.operation)}`,
  },
  { name: "arp.src.hw_mac", description: "Sender MAC address", type: "string", read: (a) => formatMac(a.senderMac) },
  { name: "arp.src.proto_ipv4", description: "Sender IP address", type: "string", read: (a) => formatIpv4(a.senderIp) },
  { name: "arp.dst.hw_mac", description: "Target MAC address", type: "string", read: (a) => formatMac(a.targetMac) },
  { name: "arp.dst.proto_ipv4", description: "Target IP address", type: "string", read: (a) => formatIpv4(a.targetIp) },
  {
    name: "arp.isgratuitous",
    description: "Sender and target are the same address",
    type: "bool",
    read: (a) => a.senderIp === a.targetIp,
  },
];

export const ipv4Fields: readonly PacketField<Ipv4Header>[] = [
  { name: "ip.hdr_len", description: "Bytes of the header", type: "int", read: (p) => p.headerLength },
  { name: "ip.dsfield", description: "DSCP and ECN", type: "int", read: (p) => p.tos, show: (p) => hex(p.tos, 2) },
  { name: "ip.len", description: "Bytes of header and payload", type: "int", read: (p) => p.totalLength },
  {
    name: "ip.id",
    description: "Identification, the same in all fragments of a packet",
    type: "int",
    read: (p) => p.identification,
    show: (p) => `${hex(p.identification, 4)} (${p.identification})`,
  },
  { name: "ip.flags.df", description: "Don't fragment", type: "bool", read: (p) => p.dontFragment },
  { name: "ip.flags.mf", description: "More fragments follow", type: "bool", read: (p) => p.moreFragments },
  {
    name: "ip.frag_offset",
    description: "Where this fragment begins, in units of eight bytes",
    type: "int",
    read: (p) => p.fragmentOffset / 8,
    show: (p) => (p.fragmentOffset === 0 ? "0" : `${p.fragmentOffset / 8} (${p.fragmentOffset} bytes)`),
  },
  { name: "ip.ttl", description: "Time to live: routers that may still pass it on", type: "int", read: (p) => p.ttl },
  {
    name: "ip.proto",
    description: "Protocol of the payload",
    type: "int",
    read: (p) => p.protocol,
    show: (p) => `${p.protocol}${named(protocolNames, p.protocol)}`,
  },
  checksumField("ip.checksum"),
  { name: "ip.src", description: "Source address", type: "string", read: (p) => formatIpv4(p.source) },
  { name: "ip.dst", description: "Destination address", type: "string", read: (p) => formatIpv4(p.destination) },
];

export const icmpFields: readonly PacketField<IcmpMessage>[] = [
  {
    name: "icmp.type",
    description: "Type of the message",
    type: "int",
    read: (m) => m.type,
    show: (m) => `${m.type} (${printIcmp(m).split(" ")[1]})`,
  },
  { name: "icmp.code", description: "Code within the type", type: "int", read: (m) => ("code" in m ? m.code : 0) },
  checksumField("icmp.checksum"),
  {
    name: "icmp.ident",
    description: "Identifier: which ping",
    type: "int",
    read: (m) => (m.kind === "icmp-echo" ? m.identifier : undefined),
  },
  {
    name: "icmp.seq",
    description: "Sequence number: which of its probes",
    type: "int",
    read: (m) => (m.kind === "icmp-echo" ? m.sequence : undefined),
  },
  {
    name: "icmp.mtu",
    description: "MTU of the next hop (RFC 1191)",
    type: "int",
    read: (m) => (isFragmentationNeeded(m) ? m.rest & 0xffff : undefined),
  },
  {
    name: "icmp.redir_gw",
    description: "The better gateway",
    type: "string",
    read: (m) => (m.kind === "icmp-error" && m.type === icmpType.redirect ? formatIpv4(m.rest) : undefined),
  },
];

export const udpFields: readonly PacketField<UdpFields>[] = [
  { name: "udp.srcport", description: "Source port", type: "int", read: (d) => d.sourcePort },
  { name: "udp.dstport", description: "Destination port", type: "int", read: (d) => d.destinationPort },
  {
    name: "udp.length",
    description: "Bytes of header and data",
    type: "int",
    read: (d) => udpHeaderLength + (d.kind === "udp" ? d.data.length : d.dataLength),
  },
  checksumField("udp.checksum"),
];

export const tcpFields: readonly PacketField<TcpFields>[] = [
  { name: "tcp.srcport", description: "Source port", type: "int", read: (t) => t.sourcePort },
  { name: "tcp.dstport", description: "Destination port", type: "int", read: (t) => t.destinationPort },
  { name: "tcp.seq_raw", description: "Sequence number of the first octet", type: "int", read: (t) => t.sequence },
  ofSegment("tcp.ack_raw", "The octet that the sender expects next", (t) => t.acknowledgment),
  ofSegment("tcp.hdr_len", "Bytes of the header", (t) => tcpHeaderLength + t.options.length),
  {
    ...ofSegment("tcp.flags", "All flags; FIN 1, SYN 2, RST 4, PSH 8, ACK 16", (t) => t.flags),
    show: (t) => (t.kind === "tcp" ? `${hex(t.flags, 3)} [${printTcpFlags(t.flags)}]` : ""),
  },
  ...Object.entries(tcpFlag).map(([flag, bit]): PacketField<TcpFields> => {
    const name = flag === "psh" ? "push" : flag === "rst" ? "reset" : flag;
    const read = (t: TcpFields) => (t.kind === "tcp" ? (t.flags & bit) !== 0 : undefined);
    return { name: `tcp.flags.${name}`, description: `${flag.toUpperCase()} is set`, type: "bool", read };
  }),
  ofSegment("tcp.window_size_value", "Window, before scaling", (t) => t.window),
  checksumField("tcp.checksum"),
  ofSegment("tcp.len", "Bytes of data", (t) => t.data.length),
  ofOptions("tcp.options.mss_val", "Largest segment that the sender takes", (o) => o.maximumSegmentSize),
  ofOptions("tcp.options.wscale.shift", "Shift count of the sender's windows", (o) => o.windowScale),
  {
    name: "tcp.options.sack_perm",
    description: "The sender takes selective acknowledgments",
    type: "bool",
    read: (t) => (t.kind === "tcp" && tcpOptions(t).sackPermitted) || undefined,
  },
  ofOptions("tcp.options.timestamp.tsval", "The sender's timestamp", (o) => o.timestamps?.value),
  ofOptions("tcp.options.timestamp.tsecr", "The timestamp it answers", (o) => o.timestamps?.echoReply),
];

export const vxlanFields: readonly PacketField<VxlanHeader>[] = [
  { name: "vxlan.vni", description: "VXLAN network identifier", type: "int", read: (v) => v.vni },
];

export const dnsFields: readonly PacketField<DnsMessage>[] = [
  { name: "dns.id", description: "Transaction ID", type: "int", read: (d) => d.id, show: (d) => hex(d.id, 4) },
  { name: "dns.flags.response", description: "It is a response", type: "bool", read: (d) => d.response },
  {
    name: "dns.flags.authoritative",
    description: "By the authority for the name",
    type: "bool",
    read: (d) => (d.response ? d.authoritative : undefined),
  },
  { name: "dns.flags.truncated", description: "It did not fit", type: "bool", read: (d) => d.truncated },
  { name: "dns.flags.recdesired", description: "Recursion desired", type: "bool", read: (d) => d.recursionDesired },
  {
    name: "dns.flags.rcode",
    description: "How it went: 0 no error, 3 no such name",
    type: "int",
    read: (d) => (d.response ? d.rcode : undefined),
    show: (d) => `${d.rcode} (${d.rcode === dnsRcode.noError ? "no error" : printRcode(d.rcode)})`,
  },
  { name: "dns.count.queries", description: "Questions", type: "int", read: (d) => d.questions.length },
  { name: "dns.count.answers", description: "Answers", type: "int", read: (d) => d.answers.length },
  {
    name: "dns.qry.name",
    description: "The name that is asked for",
    type: "string",
    read: (d) => d.questions[0] && (d.questions[0].name || "<Root>"),
  },
  {
    name: "dns.qry.type",
    description: "The type of record that is asked for",
    type: "int",
    read: (d) => d.questions[0]?.type,
    show: (d) => `${d.questions[0].type} (${printType(d.questions[0].type)})`,
  },
];

/** Every field, for completion and hovers. */
export const packetFields: readonly Pick<PacketField<never>, "name" | "description" | "type">[] = [
  ...ethernetFields,
  ...arpFields,
  ...ipv4Fields,
  ...icmpFields,
  ...udpFields,
  ...tcpFields,
  ...vxlanFields,
  ...dnsFields,
];

const etherTypeNames = new Map<number, string>([
  [etherType.ipv4, "IPv4"],
  [etherType.arp, "ARP"],
  [etherType.ipv6, "IPv6"],
]);
const arpOperationNames = new Map<number, string>([
  [arpOperation.request, "request"],
  [arpOperation.reply, "reply"],
]);
const protocolNames = new Map<number, string>([
  [ipProtocol.icmp, "ICMP"],
  [ipProtocol.tcp, "TCP"],
  [ipProtocol.udp, "UDP"],
]);

/** As found in the packet's bytes. */
function checksumField(name: string): PacketField<{ readonly checksum?: number } | object> {
  const read = (header: object) => ("checksum" in header ? (header.checksum as number | undefined) : undefined);
  const show = (header: object) => hex(read(header) ?? 0, 4);
  return { name, description: "Checksum", type: "int", read, show };
}

function ofSegment(name: string, description: string, read: (segment: TcpSegment) => number): PacketField<TcpFields> {
  return { name, description, type: "int", read: (t) => (t.kind === "tcp" ? read(t) : undefined) };
}

function ofOptions(
  name: string,
  description: string,
  read: (options: TcpOptions) => number | undefined,
): PacketField<TcpFields> {
  return { name, description, type: "int", read: (t) => (t.kind === "tcp" ? read(tcpOptions(t)) : undefined) };
}

function isFragmentationNeeded(message: IcmpMessage): message is IcmpMessage & { readonly kind: "icmp-error" } {
  return (
    message.kind === "icmp-error" &&
    message.type === icmpType.destinationUnreachable &&
    message.code === unreachableCode.fragmentationNeeded
  );
}

function named(names: ReadonlyMap<number, string>, value: number): string {
  const name = names.get(value);
  return name === undefined ? "" : ` (${name})`;
}

export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** `0a f4 00 02`. */
export function octets(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
