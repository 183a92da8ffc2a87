import type { PacketData } from "../../linux/packets.ts";
import type { World } from "../../linux/world.ts";
import type { ArpPacket } from "../../wire/arp.ts";
import { ethernetFrame } from "../../wire/ethernet.ts";
import { type IcmpEcho, icmpEcho } from "../../wire/icmp.ts";
import { type Ipv4Fields, type Ipv4Packet, ipv4Packet } from "../../wire/ipv4.ts";
import { type TcpSegment, tcpFlag, tcpSegment } from "../../wire/tcp.ts";
import { type UdpDatagram, udpDatagram } from "../../wire/udp.ts";
import { Refused, readAddress, readInteger, readMac, readTruth } from "./values.ts";

/** What a packet carries with one field of its headers written anew; checksums and lengths follow. */
type Write = (data: PacketData, text: string) => PacketData | Refused;

const largest16 = 0xffff;
const largest32 = 0xffff_ffff;

/** A value that was read, put to use. */
function using<Value, Result>(value: Value | Refused, use: (value: Value) => Result | Refused): Result | Refused {
  return value instanceof Refused ? value : use(value);
}

function ofFrame<Value>(
  read: (text: string) => Value | Refused,
  write: (frame: Exclude<PacketData, Ipv4Packet>, value: Value) => PacketData,
): Write {
  return (data, text) =>
    "ttl" in data ? new Refused("It has no Ethernet header here") : using(read(text), (value) => write(data, value));
}

function ofArp<Value>(
  read: (text: string) => Value | Refused,
  write: (arp: ArpPacket, value: Value) => ArpPacket,
): Write {
  return (data, text) => {
    if ("ttl" in data || data.payload.kind !== "arp") return new Refused("It is no ARP packet");
    const { payload } = data;
    return using(read(text), (value) =>
      ethernetFrame(data.destination, data.source, write(payload, value), data.trailer),
    );
  };
}

function ofIp<Value>(
  read: (text: string) => Value | Refused,
  write: (ip: Ipv4Packet, value: Value) => Partial<Ipv4Fields> | Refused,
): Write {
  return (data, text) => {
    const ip = "ttl" in data ? data : data.payload;
    if (ip.kind !== "ipv4") return new Refused("It is no IPv4 packet");
    return using(read(text), (value) =>
      using(write(ip, value), (changed) => {
        const made = ipv4Packet({ ...ip, checksum: undefined, ...changed });
        return "ttl" in data ? made : ethernetFrame(data.destination, data.source, made, data.trailer);
      }),
    );
  };
}

function ofUdp(write: (datagram: UdpDatagram, port: number) => UdpDatagram): Write {
  return ofIp(port, ({ payload }, value) =>
    payload.kind === "udp" ? { payload: write(payload, value) } : new Refused("It is no whole UDP datagram"),
  );
}

function ofTcp<Value>(
  read: (text: string) => Value | Refused,
  write: (segment: TcpSegment, value: Value) => Partial<TcpSegment>,
): Write {
  return ofIp(read, ({ payload }, value) => {
    if (payload.kind !== "tcp") return new Refused("It is no whole TCP segment");
    return { payload: tcpSegment({ ...payload, checksum: undefined, ...write(payload, value) }) };
  });
}

function ofEcho(write: (echo: IcmpEcho, value: number) => IcmpEcho): Write {
  return ofIp(port, ({ payload }, value) =>
    payload.kind === "icmp-echo" ? { payload: write(payload, value) } : new Refused("It is no ICMP echo"),
  );
}

function port(text: string): number | Refused {
  return readInteger(text, largest16);
}

function flags(): Readonly<Record<string, Write>> {
  return Object.fromEntries(
    Object.entries(tcpFlag).map(([flag, bit]) => {
      const name = flag === "psh" ? "push" : flag === "rst" ? "reset" : flag;
      const write = ofTcp(readTruth, (t, isSet) => ({ flags: isSet ? t.flags | bit : t.flags & ~bit }));
      return [`tcp.flags.${name}`, write];
    }),
  );
}

const writers: Readonly<Record<string, Write>> = {
  "eth.dst": ofFrame(readMac, (f, mac) => ethernetFrame(mac, f.source, f.payload, f.trailer)),
  "eth.src": ofFrame(readMac, (f, mac) => ethernetFrame(f.destination, mac, f.payload, f.trailer)),
  "arp.opcode": ofArp(
    (text) => readInteger(text, 2, 1),
    (a, operation) => ({ ...a, operation: operation as ArpPacket["operation"] }),
  ),
  "arp.src.hw_mac": ofArp(readMac, (a, senderMac) => ({ ...a, senderMac })),
  "arp.src.proto_ipv4": ofArp(readAddress, (a, senderIp) => ({ ...a, senderIp })),
  "arp.dst.hw_mac": ofArp(readMac, (a, targetMac) => ({ ...a, targetMac })),
  "arp.dst.proto_ipv4": ofArp(readAddress, (a, targetIp) => ({ ...a, targetIp })),
  "ip.dsfield": ofIp(
    (text) => readInteger(text, 0xff),
    (_ip, tos) => ({ tos }),
  ),
  "ip.id": ofIp(port, (_ip, identification) => ({ identification })),
  "ip.flags.df": ofIp(readTruth, (_ip, dontFragment) => ({ dontFragment })),
  "ip.ttl": ofIp(
    (text) => readInteger(text, 0xff),
    (_ip, ttl) => ({ ttl }),
  ),
  "ip.src": ofIp(readAddress, (ip, source) => ({ source, payload: recomputed(ip) })),
  "ip.dst": ofIp(readAddress, (ip, destination) => ({ destination, payload: recomputed(ip) })),
  "icmp.ident": ofEcho((m, identifier) => icmpEcho(m.type, identifier, m.sequence, m.data)),
  "icmp.seq": ofEcho((m, sequence) => icmpEcho(m.type, m.identifier, sequence, m.data)),
  "udp.srcport": ofUdp((d, value) => udpDatagram(value, d.destinationPort, d.data)),
  "udp.dstport": ofUdp((d, value) => udpDatagram(d.sourcePort, value, d.data)),
  "tcp.srcport": ofTcp(port, (_t, sourcePort) => ({ sourcePort })),
  "tcp.dstport": ofTcp(port, (_t, destinationPort) => ({ destinationPort })),
  "tcp.seq_raw": ofTcp(
    (text) => readInteger(text, largest32),
    (_t, sequence) => ({ sequence }),
  ),
  "tcp.ack_raw": ofTcp(
    (text) => readInteger(text, largest32),
    (_t, acknowledgment) => ({ acknowledgment }),
  ),
  "tcp.flags": ofTcp(
    (text) => readInteger(text, 0xfff),
    (_t, all) => ({ flags: all }),
  ),
  "tcp.window_size_value": ofTcp(port, (_t, window) => ({ window })),
  ...flags(),
};

/** The checksums of UDP and TCP cover the addresses. */
function recomputed({ payload }: Ipv4Packet): Ipv4Packet["payload"] {
  if (payload.kind === "tcp") return tcpSegment({ ...payload, checksum: undefined });
  if (payload.kind !== "udp" || payload.checksum === 0) return payload;
  return udpDatagram(payload.sourcePort, payload.destinationPort, payload.data);
}

export function isPacketFieldSettable(field: string): boolean {
  return field === "mark" || field in writers;
}

/** How to write a field of a packet's headers, or its mark; a sentence where that cannot be. */
export function setPacketField(world: World, packet: number, field: string, text: string): (() => void) | string {
  const { packets } = world;
  if (field === "mark") {
    const mark = readInteger(text, largest32);
    if (mark instanceof Refused) return mark.message;
    return () => {
      packets.inNetfilter.set(packet, 1);
      packets.mark.set(packet, mark | 0);
    };
  }
  const write = writers[field];
  if (write === undefined) return `${field} is not to be changed: it follows from the rest of the packet`;
  const data = packets.data.get(packet);
  if (data === null) return "it carries nothing";
  const made = write(data, text);
  return made instanceof Refused ? made.message : () => packets.data.set(packet, made);
}
