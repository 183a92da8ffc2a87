import type { SourceRange } from "../../base/source-range.ts";
import { deviceKind } from "../../linux/devices.ts";
import type { World } from "../../linux/world.ts";
import { deviceName, hubName } from "../names.ts";
import { connectionRows } from "./connections.ts";
import { printCounters, printVxlan } from "./print.ts";
import { resolvConfRows } from "./resolv-conf.ts";
import { ruleProgram, ruleRows, ruleTables } from "./rules.ts";
import { shownDevice } from "./shown-machines.ts";
import { known, tableId } from "./shown-row.ts";
import { arpRows, fdbRows, portRows, routeRows, socketRows, sysctlRows, vtepRows } from "./tables.ts";
import { count } from "./words.ts";

/** Rows of the state tree that are no row of a table: the tables themselves, and the properties of a device. */

export interface TableItem {
  readonly id: string;
  readonly icon: string;
  readonly label: string;
  /** `3 entries`. */
  readonly description: string;
  readonly isEmpty: boolean;
  /** Open at first. */
  readonly open: boolean;
  readonly source: SourceRange | undefined;
}

export function netnsTables(world: World, netns: number): readonly TableItem[] {
  const name = world.namespaces.name.get(netns);
  const source = known(world.namespaces.source.get(netns));
  const closed = { open: false, source };
  return [
    {
      id: tableId.arp(name),
      icon: "table",
      label: "ARP table",
      ...sizeOf(arpRows(world, netns).count, "entry"),
      open: true,
      source,
    },
    {
      id: tableId.routes(name),
      icon: "list-ordered",
      label: "Routes",
      ...sizeOf(routeRows(world, netns).count, "route"),
      ...closed,
    },
    ...ruleItems(world, netns, name),
    ...connectionItems(world, netns, name),
    {
      id: tableId.sockets(name),
      icon: "symbol-interface",
      label: "Sockets",
      ...sizeOf(socketRows(world, netns).count, "socket"),
      ...closed,
    },
    ...resolvConfItems(world, netns, name),
    {
      id: tableId.sysctls(name),
      icon: "settings",
      label: "Sysctls",
      ...sizeOf(sysctlRows(world, netns).count, "setting"),
      ...closed,
    },
  ];
}

/** One for each table of rules; most namespaces have none. */
function ruleItems(world: World, netns: number, name: string): readonly TableItem[] {
  const source = known(world.namespaces.source.get(netns));
  return ruleTables(world, netns).map((table) => ({
    id: tableId.rules(name, table),
    icon: "filter",
    label: `${ruleProgram(table)} ${table}`,
    ...sizeOf(ruleRows(world, netns, table).count, "rule"),
    open: false,
    source,
  }));
}

/** Most namespaces track no connections. */
function connectionItems(world: World, netns: number, name: string): readonly TableItem[] {
  const { count: connections } = connectionRows(world, netns);
  if (connections === 0) return [];
  const source = known(world.namespaces.source.get(netns));
  const id = tableId.connections(name);
  return [{ id, icon: "arrow-both", label: "Connections", ...sizeOf(connections, "connection"), open: true, source }];
}

/** Pods have one where there is a cluster DNS. */
function resolvConfItems(world: World, netns: number, name: string): readonly TableItem[] {
  const lines = resolvConfRows(world, netns);
  if (lines.count === 0) return [];
  const source = known(world.namespaces.source.get(netns));
  const servers = lines.first(lines.count).filter(({ label }) => label === "nameserver");
  const description = servers.map((line) => line.description).join(" ");
  const id = tableId.resolvConf(name);
  return [{ id, icon: "book", label: "resolv.conf", description, isEmpty: false, open: false, source }];
}

/** A bridge's FDB and ports, a vxlan device's FDB; other devices have no tables. */
export function deviceTables(world: World, device: number): readonly TableItem[] {
  if (world.devices.kind.get(device) === deviceKind.vxlan) return [vtepTable(world, device)];
  if (world.devices.kind.get(device) !== deviceKind.bridge) return [];
  const path = deviceName(world, device);
  const source = known(world.devices.source.get(device));
  return [
    {
      id: tableId.fdb(path),
      icon: "table",
      label: "FDB",
      ...sizeOf(fdbRows(world, device).count, "entry"),
      open: true,
      source,
    },
    {
      id: tableId.ports(path),
      icon: "plug",
      label: "Ports",
      ...sizeOf(portRows(world, device).count, "port"),
      open: false,
      source,
    },
  ];
}

function vtepTable(world: World, device: number): TableItem {
  const size = sizeOf(vtepRows(world, device).count, "entry");
  const source = known(world.devices.source.get(device));
  return { id: tableId.fdb(deviceName(world, device)), icon: "table", label: "FDB", ...size, open: true, source };
}

function sizeOf(rows: number, noun: string): { readonly description: string; readonly isEmpty: boolean } {
  return { description: rows === 0 ? "empty" : count(rows, noun), isEmpty: rows === 0 };
}

/** Names and values, as `ip -s link` has them. */
export function deviceProperties(world: World, device: number): readonly (readonly [string, string])[] {
  const { devices } = world;
  const { fields } = shownDevice(world, device);
  const peer = devices.peer.get(device);
  const hub = hubName(world, device);
  const vxlan = world.vxlans.ofDevice(device);
  const isPort = devices.master.get(device) !== 0;
  return [
    ["state", fields.state],
    ["link/ether", fields["link/ether"]],
    ["mtu", fields.mtu],
    ...(peer === 0 ? [] : [["peer", deviceName(world, peer)] as const]),
    ...(isPort ? [["master", fields.master] as const, ["hairpin", fields.hairpin] as const] : []),
    ...(hub === "" ? [] : [["hub", hub] as const]),
    ...(vxlan === 0 ? [] : [["vxlan", printVxlan(world, vxlan)] as const]),
    ["RX", printCounters(devices.rxPackets.get(device), devices.rxBytes.get(device))],
    ["TX", printCounters(devices.txPackets.get(device), devices.txBytes.get(device))],
  ];
}
