import { equalTuples, makeTuple, type Tuple, tupleOf } from "../../linux/conntrack/tuple.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { icmpType } from "../../wire/icmp.ts";
import { type Ipv4Packet, ipProtocol, protocolNumber } from "../../wire/ipv4.ts";
import { encapsulatedFrame } from "../../wire/vxlan.ts";

/** A frame at an interface of a machine, as far as it tells whether the next one with the same identity is the same packet. */
export interface Appearance {
  readonly machine: string;
  readonly tap: number;
  readonly ends: Tuple | undefined;
  readonly ttl: number;
}

/** Of a tunnelled packet, that of the inner one. */
export function appearanceOf(machine: string, tap: number, frame: EthernetFrame): Appearance {
  const ip = innermost(frame);
  return { machine, tap, ends: ip && endsOf(ip), ttl: ip?.ttl ?? 0 };
}

/** Later fragments have no ports. */
function endsOf(ip: Ipv4Packet): Tuple {
  return tupleOf(ip) ?? makeTuple(protocolNumber(ip.payload), ip.source, ip.destination, 0, 0);
}

function innermost({ payload }: EthernetFrame): Ipv4Packet | undefined {
  if (payload.kind !== "ipv4") return undefined;
  const tunnel = payload.payload.kind === "udp" ? encapsulatedFrame(payload.payload) : undefined;
  return tunnel === undefined ? payload : innermost(tunnel.frame);
}

/** Whether a packet that was seen with these ends has them now; what has none has nothing to tell it from its like. */
export function hasKnownEnds(known: readonly Tuple[], { ends }: Appearance): boolean {
  return ends === undefined || known.some((one) => equalTuples(one, ends));
}

/**
 * Whether a packet that was last seen as `before` can be what is now seen with other addresses or ports. It can only where NAT can have
 * been between: two pings, or a question that a server passes on, may be alike in all else.
 */
export function canBeRewritten(before: Appearance, now: Appearance): boolean {
  const { ends } = now;
  if (before.ends === undefined || ends === undefined) return false;
  if (areOpposite(before.ends, ends)) return false;
  if (now.ttl > before.ttl) return false;
  // Nobody routed it: a cable rewrites nothing, and a bridge has it come by one interface and go by another.
  if (now.ttl === before.ttl && (now.machine !== before.machine || now.tap === before.tap)) return false;
  return ends.protocol !== ipProtocol.icmp || keepsIdentifier(before.ends, ends);
}

/** What a server echoes is like what it was sent, but for its direction. */
function areOpposite(one: Tuple, other: Tuple): boolean {
  if (one.source !== other.destination || one.destination !== other.source) return false;
  const havePorts = one.protocol !== ipProtocol.icmp;
  return !havePorts || (one.sourcePort === other.destinationPort && one.destinationPort === other.sourcePort);
}

/** NAT gives an echo another identifier together with another source, and only where two would be alike. */
function keepsIdentifier(before: Tuple, now: Tuple): boolean {
  if (before.sourcePort === now.sourcePort) return true;
  const isRequest = now.destinationPort >>> 8 === icmpType.echoRequest;
  return isRequest ? before.destination === now.destination : before.source === now.source;
}
