import { anyPortOff, deviceKind } from "../../linux/devices.ts";
import type { World } from "../../linux/world.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { devicesOf } from "../inspect/find.ts";
import { linkFlags, operationalState, printLink } from "../inspect/print.ts";

/** Devices as `ip link`, `ip addr` and `bridge link` print them (iproute2 6.1). */

/** `2: eth0@if3: <…> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000`; `ip addr` leaves the mode out. */
export function linkHead(world: World, device: number, withMode: boolean): string {
  return `${printLink(world, device)}${withMode ? " mode DEFAULT" : ""} group default qlen 1000`;
}

/** `    link/ether 02:… brd ff:ff:ff:ff:ff:ff link-netns pod1`. */
export function linkAddress(world: World, device: number): string {
  const { devices } = world;
  const netns = peerNetns(world, device);
  const [type, broadcast] = isLoopback(world, device) ? ["loopback", 0] : ["ether", 0xffff_ffff_ffff];
  const link = netns === 0 ? "" : ` link-netns ${world.namespaces.name.get(netns)}`;
  return `    link/${type} ${formatMac(devices.mac.get(device))} brd ${formatMac(broadcast)}${link}`;
}

/** The other namespace that the device's other end is in, or 0. */
export function peerNetns({ devices }: World, device: number): number {
  const peer = devices.peer.get(device);
  if (peer === 0) return 0;
  const netns = devices.netns.get(peer);
  return netns === devices.netns.get(device) ? 0 : netns;
}

/** The numbers that a namespace knows others by: the kernel hands them out as it first hears of them. */
function linkNetnsId(world: World, device: number): number | undefined {
  const netns = peerNetns(world, device);
  if (netns === 0) return undefined;
  const seen: number[] = [];
  for (const one of devicesOf(world, world.devices.netns.get(device))) {
    const other = peerNetns(world, one);
    if (other !== 0 && !seen.includes(other)) seen.push(other);
  }
  return seen.indexOf(netns);
}

function isLoopback({ devices }: World, device: number): boolean {
  return devices.kind.get(device) === deviceKind.loopback;
}

/** The device as `-j` has it; `ip addr` leaves the mode out. */
export function linkJson(world: World, device: number, withMode: boolean): Record<string, unknown> {
  const { devices } = world;
  const master = devices.master.get(device);
  const loopback = isLoopback(world, device);
  const netnsId = linkNetnsId(world, device);
  return {
    ifindex: devices.ifindex.get(device),
    ...linkIndex(world, device),
    ifname: devices.name.get(device),
    flags: linkFlags(world, device),
    mtu: devices.mtu.get(device),
    qdisc: "noqueue",
    ...(master !== 0 && { master: devices.name.get(master) }),
    operstate: operationalState(world, device),
    ...(withMode && { linkmode: "DEFAULT" }),
    group: "default",
    txqlen: 1000,
    link_type: loopback ? "loopback" : "ether",
    address: formatMac(devices.mac.get(device)),
    broadcast: formatMac(loopback ? 0 : 0xffff_ffff_ffff),
    ...(netnsId !== undefined && { link_netnsid: netnsId }),
  };
}

/** The other end: by its name where it is in the same namespace, else by its number there. */
export function linkIndex(world: World, device: number): { readonly link?: string; readonly link_index?: number } {
  const { devices } = world;
  const peer = devices.peer.get(device);
  if (peer === 0) return {};
  const isNear = devices.netns.get(peer) === devices.netns.get(device);
  return isNear ? { link: devices.name.get(peer) } : { link_index: devices.ifindex.get(peer) };
}

const columnWidths = [10, 7, 6, 7, 7, 7, 10] as const;
const receiveTitles = ["bytes", "packets", "errors", "dropped", "missed", "mcast", ""];
const sendTitles = ["bytes", "packets", "errors", "dropped", "carrier", "collsns", ""];

/** The four lines that `ip -s link` adds. */
export function linkCounters({ devices }: World, device: number): readonly string[] {
  const received = [devices.rxBytes.get(device), devices.rxPackets.get(device), 0, 0, 0, 0];
  const sent = [devices.txBytes.get(device), devices.txPackets.get(device), 0, 0, 0, 0];
  const widths = columnWidths.map((width, column) =>
    Math.max(width, String(received[column] ?? 0).length, String(sent[column] ?? 0).length),
  );
  const titles = (way: string, names: readonly string[]) =>
    `    ${way}: ${names.map((name, column) => name.padStart(widths[column] - (column === 0 ? 4 : 0))).join(" ")}`;
  const values = (numbers: readonly number[]) =>
    `    ${numbers.map((value, column) => `${String(value).padStart(widths[column])} `).join("")}`;
  return [titles("RX", receiveTitles), values(received), titles("TX", sendTitles), values(sent)];
}

export function linkCountersJson({ devices }: World, device: number): object {
  const common = { errors: 0, dropped: 0 };
  return {
    rx: {
      bytes: devices.rxBytes.get(device),
      packets: devices.rxPackets.get(device),
      ...common,
      over_errors: 0,
      multicast: 0,
    },
    tx: {
      bytes: devices.txBytes.get(device),
      packets: devices.txPackets.get(device),
      ...common,
      carrier_errors: 0,
      collisions: 0,
    },
  };
}

/** `eth0@if3         UP             `: what `-br` begins with. */
export function briefHead(world: World, device: number): string {
  const { link, link_index } = linkIndex(world, device);
  const name = world.devices.name.get(device);
  const whole = link !== undefined ? `${name}@${link}` : link_index !== undefined ? `${name}@if${link_index}` : name;
  return `${whole.padEnd(16)} ${operationalState(world, device).padEnd(14)} `;
}

/** As `bridge link` names its state (net/bridge/br_stp_if.c): a port without a carrier is disabled. */
export function portState(world: World, port: number): "forwarding" | "disabled" {
  return world.devices.isRunning(port) ? "forwarding" : "disabled";
}

/** iproute2 looks up the other end's number among the devices of this namespace, whatever namespace that is in. */
export function portLink(world: World, port: number): string {
  const { devices } = world;
  const peer = devices.peer.get(port);
  if (peer === 0) return devices.name.get(port);
  const ifindex = devices.ifindex.get(peer);
  for (const other of devicesOf(world, devices.netns.get(port)))
    if (devices.ifindex.get(other) === ifindex) return devices.name.get(other);
  return `if${ifindex}`;
}

/** A flag that is on unless it was taken away, of a bridge's port. */
export function isPortFlagOn({ devices }: World, port: number, bit: number): boolean {
  return (devices.conf.get(port) & anyPortOff & bit) === 0;
}
