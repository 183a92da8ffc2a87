import type { SourceRange } from "../../base/source-range.ts";
import { deviceKind } from "../../linux/devices.ts";
import type { World } from "../../linux/world.ts";
import { deviceName } from "../names.ts";
import { devicesOf } from "./find.ts";
import { printCounters } from "./print.ts";
import { shownAddress, shownDevice } from "./shown-machines.ts";
import { deviceId, known, type ShownRow, tableId } from "./shown-row.ts";
import { arpRows, fdbRows, portRows, routeRows, socketRows, sysctlRows } from "./tables.ts";
import { count } from "./words.ts";

/** A table as one row of the tree, above its rows. */
export interface TableItem {
  readonly id: string;
  readonly icon: string;
  readonly label: string;
  readonly description: string;
  readonly open: boolean;
  readonly source: SourceRange | undefined;
}

export interface DeviceItem {
  readonly row: ShownRow;
  readonly isBridge: boolean;
}

/** What is in a namespace: its tables first, since a node can have a thousand interfaces. */
export function netnsItems(
  world: World,
  netns: number,
): { readonly tables: readonly TableItem[]; readonly interfaces: { total: number; rows(): Iterable<DeviceItem> } } {
  const { namespaces, devices } = world;
  const name = namespaces.name.get(netns);
  const source = known(namespaces.source.get(netns));
  const item = (id: string, icon: string, label: string, rows: number, noun: string, open: boolean): TableItem => ({
    id,
    icon,
    label,
    description: rows === 0 ? "empty" : count(rows, noun),
    open,
    source,
  });
  return {
    tables: [
      item(tableId.arp(name), "table", "ARP table", arpRows(world, netns).count, "entry", true),
      item(tableId.routes(name), "list-ordered", "Routes", routeRows(world, netns).count, "route", false),
      item(tableId.sockets(name), "symbol-interface", "Sockets", socketRows(world, netns).count, "socket", false),
      item(tableId.sysctls(name), "settings", "Sysctls", sysctlRows(world, netns).count, "setting", false),
    ],
    interfaces: { total: countDevices(world, netns), rows: () => deviceItemsOf(world, netns) },
  };

  function* deviceItemsOf(w: World, owner: number): Generator<DeviceItem> {
    for (const device of devicesOf(w, owner))
      yield { row: shownDevice(w, device), isBridge: devices.kind.get(device) === deviceKind.bridge };
  }
}

function countDevices(world: World, netns: number): number {
  let total = 0;
  for (const _ of devicesOf(world, netns)) total++;
  return total;
}

/** A property of a device that is a row of the tree but not of any table. */
export interface FieldItem {
  readonly name: string;
  readonly value: string;
  readonly source: SourceRange | undefined;
}

/** What is in a device: a bridge's FDB and ports, the addresses, and its own properties. */
export function deviceItems(
  world: World,
  device: number,
): {
  readonly parent: string;
  readonly tables: readonly TableItem[];
  readonly rows: readonly ShownRow[];
  readonly fields: readonly FieldItem[];
} {
  const { devices, addresses } = world;
  const path = deviceName(world, device);
  const source = known(devices.source.get(device));
  const isBridge = devices.kind.get(device) === deviceKind.bridge;
  const entries = fdbRows(world, device).count;
  const ports = portRows(world, device).count;
  const fdb = { id: tableId.fdb(path), icon: "table", label: "FDB", description: count(entries, "entry") };
  const portTable = { id: tableId.ports(path), icon: "plug", label: "Ports", description: count(ports, "port") };
  return {
    parent: deviceId(path),
    tables: isBridge
      ? [
          { ...fdb, open: true, source },
          { ...portTable, open: false, source },
        ]
      : [],
    rows: addresses.ofDevice(device).map((row) => shownAddress(world, row)),
    fields: deviceFields(world, device).map(([name, value]) => ({ name, value, source })),
  };
}

function deviceFields(world: World, device: number): readonly (readonly [string, string])[] {
  const { devices } = world;
  const { fields } = shownDevice(world, device);
  const peer = devices.peer.get(device);
  const isPort = devices.master.get(device) !== 0;
  const received = printCounters(devices.rxPackets.get(device), devices.rxBytes.get(device));
  const transmitted = printCounters(devices.txPackets.get(device), devices.txBytes.get(device));
  return [
    ["state", fields.state],
    ["link/ether", fields["link/ether"]],
    ["mtu", fields.mtu],
    ...(peer === 0 ? [] : [["peer", deviceName(world, peer)] as const]),
    ...(isPort ? [["master", fields.master] as const, ["hairpin", fields.hairpin] as const] : []),
    ["RX", received],
    ["TX", transmitted],
  ];
}
