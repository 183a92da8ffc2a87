import type { Int32Column } from "../../sim/column.ts";
import type { Sysctls } from "../namespaces.ts";
import type { World } from "../world.ts";
import type { CommandFailure } from "./failure.ts";

/** Sysctls of a namespace that change what the simulated kernel does. */
function namespaceColumn(world: World, key: string): Int32Column | undefined {
  switch (key) {
    case "net.ipv4.ip_forward":
    case "net.ipv4.conf.all.forwarding":
      return world.namespaces.forwarding;
    case "net.ipv4.ip_default_ttl":
      return world.namespaces.defaultTtl;
    case "net.ipv4.icmp_ratelimit":
      return world.namespaces.icmpRateLimitMs;
    default:
      return undefined;
  }
}

/** Sysctls that belong to the kernel as a whole, though they are set in a namespace. */
function nodeColumn(world: World, key: string): Int32Column | undefined {
  switch (key) {
    case "net.ipv4.neigh.default.gc_thresh2":
      return world.nodes.gcThresh2;
    case "net.ipv4.neigh.default.gc_thresh3":
      return world.nodes.gcThresh3;
    default:
      return undefined;
  }
}

/** `sysctl -n`, for those that were set or have an effect. */
export function getSysctl(world: World, netns: number, key: string): number | undefined {
  const { namespaces } = world;
  return (
    namespaceColumn(world, key)?.get(netns) ??
    nodeColumn(world, key)?.get(namespaces.node.get(netns)) ??
    namespaces.sysctls.get(netns)[key]
  );
}

/** `sysctl -w`. Every value is kept and shown; those named above have an effect. */
export function setSysctl(world: World, netns: number, key: string, value: number): CommandFailure {
  const { namespaces } = world;
  namespaceColumn(world, key)?.set(netns, value);
  nodeColumn(world, key)?.set(namespaces.node.get(netns), value);
  namespaces.sysctls.set(netns, withSysctl(world, namespaces.sysctls.get(netns), key, value));
  return undefined;
}

/** Namespaces with the same settings share one value: thousands of pods are set up alike. */
function withSysctl(world: World, before: Sysctls, key: string, value: number): Sysctls {
  if (before[key] === value) return before;
  let successors = world.sysctlSuccessors.get(before);
  if (successors === undefined) {
    successors = new Map();
    world.sysctlSuccessors.set(before, successors);
  }
  const change = `${key}=${value}`;
  const known = successors.get(change);
  if (known !== undefined) return known;
  const after = { ...before, [key]: value };
  successors.set(change, after);
  return after;
}
