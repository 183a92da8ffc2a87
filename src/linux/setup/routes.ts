import type { AddressCommand, RouteCommand } from "../../plan/commands.ts";
import { type Ipv4Address, networkAddress, prefixContains } from "../../wire/ipv4-address.ts";
import { forgetMasqueraded } from "../conntrack/nat/setup.ts";
import { settle } from "../device/conf.ts";
import { deviceKind } from "../devices.ts";
import { broadcastOwner } from "../ip/local.ts";
import { withoutNetwork } from "../namespaces.ts";
import { removeNeighbour } from "../neighbour/neighbour.ts";
import { routeType } from "../routes.ts";
import type { World } from "../world.ts";
import type { CommandFailure } from "./failure.ts";

/** `ip addr add|del`. */
export function changeAddress(world: World, netns: number, device: number, command: AddressCommand): CommandFailure {
  const { addresses, devices } = world;
  const { address, length } = command.prefix;
  const existing = addresses
    .ofDevice(device)
    .find((row) => addresses.address.get(row) === address && addresses.prefixLength.get(row) === length);
  if (command.do === "addr del") {
    if (existing === undefined) return "RTNETLINK answers: Cannot assign requested address";
    deleteAddress(world, netns, device, existing);
    return undefined;
  }
  if (existing !== undefined) return "RTNETLINK answers: File exists";
  const others = addresses.ofDevice(device);
  const row = addresses.table.allocate();
  addresses.netns.set(row, netns);
  addresses.address.set(row, address);
  addresses.prefixLength.set(row, length);
  addresses.device.set(row, device);
  const isSecondary = others.some((other) => isSameNetwork(world, other, address, length));
  if (!addresses.isLocal(netns, address)) addresses.broadcastOf.set(row, broadcastOwner(world, netns, address));
  addresses.putAfter(row, others.at(-1) ?? 0, isSecondary);
  addresses.source.set(row, command.source);
  addresses.table.link(row);
  settle(world, device);
  if (devices.up.get(device) === 1) addConnectedRoute(world, row);
  return undefined;
}

/** `__inet_del_ifa` (net/ipv4/devinet.c): with a primary address go its secondary ones, with the last one all that used it. */
function deleteAddress(world: World, netns: number, device: number, row: number): void {
  const { addresses, routes, neighbours } = world;
  const deleted = addresses.isSecondary(row) ? [row] : [row, ...secondariesOf(world, row)];
  removeConnectedRoute(world, row);
  for (const one of deleted) {
    const address = addresses.address.get(one);
    releaseBroadcast(world, one);
    addresses.table.remove(one);
    forgetMasqueraded(world, device, address);
    // The device may have it a second time, with another prefix length.
    if (addresses.ofDevice(device).some((other) => addresses.address.get(other) === address)) continue;
    for (const route of routes.ofNetns(netns))
      if (routes.preferredSource.get(route) === address) removeRoute(world, route);
  }
  if (addresses.ofDevice(device).length > 0) return;
  removeRoutesOf(world, device);
  for (const neighbour of neighbours.ofDevice(device)) removeNeighbour(world, neighbour);
}

/** Further addresses of a network that the device is already in. */
function secondariesOf(world: World, primary: number): readonly number[] {
  const { addresses } = world;
  return addresses
    .ofDevice(addresses.device.get(primary))
    .filter((row) => addresses.isSecondary(row))
    .filter((row) => isSameNetwork(world, primary, addresses.address.get(row), addresses.prefixLength.get(row)));
}

/** `inet_ifa_match` with the same mask. */
function isSameNetwork(world: World, primary: number, address: Ipv4Address, length: number): boolean {
  const { addresses } = world;
  if (addresses.isSecondary(primary) || addresses.prefixLength.get(primary) !== length) return false;
  return prefixContains({ address: addresses.address.get(primary), length }, address);
}

/** An address that was taken for the broadcast of this one is a local one from now on. */
function releaseBroadcast({ addresses }: World, row: number): void {
  for (const one of addresses.table.rows())
    if (addresses.broadcastOf.get(one) === row) addresses.broadcastOf.set(one, withoutNetwork);
}

/** `fib_disable_ip`: the routes of a device that goes down, and the broadcasts of its networks, go. */
export function disconnectNetworks(world: World, device: number): void {
  removeRoutesOf(world, device);
  for (const row of world.addresses.ofDevice(device)) releaseBroadcast(world, row);
}

/** `fib_add_ifaddr`: a device that comes up reaches the networks of its addresses. */
export function addConnectedRoutes(world: World, device: number): void {
  for (const row of world.addresses.ofDevice(device)) addConnectedRoute(world, row);
}

function addConnectedRoute(world: World, address: number): void {
  const { addresses, routes, devices } = world;
  const device = addresses.device.get(address);
  const length = addresses.prefixLength.get(address);
  // What is no local address cannot be the source of a route (`fib_valid_prefsrc`).
  if (addresses.broadcastOf.get(address) > 0) return;
  addresses.broadcastOf.set(address, 0);
  if (length === 32 || devices.kind.get(device) === deviceKind.loopback || addresses.isSecondary(address)) return;
  routes.add({
    netns: devices.netns.get(device),
    network: networkAddress({ address: addresses.address.get(address), length }),
    prefixLength: length,
    gateway: 0,
    device,
    preferredSource: addresses.address.get(address),
    metric: 0,
    type: routeType.unicast,
    isConnected: true,
    source: addresses.source.get(address),
  });
}

function removeConnectedRoute(world: World, address: number): void {
  const { addresses, routes } = world;
  const length = addresses.prefixLength.get(address);
  const network = networkAddress({ address: addresses.address.get(address), length });
  for (const row of routes.find(addresses.netns.get(address), network, length))
    if (routes.isConnected.get(row) === 1 && routes.preferredSource.get(row) === addresses.address.get(address))
      removeRoute(world, row);
}

/** What was learned on the way goes with it. */
function removeRoute(world: World, row: number): void {
  world.routes.table.remove(row);
  world.exceptions.forget(row);
}

function removeRoutesOf(world: World, device: number): void {
  const { routes } = world;
  for (const row of routes.ofNetns(world.devices.netns.get(device)))
    if (routes.device.get(row) === device) removeRoute(world, row);
}

/** `ip route add|replace|del`. `device` 0: found from the gateway. */
export function changeRoute(world: World, netns: number, device: number, command: RouteCommand): CommandFailure {
  const { routes } = world;
  const { length } = command.destination;
  const network = networkAddress(command.destination);
  const metric = command.metric ?? 0;
  const all = routes.find(netns, network, length, command.table);
  if (command.do === "route del") return deleteRoute(world, all, device, command);
  const same = all.filter((row) => routes.metric.get(row) === metric);
  if (command.do === "route add" && same.length > 0) return "RTNETLINK answers: File exists";
  const towards = command.via === undefined ? 0 : routes.lookupOnLink(netns, command.via, device);
  const out = command.type === "unicast" ? device || (towards && routes.device.get(towards)) : 0;
  if (out !== 0 && world.devices.up.get(out) === 0) return "RTNETLINK answers: Network is down";
  if (command.via !== undefined && command.onlink !== true && towards === 0)
    return "Error: Nexthop has invalid gateway.";
  if (command.type === "unicast" && out === 0) return "RTNETLINK answers: Network is unreachable";
  // Of several, such as those of two devices in one network, the first one gives way (`fib_table_insert`).
  const replaced = command.do === "route replace" ? same[0] : undefined;
  routes.add({
    netns,
    network,
    prefixLength: length,
    gateway: command.via ?? 0,
    device: out,
    preferredSource: command.preferredSource ?? 0,
    metric,
    type: routeType[command.type],
    isConnected: false,
    inTable: command.table,
    insteadOf: replaced,
    source: command.source,
  });
  if (replaced !== undefined) removeRoute(world, replaced);
  return undefined;
}

/** `fib_table_delete`: of the routes that are all that the command says, the one that would be used. */
function deleteRoute(world: World, all: readonly number[], device: number, command: RouteCommand): CommandFailure {
  const { routes } = world;
  const { type, via, metric } = command;
  const matching = all.filter(
    (row) =>
      (device === 0 || routes.device.get(row) === device) &&
      (type === "unicast" || routes.type.get(row) === routeType[type]) &&
      (via === undefined || routes.gateway.get(row) === via) &&
      (metric === undefined || metric === 0 || routes.metric.get(row) === metric),
  );
  if (matching.length === 0) return "RTNETLINK answers: No such process";
  const first = matching.reduce((best, row) => (routes.metric.get(row) < routes.metric.get(best) ? row : best));
  removeRoute(world, first);
  return undefined;
}
