import { anyPortOff, deviceKind } from "../devices.ts";
import type { Sysctls } from "../namespaces.ts";
import type { World } from "../world.ts";

/** How Linux makes one value of `conf.all` and the device's own (`IN_DEV_*CONF` of include/linux/inetdevice.h). */
type Combination = "or" | "and" | "max" | "own";

interface Setting {
  readonly name: string;
  readonly combination: Combination;
  readonly shift: number;
  readonly mask: number;
  /** What the kernel begins with, in `all` and in `default` (net/ipv4/devinet.c). */
  readonly initial: number;
}

function setting(name: string, combination: Combination, shift: number, mask = 1, initial = 0): Setting {
  return { name, combination, shift, mask, initial };
}

/** The `net.ipv4.conf.DEVICE` settings that the simulated kernel heeds, each with its place in `Devices.conf`. */
export const conf = {
  /** Not derived: `ip_forward` writes it into every device. */
  forwarding: setting("forwarding", "own", 0),
  rpFilter: setting("rp_filter", "max", 1, 3),
  acceptLocal: setting("accept_local", "or", 3),
  routeLocalnet: setting("route_localnet", "or", 4),
  sendRedirects: setting("send_redirects", "or", 5, 1, 1),
  sharedMedia: setting("shared_media", "or", 6, 1, 1),
  proxyArp: setting("proxy_arp", "or", 7),
  proxyArpPvlan: setting("proxy_arp_pvlan", "own", 8),
  arpIgnore: setting("arp_ignore", "max", 9, 15),
  arpAnnounce: setting("arp_announce", "max", 13, 3),
  arpAccept: setting("arp_accept", "max", 15, 3),
  arpFilter: setting("arp_filter", "or", 17),
  /** A host accepts redirects where one of the two says so, a router where both do. */
  acceptRedirectsAny: setting("accept_redirects", "or", 18, 1, 1),
  acceptRedirectsBoth: setting("accept_redirects", "and", 19, 1, 1),
  dropGratuitousArp: setting("drop_gratuitous_arp", "or", 20),
  dropUnicastInMulticast: setting("drop_unicast_in_l2_multicast", "or", 21),
  arpNotify: setting("arp_notify", "max", 22),
} as const;

/** The device had an address: from then on it does not follow `default` (`ipv4_devconf_setall`). */
const settled = 1 << 30;
const settings: readonly Setting[] = Object.values(conf);
const derived = settings.filter(({ name }) => name !== "forwarding");
const initials: ReadonlyMap<string, number> = new Map(settings.map(({ name, initial }) => [name, initial]));
const confKey = /^net\.ipv4\.conf\.([^.]+)\.(\w+)$/;

/** The value of a setting that acts on the device. */
export function confOf(world: World, device: number, { shift, mask }: Setting): number {
  return (world.devices.conf.get(device) >>> shift) & mask;
}

/** `net.ipv4.conf.eth0.rp_filter`: its device and name; undefined for other keys. */
export function parseConfKey(key: string): { readonly device: string; readonly name: string } | undefined {
  const match = confKey.exec(key);
  return match === null ? undefined : { device: match[1], name: match[2] };
}

/** What `sysctl -n` shows: a device that was not set follows `default` (`devinet_copy_dflt_conf`). */
export function rawConf(sysctls: Sysctls, device: string, name: string): number | undefined {
  const prefix = "net.ipv4.conf.";
  const own = sysctls[`${prefix}${device}.${name}`];
  if (own !== undefined) return own;
  const forwards = sysctls["net.ipv4.ip_forward"] ?? 0;
  if (name === "forwarding") return forwards;
  if (device === "all") return name === "accept_redirects" && forwards !== 0 ? 0 : initials.get(name);
  return sysctls[`${prefix}default.${name}`] ?? initials.get(name);
}

export function initialValue(name: string): number | undefined {
  return initials.get(name);
}

/** Notes that the device has an address. */
export function settle(world: World, device: number): void {
  const { conf: column } = world.devices;
  if (!isSettled(world, device)) column.set(device, column.get(device) | settled);
}

export function isSettled(world: World, device: number): boolean {
  return (world.devices.conf.get(device) & settled) !== 0;
}

export function setOwnForwarding(world: World, device: number, isOn: boolean): void {
  const { conf: column } = world.devices;
  column.set(device, (column.get(device) & ~1) | (isOn ? 1 : 0));
}

/** Works out anew what acts on the device, after its namespace's sysctls changed. */
export function refreshConf(world: World, device: number): void {
  const { devices, namespaces } = world;
  const before = devices.conf.get(device);
  const sysctls = namespaces.sysctls.get(devices.netns.get(device));
  const after = (before & (settled | anyPortOff | 1)) | derivedConf(world, sysctls, devices.name.get(device));
  if (after !== before) devices.conf.set(device, after);
}

/** A new device forwards if `default` says so. */
export function initialConf(world: World, netns: number, name: string): number {
  const sysctls = world.namespaces.sysctls.get(netns);
  return (rawConf(sysctls, "default", "forwarding") ?? 0) | derivedConf(world, sysctls, name);
}

/** `inet_forward_change`: routers do not listen to redirects; all devices follow. */
export function setForwarding(world: World, netns: number, isOn: boolean): void {
  const { namespaces, devices } = world;
  for (let device = namespaces.firstDevice.get(netns); device !== 0; device = devices.nextInNetns.get(device)) {
    setOwnForwarding(world, device, isOn);
    refreshConf(world, device);
  }
}

/** Thousands of pods are set up alike: one answer for each set of sysctls and device name. */
function derivedConf(world: World, sysctls: Sysctls, device: string): number {
  let known = world.derivedConf.get(sysctls);
  if (known === undefined) {
    known = new Map();
    world.derivedConf.set(sysctls, known);
  }
  const cached = known.get(device);
  if (cached !== undefined) return cached;
  let packed = 0;
  for (const one of derived) packed |= (combined(sysctls, device, one) & one.mask) << one.shift;
  known.set(device, packed);
  return packed;
}

function combined(sysctls: Sysctls, device: string, { name, combination }: Setting): number {
  const own = rawConf(sysctls, device, name) ?? 0;
  const all = rawConf(sysctls, "all", name) ?? 0;
  switch (combination) {
    case "or":
      return own !== 0 || all !== 0 ? 1 : 0;
    case "and":
      return own !== 0 && all !== 0 ? 1 : 0;
    case "max":
      return Math.max(own, all);
    case "own":
      return own;
  }
}

/** `IN_DEV_RX_REDIRECTS`. */
export function acceptsRedirects(world: World, device: number): boolean {
  if (world.devices.kind.get(device) === deviceKind.loopback) return false;
  const which = confOf(world, device, conf.forwarding) === 1 ? conf.acceptRedirectsBoth : conf.acceptRedirectsAny;
  return confOf(world, device, which) === 1;
}
