import type { ProgramEffect } from "../../programs/program.ts";
import { icmpEcho, icmpHeaderLength } from "../../wire/icmp.ts";
import { ipv4HeaderLength } from "../../wire/ipv4.ts";
import { sendIp } from "../ip/output.ts";
import { routeOutput, sourceFor } from "../ip/source.ts";
import { makeOrigin } from "../packets.ts";
import { deliverInput } from "../process/inbox.ts";
import { socketKind } from "../sockets.ts";
import type { World } from "../world.ts";
import { broadcastError, routeError } from "./bind.ts";

/** A raw ICMP socket, as iputils' ping opens it. The identifier stands where others have a port. */
export function openPing(world: World, process: number, effect: Extract<ProgramEffect, { kind: "open ping" }>): void {
  world.sockets.add({
    netns: world.processes.netns.get(process),
    kind: socketKind.ping,
    process,
    number: effect.socket,
    local: { address: 0, port: effect.identifier },
  });
}

export function sendEcho(world: World, process: number, effect: Extract<ProgramEffect, { kind: "send echo" }>): void {
  const { sockets, processes } = world;
  const socket = sockets.ofProcess(process, effect.socket);
  if (socket === 0) return;
  const netns = processes.netns.get(process);
  const way = routeOutput(world, netns, effect.to);
  const fail = (error: Parameters<typeof deliverInput>[2] & { kind: "error" }) => deliverInput(world, process, error);
  if (way.kind === "none" || way.kind === "refused")
    return fail({ kind: "error", socket: effect.socket, error: routeError(way) ?? "ENETUNREACH" });
  // Its first step is to connect(2) a socket, to learn its source: `ip_route_connect` asks again with that one.
  const refused =
    effect.sequence > 1 ? undefined : routeError(routeOutput(world, netns, effect.to, sourceFor(world, way)));
  if (refused !== undefined) return fail({ kind: "error", socket: effect.socket, error: refused });
  const forbidden = broadcastError(world, way, effect.to);
  if (forbidden !== undefined) return fail({ kind: "error", socket: effect.socket, error: forbidden });
  const totalLength = ipv4HeaderLength + icmpHeaderLength + effect.sizeBytes;
  const { mtu } = way;
  if (effect.dontFragment && totalLength > mtu)
    return fail({ kind: "error", socket: effect.socket, error: "EMSGSIZE", mtu });
  const header = {
    source: sourceFor(world, way),
    destination: effect.to,
    ttl: effect.ttl,
    tos: 0,
    dontFragment: effect.dontFragment,
    routedFrom: 0,
  };
  const request = icmpEcho(8, sockets.localPort.get(socket), effect.sequence, pattern(effect.sizeBytes));
  sendIp(world, netns, header, request, makeOrigin(world.packets.nextName(), process));
}

/** ping fills its payload with 00 01 02 …; the time stamp that it puts in front is left out, since it is not chance but time. */
function pattern(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = i & 0xff;
  return bytes;
}
