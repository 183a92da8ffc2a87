import { nudName } from "../../linux/neighbours.ts";
import { routeType } from "../../linux/routes.ts";
import { socketKind } from "../../linux/sockets.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { deviceName } from "../names.ts";
import * as print from "./print.ts";
import { belowNetns } from "./shown-machines.ts";
import { deviceId, known, type ShownRow, tableId } from "./shown-row.ts";

/** Rows of the ARP tables, FDBs, routing tables and of the sockets as views list them. */

export function shownNeighbour(world: World, row: number): ShownRow {
  const { neighbours, devices, namespaces } = world;
  const device = neighbours.device.get(row);
  const netns = devices.netns.get(device);
  const path = deviceName(world, device);
  const address = formatIpv4(neighbours.address.get(row));
  const state = nudName(neighbours.state.get(row));
  const mac = print.neighbourMac(world, row);
  return {
    id: `arp:${path}/${address}`,
    ancestors: [tableId.arp(namespaces.name.get(netns)), ...belowNetns(world, netns)],
    kind: "row",
    icon: "symbol-field",
    label: address,
    // The state first: side bars are narrow.
    description: [state, mac, "dev", devices.name.get(device)].filter((word) => word !== "").join(" "),
    title: `neigh ${path} ${address}`,
    text: print.printNeighbour(world, row),
    fields: { lladdr: mac, state },
    counters: { probes: String(neighbours.probes.get(row)) },
    source: known(devices.source.get(device)),
  };
}

export function shownFdbRow(world: World, row: number): ShownRow {
  const { fdb, devices } = world;
  const bridge = fdb.bridge.get(row);
  const path = deviceName(world, bridge);
  const mac = formatMac(fdb.mac.get(row));
  const isLocal = fdb.isLocal.get(row) === 1;
  return {
    id: `fdb:${path}/${mac}`,
    ancestors: [tableId.fdb(path), deviceId(path), ...belowNetns(world, devices.netns.get(bridge))],
    kind: "row",
    icon: "symbol-field",
    label: mac,
    description: `${print.printFdbPort(world, row)}${isLocal ? " permanent" : ""}`,
    title: `fdb ${path} ${mac}`,
    text: print.printFdbRow(world, row),
    fields: { dev: devices.name.get(fdb.port.get(row)), permanent: isLocal ? "yes" : "no" },
    source: known(devices.source.get(isLocal ? fdb.port.get(row) : bridge)),
  };
}

/** One VTEP of one address in the table of a vxlan device. */
export function shownVtep(world: World, row: number): ShownRow {
  const { vteps, devices } = world;
  const device = vteps.device.get(row);
  const path = deviceName(world, device);
  const mac = formatMac(vteps.mac.get(row));
  const remote = formatIpv4(vteps.remote.get(row));
  const isAlone = vteps.of(device, vteps.mac.get(row)).length === 1;
  return {
    // Where an address has one VTEP, another one in its place is a change of the entry.
    id: `vtep:${path}/${mac}${isAlone ? "" : ` ${remote}`}`,
    ancestors: [tableId.fdb(path), deviceId(path), ...belowNetns(world, devices.netns.get(device))],
    kind: "row",
    icon: "symbol-field",
    label: mac,
    description: print.printRemote(world, row),
    title: `fdb ${path} ${mac}`,
    text: print.printVtep(world, row),
    fields: { dst: remote, state: print.vtepStateName(world, row) },
    source: known(devices.source.get(device)),
  };
}

/** A route is known by its destination and metric, one of a device's own networks by the address that made it. */
export function shownRoute(world: World, row: number): ShownRow {
  const { routes, namespaces, devices } = world;
  const netns = routes.netns.get(row);
  const name = namespaces.name.get(netns);
  const device = routes.device.get(row);
  const destination = print.printDestination(world, row);
  const gateway = routes.gateway.get(row);
  const source = formatIpv4(routes.preferredSource.get(row));
  const isConnected = routes.isConnected.get(row) === 1;
  const evidence = routes.evidence.get(row);
  const origin = isConnected
    ? `${devices.name.get(device)} ${source}`
    : `table ${routes.tableOf(row)} metric ${routes.metric.get(row)}`;
  return {
    id: `route:${name}/${destination} ${origin}`,
    ancestors: [tableId.routes(name), ...belowNetns(world, netns)],
    kind: "row",
    icon: routes.type.get(row) === routeType.unicast ? "arrow-right" : "circle-slash",
    label: destination,
    description: `${print.printNextHop(world, row)}${print.printEvidence(evidence)}`,
    title: `route ${name} ${destination}`,
    text: print.printRoute(world, row),
    fields: {
      via: gateway === 0 ? "" : formatIpv4(gateway),
      dev: device === 0 ? "" : devices.name.get(device),
      src: routes.preferredSource.get(row) === 0 ? "" : source,
      ...(evidence !== null && { evidence }),
    },
    source: known(routes.source.get(row)),
  };
}

/** Ping and ARP sockets have no port of their own to tell two of them apart: their row does. */
export function shownSocket(world: World, row: number): ShownRow {
  const { sockets, namespaces, processes } = world;
  const netns = sockets.netns.get(row);
  const name = namespaces.name.get(netns);
  const kind = sockets.kind.get(row);
  const isRaw = kind === socketKind.ping || kind === socketKind.arp;
  const protocol = print.socketProtocol(world, row);
  const endpoints = print.printEndpoints(world, row);
  const process = sockets.process.get(row);
  return {
    id: `sock:${name}/${protocol} ${endpoints}${isRaw ? ` ${row}` : ""}`,
    ancestors: [tableId.sockets(name), ...belowNetns(world, netns)],
    kind: "row",
    icon: kind === socketKind.tcpListen ? "broadcast" : "symbol-interface",
    label: `${protocol} ${print.socketState(world, row)}`,
    description: endpoints,
    title: `socket ${name} ${protocol} ${endpoints}`,
    text: print.printSocket(world, row),
    fields: { state: print.socketState(world, row) },
    source: process === 0 ? undefined : known(processes.source.get(process)),
  };
}
