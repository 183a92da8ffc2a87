import { connectionState } from "../../linux/conntrack/state.ts";
import { status } from "../../linux/conntrack/status.ts";
import { dropReasonOf } from "../../linux/drop.ts";
import { stage, stageNames } from "../../linux/stage.ts";
import type { ArpPacket } from "../../wire/arp.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { DataChange } from "../data/data-watch.ts";
import { type PacketField, packetFields } from "../inspect/fields.ts";
import { placeName, tableName } from "../names.ts";
import { type Protocol, protocols, type Subject, slotOf } from "./subject.ts";

/** Reads a number at a level of the headers; NaN where there is none. Truth is 1, falsehood 0. */
export type ReadNumber = (subject: Subject, level: number) => number;
/** Undefined where the packet has no such field. */
export type ReadString = (subject: Subject, level: number) => string | undefined;

/** A name that conditions know. */
export type Name = {
  /** Dotted, as Wireshark's display filters have it. */
  readonly name: string;
  readonly description: string;
} & (
  | { readonly type: "bool" | "int"; readonly read: ReadNumber }
  | { readonly type: "address"; readonly kind: "ipv4" | "mac"; readonly read: ReadNumber; readonly show: ReadString }
  | { readonly type: "string"; readonly read: ReadString }
  /** True of a comparison if it is true of one of the two. */
  | { readonly type: "either"; readonly of: readonly [string, string] }
);

interface AddressField {
  readonly kind: "ipv4" | "mac";
  read(header: never): number;
}

const addresses: Readonly<Record<string, AddressField>> = {
  "eth.src": { kind: "mac", read: (frame: EthernetFrame) => frame.source },
  "eth.dst": { kind: "mac", read: (frame: EthernetFrame) => frame.destination },
  "arp.src.hw_mac": { kind: "mac", read: (arp: ArpPacket) => arp.senderMac },
  "arp.dst.hw_mac": { kind: "mac", read: (arp: ArpPacket) => arp.targetMac },
  "arp.src.proto_ipv4": { kind: "ipv4", read: (arp: ArpPacket) => arp.senderIp },
  "arp.dst.proto_ipv4": { kind: "ipv4", read: (arp: ArpPacket) => arp.targetIp },
  "ip.src": { kind: "ipv4", read: (ip: Ipv4Packet) => ip.source },
  "ip.dst": { kind: "ipv4", read: (ip: Ipv4Packet) => ip.destination },
};

const protocolTitles: Readonly<Record<Protocol, string>> = {
  eth: "an Ethernet frame",
  arp: "an ARP packet",
  ip: "an IPv4 packet",
  icmp: "an ICMP message",
  udp: "a UDP datagram",
  tcp: "a TCP segment",
  vxlan: "a packet in a VXLAN tunnel",
  dns: "a DNS message",
};

function protocolName(name: Protocol): Name {
  const slot = slotOf(name);
  const read: ReadNumber = ({ headers }, level) => (headers[slot + level] === undefined ? 0 : 1);
  return { name, description: `It is ${protocolTitles[name]}`, type: "bool", read };
}

function fieldName(field: PacketField<never>): Name {
  const { name, description } = field;
  const slot = slotOf(name.slice(0, name.indexOf(".")) as Protocol);
  const text: ReadString = ({ headers }, level) => {
    const header = headers[slot + level];
    return header === undefined ? undefined : (field.read(header as never) as string | undefined);
  };
  const address = addresses[name];
  if (address !== undefined) {
    const read: ReadNumber = ({ headers }, level) => {
      const header = headers[slot + level];
      return header === undefined ? Number.NaN : address.read(header as never);
    };
    return { name, description, type: "address", kind: address.kind, read, show: text };
  }
  if (field.type === "string") return { name, description, type: "string", read: text };
  const read: ReadNumber = ({ headers }, level) => {
    const header = headers[slot + level];
    return header === undefined ? Number.NaN : Number(field.read(header as never) ?? Number.NaN);
  };
  return { name, description, type: field.type, read };
}

/** Of the packet that the event is about; absent in an event that is nobody's walk. */
function ofPacket(
  name: string,
  description: string,
  read: (subject: Subject, packet: number) => string | undefined,
): Name {
  return {
    name,
    description,
    type: "string",
    read: (subject) => (subject.event.walker === 0 ? undefined : read(subject, subject.event.walker)),
  };
}

/** Of what an event changed; absent but for data breakpoints. */
function ofChange(name: string, description: string, read: (change: DataChange) => string): Name {
  return { name, description, type: "string", read: ({ change }) => (change === undefined ? undefined : read(change)) };
}

const eventNames: readonly Name[] = [
  {
    name: "stage",
    description: "What is about to happen",
    type: "string",
    read: ({ event }) => stageNames[event.stage],
  },
  ofPacket("place", 'Where: "node1/cbr0" or "pod1"', ({ world, event }, packet) =>
    placeName(world, event.stage, world.packets.device.get(packet)),
  ),
  ofPacket("netns", "The network namespace", ({ world }, packet) =>
    world.namespaces.name.get(world.packets.netns.get(packet)),
  ),
  ofPacket("dev", "The device", ({ world }, packet) => world.devices.name.get(world.packets.device.get(packet))),
  ofPacket("packet", 'The packet: "#12.3"', ({ world }, packet) => `#${world.packets.origin.get(packet).name}`),
  ofPacket("drop.reason", "Why it is about to be dropped", ({ world, event }, packet) =>
    event.stage === stage.drop ? dropReasonOf(world, packet) : undefined,
  ),
  ofPacket(
    "ct.state",
    "NEW, ESTABLISHED, RELATED, INVALID or UNTRACKED, once netfilter has seen it",
    ({ world }, packet) => (world.packets.inNetfilter.get(packet) === 0 ? undefined : connectionState(world, packet)),
  ),
  {
    name: "ct.mark",
    description: "CONNMARK of its connection",
    type: "int",
    read: ({ world, event }) => {
      const row = event.walker === 0 ? 0 : world.packets.connection.get(event.walker);
      return row === 0 ? Number.NaN : world.conntrack.mark.get(row) >>> 0;
    },
  },
  {
    name: "ct.snat",
    description: "Its connection's source is translated",
    type: "bool",
    read: (subject) => connectionBit(subject, status.sourceNat),
  },
  {
    name: "ct.dnat",
    description: "Its connection's destination is translated",
    type: "bool",
    read: (subject) => connectionBit(subject, status.destinationNat),
  },
  {
    name: "mark",
    description: "skb->mark: what rules wrote on it",
    type: "int",
    read: ({ world, event }) => {
      if (event.walker === 0) return Number.NaN;
      return world.packets.inNetfilter.get(event.walker) === 0 ? 0 : world.packets.mark.get(event.walker) >>> 0;
    },
  },
  ofChange("data.row", 'What a data breakpoint saw change: "neigh pod1/eth0 10.244.0.3"', ({ title }) => title),
  ofChange("data.change", '"added", "updated" or "removed"', ({ mark }) => mark),
  ofChange("data.old", "What the row or field was before; empty where it was not there", ({ before }) => before),
  ofChange("data.new", "What it is now; empty where it is gone", ({ after }) => after),
  ofPacket("nf.table", "The table whose rule it is tried on", ({ world }, packet) => {
    const at = world.packets.hookAt.get(packet);
    return at === null || at.chain === 0 ? undefined : tableName(world, at.chain);
  }),
  ofPacket("nf.chain", "The chain that it is in", ({ world }, packet) => {
    const at = world.packets.hookAt.get(packet);
    return at === null || at.chain === 0 ? undefined : world.netfilter.chainName.get(at.chain);
  }),
  {
    name: "nf.rule",
    description: "Number of the rule in its chain, as iptables --line-numbers counts",
    type: "int",
    read: ({ world, event }) => {
      const at = event.walker === 0 ? null : world.packets.hookAt.get(event.walker);
      return at === null || at.chain === 0 ? Number.NaN : at.rule + 1;
    },
  },
];

function connectionBit({ world, event }: Subject, bit: number): number {
  const row = event.walker === 0 ? 0 : world.packets.connection.get(event.walker);
  return row === 0 ? Number.NaN : Number(world.conntrack.has(row, bit));
}

function either(name: string, description: string, ...of: [string, string]): Name {
  return { name, description, type: "either", of };
}

/** All names, dotted: fields and protocols as in Wireshark's display filters, and what is known of the event. */
export const conditionNames: ReadonlyMap<string, Name> = new Map(
  [
    ...protocols.map(protocolName),
    ...(packetFields as readonly PacketField<never>[]).map(fieldName),
    either("eth.addr", "Source or destination MAC address", "eth.src", "eth.dst"),
    either("ip.addr", "Source or destination address", "ip.src", "ip.dst"),
    either("udp.port", "Source or destination port", "udp.srcport", "udp.dstport"),
    either("tcp.port", "Source or destination port", "tcp.srcport", "tcp.dstport"),
    ...eventNames,
  ].map((one) => [one.name, one]),
);

/** The type that a name has for CEL. */
export function celType(name: Name): string {
  if (name.type === "address") return "string";
  if (name.type !== "either") return name.type;
  return name.name.endsWith(".port") ? "int" : "string";
}
