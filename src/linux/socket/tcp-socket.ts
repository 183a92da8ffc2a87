import type { ProgramEffect, SocketError } from "../../programs/program.ts";
import { never, type TimerColumn } from "../../sim/timers.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import type { IcmpError } from "../../wire/icmp.ts";
import { type Ipv4Packet, ipv4HeaderLength } from "../../wire/ipv4.ts";
import { isGroupMac } from "../../wire/mac-address.ts";
import { type TcpSegment, tcpFlag, tcpHeaderLength } from "../../wire/tcp.ts";
import { drop } from "../drop.ts";
import { isBroadcastAddress } from "../ip/local.ts";
import { sendIp } from "../ip/output.ts";
import { routeOutput, sourceFor } from "../ip/source.ts";
import { makeOrigin, type Origin } from "../packets.ts";
import { deliverInput } from "../process/inbox.ts";
import { connectionKinds, listenKinds, type SocketKinds, socketKind, tcpKinds } from "../sockets.ts";
import { stage } from "../stage.ts";
import { firstPutFirst } from "../under-way.ts";
import type { World } from "../world.ts";
import { bindPort, routeError } from "./bind.ts";
import { isRefusedAtOnce } from "./refused-send.ts";
import type { TcpConnection, TcpEffect, TcpInput, TcpStep, TcpTimer } from "./tcp/connection.ts";
import { mayReplaceTimeWait, tcpInput } from "./tcp/input.ts";
import { acceptTcp, openTcp } from "./tcp/open.ts";
import { resetFor } from "./tcp/reset.ts";
import { isAfter } from "./tcp/sequence.ts";

/** TCP sockets: connects the state machine of one connection with ports, programs, timers and IPv4 (net/ipv4/tcp_ipv4.c). */
export function registerTcp(world: World): void {
  const { sim } = world;
  sim.on(stage.tcpReceive, (packet) => receive(world, packet));
  sim.on(stage.tcpTimer, (socket) => input(world, socket, { kind: "timer", timer: "retransmit" }, undefined));
  sim.on(stage.tcpDelayedAck, (socket) => input(world, socket, { kind: "timer", timer: "delayed ack" }, undefined));
  sim.on(stage.tcpTimeWait, (socket) => input(world, socket, { kind: "timer", timer: "time wait" }, undefined));
}

/** connect(2). */
export function openTcpSocket(
  world: World,
  process: number,
  effect: Extract<ProgramEffect, { kind: "open tcp" }>,
): void {
  const { sockets, processes, sim } = world;
  const netns = processes.netns.get(process);
  const way = routeOutput(world, netns, effect.remote.address, effect.local?.address);
  const port = bindPort(world, netns, tcpKinds, effect.local, effect.remote);
  const fail = (error: SocketError) => deliverInput(world, process, { kind: "error", socket: effect.socket, error });
  if (way.kind === "none" || way.kind === "refused") return fail(routeError(way) ?? "ENETUNREACH");
  // `tcp_v4_connect`
  if (way.kind === "unicast" && isBroadcastAddress(world, way.device, effect.remote.address))
    return fail("ENETUNREACH");
  if (port === 0) return fail("EADDRINUSE");
  const local = { address: effect.local?.address || sourceFor(world, way), port };
  // `ip_route_connect` asks again, now with the source.
  const chosenWay = routeOutput(world, netns, effect.remote.address, local.address);
  if (chosenWay.kind === "none" || chosenWay.kind === "refused") return fail(routeError(chosenWay) ?? "ENETUNREACH");
  const step = openTcp(
    {
      local,
      remote: effect.remote,
      initialSequence: sim.random.nextUint32(),
      mss: mssOf(chosenWay.mtu),
      timestampOffset: sim.random.nextUint32(),
    },
    world.nowNs,
  );
  const row = sockets.add({
    netns,
    kind: socketKind.tcp,
    process,
    number: effect.socket,
    local,
    remote: effect.remote,
    ttl: effect.ttl,
    connection: step.connection,
  });
  sockets.calledNs.set(row, world.nowNs);
  carryOut(world, row, step, undefined);
}

/** listen(2). */
export function listenTcp(world: World, process: number, effect: Extract<ProgramEffect, { kind: "listen tcp" }>): void {
  const netns = world.processes.netns.get(process);
  const port = bindPort(world, netns, listenKinds, effect.local);
  if (port === 0) return deliverInput(world, process, { kind: "error", socket: effect.socket, error: "EADDRINUSE" });
  const local = { address: effect.local.address, port };
  world.sockets.add({ netns, kind: socketKind.tcpListen, process, number: effect.socket, local });
}

export function sendTcp(world: World, socket: number, data: Uint8Array): void {
  world.sockets.calledNs.set(socket, world.nowNs);
  input(world, socket, { kind: "send", data }, undefined);
}

/** close(2): the program lets go; the kernel winds the connection up. */
export function closeTcp(world: World, socket: number): void {
  world.sockets.calledNs.set(socket, world.nowNs);
  input(world, socket, { kind: "close" }, undefined);
}

function mssOf(mtu: number): number {
  return mtu - ipv4HeaderLength - tcpHeaderLength;
}

/** `tcp_v4_rcv`. */
function receive(world: World, packet: number): void {
  const { packets, sockets } = world;
  const frame = packets.data.get(packet) as EthernetFrame;
  if (isGroupMac(frame.destination)) return drop(world, packet, "TCP_TO_GROUP");
  const ip = frame.payload as Ipv4Packet;
  const segment = ip.payload as TcpSegment;
  const socket = socketOf(world, packet, tcpKinds, ip, segment);
  if (socket === 0) return refuse(world, packet, ip, segment);
  const origin = packets.causedBy(packet);
  if (sockets.kind.get(socket) === socketKind.tcpListen) return knock(world, packet, socket, ip, segment, origin);
  if (mayReplaceTimeWait(sockets.connection.get(socket) as TcpConnection, segment)) {
    const listener = socketOf(world, packet, listenKinds, ip, segment);
    if (listener !== 0) {
      forget(world, socket);
      return knock(world, packet, listener, ip, segment, origin);
    }
  }
  packets.end(packet);
  if (makesProgress(sockets.connection.get(socket) as TcpConnection, segment)) sockets.pendingConfirm.set(socket, 1);
  input(world, socket, { kind: "segment", segment }, origin);
}

/** FLAG_FORWARD_PROGRESS: the other side has heard something new of us, so the way to it works. */
function makesProgress({ send }: TcpConnection, segment: TcpSegment): boolean {
  return (segment.flags & tcpFlag.ack) !== 0 && isAfter(segment.acknowledgment, send.unacknowledged);
}

function socketOf(world: World, packet: number, kinds: SocketKinds, ip: Ipv4Packet, segment: TcpSegment): number {
  const { sourcePort, destinationPort } = segment;
  const netns = world.packets.netns.get(packet);
  return world.sockets.lookup(netns, kinds, ip.destination, destinationPort, ip.source, sourcePort);
}

/** No socket: the packet is lost, and its sender gets a reset. */
function refuse(world: World, packet: number, ip: Ipv4Packet, segment: TcpSegment): void {
  drop(world, packet, "NO_SOCKET");
  reset(world, packet, ip, segment);
}

/** `tcp_v4_send_reset`, put under way on top of the packet that asked for it. */
function reset(world: World, packet: number, ip: Ipv4Packet, segment: TcpSegment): void {
  const answer = resetFor(segment);
  if (answer === undefined) return;
  const netns = world.packets.netns.get(packet);
  const ttl = world.namespaces.defaultTtl.get(netns);
  const header = { source: ip.destination, destination: ip.source, ttl, tos: 0, dontFragment: true };
  sendIp(world, netns, header, answer, world.packets.causedBy(packet));
}

/** A segment for a listener: a SYN makes a connection, anything else is refused. */
function knock(
  world: World,
  packet: number,
  listener: number,
  ip: Ipv4Packet,
  segment: TcpSegment,
  origin: Origin,
): void {
  const { sockets, packets, sim } = world;
  if ((segment.flags & (tcpFlag.syn | tcpFlag.ack | tcpFlag.rst)) !== tcpFlag.syn) {
    return (segment.flags & tcpFlag.rst) !== 0 ? drop(world, packet, "NO_SOCKET") : refuse(world, packet, ip, segment);
  }
  const netns = sockets.netns.get(listener);
  const way = routeOutput(world, netns, ip.source, ip.destination);
  if (way.kind === "none" || way.kind === "refused") return drop(world, packet, "NO_WAY_BACK");
  packets.end(packet);
  const local = { address: ip.destination, port: segment.destinationPort };
  const remote = { address: ip.source, port: segment.sourcePort };
  const step = acceptTcp(
    {
      local,
      remote,
      initialSequence: sim.random.nextUint32(),
      mss: mssOf(way.mtu),
      timestampOffset: sim.random.nextUint32(),
    },
    segment,
    world.nowNs,
  );
  const process = sockets.process.get(listener);
  const number = world.processes.nextAccepted.get(process);
  world.processes.nextAccepted.set(process, number + 1);
  const row = sockets.add({
    netns,
    kind: socketKind.tcp,
    process,
    number,
    local,
    remote,
    listener,
    connection: step.connection,
  });
  carryOut(world, row, step, origin);
}

function input(world: World, socket: number, what: TcpInput, origin: Origin | undefined): void {
  const connection = world.sockets.connection.get(socket) as TcpConnection;
  const linkTakes = (bytes: number) => takesNow(world, socket, bytes);
  carryOut(world, socket, tcpInput(connection, what, world.nowNs, linkTakes), origin);
}

/** `origin`: the packet that caused what is sent now, if one did. */
function carryOut(world: World, socket: number, step: TcpStep, origin: Origin | undefined): void {
  world.sockets.connection.set(socket, step.connection);
  const depth = world.sim.underWay.length;
  for (const effect of step.effects) perform(world, socket, effect, origin);
  firstPutFirst(world, depth);
}

function perform(world: World, socket: number, effect: TcpEffect, origin: Origin | undefined): void {
  const { sockets } = world;
  switch (effect.kind) {
    case "transmit":
      if (effect.isRepeated && isStillQueued(world, socket, effect.segment)) return;
      return transmit(world, socket, effect.segment, origin);
    case "set timer":
      return timerColumn(world, effect.timer).set(socket, world.timerNs(world.nowNs + effect.afterNs));
    case "clear timer":
      return timerColumn(world, effect.timer).set(socket, never);
    case "closed":
      return forget(world, socket);
    case "connected":
      return connected(world, socket);
    case "data":
      return tell(world, socket, { kind: "data", socket: sockets.number.get(socket), data: effect.data });
    case "end of stream":
      return tell(world, socket, { kind: "end of stream", socket: sockets.number.get(socket) });
    case "error":
      return tell(world, socket, { kind: "error", socket: sockets.number.get(socket), error: effect.error });
  }
}

function tell(world: World, socket: number, what: Parameters<typeof deliverInput>[2]): void {
  deliverInput(world, world.sockets.process.get(socket), what);
}

function connected(world: World, socket: number): void {
  const { sockets } = world;
  const number = sockets.number.get(socket);
  const listener = sockets.listener.get(socket);
  if (listener === 0) return tell(world, socket, { kind: "connected", socket: number, local: sockets.local(socket) });
  const listenerNumber = sockets.number.get(listener);
  tell(world, socket, { kind: "accepted", listener: listenerNumber, socket: number, from: sockets.remote(socket) });
}

function transmit(world: World, socket: number, segment: TcpSegment, origin: Origin | undefined): void {
  const { sockets, namespaces, packets } = world;
  const netns = sockets.netns.get(socket);
  const header = {
    source: sockets.localAddress.get(socket),
    destination: sockets.remoteAddress.get(socket),
    ttl: sockets.ttl.get(socket) || namespaces.defaultTtl.get(netns),
    tos: 0,
    dontFragment: true,
    confirms: sockets.pendingConfirm.get(socket) === 1,
  };
  if (header.confirms) sockets.pendingConfirm.set(socket, 0);
  const process = sockets.process.get(socket);
  sendIp(world, netns, header, segment, { ...(origin ?? makeOrigin(0, process)), name: packets.nextName() });
}

/** `skb_still_in_host_queue`: the segment, as it was sent before, still waits here for the neighbour's address. */
function isStillQueued(world: World, socket: number, segment: TcpSegment): boolean {
  const { neighbours, packets } = world;
  const { netns, remoteAddress, localAddress } = world.sockets;
  const way = routeOutput(world, netns.get(socket), remoteAddress.get(socket), localAddress.get(socket));
  const neighbour = way.kind === "unicast" ? neighbours.find(way.device, way.nextHop) : 0;
  let packet = neighbour === 0 ? 0 : neighbours.firstQueued.get(neighbour);
  for (; packet !== 0; packet = packets.next.get(packet)) {
    const { payload, source } = packets.data.get(packet) as Ipv4Packet;
    if (payload.kind !== "tcp" || source !== localAddress.get(socket)) continue;
    const { sourcePort, destinationPort, sequence } = payload;
    const isSame = sourcePort === segment.sourcePort && destinationPort === segment.destinationPort;
    if (isSame && sequence === segment.sequence) return true;
  }
  return false;
}

/** Whether the device that leads to the other side takes an IPv4 packet of so many bytes now. */
function takesNow(world: World, socket: number, bytes: number): boolean {
  const { localAddress, remoteAddress, netns } = world.sockets;
  const way = routeOutput(world, netns.get(socket), remoteAddress.get(socket), localAddress.get(socket));
  return way.kind !== "unicast" || !isRefusedAtOnce(world, way.device, way.nextHop, bytes);
}

function timerColumn(world: World, timer: TcpTimer): TimerColumn {
  const { sockets } = world;
  if (timer === "retransmit") return sockets.retransmitTimer;
  return timer === "delayed ack" ? sockets.delayedAckTimer : sockets.timeWaitTimer;
}

function forget(world: World, socket: number): void {
  const { sockets } = world;
  sockets.retransmitTimer.set(socket, never);
  sockets.delayedAckTimer.set(socket, never);
  sockets.timeWaitTimer.set(socket, never);
  sockets.table.remove(socket);
}

/** `tcp_v4_err`. True if the quoted segment belongs to a connection of ours. */
export function tcpError(
  world: World,
  netns: number,
  quoted: Ipv4Packet,
  message: IcmpError,
  error: SocketError,
): boolean {
  const segment = quoted.payload as TcpSegment;
  const { source, destination } = quoted;
  const { sourcePort, destinationPort } = segment;
  const socket = world.sockets.lookup(netns, connectionKinds, source, sourcePort, destination, destinationPort);
  if (socket === 0) return false;
  const { sequence } = segment;
  if (message.type === 3 && message.code === 4)
    input(world, socket, { kind: "path mtu", mtu: message.rest & 0xffff, sequence }, undefined);
  else input(world, socket, { kind: "icmp error", error, sequence, isFinal: isFinal(message) }, undefined);
  return true;
}

/** What answers a system call within this time was sent and received inside of it, on the same processor. */
const callNs = 200_000;

/** A redirect that comes while the program is still in its system call is not heeded (`tcp_v4_err`: `sock_owned_by_user`). */
export function isInCall({ sockets, nowNs }: World, socket: number): boolean {
  return nowNs - sockets.calledNs.get(socket) < callNs;
}

/** Net or host unreachable, time exceeded, parameter problem. */
function isFinal({ type, code }: IcmpError): boolean {
  return type === 3 ? code === 0 || code === 1 : true;
}
