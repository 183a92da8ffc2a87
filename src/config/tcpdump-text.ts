import { type ArpPacket, arpOperation } from "../wire/arp.ts";
import { dnsPort, parseDns } from "../wire/dns.ts";
import { type EthernetFrame, etherTypeOf, frameLength } from "../wire/ethernet.ts";
import { transportOf } from "../wire/frame-text.ts";
import { type IcmpError, type IcmpMessage, icmpLength, icmpType } from "../wire/icmp.ts";
import { parseQuoted } from "../wire/icmp-error.ts";
import { type Ipv4Packet, type Ipv4Payload, ipProtocol } from "../wire/ipv4.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import { formatMac } from "../wire/mac-address.ts";
import { isMalformed } from "../wire/malformed.ts";
import { readUint16, readUint32 } from "../wire/octets.ts";
import { type TcpSegment, tcpFlag } from "../wire/tcp.ts";
import type { TransportHead } from "../wire/transport-head.ts";
import type { UdpDatagram } from "../wire/udp.ts";
import { encapsulatedFrame, vxlanPort } from "../wire/vxlan.ts";
import { domainText } from "./tcpdump-dns.ts";

export interface TcpdumpOptions {
  /** `-e`: with the link-level header. */
  readonly link: boolean;
  /** `-S`: sequence numbers as they are. */
  readonly absolute: boolean;
}

/** Where the sequence numbers of a conversation count from: those of its first segment that acknowledges. */
interface Flow {
  readonly first: string;
  readonly firstBase: number;
  readonly otherBase: number;
}

/**
 * Frames as `tcpdump -n` prints them, without the time (tcpdump 4.99). Sequence numbers after a connection's first segments count
 * from there, so frames are shown to one printer in their order. Of what ports carry it decodes only what the simulator does.
 */
export class TcpdumpPrinter {
  private readonly options: TcpdumpOptions;
  private readonly flows = new Map<string, Flow>();

  constructor(options: TcpdumpOptions = { link: false, absolute: false }) {
    this.options = options;
  }

  print(frame: EthernetFrame): string {
    const { payload } = frame;
    const isKnown = payload.kind !== "other";
    const text = this.network(frame);
    if (this.options.link) return `${linkText(frame)}: ${text}`;
    if (!isKnown) return `${linkText(frame)}: ${text}`;
    return payload.kind === "arp" ? `ARP, ${text}` : `IP ${text}`;
  }

  private network({ payload }: EthernetFrame): string {
    if (payload.kind === "arp") return arpText(payload);
    return payload.kind === "ipv4" ? this.ip(payload) : "";
  }

  private ip(packet: Ipv4Packet): string {
    const [source, destination] = [formatIpv4(packet.source), formatIpv4(packet.destination)];
    if (packet.fragmentOffset > 0) return `${source} > ${destination}: ${protocolText(packet)}`;
    const transport = transportOf(packet);
    switch (transport.kind) {
      case "tcp": {
        const ends = [`${source}.${transport.sourcePort}`, `${destination}.${transport.destinationPort}`] as const;
        return `${ends[0]} > ${ends[1]}: ${this.tcp(transport, ...ends)}`;
      }
      case "udp":
        return `${source}.${transport.sourcePort} > ${destination}.${transport.destinationPort}: ${this.udp(transport)}`;
      case "udp-head":
        return `${source}.${transport.sourcePort} > ${destination}.${transport.destinationPort}: UDP, length ${transport.dataLength}`;
      case "tcp-head":
        return `${source}.${transport.sourcePort} > ${destination}.${transport.destinationPort}: [|tcp]`;
      case "raw":
        return `${source} > ${destination}: ${protocolText(packet)}`;
      default:
        return `${source} > ${destination}: ${icmpText(packet, transport)}`;
    }
  }

  private udp(datagram: UdpDatagram): string {
    const tunnel = encapsulatedFrame(datagram);
    if (tunnel === undefined) return datagramText(datagram);
    const vni = tunnel.header.vni;
    const inside = this.print(tunnel.frame);
    // What IANA calls VXLAN tcpdump knows by its port; Linux's default port is OTV's to it.
    const isAssigned = datagram.destinationPort === vxlanPort.assigned;
    const head = isAssigned
      ? `VXLAN, flags [I] (0x08), vni ${vni}`
      : `OTV, flags [I] (0x08), overlay 0, instance ${vni}`;
    return `${head}\n${inside}`;
  }

  private tcp(segment: TcpSegment, source: string, destination: string): string {
    const { flags, data } = segment;
    const isAcknowledging = (flags & tcpFlag.ack) !== 0;
    const bases = this.bases(segment, source, destination);
    const sequence = (segment.sequence - bases.own) >>> 0;
    const acknowledgment = (segment.acknowledgment - bases.other) >>> 0;
    const showsSequence = data.length > 0 || (flags & (tcpFlag.syn | tcpFlag.fin | tcpFlag.rst)) !== 0;
    const end = (sequence + data.length) >>> 0;
    const options = optionTexts(segment.options, bases.sack);
    return [
      `Flags [${flagsText(flags)}]`,
      ...(showsSequence ? [data.length > 0 ? `seq ${sequence}:${end}` : `seq ${sequence}`] : []),
      ...(isAcknowledging ? [`ack ${acknowledgment}`] : []),
      `win ${segment.window}`,
      ...((flags & tcpFlag.urg) === 0 ? [] : [`urg ${segment.urgentPointer}`]),
      ...(options.length === 0 ? [] : [`options [${options.join(",")}]`]),
      `length ${data.length}${applicationText(segment)}`,
    ].join(", ");
  }

  /**
   * Only segments that acknowledge count: the first one of a conversation is shown as it is, and so is one with SYN; what follows
   * counts from there (print-tcp.c). Answers the bases of the sequence number and of the acknowledgment.
   */
  private bases(segment: TcpSegment, source: string, destination: string): Bases {
    const { sequence, acknowledgment, flags } = segment;
    const none = { own: 0, other: 0, sack: 0 };
    if (this.options.absolute || (flags & tcpFlag.ack) === 0) return none;
    const key = [source, destination].sort().join(" ");
    const known = this.flows.get(key);
    if (known === undefined || (flags & tcpFlag.syn) !== 0) {
      const otherBase = (acknowledgment - 1) >>> 0;
      this.flows.set(key, { first: source, firstBase: sequence, otherBase });
      return { ...none, sack: otherBase };
    }
    const isFirst = known.first === source;
    const [own, other] = isFirst ? [known.firstBase, known.otherBase] : [known.otherBase, known.firstBase];
    return { own, other, sack: other };
  }
}

interface Bases {
  readonly own: number;
  readonly other: number;
  readonly sack: number;
}

/** Ports whose datagrams tcpdump reads as DNS messages, and the length of a DNS header. */
const domainPorts: ReadonlySet<number> = new Set([53, 5353]);
const domainHeader = 12;

function datagramText({ sourcePort, destinationPort, data }: UdpDatagram): string {
  const isDomain = domainPorts.has(sourcePort) || domainPorts.has(destinationPort);
  if (isDomain && data.length < domainHeader) return `domain [length ${data.length} < ${domainHeader}] (invalid)`;
  const message = isDomain ? parseDns(data) : undefined;
  if (message !== undefined && !isMalformed(message)) return domainText(message, data.length);
  return `UDP, length ${data.length}`;
}

function linkText(frame: EthernetFrame): string {
  const type = etherTypeOf(frame.payload);
  const name = frame.payload.kind === "arp" ? "ARP" : frame.payload.kind === "ipv4" ? "IPv4" : "Unknown";
  const length = frameLength(frame);
  const ethertype = `ethertype ${name} (0x${type.toString(16).padStart(4, "0")})`;
  return `${formatMac(frame.source)} > ${formatMac(frame.destination)}, ${ethertype}, length ${length}`;
}

function arpText(arp: ArpPacket): string {
  const [sender, target] = [formatIpv4(arp.senderIp), formatIpv4(arp.targetIp)];
  if (arp.operation === arpOperation.reply) return `Reply ${sender} is-at ${formatMac(arp.senderMac)}, length 28`;
  const asked = arp.targetMac === 0 ? "" : ` (${formatMac(arp.targetMac)})`;
  return `Request who-has ${target}${asked} tell ${sender}, length 28`;
}

function protocolText({ payload }: Ipv4Packet): string {
  if (payload.kind !== "raw") return "";
  return `ip-proto-${payload.protocol}`;
}

function flagsText(flags: number): string {
  const letters = [
    [tcpFlag.fin, "F"],
    [tcpFlag.syn, "S"],
    [tcpFlag.rst, "R"],
    [tcpFlag.psh, "P"],
    [tcpFlag.ack, "."],
    [tcpFlag.urg, "U"],
    [tcpFlag.ece, "E"],
    [tcpFlag.cwr, "W"],
  ] as const;
  return letters.map(([bit, letter]) => ((flags & bit) === 0 ? "" : letter)).join("") || "none";
}

function optionTexts(bytes: Uint8Array, sackBase: number): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at];
    if (kind === 0) {
      texts.push("eol");
      break;
    }
    if (kind === 1) {
      texts.push("nop");
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) break;
    texts.push(optionText(kind, bytes.subarray(at + 2, at + length), sackBase));
    at += length;
  }
  return texts;
}

function optionText(kind: number, value: Uint8Array, sackBase: number): string {
  switch (kind) {
    case 2:
      return `mss ${readUint16(value, 0)}`;
    case 3:
      return `wscale ${value[0]}`;
    case 4:
      return "sackOK";
    case 5:
      return `sack ${value.length / 8} ${sackText(value, sackBase)}`;
    case 8:
      return `TS val ${readUint32(value, 0)} ecr ${readUint32(value, 4)}`;
    default:
      return `unknown-${kind}`;
  }
}

function sackText(value: Uint8Array, base: number): string {
  const number = (at: number) => (readUint32(value, at) - base) >>> 0;
  const blocks: string[] = [];
  for (let at = 0; at + 8 <= value.length; at += 8) blocks.push(`{${number(at)}:${number(at + 4)}}`);
  return blocks.join("");
}

/** Over TCP each message has its length before it (RFC 1035, 4.2.2). */
function streamedDomainText(data: Uint8Array): string {
  const length = data.length < 2 ? 0 : readUint16(data, 0);
  const message = length === data.length - 2 && length > 0 ? parseDns(data.subarray(2)) : undefined;
  return message === undefined || isMalformed(message) ? "" : ` ${domainText(message, length)}`;
}

/** Ports that tcpdump takes for HTTP. */
const httpPorts = new Set([80, 8080, 3128]);

function applicationText({ sourcePort, destinationPort, data }: TcpSegment): string {
  if (sourcePort === dnsPort || destinationPort === dnsPort) return streamedDomainText(data);
  if (data.length === 0 || !(httpPorts.has(sourcePort) || httpPorts.has(destinationPort))) return "";
  const text = new TextDecoder("latin1").decode(data);
  const [line] = text.split("\r\n");
  return /^[A-Z]+ \S+ HTTP\/|^HTTP\/1\.\d \d/.test(line) ? `: HTTP: ${line}` : ": HTTP";
}

function icmpText(packet: Ipv4Packet, message: IcmpMessage | Ipv4Payload | TransportHead): string {
  if (message.kind === "icmp-echo") {
    const name = message.type === icmpType.echoRequest ? "echo request" : "echo reply";
    return `ICMP ${name}, id ${message.identifier}, seq ${message.sequence}, length ${icmpLength(message)}`;
  }
  if (message.kind === "icmp-error") return `ICMP ${errorText(message)}, length ${icmpLength(message)}`;
  if (message.kind === "icmp-other") return `ICMP type-#${message.type}, length ${icmpLength(message)}`;
  return protocolText(packet);
}

function errorText(error: IcmpError): string {
  const quoted = parseQuoted(error);
  const destination = isMalformed(quoted) ? "?" : formatIpv4(quoted.destination);
  switch (error.type) {
    case icmpType.destinationUnreachable:
      return unreachableText(error, destination);
    case icmpType.redirect: {
      const what = error.code === 0 ? "net" : error.code === 1 ? "host" : error.code === 2 ? "tos-net" : "tos-host";
      return `redirect ${destination} to ${what} ${formatIpv4(error.rest)}`.replace(/ to (host|net) /, " to $1 ");
    }
    case icmpType.timeExceeded:
      return error.code === 0 ? "time exceeded in-transit" : "ip reassembly time exceeded";
    case icmpType.parameterProblem:
      return "parameter problem";
    default:
      return `type-#${error.type}`;
  }
}

function unreachableText(error: IcmpError, destination: string): string {
  switch (error.code) {
    case 0:
      return `net ${destination} unreachable`;
    case 1:
      return `host ${destination} unreachable`;
    case 2: {
      const quoted = parseQuoted(error);
      return `${destination} protocol ${isMalformed(quoted) ? "?" : quoted.protocol} unreachable`;
    }
    case 3:
      return portText(error, destination);
    case 4:
      return error.rest === 0
        ? `${destination} unreachable - need to frag`
        : `${destination} unreachable - need to frag (mtu ${error.rest & 0xffff})`;
    case 9:
      return `net ${destination} unreachable - admin prohibited`;
    case 10:
      return `host ${destination} unreachable - admin prohibited`;
    case 13:
      return `host ${destination} unreachable - admin prohibited filter`;
    default:
      return `${destination} unreachable - #${error.code}`;
  }
}

function portText(error: IcmpError, destination: string): string {
  const quoted = parseQuoted(error);
  if (isMalformed(quoted)) return `${destination} unreachable`;
  const { transport } = quoted;
  const port = "destinationPort" in transport ? transport.destinationPort : "?";
  const name = quoted.protocol === ipProtocol.tcp ? "tcp" : quoted.protocol === ipProtocol.udp ? "udp" : undefined;
  return name === undefined
    ? `${destination} protocol ${quoted.protocol} port ${port} unreachable`
    : `${destination} ${name} port ${port} unreachable`;
}
