import type { EthernetFrame } from "../../wire/ethernet.ts";
import { type IcmpEcho, type IcmpError, icmpEcho, icmpType, unreachableCode } from "../../wire/icmp.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { drop } from "../drop.ts";
import { deliverEchoReply, deliverIcmpError } from "../socket/icmp-delivery.ts";
import { isInCall } from "../socket/tcp-socket.ts";
import { tcpKinds, udpKinds } from "../sockets.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { isBroadcastHere } from "./fib.ts";
import { sendIp } from "./output.ts";
import { notePathMtu } from "./path-mtu.ts";
import { takeRedirect } from "./redirect.ts";
import { routeOutput, sourceFor } from "./source.ts";

/** Receiving ICMP (net/ipv4/icmp.c, `icmp_rcv`). */
export function registerIcmp(world: World): void {
  world.sim.on(stage.icmpReceive, (packet) => receive(world, packet));
}

function receive(world: World, packet: number): void {
  const ip = (world.packets.data.get(packet) as EthernetFrame).payload as Ipv4Packet;
  const message = ip.payload;
  if (message.kind === "icmp-echo" && message.type === 8) return answer(world, packet, ip, message);
  const isHeard =
    message.kind === "icmp-echo"
      ? deliverEchoReply(world, packet, ip, message)
      : message.kind === "icmp-error" && deliverIcmpError(world, packet, ip, message as IcmpError);
  const netns = world.packets.netns.get(packet);
  if (isHeard) world.packets.end(packet);
  else drop(world, packet, "ICMP_NOBODY");
  if (message.kind === "icmp-error") takeAdvice(world, netns, ip.source, message);
}

/** What routers say about a way is heeded by those who sent the quoted packet: any pinger, but of UDP and TCP a socket. */
function takeAdvice(world: World, netns: number, from: Ipv4Address, message: IcmpError): void {
  const { original: quoted, type, code } = message;
  const isPathMtu = type === icmpType.destinationUnreachable && code === unreachableCode.fragmentationNeeded;
  if (quoted === undefined || (!isPathMtu && type !== icmpType.redirect)) return;
  const { payload, source, destination } = quoted;
  if (payload.kind === "udp" || payload.kind === "tcp") {
    const kinds = payload.kind === "udp" ? udpKinds : tcpKinds;
    const { sourcePort, destinationPort } = payload;
    const socket = world.sockets.lookup(netns, kinds, source, sourcePort, destination, destinationPort);
    if (socket === 0 || (!isPathMtu && payload.kind === "tcp" && isInCall(world, socket))) return;
  }
  if (isPathMtu) notePathMtu(world, netns, quoted, message.rest & 0xffff);
  else takeRedirect(world, netns, from, message);
}

/** `icmp_echo`: the reply has the request's data, no DF, and the address that was pinged as its source. */
function answer(world: World, packet: number, ip: Ipv4Packet, request: IcmpEcho): void {
  const { packets, namespaces } = world;
  const netns = packets.netns.get(packet);
  const { "net.ipv4.icmp_echo_ignore_all": ignoresAll, "net.ipv4.icmp_echo_ignore_broadcasts": ignoresBroadcasts } =
    namespaces.sysctls.get(netns);
  const isBroadcast = isBroadcastHere(world, netns, packets.device.get(packet), ip.destination);
  if (ignoresAll || (isBroadcast && ignoresBroadcasts !== 0)) return drop(world, packet, "ICMP_ECHO_IGNORED");
  // `icmp_reply`: a broadcast is answered from the address that leads back (`fib_compute_spec_dst`).
  const way = routeOutput(world, netns, ip.source, isBroadcast ? 0 : ip.destination);
  if (way.kind === "none" || way.kind === "refused") return drop(world, packet, "NO_WAY_BACK");
  const origin = packets.causedBy(packet);
  const header = {
    source: isBroadcast ? sourceFor(world, way) : ip.destination,
    destination: ip.source,
    ttl: namespaces.defaultTtl.get(netns),
    tos: ip.tos,
    dontFragment: false,
  };
  packets.end(packet);
  sendIp(world, netns, header, icmpEcho(0, request.identifier, request.sequence, request.data), origin);
}
