import { deviceKind } from "../../linux/devices.ts";
import { nudName, nudValid } from "../../linux/neighbours.ts";
import { mainTable, routeType } from "../../linux/routes.ts";
import { socketKind } from "../../linux/sockets.ts";
import { vtepState } from "../../linux/vxlans.ts";
import type { World } from "../../linux/world.ts";
import type { Endpoint } from "../../programs/program.ts";
import { formatIpv4, formatPrefix } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { devicesOf, portsOf } from "./find.ts";

/** Every row of the world's tables in the words that Linux prints it with, without line ends. */

/** As `ip neigh`: `10.244.0.3 dev eth0 lladdr 02:00:0a:f4:00:03 REACHABLE`. */
export function printNeighbour(world: World, row: number): string {
  const { neighbours, devices } = world;
  const address = formatIpv4(neighbours.address.get(row));
  return `${address} dev ${devices.name.get(neighbours.device.get(row))} ${printNeighbourState(world, row)}`;
}

/** `lladdr 02:00:0a:f4:00:03 REACHABLE`; without `lladdr` while the MAC address is not known. */
function printNeighbourState(world: World, row: number): string {
  const { neighbours } = world;
  const state = neighbours.state.get(row);
  const lladdr = (state & nudValid) === 0 ? "" : `lladdr ${formatMac(neighbours.mac.get(row))} `;
  return `${lladdr}${nudName(state)}`;
}

/** The MAC address that the entry would send to; empty while it is not known. */
export function neighbourMac(world: World, row: number): string {
  const isKnown = (world.neighbours.state.get(row) & nudValid) !== 0;
  return isKnown ? formatMac(world.neighbours.mac.get(row)) : "";
}

/** As `bridge fdb show`: `02:00:0a:f4:00:02 dev veth1 master cbr0`. */
export function printFdbRow(world: World, row: number): string {
  const { fdb, devices } = world;
  return `${formatMac(fdb.mac.get(row))} ${printFdbPort(world, row)} master ${devices.name.get(fdb.bridge.get(row))}${fdb.isLocal.get(row) === 1 ? " permanent" : fdb.isStatic(row) ? " static" : ""}`;
}

/** As `bridge fdb show dev flannel.1`: `02:fa:0a:f4:01:00 dst 192.168.1.12 self permanent`; nothing more behind what was learned. */
export function printVtep(world: World, row: number): string {
  return `${formatMac(world.vteps.mac.get(row))} ${printRemote(world, row)}`;
}

/** `dst 192.168.1.12 self permanent`. */
export function printRemote(world: World, row: number): string {
  const { vteps } = world;
  const isLearned = vteps.state.get(row) === vtepState.dynamic;
  return `dst ${formatIpv4(vteps.remote.get(row))} self${isLearned ? "" : ` ${vtepStateName(world, row)}`}`;
}

const vtepStateNames = Object.keys(vtepState);

/** `permanent`, `static` or `dynamic`. */
export function vtepStateName({ vteps }: World, row: number): string {
  return vtepStateNames[vteps.state.get(row)];
}

/** As in `ip -d link`: `vxlan id 1 local 192.168.1.11 dev eth0 dstport 8472 nolearning`. */
export function printVxlan({ vxlans, devices }: World, row: number): string {
  const [local, below] = [vxlans.local.get(row), vxlans.underlying.get(row)];
  return [
    `vxlan id ${vxlans.vni.get(row)}`,
    ...(local === 0 ? [] : [`local ${formatIpv4(local)}`]),
    ...(below === 0 ? [] : [`dev ${devices.name.get(below)}`]),
    `dstport ${vxlans.port.get(row)}`,
    ...(vxlans.learning.get(row) === 1 ? [] : ["nolearning"]),
  ].join(" ");
}

/** `dev veth1`. */
export function printFdbPort(world: World, row: number): string {
  return `dev ${world.devices.name.get(world.fdb.port.get(row))}`;
}

const routeTypeNames: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(routeType).map(([name, number]) => [number, name]),
);

/** `unicast`, `blackhole`, `unreachable` or `prohibit`. */
export function routeTypeName(type: number): string {
  return routeTypeNames[type];
}

/** As `ip route`: `default via 10.244.0.1 dev eth0`, `10.244.0.0/24 dev eth0 proto kernel scope link src 10.244.0.2`. */
export function printRoute(world: World, row: number): string {
  const route = `${printDestination(world, row)} ${printNextHop(world, row)}`.trimEnd();
  return `${route}${printEvidence(world.routes.evidence.get(row))}`;
}

/** How captured frames show a row, as a comment after it; nothing for a row that a kernel has. */
export function printEvidence(evidence: string | null): string {
  return evidence === null ? "" : ` # ${evidence}`;
}

/** What a route is for: `default`, `10.244.0.0/24`, `blackhole 10.9.0.0/16`; a host's without `/32`. */
export function printDestination(world: World, row: number): string {
  const { routes } = world;
  const length = routes.prefixLength.get(row);
  const type = routes.type.get(row);
  const prefix = { address: routes.network.get(row), length };
  const destination = length === 0 ? "default" : length === 32 ? formatIpv4(prefix.address) : formatPrefix(prefix);
  return type === routeType.unicast ? destination : `${routeTypeName(type)} ${destination}`;
}

/** Where a route leads: `via 10.244.0.1 dev eth0 metric 100`. */
export function printNextHop(world: World, row: number): string {
  const { routes, devices } = world;
  const gateway = routes.gateway.get(row);
  const device = routes.device.get(row);
  const source = routes.preferredSource.get(row);
  const metric = routes.metric.get(row);
  const words: string[] = [];
  if (gateway !== 0) words.push(`via ${formatIpv4(gateway)}`);
  if (device !== 0) words.push(`dev ${devices.name.get(device)}`);
  if (routes.tableOf(row) !== mainTable) words.push(`table ${routes.tableOf(row)}`);
  if (routes.isConnected.get(row) === 1) words.push("proto kernel");
  if (gateway === 0 && device !== 0) words.push("scope link");
  if (source !== 0) words.push(`src ${formatIpv4(source)}`);
  if (metric !== 0) words.push(`metric ${metric}`);
  return words.join(" ");
}

/** As `ip addr`: `inet 10.244.0.2/24 scope global eth0`. */
export function printAddress(world: World, row: number): string {
  const scope = world.addresses.address.get(row) >>> 24 === 127 ? "host" : "global";
  return `inet ${printPrefix(world, row)} scope ${scope} ${world.devices.name.get(world.addresses.device.get(row))}`;
}

/** `10.244.0.2/24`. */
export function printPrefix(world: World, row: number): string {
  const { addresses } = world;
  return formatPrefix({ address: addresses.address.get(row), length: addresses.prefixLength.get(row) });
}

/** As the first line of `ip link`: `2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP`. */
export function printLink(world: World, device: number): string {
  const { devices } = world;
  const master = devices.master.get(device);
  const flags = `<${linkFlags(world, device).join(",")}>`;
  const masterText = master === 0 ? "" : ` master ${devices.name.get(master)}`;
  const mtu = `mtu ${devices.mtu.get(device)} qdisc noqueue`;
  return `${devices.ifindex.get(device)}: ${linkName(world, device)}: ${flags} ${mtu}${masterText} state ${operationalState(world, device)}`;
}

/** A veth's name with its other end: `veth0@veth1` in one namespace, `eth0@if3` where that is in another one. */
function linkName(world: World, device: number): string {
  const { devices } = world;
  const name = devices.name.get(device);
  const peer = devices.peer.get(device);
  if (peer === 0) return name;
  const isNear = devices.netns.get(peer) === devices.netns.get(device);
  return `${name}@${isNear ? devices.name.get(peer) : `if${devices.ifindex.get(peer)}`}`;
}

/** `BROADCAST`, `UP`, `LOWER_UP` and the like. */
export function linkFlags(world: World, device: number): readonly string[] {
  const { devices } = world;
  const kind = devices.kind.get(device) === deviceKind.loopback ? ["LOOPBACK"] : (["BROADCAST", "MULTICAST"] as const);
  if (devices.up.get(device) === 0) return kind;
  return hasCarrier(world, device) ? [...kind, "UP", "LOWER_UP"] : ["NO-CARRIER", ...kind, "UP"];
}

/** RFC 2863 `operstate` as `ip link` prints it. */
export function operationalState(world: World, device: number): string {
  const { devices } = world;
  if (devices.up.get(device) === 0) return "DOWN";
  const kind = devices.kind.get(device);
  if (kind === deviceKind.loopback || kind === deviceKind.vxlan) return "UNKNOWN";
  if (hasCarrier(world, device)) return "UP";
  return hasLowerLayerDown(world, device) ? "LOWERLAYERDOWN" : "DOWN";
}

/**
 * `default_operstate` (net/core/link_watch.c) looks up the other end's number among the devices of this namespace, whatever
 * namespace that end is in.
 */
function hasLowerLayerDown(world: World, device: number): boolean {
  const { devices } = world;
  const peer = devices.peer.get(device);
  if (peer === 0 || devices.ifindex.get(peer) === devices.ifindex.get(device)) return false;
  for (const other of devicesOf(world, devices.netns.get(device)))
    if (devices.ifindex.get(other) === devices.ifindex.get(peer)) return !hasCarrier(world, other);
  return false;
}

/** A bridge has a carrier when one of its ports has. */
function hasCarrier(world: World, device: number): boolean {
  const { devices } = world;
  if (devices.kind.get(device) !== deviceKind.bridge) return devices.isRunning(device);
  for (const port of portsOf(world, device)) if (devices.isRunning(port)) return true;
  return false;
}

/** Near `ss -tuln`, without queues: `tcp LISTEN 0.0.0.0:8080`, `tcp ESTAB 10.244.0.2:40001 10.244.0.3:8080`. */
export function printSocket(world: World, row: number): string {
  return `${socketProtocol(world, row)} ${socketState(world, row)} ${printEndpoints(world, row)}`;
}

/** `10.244.0.2:40001 10.244.0.3:8080`; the peer only where there is one. */
export function printEndpoints(world: World, row: number): string {
  const { sockets, devices } = world;
  if (sockets.kind.get(row) === socketKind.arp) return `arp:${devices.name.get(sockets.device.get(row))}`;
  const remote = sockets.remote(row);
  return remote.port === 0
    ? printEndpoint(sockets.local(row))
    : `${printEndpoint(sockets.local(row))} ${printEndpoint(remote)}`;
}

/** `ss`'s Netid. */
export function socketProtocol(world: World, row: number): string {
  switch (world.sockets.kind.get(row)) {
    case socketKind.udp:
      return "udp";
    case socketKind.ping:
      return "icmp";
    case socketKind.arp:
      return "p_raw";
    default:
      return "tcp";
  }
}

/** `ss`'s State. */
export function socketState(world: World, row: number): string {
  const { sockets } = world;
  switch (sockets.kind.get(row)) {
    case socketKind.tcpListen:
      return "LISTEN";
    case socketKind.tcp:
      return sockets.connection.get(row)?.state ?? "CLOSED";
    default:
      return sockets.remotePort.get(row) === 0 ? "UNCONN" : "ESTAB";
  }
}

export function printEndpoint({ address, port }: Endpoint): string {
  return `${formatIpv4(address)}:${port}`;
}

/** As `sysctl`: `net.ipv4.ip_forward = 1`. */
export function printSysctl(key: string, value: number): string {
  return `${key} = ${value}`;
}

/** `3 packets, 182 bytes`. */
export function printCounters(packets: number, bytes: number): string {
  return `${packets} ${packets === 1 ? "packet" : "packets"}, ${bytes} bytes`;
}
