import type { World } from "../../linux/world.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Question } from "./lan.ts";
import { Memory } from "./memory.ts";
import type { Delivery, Fate, Loss, ProbePacket } from "./packet.ts";
import type { Walker } from "./walker.ts";

/** What is wrong between two of them. */
export interface PairFault {
  readonly loss: Loss;
  /** Which packet it is about: the one that is sent, or the answer. */
  readonly direction: "there" | "back";
}

export interface PairVerdict {
  /** Undefined: one reaches the other without translation, and its answer comes back so. */
  readonly fault: PairFault | undefined;
  /** Packets as large as the sender's interface takes vanish, and nobody tells the sender. */
  readonly blackHole: PairFault | undefined;
}

/** A small ping's IPv4 packet. */
const smallLength = 84;
const pingTtl = 64;
const icmpErrorLength = 56;
const echoRequest = { type: 8, code: 0 };
const echoReply = { type: 0, code: 0 };
const fragmentationNeeded = { type: 3, code: 4 };

/** Whether one endpoint reaches another as the model wants it: an echo request and its answer, followed on paper. */
export function judgePair(world: World, walker: Walker, from: Endpoint, to: Endpoint): PairVerdict {
  const fault = withoutAddress(world, from) ?? withoutAddress(world, to);
  if (fault !== undefined) return { fault, blackHole: undefined };
  const question: Question = { memory: new Memory(), connection: new Set(), losses: [], depth: 0 };
  const there = request(walker, from, to, smallLength);
  const arrived = walker.refusedConnect(from.netns, there) ?? walker.send(from.netns, there, 0, question);
  const first = misled(world, arrived, to, "there");
  if (first !== undefined) return { fault: first, blackHole: undefined };
  const back = answerTo(arrived as Delivery, world.namespaces.defaultTtl.get(to.netns));
  const returned = walker.send(to.netns, back, back.source, question);
  const second = misled(world, returned, from, "back");
  if (second !== undefined) return { fault: second, blackHole: undefined };
  return { fault: undefined, blackHole: findBlackHole(walker, from, to, question) };
}

function request(walker: Walker, from: Endpoint, to: Endpoint, length: number): ProbePacket {
  const source = walker.sourceTowards(from.netns, to.address) ?? from.address;
  return {
    source,
    destination: to.address,
    protocol: ipProtocol.icmp,
    destinationPort: 0,
    icmp: echoRequest,
    length,
    dontFragment: true,
    ttl: pingTtl,
    firstTtl: pingTtl,
    mark: 0,
    isTracked: true,
    original: { source, destination: to.address },
    isReply: false,
    isRelated: false,
  };
}

function answerTo({ packet }: Delivery, ttl: number): ProbePacket {
  const { source, destination } = packet;
  const fresh = { icmp: echoReply, ttl, firstTtl: ttl, mark: 0, isTracked: true, dontFragment: false, isReply: true };
  return { ...packet, ...fresh, source: destination, destination: source };
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
