import type { Endpoint, ProgramEffect, SocketError } from "../../programs/program.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { type Ipv4Packet, ipv4HeaderLength } from "../../wire/ipv4.ts";
import type { UdpDatagram } from "../../wire/udp.ts";
import { udpDatagram, udpHeaderLength } from "../../wire/udp.ts";
import { isVxlanPort } from "../device/vxlan-receive.ts";
import { drop } from "../drop.ts";
import { isBroadcastHere } from "../ip/fib.ts";
import { sendIcmpError } from "../ip/icmp-error.ts";
import { sendIp } from "../ip/output.ts";
import { routeOutput, sourceFor } from "../ip/source.ts";
import { makeOrigin } from "../packets.ts";
import { deliverInput } from "../process/inbox.ts";
import { socketKind, udpKinds } from "../sockets.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { bindPort, broadcastError, routeError } from "./bind.ts";

/** UDP (net/ipv4/udp.c). */
export function registerUdp(world: World): void {
  world.sim.on(stage.udpReceive, (packet) => receive(world, packet));
}

export function openUdp(world: World, process: number, effect: Extract<ProgramEffect, { kind: "open udp" }>): void {
  const netns = world.processes.netns.get(process);
  const port = bindPort(world, netns, udpKinds, effect.local, effect.remote);
  let address = effect.local?.address ?? 0;
  let error: SocketError | undefined = port === 0 ? "EADDRINUSE" : undefined;
  if (effect.remote !== undefined) {
    const way = routeOutput(world, netns, effect.remote.address);
    error ??= routeError(way) ?? broadcastError(world, way, effect.remote.address);
    if (address === 0 && (way.kind === "local" || way.kind === "unicast")) address = sourceFor(world, way);
    // `ip_route_connect` asks again, now with the source.
    if (address !== 0) error ??= routeError(routeOutput(world, netns, effect.remote.address, address));
  }
  if (error !== undefined) return deliverInput(world, process, { kind: "error", socket: effect.socket, error });
  world.sockets.add({
    netns,
    kind: socketKind.udp,
    process,
    number: effect.socket,
    local: { address, port },
    remote: effect.remote,
    ttl: effect.ttl,
  });
}

/** send(2) on a connected socket. */
export function sendUdp(world: World, socket: number, data: Uint8Array): void {
  transmit(world, socket, world.sockets.remote(socket), data);
}

export function sendUdpTo(world: World, process: number, number: number, to: Endpoint, data: Uint8Array): void {
  const socket = world.sockets.ofProcess(process, number);
  if (socket !== 0) transmit(world, socket, to, data);
}

function transmit(world: World, socket: number, to: Endpoint, data: Uint8Array): void {
  const { sockets, namespaces } = world;
  const netns = sockets.netns.get(socket);
  const from = sockets.localAddress.get(socket);
  const way = routeOutput(world, netns, to.address, from);
  if (way.kind === "none" || way.kind === "refused") return report(world, socket, routeError(way) as SocketError);
  // IP_PMTUDISC_WANT: a datagram that fits is sent with DF; one that does not fit may be fragmented here.
  const isTooLong = ipv4HeaderLength + udpHeaderLength + data.length > way.mtu;
  const header = {
    source: from || sourceFor(world, way),
    routedFrom: from,
    destination: to.address,
    ttl: sockets.ttl.get(socket) || namespaces.defaultTtl.get(netns),
    tos: 0,
    dontFragment: !isTooLong,
  };
  const datagram = udpDatagram(sockets.localPort.get(socket), to.port, data);
  const origin = makeOrigin(world.packets.nextName(), sockets.process.get(socket));
  sendIp(world, netns, header, datagram, origin);
}

function report(world: World, socket: number, error: SocketError): void {
  const number = world.sockets.number.get(socket);
  deliverInput(world, world.sockets.process.get(socket), { kind: "error", socket: number, error });
}

/** `__udp4_lib_rcv`. */
function receive(world: World, packet: number): void {
  const { packets, sockets } = world;
  const ip = (packets.data.get(packet) as EthernetFrame).payload as Ipv4Packet;
  const udp = ip.payload as UdpDatagram;
  const netns = packets.netns.get(packet);
  const socket = sockets.lookup(netns, udpKinds, ip.destination, udp.destinationPort, ip.source, udp.sourcePort);
  if (socket === 0 && isVxlanPort(world, netns, udp.destinationPort))
    return packets.stage.set(packet, stage.vxlanDecapsulate);
  if (socket === 0) {
    if (!isBroadcastHere(world, netns, packets.device.get(packet), ip.destination))
      sendIcmpError(world, packet, ip, 3, 3, 0);
    return drop(world, packet, "NO_SOCKET");
  }
  packets.end(packet);
  const number = sockets.number.get(socket);
  const process = sockets.process.get(socket);
  const from = { address: ip.source, port: udp.sourcePort };
  deliverInput(world, process, { kind: "datagram", socket: number, from, data: udp.data, ttl: ip.ttl });
}

/** `__udp4_lib_err`: a program hears of an ICMP error about a datagram of its connected socket. */
export function udpError(world: World, netns: number, quoted: Ipv4Packet, error: SocketError): boolean {
  const udp = quoted.payload as UdpDatagram;
  const { sockets } = world;
  const { source, destination } = quoted;
  const socket = sockets.lookup(netns, udpKinds, source, udp.sourcePort, destination, udp.destinationPort);
  if (socket === 0 || sockets.remotePort.get(socket) === 0) return false;
  report(world, socket, error);
  return true;
}
