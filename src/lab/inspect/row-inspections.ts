import { nudName } from "../../linux/neighbours.ts";
import { socketKind } from "../../linux/sockets.ts";
import type { World } from "../../linux/world.ts";
import { never } from "../../sim/timers.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { deviceName, packetText } from "../names.ts";
import type { Inspection } from "../protocol.ts";
import { printDurationNs } from "./duration.ts";
import * as print from "./print.ts";
import { shownAddress, shownDevice, shownPort } from "./shown-machines.ts";
import { shownFdbRow, shownNeighbour, shownRoute, shownSocket, shownVtep } from "./shown-tables.ts";
import { stationOf } from "./station-inspections.ts";
import { arpRows, fdbRows, portRows, routeRows, socketRows, sysctlRows, type TableRows, vtepRows } from "./tables.ts";
import { withData, withFields } from "./with-data.ts";
import { count } from "./words.ts";

/** Rows of tables as values that open up, with the CEL expressions that read them. */

export function neighbourInspection(world: World, row: number): Inspection {
  const { neighbours, devices, namespaces } = world;
  const device = neighbours.device.get(row);
  const netns = namespaces.name.get(devices.netns.get(device));
  const address = formatIpv4(neighbours.address.get(row));
  const call = `neigh(${quote(netns)}, ${quote(address)})`;
  return withData(() => shownNeighbour(world, row), {
    name: address,
    value: print.printNeighbour(world, row).slice(address.length + 1),
    evaluateName: call,
    children: () => neighbourFields(world, row, call),
  });
}

function neighbourFields(world: World, row: number, call: string): readonly Inspection[] {
  const { neighbours, devices, nowNs } = world;
  const ago = (ns: number) => `${printDurationNs(nowNs - ns)} ago`;
  const timerNs = neighbours.timer.get(row);
  const waiting = waitingPackets(world, row);
  return [
    { name: "state", value: nudName(neighbours.state.get(row)), evaluateName: `${call}.state` },
    { name: "lladdr", value: print.neighbourMac(world, row) || "not known", evaluateName: `${call}.mac` },
    { name: "dev", value: devices.name.get(neighbours.device.get(row)), evaluateName: `${call}.dev` },
    { name: "probes", value: String(neighbours.probes.get(row)) },
    { name: "confirmed", value: ago(neighbours.confirmedNs.get(row)) },
    { name: "updated", value: ago(neighbours.updatedNs.get(row)) },
    { name: "used", value: ago(neighbours.usedNs.get(row)) },
    { name: "timer", value: timerNs === never ? "not set" : `fires in ${printDurationNs(timerNs - nowNs)}` },
    {
      name: "waiting",
      value: count(waiting.length, "packet"),
      ...(waiting.length > 0 && { childCount: waiting.length, children: () => waiting }),
    },
  ];
}

function waitingPackets(world: World, neighbour: number): readonly Inspection[] {
  const { packets, neighbours } = world;
  const waiting: Inspection[] = [];
  for (let packet = neighbours.firstQueued.get(neighbour); packet !== 0; packet = packets.next.get(packet)) {
    const data = packets.data.get(packet);
    waiting.push({ name: `#${packets.origin.get(packet).name}`, value: data === null ? "" : packetText(data) });
  }
  return waiting;
}

export function fdbInspection(world: World, row: number): Inspection {
  const { fdb, devices } = world;
  const mac = formatMac(fdb.mac.get(row));
  const call = `fdb(${quote(deviceName(world, fdb.bridge.get(row)))}, ${quote(mac)})`;
  return withData(() => shownFdbRow(world, row), {
    name: mac,
    value: print.printFdbRow(world, row).slice(mac.length + 1),
    evaluateName: call,
    children: () => [
      { name: "port", value: devices.name.get(fdb.port.get(row)), evaluateName: `${call}.port` },
      { name: "permanent", value: String(fdb.isLocal.get(row) === 1), evaluateName: `${call}.permanent` },
    ],
  });
}

/** The table of a vxlan device: which VTEP an address is behind. */
export function vtepTable(world: World, device: number): Inspection {
  return tableInspection("FDB", "entry", vtepRows(world, device), (row) =>
    withData(() => shownVtep(world, row), {
      name: formatMac(world.vteps.mac.get(row)),
      value: print.printRemote(world, row),
    }),
  );
}

/** A device with what `ip -s link` and `ip addr` say of it. */
export function deviceInspection(world: World, device: number): Inspection {
  return withData(() => shownDevice(world, device), {
    name: deviceName(world, device),
    value: print.printLink(world, device),
    children: () => linkFields(world, device),
  });
}

export function linkFields(world: World, device: number): readonly Inspection[] {
  return withFields(() => shownDevice(world, device), allLinkFields(world, device));
}

function allLinkFields(world: World, device: number): readonly Inspection[] {
  const { devices, addresses } = world;
  const peer = devices.peer.get(device);
  const master = devices.master.get(device);
  const ports = portRows(world, device);
  const vxlan = world.vxlans.ofDevice(device);
  return [
    ...addresses.ofDevice(device).map((row) => ({ name: "inet", value: shownAddress(world, row).label })),
    { name: "state", value: print.operationalState(world, device) },
    { name: "link/ether", value: formatMac(devices.mac.get(device)) },
    { name: "mtu", value: String(devices.mtu.get(device)) },
    ...(peer === 0 ? [] : [{ ...deviceInspection(world, peer), name: "peer", value: deviceName(world, peer) }]),
    ...(master === 0 ? [] : [{ ...deviceInspection(world, master), name: "master", value: deviceName(world, master) }]),
    ...(ports.count === 0 ? [] : [portsInspection(world, device)]),
    ...stationOf(world, device),
    ...(vxlan === 0 ? [] : [{ name: "vxlan", value: print.printVxlan(world, vxlan) }, vtepTable(world, device)]),
    { name: "RX", value: print.printCounters(devices.rxPackets.get(device), devices.rxBytes.get(device)) },
    { name: "TX", value: print.printCounters(devices.txPackets.get(device), devices.txBytes.get(device)) },
  ];
}

export function portsInspection(world: World, bridge: number): Inspection {
  const { devices } = world;
  const ports: number[] = [];
  for (let port = devices.firstPort.get(bridge); port !== 0; port = devices.nextPort.get(port)) ports.push(port);
  return {
    name: "ports",
    value: count(ports.length, "port"),
    childCount: ports.length,
    children: () => ports.map((port) => ({ name: devices.name.get(port), value: shownPort(world, port).text })),
  };
}

export function socketInspection(world: World, row: number): Inspection {
  const { sockets, processes } = world;
  const process = sockets.process.get(row);
  const connection = sockets.connection.get(row);
  const container = process === 0 ? "" : processes.container.get(process);
  const ttl = sockets.ttl.get(row);
  return withData(() => shownSocket(world, row), {
    name: `${print.socketProtocol(world, row)} ${print.socketState(world, row)}`,
    value: print.printEndpoints(world, row),
    children: () => [
      ...(container === "" ? [] : [{ name: "container", value: container }]),
      ...(ttl === 0 ? [] : [{ name: "ttl", value: String(ttl) }]),
      ...(connection === null ? [] : connectionFields(connection)),
      ...(sockets.kind.get(row) === socketKind.ping
        ? [{ name: "identifier", value: String(sockets.localPort.get(row)) }]
        : []),
    ],
  });
}

function connectionFields(connection: NonNullable<ReturnType<World["sockets"]["connection"]["get"]>>): Inspection[] {
  const { send, receive, retransmission } = connection;
  return [
    { name: "state", value: connection.state },
    { name: "SND.UNA", value: String(send.unacknowledged) },
    { name: "SND.NXT", value: String(send.next) },
    { name: "SND.WND", value: String(send.window) },
    { name: "mss", value: String(send.mss) },
    { name: "in flight", value: count(send.inFlight.length, "segment") },
    { name: "RCV.NXT", value: String(receive.next) },
    { name: "RCV.WND", value: String(receive.window) },
    { name: "rto", value: printDurationNs(retransmission.timeoutNs) },
  ];
}

/** A whole table as one value. */
export function tableInspection(
  name: string,
  noun: string,
  rows: TableRows,
  one: (row: number) => Inspection,
): Inspection {
  return {
    name,
    value: rows.count === 0 ? "empty" : count(rows.count, noun),
    childCount: rows.count,
    ...(rows.count > 0 && { children: () => rows.keys.map(one) }),
  };
}

export function arpTable(world: World, netns: number): Inspection {
  return tableInspection("ARP table", "entry", arpRows(world, netns), (row) => neighbourInspection(world, row));
}

export function fdbTable(world: World, bridge: number): Inspection {
  return tableInspection("FDB", "entry", fdbRows(world, bridge), (row) => fdbInspection(world, row));
}

export function routeTable(world: World, netns: number): Inspection {
  return tableInspection("routes", "route", routeRows(world, netns), (row) => routeInspection(world, row));
}

/** A route that opens up to `via`, `dev` and `src`. */
export function routeInspection(world: World, row: number): Inspection {
  const shown = () => shownRoute(world, row);
  return withData(shown, {
    name: print.printDestination(world, row),
    value: print.printNextHop(world, row),
    children: () => Object.entries(shown().fields).map(([name, value]) => ({ name, value: value || "none" })),
  });
}

export function socketTable(world: World, netns: number): Inspection {
  return tableInspection("sockets", "socket", socketRows(world, netns), (row) => socketInspection(world, row));
}

export function sysctlTable(world: World, netns: number): Inspection {
  const rows = sysctlRows(world, netns);
  const name = world.namespaces.name.get(netns);
  return {
    name: "sysctls",
    value: rows.count === 0 ? "none set" : count(rows.count, "setting"),
    childCount: rows.count,
    ...(rows.count > 0 && {
      children: () =>
        rows.first(rows.count).map(({ id, label, fields }) => ({
          data: () => `${id}#value`,
          name: label,
          value: fields.value,
          evaluateName: `sysctl(${quote(name)}, ${quote(label)})`,
        })),
    }),
  };
}

/** A CEL string. */
function quote(text: string): string {
  return JSON.stringify(text);
}
