import type { Endpoint, SocketError } from "../../programs/program.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isBroadcastAddress } from "../ip/local.ts";
import type { RouteDecision } from "../ip/source.ts";
import { type SocketKinds, udpKinds } from "../sockets.ts";
import type { World } from "../world.ts";

/** net.ipv4.ip_local_port_range. */
const firstEphemeralPort = 32_768;
const lastEphemeralPort = 60_999;

/**
 * The port that a socket gets: the one asked for, or a free ephemeral one. 0 when it is taken. `remote` is whom it is to speak to,
 * where that is known.
 */
export function bindPort(
  world: World,
  netns: number,
  kinds: SocketKinds,
  local: Endpoint | undefined,
  remote?: Endpoint,
): number {
  const asked = local?.port ?? 0;
  const address = local?.address ?? 0;
  if (asked !== 0) return isTaken(world, netns, kinds, address, asked) ? 0 : asked;
  const seen = remote && seenPort(world, netns, kinds, address, remote);
  return seen ?? ephemeralPort(world, netns, kinds, address);
}

/** The port that Linux was seen to draw for such a socket. */
function seenPort(
  world: World,
  netns: number,
  kinds: SocketKinds,
  address: Ipv4Address,
  remote: Endpoint,
): number | undefined {
  const { choices, namespaces, nowNs, sockets } = world;
  const protocol = kinds === udpKinds ? ipProtocol.udp : ipProtocol.tcp;
  const ports = choices?.localPorts?.(namespaces.name.get(netns), protocol, remote, nowNs) ?? [];
  const isInUse = (port: number) => {
    for (let row = sockets.byPort.find(netns, port); row !== 0; row = sockets.byPort.findNext(row))
      if ((kinds & (1 << sockets.kind.get(row))) !== 0) return true;
    return false;
  };
  const drawn = ports.find(
    (port) =>
      port >= firstEphemeralPort &&
      port <= lastEphemeralPort &&
      !sockets.drawn.has(netns, protocol, port, remote) &&
      !isInUse(port) &&
      !isTaken(world, netns, kinds, address, port),
  );
  if (drawn !== undefined) sockets.drawn.add(netns, protocol, drawn, remote);
  return drawn;
}

/** The kernel starts at a random port and takes every second one (`__inet_hash_connect`); so do we, from the seed. */
function ephemeralPort(world: World, netns: number, kinds: SocketKinds, address: number): number {
  const span = lastEphemeralPort - firstEphemeralPort + 1;
  const start = world.sim.random.below(span) & ~1;
  for (let i = 0; i < span; i++) {
    const port = firstEphemeralPort + ((start + 2 * i + (2 * i >= span ? 1 : 0)) % span);
    if (!isTaken(world, netns, kinds, address, port)) return port;
  }
  return 0;
}

/** Two sockets clash on a port unless both are bound to different addresses; connections in progress do not count. */
function isTaken(world: World, netns: number, kinds: SocketKinds, address: number, port: number): boolean {
  const { sockets } = world;
  for (let row = sockets.byPort.find(netns, port); row !== 0; row = sockets.byPort.findNext(row)) {
    if ((kinds & (1 << sockets.kind.get(row))) === 0 || sockets.remotePort.get(row) !== 0) continue;
    const other = sockets.localAddress.get(row);
    if (other === 0 || address === 0 || other === address) return true;
  }
  return false;
}

/** Broadcasts need SO_BROADCAST, which none of our programs sets (net/ipv4/udp.c, raw.c, datagram.c). */
export function broadcastError(world: World, way: RouteDecision, address: Ipv4Address): SocketError | undefined {
  return way.kind === "unicast" && isBroadcastAddress(world, way.device, address) ? "EACCES" : undefined;
}

/** What connect(2) and sendto(2) answer when there is no way to the destination. */
export function routeError(way: RouteDecision): SocketError | undefined {
  if (way.kind === "none") return "ENETUNREACH";
  if (way.kind !== "refused") return undefined;
  if (way.type === 6) return "EINVAL";
  return way.type === 8 ? "EACCES" : "EHOSTUNREACH";
}
