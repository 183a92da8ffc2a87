import type { Sysctls } from "../namespaces.ts";
import type { World } from "../world.ts";

const millisecondNs = 1_000_000;
const secondNs = 1_000_000_000;
/** USER_HZ: some values are in hundredths of a second. */
const hundredthNs = 10_000_000;

/** `net.ipv4.neigh.DEVICE`, in nanoseconds and numbers (net/core/neighbour.c, net/ipv4/arp.c). */
export interface NeighbourSettings {
  readonly baseReachableTimeNs: number;
  readonly delayFirstProbeTimeNs: number;
  /** The captures show 1.02 s: the timer wheel rounds up by some jiffies, which the simulation leaves out. */
  readonly retransTimeNs: number;
  readonly staleTimeNs: number;
  readonly lockTimeNs: number;
  readonly proxyDelayNs: number;
  readonly proxyQueueLength: number;
  readonly unicastSolicits: number;
  readonly multicastSolicits: number;
  readonly multicastResolicits: number;
  readonly unresolvedQueueBytes: number;
}

interface Setting {
  readonly sysctl: string;
  readonly unit: number;
  readonly initial: number;
}

const settings: Readonly<Record<keyof NeighbourSettings, Setting>> = {
  baseReachableTimeNs: { sysctl: "base_reachable_time_ms", unit: millisecondNs, initial: 30_000 },
  delayFirstProbeTimeNs: { sysctl: "delay_first_probe_time", unit: secondNs, initial: 5 },
  retransTimeNs: { sysctl: "retrans_time_ms", unit: millisecondNs, initial: 1000 },
  staleTimeNs: { sysctl: "gc_stale_time", unit: secondNs, initial: 60 },
  lockTimeNs: { sysctl: "locktime", unit: hundredthNs, initial: 100 },
  proxyDelayNs: { sysctl: "proxy_delay", unit: hundredthNs, initial: 80 },
  proxyQueueLength: { sysctl: "proxy_qlen", unit: 1, initial: 64 },
  unicastSolicits: { sysctl: "ucast_solicit", unit: 1, initial: 3 },
  multicastSolicits: { sysctl: "mcast_solicit", unit: 1, initial: 3 },
  multicastResolicits: { sysctl: "mcast_resolicit", unit: 1, initial: 0 },
  unresolvedQueueBytes: { sysctl: "unres_qlen_bytes", unit: 1, initial: 212_992 },
};

/** What holds for the neighbours behind a device: its own values, else those of `default`, else the kernel's. */
export function neighbourSettings(world: World, device: number): NeighbourSettings {
  const { devices, namespaces } = world;
  const sysctls = namespaces.sysctls.get(devices.netns.get(device));
  const name = devices.name.get(device);
  let known = world.neighbourSettings.get(sysctls);
  if (known === undefined) {
    known = new Map();
    world.neighbourSettings.set(sysctls, known);
  }
  let found = known.get(name);
  if (found === undefined) {
    found = read(sysctls, name);
    known.set(name, found);
  }
  return found;
}

function read(sysctls: Sysctls, device: string): NeighbourSettings {
  const values = Object.entries(settings).map(([key, { sysctl, unit, initial }]) => {
    const value = sysctls[`net.ipv4.neigh.${device}.${sysctl}`] ?? sysctls[`net.ipv4.neigh.default.${sysctl}`];
    return [key, (value ?? initial) * unit];
  });
  return Object.fromEntries(values) as NeighbourSettings;
}

/** What the kernel begins with. */
export function initialNeighbourValue(sysctl: string): number | undefined {
  return Object.values(settings).find((one) => one.sysctl === sysctl)?.initial;
}
