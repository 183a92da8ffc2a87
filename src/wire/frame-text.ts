import { printArp } from "./arp.ts";
import { dnsOfDatagram } from "./dns.ts";
import { printDns } from "./dns-text.ts";
import { type EthernetFrame, frameLength } from "./ethernet.ts";
import { type IcmpMessage, printIcmp } from "./icmp.ts";
import { parseQuoted, type QuotedPacket } from "./icmp-error.ts";
import { type Ipv4Packet, type Ipv4Payload, printIpv4Header } from "./ipv4.ts";
import { formatMac } from "./mac-address.ts";
import { isMalformed } from "./malformed.ts";
import { type Notation, plainNotation } from "./notation.ts";
import { printTcp } from "./tcp.ts";
import { parseTransportHead, printTcpHead, printUdpHead, type TransportHead } from "./transport-head.ts";
import { printUdp, printUdpPorts, type UdpDatagram } from "./udp.ts";
import { encapsulatedFrame, printVxlan } from "./vxlan.ts";

/** One line: the layers from the network layer upwards, what they carry in braces, then `[source > destination]`. */
export function printFrame(frame: EthernetFrame, notation: Notation = plainNotation): string {
  return `${printPayload(frame, notation)} [${formatMac(frame.source)} > ${formatMac(frame.destination)}]`;
}

/** `IP 10.244.0.2 > 10.244.0.3 ttl=64 DF len=84 ICMP echo-request id=101 seq=1` */
export function printIpv4(packet: Ipv4Packet, notation: Notation = plainNotation): string {
  return printIpv4Header(packet) + printTransport(packet.fragmentOffset, transportOf(packet), notation);
}

/** The packet's transport, of which a fragment may hold only the head. */
export function transportOf(packet: Ipv4Packet): Ipv4Payload | TransportHead {
  const { payload } = packet;
  if (payload.kind !== "raw" || packet.fragmentOffset > 0) return payload;
  return parseTransportHead(payload.protocol, payload.bytes);
}

function printPayload(frame: EthernetFrame, notation: Notation): string {
  const { payload } = frame;
  if (payload.kind === "arp") return printArp(payload);
  if (payload.kind === "ipv4") return printIpv4(payload, notation);
  return `ethertype 0x${payload.etherType.toString(16).padStart(4, "0")} len=${frameLength(frame)}`;
}

function printTransport(fragmentOffset: number, transport: Ipv4Payload | TransportHead, notation: Notation): string {
  switch (transport.kind) {
    case "udp":
      return ` ${printDatagram(transport, notation)}`;
    case "tcp":
      return ` ${printTcp(transport, notation)}`;
    case "udp-head":
      return ` ${printUdpHead(transport, notation)}`;
    case "tcp-head":
      return ` ${printTcpHead(transport, notation)}`;
    case "raw":
      return fragmentOffset > 0 ? "" : ` proto=${transport.protocol}`;
    default:
      return ` ${printIcmp(transport)}${printQuote(transport, notation)}`;
  }
}

function printDatagram(datagram: UdpDatagram, notation: Notation): string {
  const tunnel = encapsulatedFrame(datagram);
  if (tunnel === undefined) {
    const message = dnsOfDatagram(datagram);
    return printUdp(datagram, notation) + (message === undefined ? "" : ` ${printDns(message)}`);
  }
  const noChecksum = datagram.checksum === 0 ? " nocsum" : "";
  const inside = printFrame(tunnel.frame, notation);
  return `${printUdpPorts(datagram, notation)}${noChecksum} ${printVxlan(tunnel.header)} { ${inside} }`;
}

function printQuote(message: IcmpMessage, notation: Notation): string {
  if (message.kind !== "icmp-error") return "";
  const quoted = parseQuoted(message);
  return isMalformed(quoted) ? "" : ` { ${printQuoted(quoted, notation)} }`;
}

function printQuoted(quoted: QuotedPacket, notation: Notation): string {
  return printIpv4Header(quoted) + printTransport(quoted.fragmentOffset, quoted.transport, notation);
}
