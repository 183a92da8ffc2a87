import { registerConntrack } from "./conntrack/register.ts";
import { registerBridge } from "./device/bridge.ts";
import { registerHub } from "./device/hub.ts";
import { registerLinks } from "./device/link.ts";
import { registerVxlan } from "./device/vxlan.ts";
import { registerDrop } from "./drop.ts";
import { registerHeld } from "./held.ts";
import { registerFragments } from "./ip/fragment.ts";
import { registerIcmp } from "./ip/icmp.ts";
import { registerInput } from "./ip/input.ts";
import { registerOutput } from "./ip/output.ts";
import { registerArp } from "./neighbour/arp.ts";
import { registerCollection } from "./neighbour/collection.ts";
import { registerNeighbours } from "./neighbour/neighbour.ts";
import { registerBridgeNetfilter } from "./netfilter/bridge.ts";
import { registerNetfilter } from "./netfilter/walk.ts";
import { registerProcesses } from "./process/run.ts";
import { registerTcp } from "./socket/tcp-socket.ts";
import { registerUdp } from "./socket/udp-socket.ts";
import { World, type WorldOptions } from "./world.ts";

/** A world without machines, with every stage in place. */
export function makeWorld(options: WorldOptions): World {
  const world = new World(options);
  for (const register of [
    registerLinks,
    registerBridge,
    registerHub,
    registerVxlan,
    registerNeighbours,
    registerCollection,
    registerArp,
    registerInput,
    registerOutput,
    registerFragments,
    registerIcmp,
    registerUdp,
    registerTcp,
    registerProcesses,
    registerNetfilter,
    registerBridgeNetfilter,
    registerConntrack,
    registerDrop,
    registerHeld,
  ])
    register(world);
  return world;
}
