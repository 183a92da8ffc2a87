import { routeOutput } from "../../linux/ip/source.ts";
import { udpKinds } from "../../linux/sockets.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { NextEvent } from "../../sim/simulation.ts";
import { type Asked, ipOf } from "./asked.ts";
import type { Reasons } from "./explanation.ts";
import { becauseRouteRefuses, noRouteTo } from "./routing.ts";

/** A datagram arrives at a program whose sendto(2) to the sender would fail, as no route leads there: there will be no packet to lose. */
export function isUnanswerable(world: World, next: NextEvent): boolean {
  if (next.stage !== stage.udpReceive) return false;
  const { packets, sockets } = world;
  const ip = ipOf(world, next.walker);
  if (ip?.payload.kind !== "udp") return false;
  const { sourcePort, destinationPort } = ip.payload;
  const netns = packets.netns.get(next.walker);
  const socket = sockets.lookup(netns, udpKinds, ip.destination, destinationPort, ip.source, sourcePort);
  if (socket === 0) return false;
  const way = routeOutput(world, netns, ip.source, sockets.localAddress.get(socket));
  return way.kind === "none" || way.kind === "refused";
}

/** What its answer would have met: the routes that do not lead to the sender, or the one that refuses. */
export function becauseNoWayBack(asked: Asked): Reasons {
  const { world, netns, ip } = asked;
  if (ip === undefined) return {};
  const { source, destination } = ip;
  if (routeOutput(world, netns, source, destination).kind === "none") return noRouteTo(asked, netns, source, world);
  return becauseRouteRefuses({ ...asked, ip: { ...ip, source: destination, destination: source } });
}
