import type { SourceRange } from "../../base/source-range.ts";
import type { BridgeAdd, LinkSet, VethAdd } from "../../plan/commands.ts";
import { mix } from "../../sim/random.ts";
import { never } from "../../sim/timers.ts";
import type { MacAddress } from "../../wire/mac-address.ts";
import { forgetMasqueraded } from "../conntrack/nat/setup.ts";
import { initialConf } from "../device/conf.ts";
import { stopStation } from "../device/hub.ts";
import { largestMtu } from "../device/vxlan.ts";
import { forgetDynamic } from "../device/vxlan-receive.ts";
import { anyPortOff, deviceKind, portOff } from "../devices.ts";
import { removeNeighbour } from "../neighbour/neighbour.ts";
import { nud } from "../neighbours.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import type { CommandFailure } from "./failure.ts";
import { addConnectedRoutes, disconnectNetworks } from "./routes.ts";

const ethernetMtu = 1500;
const loopbackMtu = 65_536;
const maximumPorts = 1023;
const defaultAgeingTimeNs = 300_000_000_000;

export function addLoopback(world: World, netns: number, source: SourceRange): number {
  const device = addDevice(world, netns, "lo", deviceKind.loopback, 0, source);
  world.devices.mtu.set(device, loopbackMtu);
  world.devices.transmitStage.set(device, stage.loTransmit);
  world.namespaces.loopback.set(netns, device);
  return device;
}

export function addVeth(world: World, netns: number, peerNetns: number, command: VethAdd): void {
  const { devices } = world;
  const mac = command.mac ?? derivedMac(`${command.netns}/${command.dev}`);
  const peerMac = command.peerMac ?? derivedMac(`${command.peerNetns}/${command.peerDev}`);
  const one = addDevice(world, netns, command.dev, deviceKind.veth, mac, command.source);
  const source = command.peerSource ?? command.source;
  const other = addDevice(world, peerNetns, command.peerDev, deviceKind.veth, peerMac, source);
  for (const [device, peer] of [
    [one, other],
    [other, one],
  ]) {
    devices.peer.set(device, peer);
    devices.transmitStage.set(device, stage.vethTransmit);
  }
}

export function addBridge(world: World, netns: number, command: BridgeAdd): void {
  const { devices, fdb } = world;
  const mac = command.mac ?? derivedMac(`${command.netns}/${command.dev}`);
  const bridge = addDevice(world, netns, command.dev, deviceKind.bridge, mac, command.source);
  devices.transmitStage.set(bridge, stage.bridgeTransmit);
  devices.ageingTimeNs.set(bridge, command.ageingTimeNs ?? defaultAgeingTimeNs);
  fdb.add(bridge, mac, bridge, 1, 0);
}

export function addDevice(
  world: World,
  netns: number,
  name: string,
  kind: number,
  mac: MacAddress,
  source: SourceRange,
): number {
  const { devices, namespaces } = world;
  const device = devices.table.allocate();
  const last = namespaces.lastDevice.get(netns);
  devices.name.set(device, name);
  devices.source.set(device, source);
  devices.netns.set(device, netns);
  devices.ifindex.set(device, last === 0 ? 1 : devices.ifindex.get(last) + 1);
  devices.kind.set(device, kind);
  devices.mac.set(device, mac);
  devices.mtu.set(device, ethernetMtu);
  devices.up.set(device, 0);
  devices.peer.set(device, 0);
  devices.nextInNetns.set(device, 0);
  devices.master.set(device, 0);
  devices.conf.set(device, initialConf(world, netns, name));
  devices.hairpin.set(device, 0);
  devices.firstPort.set(device, 0);
  devices.lastPort.set(device, 0);
  devices.nextPort.set(device, 0);
  devices.table.link(device);
  if (last === 0) namespaces.firstDevice.set(netns, device);
  else devices.nextInNetns.set(last, device);
  namespaces.lastDevice.set(netns, device);
  return device;
}

/** A locally administered unicast address that belongs to the device's name, where Linux would draw one at random. */
export function derivedMac(name: string): MacAddress {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x0100_0193);
  return 0x02_00_0000_0000 + (mix(hash, 1) & 0xff) * 0x1_0000_0000 + mix(hash, 2);
}

/** `ip link set`. */
export function setLink(world: World, device: number, master: number | undefined, command: LinkSet): CommandFailure {
  const { devices } = world;
  if (master !== undefined && master !== 0 && devices.master.get(device) !== master && isFull(world, master))
    return "RTNETLINK answers: Exchange full";
  if (command.mtu !== undefined && command.mtu > largestMtu(world, device))
    return "RTNETLINK answers: Invalid argument";
  if (hasPortFlags(command) && (master ?? devices.master.get(device)) === 0)
    return "RTNETLINK answers: Operation not supported";
  if (command.mtu !== undefined) changeMtu(world, device, command.mtu);
  if (command.mac !== undefined) changeMac(world, device, command.mac);
  if (master !== undefined) changeMaster(world, device, master);
  setPort(world, device, command);
  if (command.up !== undefined && (devices.up.get(device) === 1) !== command.up) {
    if (command.up) bringUp(world, device);
    else bringDown(world, device);
  }
  return undefined;
}

/** `dev_set_mtu`; setting what is there changes nothing. */
function changeMtu(world: World, device: number, mtu: number): void {
  const { devices } = world;
  if (devices.mtu.get(device) === mtu) return;
  devices.mtu.set(device, mtu);
  if (devices.kind.get(device) === deviceKind.bridge) devices.isMtuFixed.set(device, 1);
  const bridge = devices.master.get(device);
  if (bridge !== 0) adjustMtu(world, bridge);
}

/** `br_mtu_auto_adjust` (net/bridge/br_if.c): a bridge takes what each of its ports can carry. */
function adjustMtu(world: World, bridge: number): void {
  const { devices } = world;
  if (devices.isMtuFixed.get(bridge) === 1) return;
  let port = devices.firstPort.get(bridge);
  let mtu = port === 0 ? ethernetMtu : devices.mtu.get(port);
  for (; port !== 0; port = devices.nextPort.get(port)) mtu = Math.min(mtu, devices.mtu.get(port));
  if (mtu !== devices.mtu.get(bridge)) devices.mtu.set(bridge, mtu);
}

/** `find_portno` (net/bridge/br_if.c): BR_MAX_PORTS is 1024, and number 0 is not used. */
function isFull(world: World, bridge: number): boolean {
  const { devices } = world;
  let ports = 0;
  for (let port = devices.firstPort.get(bridge); port !== 0; port = devices.nextPort.get(port)) ports++;
  return ports >= maximumPorts;
}

/** Only a bridge port has them. */
function hasPortFlags({ hairpin, learning, flood, mcastFlood, bcastFlood, isolated }: LinkSet): boolean {
  return [hairpin, learning, flood, mcastFlood, bcastFlood, isolated].some((flag) => flag !== undefined);
}

/** `bridge link set`. */
function setPort(world: World, port: number, command: LinkSet): void {
  const { devices } = world;
  const { hairpin, learning, flood, mcastFlood, bcastFlood, isolated } = command;
  if (hairpin !== undefined) devices.hairpin.set(port, hairpin ? 1 : 0);
  const before = devices.conf.get(port);
  const changed = (flags: number, value: boolean | undefined, bit: number) =>
    value === undefined ? flags : value ? flags & ~bit : flags | bit;
  let flags = changed(before, learning, portOff.learning);
  flags = changed(flags, flood, portOff.flood);
  flags = changed(flags, mcastFlood, portOff.mcastFlood);
  flags = changed(flags, bcastFlood, portOff.bcastFlood);
  flags = changed(flags, isolated === undefined ? undefined : !isolated, portOff.sharing);
  if (flags !== before) devices.conf.set(port, flags);
}

/** Neighbours are found anew over a device with another address (`neigh_changeaddr`). */
function changeMac(world: World, device: number, mac: MacAddress): void {
  const { devices, fdb, neighbours } = world;
  for (const row of neighbours.ofDevice(device)) removeNeighbour(world, row);
  const before = devices.mac.get(device);
  const bridge = devices.kind.get(device) === deviceKind.bridge ? device : devices.master.get(device);
  devices.mac.set(device, mac);
  if (bridge === 0) return;
  const row = fdb.find(bridge, before);
  if (row !== 0 && fdb.port.get(row) === device) fdb.table.remove(row);
  addLocalAddress(world, bridge, device);
}

/** The bridge takes frames to its ports' addresses as its own. */
function addLocalAddress(world: World, bridge: number, device: number): void {
  const { fdb, devices } = world;
  const mac = devices.mac.get(device);
  const row = fdb.find(bridge, mac);
  if (row !== 0) fdb.table.remove(row);
  fdb.add(bridge, mac, device, 1, 0);
}

function changeMaster(world: World, port: number, bridge: number): void {
  const { devices } = world;
  const before = devices.master.get(port);
  if (before === bridge) return;
  if (before !== 0) leaveBridge(world, port, before);
  devices.master.set(port, bridge);
  if (bridge === 0) return;
  const last = devices.lastPort.get(bridge);
  if (last === 0) devices.firstPort.set(bridge, port);
  else devices.nextPort.set(last, port);
  devices.lastPort.set(bridge, port);
  adjustMtu(world, bridge);
  addLocalAddress(world, bridge, port);
}

function leaveBridge(world: World, port: number, bridge: number): void {
  const { devices } = world;
  let before = 0;
  for (let at = devices.firstPort.get(bridge); at !== port; at = devices.nextPort.get(at)) before = at;
  const next = devices.nextPort.get(port);
  if (before === 0) devices.firstPort.set(bridge, next);
  else devices.nextPort.set(before, next);
  if (devices.lastPort.get(bridge) === port) devices.lastPort.set(bridge, before);
  devices.nextPort.set(port, 0);
  devices.hairpin.set(port, 0);
  devices.conf.set(port, devices.conf.get(port) & ~anyPortOff);
  forgetPort(world, port, bridge);
  adjustMtu(world, bridge);
  if (devices.isRunning(port)) checkCarrier(world, bridge);
}

/** Whatever the bridge knew of the port goes with it. */
function forgetPort(world: World, port: number, bridge: number): void {
  const { fdb } = world;
  for (const row of fdb.ofBridge(bridge)) if (fdb.port.get(row) === port) fdb.table.remove(row);
}

function bringUp(world: World, device: number): void {
  const { devices } = world;
  devices.up.set(device, 1);
  addConnectedRoutes(world, device);
  // A bridge with an ageing time of 0 learns nothing.
  if (devices.kind.get(device) === deviceKind.bridge && devices.ageingTimeNs.get(device) > 0)
    devices.ageing.set(device, firstAgeNs(world, device));
}

/** `br_stp_enable_bridge`: it looks for old addresses after a tenth of a second, when there are none yet, and then again. */
function firstAgeNs(world: World, bridge: number): number {
  const { devices, namespaces, choices, nowNs } = world;
  const ageingTimeNs = devices.ageingTimeNs.get(bridge);
  const netns = namespaces.name.get(devices.netns.get(bridge));
  const seenNs = nowNs === 0 ? choices?.firstAgeNs?.(netns, devices.name.get(bridge), ageingTimeNs) : undefined;
  if (seenNs !== undefined) return seenNs;
  return world.timerNs(nowNs + firstLookNs + (ageingTimeNs < firstLookNs ? 0 : ageingTimeNs));
}

const firstLookNs = 100_000_000;

/** Routes over the device and its neighbours go; a bridge forgets what it learned behind a port that goes down. */
function bringDown(world: World, device: number): void {
  const { devices, neighbours, fdb } = world;
  const peer = devices.peer.get(device);
  devices.up.set(device, 0);
  if (devices.kind.get(device) === deviceKind.ethernet) stopStation(world, device);
  devices.ageing.set(device, never);
  if (devices.kind.get(device) === deviceKind.vxlan) forgetDynamic(world, device);
  disconnectNetworks(world, device);
  forgetMasqueraded(world, device, 0);
  for (const row of neighbours.ofDevice(device)) removeNeighbour(world, row);
  for (const row of fdb.ofBridge(device)) if (fdb.isLearned(row)) fdb.table.remove(row);
  portStopped(world, device);
  if (peer !== 0 && devices.up.get(peer) === 1) loseCarrier(world, peer);
}

/**
 * `neigh_carrier_down` (net/core/neighbour.c): whoever was reached over the link may be another one when it comes back. What
 * an administrator entered stays, and so do the routes (`linkdown`).
 */
function loseCarrier(world: World, device: number): void {
  const { neighbours } = world;
  for (const row of neighbours.ofDevice(device))
    if (neighbours.state.get(row) !== nud.permanent) removeNeighbour(world, row);
  portStopped(world, device);
}

/** `br_stp_disable_port` (net/bridge/br_stp_if.c): a bridge has a carrier while one of its ports has. */
function portStopped(world: World, port: number): void {
  const { devices, fdb } = world;
  const bridge = devices.master.get(port);
  if (bridge === 0) return;
  for (const row of fdb.ofBridge(bridge)) if (fdb.isLearned(row) && fdb.port.get(row) === port) fdb.table.remove(row);
  checkCarrier(world, bridge);
}

/** Of a bridge one of whose ports has stopped. */
function checkCarrier(world: World, bridge: number): void {
  const { devices } = world;
  for (let at = devices.firstPort.get(bridge); at !== 0; at = devices.nextPort.get(at))
    if (devices.isRunning(at)) return;
  loseCarrier(world, bridge);
}
