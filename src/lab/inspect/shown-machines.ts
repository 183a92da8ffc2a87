import { deviceKind } from "../../linux/devices.ts";
import { getSysctl } from "../../linux/setup/sysctl.ts";
import type { World } from "../../linux/world.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { deviceName, hubName } from "../names.ts";
import { devicesOf } from "./find.ts";
import { operationalState, printAddress, printCounters, printLink, printPrefix, printSysctl } from "./print.ts";
import { deviceId, known, netnsId, nodeId, type ShownRow, tableId } from "./shown-row.ts";
import { count } from "./words.ts";

/** Nodes, namespaces, devices, their addresses and sysctls as views list them. */

export function shownNode(world: World, row: number): ShownRow {
  const { nodes, namespaces } = world;
  const name = nodes.name.get(row);
  const pods = namespaces.ofNode(row).filter((netns) => namespaces.role.get(netns) === "pod").length;
  return {
    id: nodeId(name),
    ancestors: [],
    kind: "node",
    icon: "server",
    label: name,
    description: pods === 0 ? "" : count(pods, "pod"),
    title: `node ${name}`,
    text: name,
    fields: {},
    source: known(nodes.source.get(row)),
  };
}

const icons: Readonly<Record<string, string>> = {
  node: "server-environment",
  pod: "package",
  switch: "layers",
  router: "circuit-board",
  host: "device-desktop",
};

export function shownNetns(world: World, row: number): ShownRow {
  const { namespaces } = world;
  const name = namespaces.name.get(row);
  const role = namespaces.role.get(row);
  return {
    id: netnsId(name),
    ancestors: netnsAncestors(world, row),
    kind: "netns",
    icon: icons[role] ?? "symbol-namespace",
    label: name,
    description: role === "node" ? "root namespace" : ownAddresses(world, row),
    title: `netns ${name}`,
    text: name,
    fields: {},
    source: known(namespaces.source.get(row)),
  };
}

/** What stands above a namespace in the tree. */
function netnsAncestors(world: World, netns: number): readonly string[] {
  const node = world.namespaces.node.get(netns);
  return node === 0 ? [] : [nodeId(world.nodes.name.get(node))];
}

/** The namespace itself, and what stands above it. */
export function belowNetns(world: World, netns: number): readonly string[] {
  return [netnsId(world.namespaces.name.get(netns)), ...netnsAncestors(world, netns)];
}

export function shownDevice(world: World, device: number): ShownRow {
  const { devices } = world;
  const path = deviceName(world, device);
  return {
    id: deviceId(path),
    ancestors: belowNetns(world, devices.netns.get(device)),
    kind: "interface",
    icon: deviceIcon(devices.kind.get(device)),
    label: devices.name.get(device),
    description: deviceDescription(world, device),
    title: `link ${path}`,
    text: printLink(world, device),
    fields: deviceFields(world, device),
    counters: {
      RX: printCounters(devices.rxPackets.get(device), devices.rxBytes.get(device)),
      TX: printCounters(devices.txPackets.get(device), devices.txBytes.get(device)),
    },
    source: known(devices.source.get(device)),
  };
}

function deviceIcon(kind: number): string {
  if (kind === deviceKind.bridge) return "type-hierarchy-sub";
  return kind === deviceKind.loopback ? "sync" : "plug";
}

/** `10.244.0.2/24 ↔ node1/veth1`, `port of cbr0 ↔ pod1/eth0`. */
function deviceDescription(world: World, device: number): string {
  const { devices, addresses } = world;
  const master = devices.master.get(device);
  const peer = devices.peer.get(device);
  const words: string[] = [];
  if (devices.up.get(device) === 0) words.push("DOWN");
  else if (!devices.isRunning(device)) words.push("NO-CARRIER");
  if (master !== 0) words.push(`port of ${devices.name.get(master)}`);
  words.push(...addresses.ofDevice(device).map((row) => printPrefix(world, row)));
  if (peer !== 0) words.push(`↔ ${deviceName(world, peer)}`);
  const hub = hubName(world, device);
  if (hub !== "") words.push(`on hub ${hub}`);
  return words.join(" ");
}

function deviceFields(world: World, device: number): Readonly<Record<string, string>> {
  const { devices } = world;
  const master = devices.master.get(device);
  return {
    "link/ether": formatMac(devices.mac.get(device)),
    mtu: String(devices.mtu.get(device)),
    state: operationalState(world, device),
    master: master === 0 ? "none" : devices.name.get(master),
    hairpin: devices.hairpin.get(device) === 1 ? "on" : "off",
  };
}

/** A device as one of its bridge's ports. */
export function shownPort(world: World, device: number): ShownRow {
  const { devices } = world;
  const bridge = devices.master.get(device);
  const bridgePath = deviceName(world, bridge);
  const name = devices.name.get(device);
  const peer = devices.peer.get(device);
  const state = operationalState(world, device);
  return {
    id: `port:${bridgePath}/${name}`,
    ancestors: [tableId.ports(bridgePath), deviceId(bridgePath), ...belowNetns(world, devices.netns.get(device))],
    kind: "row",
    icon: "plug",
    label: name,
    description: `${peer === 0 ? "" : `↔ ${deviceName(world, peer)} `}${state === "UP" ? "" : state}`.trimEnd(),
    title: `port ${bridgePath} ${name}`,
    text: `${name} master ${devices.name.get(bridge)} state ${state}`,
    fields: { state },
    source: known(devices.source.get(device)),
  };
}

export function shownAddress(world: World, row: number): ShownRow {
  const { addresses } = world;
  const device = addresses.device.get(row);
  const path = deviceName(world, device);
  const prefix = printPrefix(world, row);
  return {
    id: `addr:${path}/${prefix}`,
    ancestors: [deviceId(path), ...belowNetns(world, addresses.netns.get(row))],
    kind: "row",
    icon: "symbol-numeric",
    label: prefix,
    description: "inet",
    title: `addr ${path} ${prefix}`,
    text: printAddress(world, row),
    fields: {},
    source: known(addresses.source.get(row)),
  };
}

export function shownSysctl(world: World, netns: number, key: string): ShownRow {
  const { namespaces } = world;
  const name = namespaces.name.get(netns);
  const value = getSysctl(world, netns, key) ?? 0;
  return {
    id: `sysctl:${name}/${key}`,
    ancestors: [tableId.sysctls(name), ...belowNetns(world, netns)],
    kind: "row",
    icon: "settings-gear",
    label: key,
    description: `= ${value}`,
    title: `sysctl ${name} ${key}`,
    text: printSysctl(key, value),
    fields: { value: String(value) },
    source: undefined,
  };
}

/** The keys of the sysctls that were set in a namespace, in the order of `sysctl -a`. */
export function sysctlKeys(world: World, netns: number): readonly string[] {
  return Object.keys(world.namespaces.sysctls.get(netns)).sort();
}

function ownAddresses(world: World, netns: number): string {
  const { namespaces, addresses, devices } = world;
  const found: string[] = [];
  for (const device of devicesOf(world, netns))
    if (device !== namespaces.loopback.get(netns) && devices.kind.get(device) !== deviceKind.loopback)
      for (const row of addresses.ofDevice(device)) found.push(printPrefix(world, row).replace(/\/.*/, ""));
  return found.join(" ");
}
