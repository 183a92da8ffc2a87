import type { SocketError } from "../../programs/program.ts";
import { transportOf } from "../../wire/frame-text.ts";
import type { IcmpEcho, IcmpError } from "../../wire/icmp.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { deliverInput } from "../process/inbox.ts";
import { socketKind } from "../sockets.ts";
import type { World } from "../world.ts";
import { tcpError } from "./tcp-socket.ts";
import { udpError } from "./udp-socket.ts";

/** Hands an echo reply to every program that pings with its identifier. True if one does. */
export function deliverEchoReply(world: World, packet: number, ip: Ipv4Packet, reply: IcmpEcho): boolean {
  const { from, ttl } = { from: ip.source, ttl: ip.ttl };
  return toPingers(world, packet, reply.identifier, (process) =>
    deliverInput(world, process, {
      kind: "echo reply",
      from,
      sequence: reply.sequence,
      ttl,
      sizeBytes: reply.data.length,
    }),
  );
}

/** Hands an ICMP error to the sender of the packet that it quotes. True if that one still listens. */
export function deliverIcmpError(world: World, packet: number, ip: Ipv4Packet, message: IcmpError): boolean {
  const quoted = message.original;
  if (quoted === undefined) return false;
  const netns = world.packets.netns.get(packet);
  const { type, code } = message;
  // Of a fragmented ping, the first fragment has the identifier.
  const payload = quoted.payload.kind === "raw" ? transportOf(quoted) : quoted.payload;
  if (payload.kind === "icmp-echo") {
    // The next-hop MTU, or a redirect's gateway.
    const mtu = type === 3 && code === 4 ? message.rest & 0xffff : message.rest;
    return toPingers(world, packet, payload.identifier, (process) =>
      deliverInput(world, process, {
        kind: "icmp error",
        from: ip.source,
        type,
        code,
        mtu,
        sequence: payload.sequence,
      }),
    );
  }
  const error = errorOf(type, code);
  if (error === undefined) return false;
  if (payload.kind === "udp") return isHard(type, code) && udpError(world, netns, quoted, error);
  return payload.kind === "tcp" && tcpError(world, netns, quoted, message, error);
}

function toPingers(world: World, packet: number, identifier: number, tell: (process: number) => void): boolean {
  const { sockets, packets } = world;
  let isHeard = false;
  const netns = packets.netns.get(packet);
  for (let row = sockets.byPort.find(netns, identifier); row !== 0; row = sockets.byPort.findNext(row)) {
    if (sockets.kind.get(row) !== socketKind.ping) continue;
    tell(sockets.process.get(row));
    isHeard = true;
  }
  return isHeard;
}

/** `icmp_err_convert[].fatal`: without IP_RECVERR, a UDP socket hears of these alone (net/ipv4/udp.c, `__udp4_lib_err`). */
function isHard(type: number, code: number): boolean {
  return type === 3 && ![0, 1, 5, 11, 12].includes(code);
}

/** `icmp_err_convert` of net/ipv4/icmp.c; undefined for what sockets do not hear of. */
function errorOf(type: number, code: number): SocketError | undefined {
  if (type === 11) return "EHOSTUNREACH";
  if (type !== 3) return undefined;
  switch (code) {
    case 0:
    case 6:
    case 11:
      return "ENETUNREACH";
    case 3:
    case 2:
      return "ECONNREFUSED";
    case 4:
      return "EMSGSIZE";
    default:
      return "EHOSTUNREACH";
  }
}
