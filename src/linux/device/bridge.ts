import { type EthernetFrame, frameLength } from "../../wire/ethernet.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { broadcastMac, isGroupMac, type MacAddress } from "../../wire/mac-address.ts";
import { portOff } from "../devices.ts";
import { drop } from "../drop.ts";
import { jiffyNs } from "../fdb.ts";
import { bridgeForward, returnToBridge } from "../netfilter/bridge.ts";
import type { Flooded } from "../packets.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { deliverToProtocol, isTooLongFor } from "./link.ts";

/** No path without a loop passes so many bridges and routers. */
const maximumHops = 255;

/** The Linux bridge (net/bridge): learning, forwarding, flooding, local delivery, ageing. */
export function registerBridge(world: World): void {
  const { sim } = world;
  sim.on(stage.bridgeReceive, (packet) => receive(world, packet));
  sim.on(stage.bridgeForward, (packet) => forward(world, packet));
  sim.on(stage.bridgeFlood, (packet) => flood(world, packet));
  sim.on(stage.bridgeDeliver, (packet) => deliver(world, packet));
  sim.on(stage.bridgeTransmit, (packet) => transmit(world, packet));
  sim.on(stage.bridgeAge, (bridge) => age(world, bridge));
}

/** `br_handle_frame_finish` (net/bridge/br_input.c): learn who sent it, then decide where it goes. */
function receive(world: World, packet: number): void {
  const { packets, devices } = world;
  const bridge = packets.device.get(packet);
  const frame = packets.data.get(packet) as EthernetFrame;
  if (devices.up.get(bridge) === 0) return drop(world, packet, "DEV_READY");
  const hops = packets.hops.get(packet) + 1;
  if (hops > maximumHops) return drop(world, packet, "BRIDGE_LOOP");
  packets.hops.set(packet, hops);
  const port = packets.inDevice.get(packet);
  if ((devices.conf.get(port) & portOff.learning) === 0) learn(world, bridge, port, frame.source);
  direct(world, packet, bridge, frame.destination);
}

/** Flood it, keep it, or send it out of the one port: what the forwarding database says of its destination. */
function direct(world: World, packet: number, bridge: number, destination: MacAddress): void {
  const { packets, fdb } = world;
  const row = isGroupMac(destination) ? 0 : fdb.find(bridge, destination);
  if (row === 0) {
    packets.stage.set(packet, stage.bridgeFlood);
  } else if (fdb.isLocal.get(row) === 1) {
    packets.stage.set(packet, stage.bridgeDeliver);
  } else {
    packets.outDevice.set(packet, fdb.port.get(row));
    packets.stage.set(packet, stage.bridgeForward);
  }
}

/** `br_fdb_update` (net/bridge/br_fdb.c). An address of this machine is not learned on a port, and none where the ageing time is 0. */
function learn(world: World, bridge: number, port: number, mac: number): void {
  const { fdb, devices } = world;
  if (isGroupMac(mac) || mac === 0 || devices.ageingTimeNs.get(bridge) === 0) return;
  const row = fdb.find(bridge, mac);
  const jiffies = Math.floor(world.nowNs / jiffyNs);
  if (row === 0) {
    fdb.add(bridge, mac, port, 0, jiffies);
    return;
  }
  if (fdb.isLocal.get(row) === 1) return;
  fdb.port.set(row, port);
  if (fdb.isLearned(row)) fdb.updatedJiffies.set(row, jiffies);
}

/** `br_forward` (net/bridge/br_forward.c). */
function forward(world: World, packet: number): void {
  const { packets, devices } = world;
  const port = packets.outDevice.get(packet);
  if (port === packets.inDevice.get(packet) && devices.hairpin.get(port) === 0)
    return drop(world, packet, "BRIDGE_SAME_PORT");
  if (areIsolated(world, packets.inDevice.get(packet), port)) return drop(world, packet, "BRIDGE_ISOLATED");
  if (!devices.isRunning(port)) return drop(world, packet, "BRIDGE_PORT_DOWN");
  if (isTooLong(world, packet, port)) return drop(world, packet, "BRIDGE_PORT_MTU");
  packets.device.set(packet, port);
  sendOut(world, packet, port);
}

/** `br_dev_queue_push_xmit`; and `br_nf_dev_queue_xmit`, which grants nothing beyond the MTU to what rules have seen. */
function isTooLong(world: World, packet: number, port: number): boolean {
  const { packets, devices } = world;
  const frame = packets.data.get(packet) as EthernetFrame;
  if (packets.bridgeInfo.get(packet) === null) return isTooLongFor(world, port, frame);
  const isWhole = packets.fragmentMtu.get(packet) === 0;
  return isWhole && (frame.payload as Ipv4Packet).totalLength > devices.mtu.get(port);
}

/** Out of a port: at once, or past the hooks that rules stand at. */
function sendOut(world: World, packet: number, port: number): void {
  if (world.packets.inNetfilter.get(packet) === 0)
    world.packets.stage.set(packet, world.devices.transmitStage.get(port));
  else bridgeForward(world, packet, port);
}

/**
 * `br_flood`: a copy for every other port, the newest port first; then a broadcast is delivered to the bridge itself.
 * The frame itself is what is delivered; a flooded unicast ends here and lives on in its copies.
 */
function flood(world: World, packet: number): void {
  const { packets, devices, sim } = world;
  const bridge = packets.device.get(packet);
  const inDevice = packets.inDevice.get(packet);
  const origin = packets.origin.get(packet);
  if (wasFlooded(origin.flooded, bridge)) return drop(world, packet, "BRIDGE_LOOP");
  const flooded: Flooded = { bridge, before: origin.flooded };
  const frame = packets.data.get(packet) as EthernetFrame;
  const isDelivered = inDevice !== 0 && isGroupMac(frame.destination);
  const ports: number[] = [];
  const off = floodFlag(frame.destination, inDevice);
  for (let port = devices.firstPort.get(bridge); port !== 0; port = devices.nextPort.get(port)) {
    if ((devices.conf.get(port) & off) !== 0 || areIsolated(world, inDevice, port)) continue;
    if ((port === inDevice && devices.hairpin.get(port) === 0) || !devices.isRunning(port)) continue;
    if (!isTooLong(world, packet, port)) ports.push(port);
  }
  if (!isDelivered && ports.length === 0) return drop(world, packet, "BRIDGE_NO_PORT");
  // Copies are numbered in the order in which they leave, and put under way in the reverse: the last put is the first to go.
  const copies: number[] = [];
  for (let i = ports.length - 1; i >= 0; i--) {
    const copy = packets.copy(packet, ports[i], devices.transmitStage.get(ports[i]), flooded);
    sendOut(world, copy, ports[i]);
    copies.push(copy);
  }
  if (isDelivered) packets.stage.set(packet, stage.bridgeDeliver);
  else packets.end(packet);
  for (let i = copies.length - 1; i >= 0; i--) sim.underWay.push(copies[i]);
}

/** Which flag of a port keeps such a frame from being flooded to it; groups that the bridge itself sends to are not kept back. */
function floodFlag(destination: number, inDevice: number): number {
  if (!isGroupMac(destination)) return portOff.flood;
  if (inDevice === 0) return 0;
  return destination === broadcastMac ? portOff.bcastFlood : portOff.mcastFlood;
}

/** `br_skb_isolated`: isolated ports speak with the others, not with each other. */
function areIsolated(world: World, one: number, other: number): boolean {
  if (one === 0) return false;
  const { conf: flags } = world.devices;
  return (flags.get(one) & flags.get(other) & portOff.sharing) !== 0;
}

function wasFlooded(flooded: Flooded | undefined, bridge: number): boolean {
  for (let at = flooded; at !== undefined; at = at.before) if (at.bridge === bridge) return true;
  return false;
}

/** `br_pass_frame_up`: the bridge is a device of its machine, too, and hears what is addressed to it. */
function deliver(world: World, packet: number): void {
  const { packets, devices } = world;
  const bridge = packets.device.get(packet);
  const frame = packets.data.get(packet) as EthernetFrame;
  devices.countReceived(bridge, frameLength(frame));
  if (frame.destination === devices.mac.get(packets.inDevice.get(packet))) packets.isForPort.set(packet, 1);
  packets.inDevice.set(packet, bridge);
  deliverToProtocol(world, packet);
}

/** `br_dev_xmit` (net/bridge/br_device.c): the machine itself sends through its bridge. */
function transmit(world: World, packet: number): void {
  const { packets, devices } = world;
  const bridge = packets.device.get(packet);
  if (!devices.isRunning(bridge)) return drop(world, packet, "DEV_READY");
  if (returnToBridge(world, packet)) return;
  const frame = packets.data.get(packet) as EthernetFrame;
  devices.countTransmitted(bridge, frameLength(frame));
  packets.inDevice.set(packet, 0);
  direct(world, packet, bridge, frame.destination);
}

/** `br_fdb_cleanup`: forgets addresses that were silent for the ageing time, and comes again when the next one is due. */
function age(world: World, bridge: number): void {
  const { fdb, devices, nowNs } = world;
  const ageingTimeNs = devices.ageingTimeNs.get(bridge);
  let nextNs = nowNs + ageingTimeNs;
  for (const row of fdb.ofBridge(bridge)) {
    if (!fdb.isLearned(row)) continue;
    const dueNs = fdb.updatedJiffies.get(row) * jiffyNs + ageingTimeNs;
    if (dueNs <= nowNs) fdb.table.remove(row);
    else nextNs = Math.min(nextNs, dueNs);
  }
  devices.ageing.set(bridge, world.timerNs(nextNs));
}
