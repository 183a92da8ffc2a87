import type { ProgramEffect } from "../../programs/program.ts";
import { type ArpPacket, arpPacket } from "../../wire/arp.ts";
import { type EthernetFrame, ethernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isGroupMac } from "../../wire/mac-address.ts";
import { fibLookup } from "../ip/fib.ts";
import { localSource } from "../ip/local.ts";
import { selectSource } from "../ip/source.ts";
import { put } from "../neighbour/arp.ts";
import { makeOrigin } from "../packets.ts";
import { deliverInput } from "../process/inbox.ts";
import { socketKind } from "../sockets.ts";
import type { World } from "../world.ts";

/** A packet socket for ARP on one device, as iputils' arping opens it. It hears every ARP packet that the device receives. */
export function openArp(world: World, process: number, effect: Extract<ProgramEffect, { kind: "open arp" }>): void {
  const netns = world.processes.netns.get(process);
  const device = findDevice(world, netns, effect.dev);
  if (device === 0) return deliverInput(world, process, { kind: "error", socket: effect.socket, error: "EINVAL" });
  world.sockets.add({
    netns,
    kind: socketKind.arp,
    process,
    number: effect.socket,
    local: { address: 0, port: 0 },
    device,
  });
}

export function sendArp(world: World, process: number, effect: Extract<ProgramEffect, { kind: "send arp" }>): void {
  const { sockets, devices, packets } = world;
  const socket = sockets.ofProcess(process, effect.socket);
  if (socket === 0) return;
  const device = sockets.device.get(socket);
  const mac = devices.mac.get(device);
  const sender = effect.senderIp === "own" ? askingSource(world, device, effect.targetIp) : effect.senderIp;
  const targetMac = effect.targetMac === "own" ? mac : effect.targetMac;
  const arp = arpPacket(effect.operation, mac, sender, targetMac, effect.targetIp);
  put(world, device, ethernetFrame(effect.ethernetDestination, mac, arp), makeOrigin(packets.nextName(), process));
}

/**
 * The source of a question about `target`: what connect(2) gives a UDP socket that is bound to the device, where routes to
 * local addresses count if the device has them.
 */
export function askingSource(world: World, device: number, target: Ipv4Address): Ipv4Address {
  const { addresses, devices, routes } = world;
  const netns = devices.netns.get(device);
  const isOwn = addresses.ofDevice(device).some((row) => addresses.address.get(row) === target);
  if (isOwn) return localSource(world, netns, target);
  const route = fibLookup(world, netns, target, 0, 0);
  // SO_DONTROUTE: only what is on the link.
  const isOnLink = route !== 0 && routes.device.get(route) === device && routes.gateway.get(route) === 0;
  return (isOnLink && routes.preferredSource.get(route)) || selectSource(world, device, target);
}

/** Lets the ARP sockets on the device hear a packet that it received. */
export function deliverArp(world: World, device: number, frame: EthernetFrame): void {
  const { sockets, devices } = world;
  const { operation, senderIp, senderMac, targetIp, targetMac } = frame.payload as ArpPacket;
  const mac = devices.mac.get(device);
  const isBroadcast = isGroupMac(frame.destination);
  if (!isBroadcast && frame.destination !== mac) return;
  const netns = devices.netns.get(device);
  for (let row = sockets.byPort.find(netns, 0); row !== 0; row = sockets.byPort.findNext(row)) {
    if (sockets.kind.get(row) !== socketKind.arp || sockets.device.get(row) !== device) continue;
    const about = { operation, senderIp, senderMac, targetIp, isForMyMac: targetMac === mac, isBroadcast };
    deliverInput(world, sockets.process.get(row), { kind: "arp", ...about });
  }
}

/** The device of that name in the namespace, or 0. */
export function findDevice(world: World, netns: number, name: string): number {
  const { namespaces, devices } = world;
  let device = namespaces.firstDevice.get(netns);
  while (device !== 0 && devices.name.get(device) !== name) device = devices.nextInNetns.get(device);
  return device;
}
