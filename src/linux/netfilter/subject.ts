import { type Ipv4Packet, ipProtocol, protocolNumber } from "../../wire/ipv4.ts";
import { readUint16 } from "../../wire/octets.ts";
import { parseTransportHead } from "../../wire/transport-head.ts";
import type { World } from "../world.ts";
import { ipOf } from "./packet-ip.ts";
import type { HookPosition } from "./position.ts";

/** What a rule is tried on. */
export interface Subject {
  readonly packet: number;
  readonly netns: number;
  readonly ip: Ipv4Packet;
  readonly at: HookPosition;
}

export function subjectOf(world: World, packet: number, at: HookPosition): Subject {
  return { packet, netns: world.packets.netns.get(packet), ip: ipOf(world, packet), at };
}

/** The ports that a TCP segment, UDP datagram or SCTP packet names; a later fragment names none. */
export interface Ports {
  readonly protocol: number;
  readonly source: number;
  readonly destination: number;
}

export function portsOf(ip: Ipv4Packet): Ports | undefined {
  if (ip.fragmentOffset !== 0) return undefined;
  const { payload } = ip;
  const protocol = protocolNumber(payload);
  if (payload.kind === "tcp" || payload.kind === "udp")
    return { protocol, source: payload.sourcePort, destination: payload.destinationPort };
  if (payload.kind !== "raw") return undefined;
  if (protocol === ipProtocol.sctp && payload.bytes.length >= 4) {
    return { protocol, source: readUint16(payload.bytes, 0), destination: readUint16(payload.bytes, 2) };
  }
  // The first fragment of a datagram is not whole, but its ports are there.
  const head = parseTransportHead(protocol, payload.bytes);
  return "sourcePort" in head ? { protocol, source: head.sourcePort, destination: head.destinationPort } : undefined;
}
