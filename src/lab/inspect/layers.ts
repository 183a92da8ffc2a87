import type { PacketData } from "../../linux/packets.ts";
import { type ArpPacket, printArp } from "../../wire/arp.ts";
import { dnsPort, parseDns } from "../../wire/dns.ts";
import { printDns } from "../../wire/dns-text.ts";
import { type EthernetFrame, emitFrame, ethernetHeaderLength, parseFrame } from "../../wire/ethernet.ts";
import { transportOf } from "../../wire/frame-text.ts";
import { type IcmpMessage, printIcmp } from "../../wire/icmp.ts";
import { parseQuoted } from "../../wire/icmp-error.ts";
import {
  emitIpv4Packet,
  type Ipv4Header,
  type Ipv4Packet,
  parseIpv4Header,
  parseIpv4Packet,
  printIpv4Header,
} from "../../wire/ipv4.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { plainNotation } from "../../wire/notation.ts";
import { printTcp } from "../../wire/tcp.ts";
import { printTcpHead, printUdpHead, type TransportHead } from "../../wire/transport-head.ts";
import { printUdp, type UdpDatagram } from "../../wire/udp.ts";
import { encapsulatedFrame, printVxlan } from "../../wire/vxlan.ts";
import * as fields from "./fields.ts";

/** One header of a packet, decoded. */
export interface Layer {
  /** As Wireshark heads it: `Ethernet II`. */
  readonly name: string;
  readonly summary: string;
  readonly fields: readonly FieldValue[];
  /** The packet that an ICMP error quotes. */
  readonly quoted?: readonly Layer[];
}

export interface FieldValue {
  readonly name: string;
  readonly description: string;
  readonly value: number | string | boolean;
  readonly text: string;
}

/** The packet as it stands on the wire. */
export function bytesOf(data: PacketData): Uint8Array {
  return "ttl" in data ? emitIpv4Packet(data) : emitFrame(data);
}

/** The packet's headers, outermost first, decoded from its bytes: lengths and checksums are those of the wire. */
export function layersOf(data: PacketData): readonly Layer[] {
  const bytes = bytesOf(data);
  if ("ttl" in data) return ipv4Layers(bytes);
  const frame = parseFrame(bytes);
  return isMalformed(frame) ? [dataLayer(bytes)] : frameLayers(frame, bytes);
}

function frameLayers(frame: EthernetFrame, bytes: Uint8Array): readonly Layer[] {
  const summary = `${formatMac(frame.source)} > ${formatMac(frame.destination)}`;
  const link = layer("Ethernet II", summary, fields.ethernetFields, frame);
  const { payload } = frame;
  if (payload.kind === "arp") return [link, arpLayer(payload)];
  if (payload.kind === "ipv4") return [link, ...ipv4Layers(bytes.subarray(ethernetHeaderLength))];
  return [link, dataLayer(payload.bytes)];
}

function arpLayer(packet: ArpPacket): Layer {
  return layer("ARP", withoutName(printArp(packet)), fields.arpFields, packet);
}

function ipv4Layers(bytes: Uint8Array): readonly Layer[] {
  const header = parseIpv4Header(bytes);
  const packet = parseIpv4Packet(bytes);
  if (isMalformed(header) || isMalformed(packet)) return [dataLayer(bytes)];
  return [headerLayer(header), ...transportLayers(packet)];
}

function headerLayer(header: Ipv4Header): Layer {
  return layer("IPv4", withoutName(printIpv4Header(header)), fields.ipv4Fields, header);
}

function transportLayers(packet: Ipv4Packet): readonly Layer[] {
  const transport = transportOf(packet);
  const head = transportLayer(transport);
  switch (transport.kind) {
    case "udp":
      return [head, ...datagramLayers(transport)];
    case "tcp":
    case "icmp-echo":
      return transport.data.length === 0 ? [head] : [head, dataLayer(transport.data)];
    default:
      return [head];
  }
}

function datagramLayers(datagram: UdpDatagram): readonly Layer[] {
  const tunnel = encapsulatedFrame(datagram);
  if (tunnel === undefined) return messageLayers(datagram);
  const header = layer("VXLAN", withoutName(printVxlan(tunnel.header)), fields.vxlanFields, tunnel.header);
  return [header, ...frameLayers(tunnel.frame, emitFrame(tunnel.frame))];
}

function messageLayers(datagram: UdpDatagram): readonly Layer[] {
  const { sourcePort, destinationPort, data } = datagram;
  if (data.length === 0) return [];
  const message = sourcePort === dnsPort || destinationPort === dnsPort ? parseDns(data) : undefined;
  if (message === undefined) return [dataLayer(data)];
  if (!isMalformed(message)) return [layer("DNS", withoutName(printDns(message)), fields.dnsFields, message)];
  // Another program may use the port; whoever takes it for DNS sees why it is none.
  return [{ name: "DNS", summary: `malformed: ${message.reason}`, fields: [] }, dataLayer(data)];
}

function transportLayer(transport: TransportHead | UdpDatagram): Layer {
  switch (transport.kind) {
    case "udp":
      return layer("UDP", withoutName(printUdp(transport)), fields.udpFields, transport);
    case "udp-head":
      return layer("UDP", withoutName(printUdpHead(transport, plainNotation)), fields.udpFields, transport);
    case "tcp":
      return layer("TCP", withoutName(printTcp(transport)), fields.tcpFields, transport);
    case "tcp-head":
      return layer("TCP", withoutName(printTcpHead(transport, plainNotation)), fields.tcpFields, transport);
    case "raw":
      return dataLayer(transport.bytes);
    default:
      return icmpLayer(transport);
  }
}

function icmpLayer(message: IcmpMessage): Layer {
  const own = layer("ICMP", withoutName(printIcmp(message)), fields.icmpFields, message);
  const quoted = message.kind === "icmp-error" ? parseQuoted(message) : undefined;
  if (quoted === undefined || "kind" in quoted) return own;
  return { ...own, quoted: [headerLayer(quoted), transportLayer(quoted.transport)] };
}

function dataLayer(bytes: Uint8Array): Layer {
  const size = { name: "data.len", description: "Bytes", value: bytes.length, text: String(bytes.length) };
  const value = fields.octets(bytes);
  const text = { name: "data.text", description: "As text", value: printable(bytes), text: printable(bytes) };
  const data = { name: "data.data", description: "Octets", value, text: value };
  return { name: "Data", summary: `${bytes.length} bytes`, fields: [size, text, data] };
}

/** ASCII, with a dot for everything that is not printable. */
export function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
}

function layer<Header>(
  name: string,
  summary: string,
  table: readonly fields.PacketField<Header>[],
  header: Header,
): Layer {
  const found: FieldValue[] = [];
  for (const field of table) {
    const value = field.read(header);
    if (value === undefined) continue;
    found.push({
      name: field.name,
      description: field.description,
      value,
      text: field.show?.(header) ?? String(value),
    });
  }
  return { name, summary, fields: found };
}

/** `IP 10.244.0.2 > …` without the layer's name. */
function withoutName(text: string): string {
  return text.slice(text.indexOf(" ") + 1);
}
