import type { NatRange } from "../../../config/iptables/rule-set.ts";
import type { Ipv4Address } from "../../../wire/ipv4-address.ts";
import { seenAnswers } from "../../choices.ts";
import { selectSource } from "../../ip/source.ts";
import { ipOf } from "../../netfilter/packet-ip.ts";
import { hook } from "../../netfilter/position.ts";
import type { World } from "../../world.ts";
import { ctInfo, natDoneMask, status } from "../status.ts";
import { equalTuples, invertTuple, type Tuple } from "../tuple.ts";
import type { Verdict } from "../verdict.ts";
import { uniqueTuple } from "./unique-tuple.ts";

/** Which side of a connection is translated: `enum nf_nat_manip_type`. */
export type Manipulation = "source" | "destination";

/** `HOOK2MANIP`: on the way in and out of this machine the destination comes first, the source last. */
export function manipulationAt(at: number): Manipulation {
  return at === hook.postrouting || at === hook.input ? "source" : "destination";
}

const doneBit = { source: status.sourceNatDone, destination: status.destinationNatDone } as const;
const natBit = { source: status.sourceNat, destination: status.destinationNat } as const;

/** Whether table nat is to be asked for this packet: it begins a connection, of which this side is still undecided. */
export function natRulesNeeded(world: World, packet: number, at: number): boolean {
  const { conntrack, packets } = world;
  const connection = packets.connection.get(packet);
  if (connection === 0) return false;
  const info = packets.ctInfo.get(packet);
  if (info === ctInfo.established || info === ctInfo.establishedReply) return false;
  if (info !== ctInfo.new && ipOf(world, packet).payload.kind === "icmp-error") return false;
  return !conntrack.has(connection, doneBit[manipulationAt(at)]);
}

/** `nf_nat_setup_info`: gives the packet's new connection a tuple of this range that no other has. */
export function setupNat(world: World, packet: number, manipulation: Manipulation, range: NatRange): Verdict {
  const { conntrack, packets } = world;
  const connection = packets.connection.get(packet);
  if (conntrack.has(connection, status.confirmed)) return "accept";
  // What was decided for the other side is in the answer already.
  const current = invertTuple(conntrack.reply.get(connection)) as Tuple;
  const chosen = uniqueTuple(world, connection, current, range, manipulation);
  if (!equalTuples(chosen, current)) {
    conntrack.reply.set(connection, invertTuple(chosen) as Tuple);
    conntrack.set(connection, natBit[manipulation]);
  }
  if (manipulation === "source") conntrack.noteSource(connection);
  conntrack.set(connection, doneBit[manipulation]);
  if (world.choices !== undefined && isNatDone(world, connection)) compareAnswers(world, connection);
  return "accept";
}

/** Says where Linux was seen to draw what could not be drawn here. */
function compareAnswers(world: World, connection: number): void {
  const { choices, conntrack, namespaces, nowNs } = world;
  const seen = seenAnswers(world, connection);
  const answers = conntrack.reply.get(connection);
  if (seen === undefined || equalTuples(seen, answers)) return;
  // What was seen is the connection that began in the same way and came first; of this one Linux shows nothing.
  if (conntrack.find(conntrack.netns.get(connection), conntrack.original.get(connection)) !== undefined) return;
  const netns = namespaces.name.get(conntrack.netns.get(connection));
  choices?.refused?.(netns, conntrack.original.get(connection), answers, nowNs);
}

/** Whether both sides are decided. */
export function isNatDone({ conntrack }: World, connection: number): boolean {
  return (conntrack.status.get(connection) & natDoneMask) === natDoneMask;
}

/**
 * `nf_nat_alloc_null_binding`: no rule translates this side, so it keeps its address, and its port unless another connection
 * would then be mistaken for it.
 */
export function nullBinding(world: World, packet: number, manipulation: Manipulation): Verdict {
  const { conntrack, packets } = world;
  const reply = conntrack.reply.get(packets.connection.get(packet));
  const address = manipulation === "source" ? reply.destination : reply.source;
  return setupNat(world, packet, manipulation, rangeOf(address));
}

function rangeOf(address: Ipv4Address): NatRange {
  return { addresses: { first: address, last: address }, random: false, randomFully: false, persistent: false };
}

/** `nf_nat_masquerade_ipv4`: the source becomes the address of the interface that the packet leaves by. */
export function masquerade(world: World, packet: number, outDevice: number, range: NatRange): Verdict {
  const { conntrack, packets } = world;
  const connection = packets.connection.get(packet);
  if (conntrack.original.get(connection).source === 0) return "accept";
  const address = selectSource(world, outDevice, packets.nextHop.get(packet));
  if (address === 0) return "NAT_NO_ADDRESS";
  conntrack.masqueradeDevice.set(connection, outDevice);
  return setupNat(world, packet, "source", { ...range, addresses: { first: address, last: address } });
}

/**
 * `masq_device_event`, `masq_inet_event` (net/netfilter/nf_nat_masquerade.c): connections that were given an address which is now
 * gone are forgotten; 0: all of the device's, which went down.
 */
export function forgetMasqueraded({ conntrack, devices }: World, device: number, address: Ipv4Address): void {
  for (const connection of conntrack.ofNetns(devices.netns.get(device))) {
    if (conntrack.masqueradeDevice.get(connection) !== device) continue;
    if (address === 0 || conntrack.reply.get(connection).destination === address) conntrack.kill(connection);
  }
}
