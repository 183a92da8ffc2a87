import { status } from "../../linux/conntrack/status.ts";
import { tcpStateNames } from "../../linux/conntrack/tcp-state.ts";
import { deviceKind } from "../../linux/devices.ts";
import { stationStateNames } from "../../linux/hubs.ts";
import { routeOutput, sourceFor } from "../../linux/ip/source.ts";
import { nud, nudName } from "../../linux/neighbours.ts";
import { getSysctl } from "../../linux/setup/sysctl.ts";
import type { World } from "../../linux/world.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { type MacAddress, parseMac } from "../../wire/mac-address.ts";
import { devicesOf, findDeviceByPath, findNetns } from "../inspect/find.ts";
import { neighbourMac, routeTypeName } from "../inspect/print.ts";
import { printSource, printTarget, protocolName } from "../inspect/print-connection.ts";
import { Connection, FdbEntry, NeighbourEntry, RouteResult, StationState } from "./types.ts";

/** A question about the world that cannot be answered, in one plain sentence. */
export class UnanswerableError extends Error {}

/** A function that expressions can call. All of its parameters are strings. */
export interface WorldFunction {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly description: string }[];
  /** In CEL. */
  readonly returnType: string;
  readonly description: string;
  call(world: World, ...values: string[]): unknown;
}

const netnsParameter = { name: "netns", description: 'A pod, node or namespace: "pod1", "node1/pod1"' };

/** What expressions can ask about the tables. */
export const worldFunctions: readonly WorldFunction[] = [
  {
    name: "neigh",
    parameters: [netnsParameter, { name: "address", description: "The neighbour's IPv4 address" }],
    returnType: "Neighbour",
    description: 'The ARP entry: state ("NONE" where there is no entry), mac, dev.',
    call: neigh,
  },
  {
    name: "fdb",
    parameters: [
      { name: "bridge", description: 'The bridge, with its namespace: "node1/cbr0"' },
      { name: "mac", description: "A MAC address" },
    ],
    returnType: "FdbEntry",
    description: "What the bridge knows of the MAC address: exists, port, permanent.",
    call: fdb,
  },
  {
    name: "conntrack",
    parameters: [
      netnsParameter,
      { name: "protocol", description: '"tcp", "udp" or "icmp"' },
      { name: "source", description: 'Who began it: "10.244.0.2", or with its port "10.244.0.2:41001"' },
      { name: "destination", description: 'Whom it was sent to: "10.96.0.53:53"' },
    ],
    returnType: "Connection",
    description:
      "The newest connection between them: exists, state, replied, assured, replySource, replyDestination, mark.",
    call: conntrack,
  },
  {
    name: "route",
    parameters: [netnsParameter, { name: "address", description: "An IPv4 destination" }],
    returnType: "Route",
    description: 'Where a packet to the address goes, as `ip route get`: type ("none" without a route), via, dev, src.',
    call: route,
  },
  {
    name: "station",
    parameters: [{ name: "interface", description: 'A card on a hub, with its namespace: "h1/eth0"' }],
    returnType: "Station",
    description: "What the card is at (state, attempts), and its collisions, lateCollisions and excessiveCollisions.",
    call: station,
  },
  {
    name: "sysctl",
    parameters: [netnsParameter, { name: "key", description: 'Dotted: "net.ipv4.ip_forward"' }],
    returnType: "int",
    description: "The value of a sysctl in the namespace.",
    call: sysctl,
  },
];

function neigh(world: World, netnsName: string, addressText: string): NeighbourEntry {
  const { neighbours, devices } = world;
  const netns = netnsOf(world, netnsName);
  const address = addressOf(addressText);
  for (const device of devicesOf(world, netns)) {
    const row = neighbours.find(device, address);
    if (row === 0) continue;
    const state = nudName(neighbours.state.get(row));
    return new NeighbourEntry({ state, mac: neighbourMac(world, row), dev: devices.name.get(device) });
  }
  return new NeighbourEntry({ state: nudName(nud.none), mac: "", dev: "" });
}

function fdb(world: World, path: string, macText: string): FdbEntry {
  const bridge = findDeviceByPath(world, path);
  if (bridge === 0) throw new UnanswerableError(`There is no interface "${path}"; write it as "node1/cbr0".`);
  if (world.devices.kind.get(bridge) !== deviceKind.bridge)
    throw new UnanswerableError(`"${path}" is not a bridge, so it has no FDB.`);
  const row = world.fdb.find(bridge, macOf(macText));
  if (row === 0) return new FdbEntry({ exists: false, port: "", permanent: false });
  const port = world.devices.name.get(world.fdb.port.get(row));
  return new FdbEntry({ exists: true, port, permanent: world.fdb.isLocal.get(row) === 1 });
}

function route(world: World, netnsName: string, addressText: string): RouteResult {
  const netns = netnsOf(world, netnsName);
  const destination = addressOf(addressText);
  const way = routeOutput(world, netns, destination);
  if (way.kind === "none") return new RouteResult({ type: "none", via: "", dev: "", src: "" });
  if (way.kind === "refused") return new RouteResult({ type: routeTypeName(way.type), via: "", dev: "", src: "" });
  const dev = world.devices.name.get(way.device);
  const src = formatIpv4(sourceFor(world, way));
  if (way.kind === "local") return new RouteResult({ type: "local", via: "", dev, src });
  const gateway = way.nextHop === destination ? 0 : way.nextHop;
  return new RouteResult({ type: "unicast", via: gateway === 0 ? "" : formatIpv4(gateway), dev, src });
}

/** Of ICMP, a port means the identifier. */
function conntrack(world: World, netnsName: string, protocol: string, source: string, target: string): Connection {
  const netns = netnsOf(world, netnsName);
  const from = endpointOf(source);
  const to = endpointOf(target);
  const found = world.conntrack.ofNetns(netns).findLast((row) => {
    const tuple = world.conntrack.original.get(row);
    if (protocolName(tuple.protocol) !== protocol || !world.conntrack.has(row, status.confirmed)) return false;
    if (tuple.source !== from.address || tuple.destination !== to.address) return false;
    if (from.port !== undefined && from.port !== tuple.sourcePort) return false;
    return to.port === undefined || to.port === tuple.destinationPort;
  });
  return describeConnection(world, found ?? 0);
}

function describeConnection({ conntrack: table }: World, row: number): Connection {
  const none = { state: "", replied: false, assured: false, replySource: "", replyDestination: "", mark: 0n };
  if (row === 0) return new Connection({ exists: false, ...none });
  const reply = table.reply.get(row);
  return new Connection({
    exists: true,
    state: table.original.get(row).protocol === ipProtocol.tcp ? tcpStateNames[table.state.get(row)] : "",
    replied: table.has(row, status.seenReply),
    assured: table.has(row, status.assured),
    replySource: printSource(reply),
    replyDestination: printTarget(reply),
    mark: BigInt(table.mark.get(row) >>> 0),
  });
}

function endpointOf(text: string): { readonly address: Ipv4Address; readonly port: number | undefined } {
  const [address, port] = text.split(":");
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw new UnanswerableError(`"${port}" is not a port.`);
  return { address: addressOf(address), port: port === undefined ? undefined : Number(port) };
}

function station(world: World, path: string): StationState {
  const { stations } = world;
  const device = findDeviceByPath(world, path);
  const row = device === 0 ? 0 : stations.ofDevice(device);
  if (row === 0) throw new UnanswerableError(`There is no station "${path}" on any hub; write it as "h1/eth0".`);
  return new StationState({
    state: stationStateNames[stations.state.get(row)],
    attempts: BigInt(stations.attempts.get(row)),
    collisions: BigInt(stations.collisions.get(row)),
    lateCollisions: BigInt(stations.lateCollisions.get(row)),
    excessiveCollisions: BigInt(stations.excessiveCollisions.get(row)),
  });
}

function sysctl(world: World, netnsName: string, key: string): bigint {
  const value = getSysctl(world, netnsOf(world, netnsName), key);
  if (value === undefined) throw new UnanswerableError(`The sysctl ${key} is not set in "${netnsName}".`);
  return BigInt(value);
}

function netnsOf(world: World, name: string): number {
  const netns = findNetns(world, name);
  if (netns === 0) throw new UnanswerableError(`There is no pod, node or network namespace "${name}".`);
  return netns;
}

function addressOf(text: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined) throw new UnanswerableError(`"${text}" is not an IPv4 address.`);
  return address;
}

function macOf(text: string): MacAddress {
  const mac = parseMac(text);
  if (mac === undefined) throw new UnanswerableError(`"${text}" is not a MAC address.`);
  return mac;
}
