import { type EthernetFrame, ethernetHeaderLength, frameLength } from "../../wire/ethernet.ts";
import { isGroupMac } from "../../wire/mac-address.ts";
import { deviceKind } from "../devices.ts";
import { drop } from "../drop.ts";
import { bridgePrerouting, callsHooks } from "../netfilter/bridge.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";

/**
 * veth pairs and `lo` (drivers/net/veth.c, drivers/net/loopback.c): what one end transmits waits in the other end's
 * backlog, and is received from there when the kernel has finished what it is at.
 */
export function registerLinks(world: World): void {
  world.sim.on(stage.vethTransmit, (packet) => vethTransmit(world, packet));
  world.sim.on(stage.vethReceive, (packet) => receive(world, packet));
  world.sim.on(stage.loTransmit, (packet) => loopbackTransmit(world, packet));
  world.sim.on(stage.loReceive, (packet) => receive(world, packet));
}

/** The Ethernet header, and room for a VLAN tag whether there is one or not (`is_skb_forwardable` of include/linux/netdevice.h). */
const forwardableHeaders = 14 + 4;

function vethTransmit(world: World, packet: number): void {
  const { devices, packets, sim } = world;
  const device = packets.device.get(packet);
  if (!devices.isRunning(device)) return drop(world, packet, "DEV_READY");
  const peer = devices.peer.get(device);
  const frame = packets.data.get(packet) as EthernetFrame;
  if (isTooLongFor(world, peer, frame)) return drop(world, packet, "VETH_PEER_MTU");
  devices.countTransmitted(device, frameLength(frame));
  const netns = devices.netns.get(peer);
  packets.scrub(packet, netns !== packets.netns.get(packet));
  packets.device.set(packet, peer);
  packets.netns.set(packet, netns);
  packets.stage.set(packet, stage.vethReceive);
  sim.underWay.pop();
  world.links.push(packet, sim.nowNs);
}

/** Whether a veth device loses an IPv4 packet of so many bytes because its other end is too narrow (`veth_xmit`: NET_XMIT_DROP). */
export function isTooLongForPeer({ devices }: World, device: number, bytes: number): boolean {
  if (devices.kind.get(device) !== deviceKind.veth || !devices.isRunning(device)) return false;
  return bytes + ethernetHeaderLength > devices.mtu.get(devices.peer.get(device)) + forwardableHeaders;
}

/** `is_skb_forwardable` of net/core/dev.c: what a device is given may exceed its MTU by a VLAN tag. */
export function isTooLongFor({ devices }: World, device: number, frame: EthernetFrame): boolean {
  return frameLength(frame) > devices.mtu.get(device) + forwardableHeaders;
}

function loopbackTransmit(world: World, packet: number): void {
  const { devices, packets, sim } = world;
  const device = packets.device.get(packet);
  if (devices.up.get(device) === 0) return drop(world, packet, "DEV_READY");
  devices.countTransmitted(device, frameLength(packets.data.get(packet) as EthernetFrame));
  packets.stage.set(packet, stage.loReceive);
  sim.underWay.pop();
  world.links.push(packet, sim.nowNs);
}

/** `__netif_receive_skb_core` of net/core/dev.c: a bridge port hands the frame to its bridge, others to the protocol. */
export function receive(world: World, packet: number): void {
  const { devices, packets } = world;
  const device = packets.device.get(packet);
  if (devices.up.get(device) === 0) return drop(world, packet, "DEV_READY");
  devices.countReceived(device, frameLength(packets.data.get(packet) as EthernetFrame));
  packets.inDevice.set(packet, device);
  packets.isForPort.set(packet, 0);
  const bridge = devices.master.get(device);
  if (bridge === 0) return deliverToProtocol(world, packet);
  packets.device.set(packet, bridge);
  if (callsHooks(world, packet)) return bridgePrerouting(world, packet);
  packets.stage.set(packet, stage.bridgeReceive);
}

/** Hands a received frame to ARP or IPv4. */
export function deliverToProtocol(world: World, packet: number): void {
  const frame = world.packets.data.get(packet) as EthernetFrame;
  const kind = frame.payload.kind;
  if (kind === "other") return drop(world, packet, "UNHANDLED_PROTO");
  world.packets.stage.set(packet, kind === "arp" ? stage.arpReceive : stage.ipReceive);
}

/**
 * PACKET_OTHERHOST: a unicast frame that is not addressed to the device that received it, nor to the port of a bridge by which
 * it came (`eth_type_trans` has looked before the bridge took it).
 */
export function isForOtherHost(world: World, packet: number): boolean {
  const frame = world.packets.data.get(packet) as EthernetFrame;
  const device = world.packets.device.get(packet);
  if (frame.destination === world.devices.mac.get(device)) return false;
  const { isForPort, isOwn } = world.packets;
  return !isGroupMac(frame.destination) && isForPort.get(packet) === 0 && isOwn.get(packet) === 0;
}
