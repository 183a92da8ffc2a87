import type { Int32Column } from "../../sim/column.ts";
import { readConntrackSysctl } from "../conntrack/timeouts.ts";
import {
  initialValue,
  isSettled,
  parseConfKey,
  rawConf,
  refreshConf,
  setForwarding,
  setOwnForwarding,
} from "../device/conf.ts";
import type { Sysctls } from "../namespaces.ts";
import { initialNeighbourValue } from "../neighbour/settings.ts";
import { refreshHooks } from "../netfilter/registered.ts";
import { findDevice } from "../socket/arp-socket.ts";
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
    case "net.ipv4.neigh.default.gc_thresh1":
      return world.nodes.gcThresh1;
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
    namespaces.sysctls.get(netns)[key] ??
    readConntrackSysctl(world, netns, key) ??
    defaultConf(world, netns, key)
  );
}

function defaultConf(world: World, netns: number, key: string): number | undefined {
  const named = parseConfKey(key);
  return named && rawConf(world.namespaces.sysctls.get(netns), named.device, named.name);
}

/** `sysctl -w`. Every value is kept and shown; those named above have an effect. */
export function setSysctl(world: World, netns: number, key: string, value: number): CommandFailure {
  const { namespaces } = world;
  if (key === "net.ipv4.ip_forward" || key === "net.ipv4.conf.all.forwarding") {
    changeForwarding(world, netns, value);
    return undefined;
  }
  const device = deviceOf(key);
  if (device !== undefined && findDevice(world, netns, device) === 0)
    return `sysctl: cannot stat /proc/sys/${key.replaceAll(".", "/")}: No such file or directory`;
  namespaceColumn(world, key)?.set(netns, value);
  nodeColumn(world, key)?.set(namespaces.node.get(netns), value);
  if (key.includes(".default.")) keepBefore(world, netns, key);
  keep(world, netns, key, value);
  const named = parseConfKey(key);
  if (named !== undefined) changeConf(world, netns, named, value);
  if (key === "net.bridge.bridge-nf-call-iptables") refreshHooks(world, netns);
  return undefined;
}

function keep(world: World, netns: number, key: string, value: number): void {
  const { sysctls } = world.namespaces;
  sysctls.set(netns, withSysctl(world, sysctls.get(netns), key, value));
}

/** What follows from `ip_forward` until it is set again (`rawConf`). */
function unset(world: World, netns: number, key: string): void {
  const { sysctls } = world.namespaces;
  const { [key]: value, ...rest } = sysctls.get(netns);
  if (value !== undefined) sysctls.set(netns, rest);
}

/** The device that a key is about, where it is about one. */
function deviceOf(key: string): string | undefined {
  const device = /^net\.ipv4\.(?:conf|neigh)\.([^.]+)\./.exec(key)?.[1];
  return device === "all" || device === "default" ? undefined : device;
}

/** `inet_forward_change`: it is one switch under two names, and it writes the others. */
function changeForwarding(world: World, netns: number, value: number): void {
  const { namespaces } = world;
  const isOn = value !== 0;
  const wasOn = namespaces.forwarding.get(netns) !== 0;
  keep(world, netns, "net.ipv4.ip_forward", value);
  namespaces.forwarding.set(netns, value);
  if (isOn === wasOn) return;
  unset(world, netns, "net.ipv4.conf.all.accept_redirects");
  unset(world, netns, "net.ipv4.conf.default.forwarding");
  setForwarding(world, netns, isOn);
}

/** `devinet_copy_dflt_conf`: a device that ever had an address no longer follows `default`. */
function keepBefore(world: World, netns: number, key: string): void {
  const [kind, which, name] = key.split(".").slice(2);
  if (which !== "default" || (kind !== "conf" && kind !== "neigh")) return;
  const { namespaces, devices } = world;
  for (let device = namespaces.firstDevice.get(netns); device !== 0; device = devices.nextInNetns.get(device)) {
    const own = `net.ipv4.${kind}.${devices.name.get(device)}.${name}`;
    const sysctls = namespaces.sysctls.get(netns);
    if (!isSettled(world, device) || sysctls[own] !== undefined) continue;
    const before = sysctls[key] ?? (kind === "conf" ? initialValue(name) : initialNeighbourValue(name));
    if (before !== undefined) keep(world, netns, own, before);
  }
}

function changeConf(world: World, netns: number, changed: { device: string; name: string }, value: number): void {
  const { namespaces, devices } = world;
  for (let device = namespaces.firstDevice.get(netns); device !== 0; device = devices.nextInNetns.get(device)) {
    if (changed.name === "forwarding" && devices.name.get(device) === changed.device)
      setOwnForwarding(world, device, value !== 0);
    refreshConf(world, device);
  }
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
