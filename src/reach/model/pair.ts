import type { World } from "../../linux/world.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Question } from "./lan.ts";
import { Memory } from "./memory.ts";
import type { Delivery, Fate, Loss, ProbePacket } from "./packet.ts";
import type { Walker } from "./walker.ts";

/** What rules may tell apart. */
export const protocols = ["icmp", "tcp", "udp"] as const;
export type Protocol = (typeof protocols)[number];

/** What is wrong between two of them. */
export interface PairFault {
  readonly loss: Loss;
  /** Which packet it is about: the one that is sent, or the answer. */
  readonly direction: "there" | "back";
  /** Absent: whatever the protocol. */
  readonly protocols?: readonly Protocol[];
}

export interface PairVerdict {
  /** None: one reaches the other without translation, and its answer comes back so. */
  readonly faults: readonly PairFault[];
  /** Packets as large as the sender's interface takes vanish, and nobody tells the sender. */
  readonly blackHole: PairFault | undefined;
}

/** A small ping's IPv4 packet. */
const smallLength = 84;
const usualTtl = 64;
const icmpErrorLength = 56;
const fragmentationNeeded = { type: 3, code: 4 };

/**
 * They stand for all ports that no rule names by itself: neither reserved, nor a node port, nor one that Linux gives to clients
 * (net.ipv4.ip_local_port_range).
 */
export const anyPort = 61000;
const clientPort = 61001;

const noIcmp = { type: -1, code: -1 };
const [syn, synAck, ack] = [0x02, 0x12, 0x10];
const ports = { sourcePort: clientPort, destinationPort: anyPort };
const noPorts = { sourcePort: 0, destinationPort: 0 };

type Payload = Pick<ProbePacket, "protocol" | "icmp" | "tcpFlags" | "sourcePort" | "destinationPort">;

/** What each protocol begins with: an echo request, SYN, a datagram. */
const requests: Readonly<Record<Protocol, Payload>> = {
  icmp: { protocol: ipProtocol.icmp, icmp: { type: 8, code: 0 }, tcpFlags: 0, ...noPorts },
  tcp: { protocol: ipProtocol.tcp, icmp: noIcmp, tcpFlags: syn, ...ports },
  udp: { protocol: ipProtocol.udp, icmp: noIcmp, tcpFlags: 0, ...ports },
};

/** And what is answered. TCP's third packet is followed as well: rules may lose it where the answer went another way. */
const answers: Readonly<Record<Protocol, Pick<Payload, "icmp" | "tcpFlags">>> = {
  icmp: { icmp: { type: 0, code: 0 }, tcpFlags: 0 },
  tcp: { icmp: noIcmp, tcpFlags: synAck },
  udp: { icmp: noIcmp, tcpFlags: 0 },
};

/**
 * Whether one endpoint reaches another as the model wants it: an echo request, the begin of a connection and a datagram, each with its
 * answer, followed on paper. Where no rule is asked, they all fare like the first.
 */
export function judgePair(world: World, walker: Walker, from: Endpoint, to: Endpoint): PairVerdict {
  const unaddressed = withoutAddress(world, from) ?? withoutAddress(world, to);
  if (unaddressed !== undefined) return { faults: [unaddressed], blackHole: undefined };
  const asked = walker.hooks.asked;
  const question = newQuestion();
  const fault = follow(world, walker, from, to, "icmp", question);
  const isOfRules = fault === undefined ? walker.hooks.asked > asked : fault.loss.rule !== undefined;
  const faults = isOfRules ? byProtocol(world, walker, from, to, question, fault) : fault === undefined ? [] : [fault];
  return { faults, blackHole: faults.length > 0 ? undefined : findBlackHole(walker, from, to, question) };
}

function newQuestion(memory = new Memory()): Question {
  return { memory, connection: new Map(), losses: [], depth: 0 };
}

/** Each fault once, with the protocols that have it unless all of them do. What a ping that came through has taught stays known. */
function byProtocol(
  world: World,
  walker: Walker,
  from: Endpoint,
  to: Endpoint,
  { memory }: Question,
  ofPing: PairFault | undefined,
): readonly PairFault[] {
  const found = protocols.map((protocol) =>
    protocol === "icmp" ? ofPing : follow(world, walker, from, to, protocol, newQuestion(ofPing ? undefined : memory)),
  );
  const faults = found.filter((one, i) => one && found.findIndex((other) => other && isSame(one, other)) === i);
  return faults.flatMap((one) => {
    if (one === undefined) return [];
    const own = protocols.filter((_, i) => found[i] && isSame(found[i], one));
    return [own.length === protocols.length ? one : { ...one, protocols: own }];
  });
}

function isSame(one: PairFault, other: PairFault): boolean {
  const cause = ({ direction, loss: { reason, netns, rule } }: PairFault) =>
    [direction, reason, netns, rule?.program, rule?.table, rule?.chain, rule?.rule].join(" ");
  return cause(one) === cause(other);
}

function follow(
  world: World,
  walker: Walker,
  from: Endpoint,
  to: Endpoint,
  protocol: Protocol,
  question: Question,
): PairFault | undefined {
  const there = request(walker, from, to, smallLength, protocol);
  const arrived = walker.refusedConnect(from.netns, there) ?? walker.send(from.netns, there, 0, question);
  const first = misled(world, arrived, to, "there");
  if (first !== undefined) return first;
  const back = answerTo(arrived as Delivery, protocol, world.namespaces.defaultTtl.get(to.netns));
  const second = misled(world, walker.send(to.netns, back, back.source, question), from, "back");
  if (second !== undefined || protocol !== "tcp") return second;
  const third: ProbePacket = { ...there, tcpFlags: ack, isLater: true };
  return misled(world, walker.send(from.netns, third, third.source, question), to, "there");
}

function request(
  walker: Walker,
  from: Endpoint,
  to: Endpoint,
  length: number,
  protocol: Protocol = "icmp",
): ProbePacket {
  const source = walker.sourceTowards(from.netns, to.address) ?? from.address;
  return {
    source,
    destination: to.address,
    ...requests[protocol],
    length,
    dontFragment: true,
    ttl: usualTtl,
    firstTtl: usualTtl,
    mark: 0,
    isTracked: true,
    original: { source, destination: to.address },
    isReply: false,
    isRelated: false,
    isLater: false,
  };
}

function answerTo({ packet }: Delivery, protocol: Protocol, ttl: number): ProbePacket {
  const { source, destination, sourcePort, destinationPort } = packet;
  const fresh = { ttl, firstTtl: ttl, mark: 0, isTracked: true, dontFragment: false, isReply: true };
  const turned = { source: destination, destination: source, sourcePort: destinationPort };
  return { ...packet, ...fresh, ...answers[protocol], ...turned, destinationPort: sourcePort ?? 0 };
}

/** Lost, or delivered to somebody who has the address as well. */
function misled(world: World, fate: Fate, to: Endpoint, direction: PairFault["direction"]): PairFault | undefined {
  if (fate.kind === "lost") return { loss: fate, direction };
  if (fate.netns === to.netns) return undefined;
  const { netns, device, packet } = fate;
  const name = world.namespaces.name.get(netns);
  const text = `${formatIpv4(packet.destination)}, the address of ${to.name}, is also one of ${name}, which takes the packet`;
  return { loss: { kind: "lost", reason: "WRONG_MACHINE", netns, device, text, packet }, direction };
}

function withoutAddress(world: World, endpoint: Endpoint): PairFault | undefined {
  if (endpoint.addressRow !== 0) return undefined;
  const { netns, name } = endpoint;
  const device = world.namespaces.loopback.get(netns);
  return {
    loss: { kind: "lost", reason: "NO_ADDRESS", netns, device, text: `${name} has no address` },
    direction: "there",
  };
}

/** The largest packet that the sender's own interface takes: gets there, or the sender is told that it does not. */
function findBlackHole(walker: Walker, from: Endpoint, to: Endpoint, question: Question): PairFault | undefined {
  const mtu = walker.firstMtu(from.netns, to.address);
  if (mtu === undefined || mtu <= smallLength) return undefined;
  const large = request(walker, from, to, mtu);
  const fate = walker.send(from.netns, large, 0, question);
  if (fate.kind === "delivered") return undefined;
  if (fate.reason !== "PKT_TOO_BIG") return { loss: fate, direction: "there" };
  if (fate.netns === from.netns) return undefined;
  const source = walker.sourceTowards(fate.netns, large.source);
  if (source === undefined) return { loss: fate, direction: "there" };
  const told: ProbePacket = {
    ...large,
    source,
    destination: large.source,
    icmp: fragmentationNeeded,
    length: icmpErrorLength,
    dontFragment: false,
    isRelated: true,
  };
  const answer = walker.send(fate.netns, told, source, question);
  if (answer.kind === "delivered") return undefined;
  const text = `${fate.text}, and the ICMP error that would tell ${from.name} is lost: ${answer.text}`;
  return { loss: { ...answer, text }, direction: "there" };
}
