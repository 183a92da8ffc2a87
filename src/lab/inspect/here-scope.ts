import { hookNames } from "../../config/iptables/rule-set.ts";
import { remotesOf } from "../../linux/device/vxlan.ts";
import { deviceKind } from "../../linux/devices.ts";
import { dropReasonOf } from "../../linux/drop.ts";
import type { DropReason } from "../../linux/drop-reason.ts";
import { isLocalAddress } from "../../linux/ip/local.ts";
import type { PacketData } from "../../linux/packets.ts";
import { tcpKinds, udpKinds } from "../../linux/sockets.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { ArpPacket } from "../../wire/arp.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { formatMac, isGroupMac, type MacAddress } from "../../wire/mac-address.ts";
import { dropExplanation } from "../drop-text.ts";
import { deviceName, ruleName, tableName } from "../names.ts";
import type { Inspection } from "../protocol.ts";
import {
  printDestination,
  printFdbRow,
  printNextHop,
  printRoute,
  printSocket,
  printVtep,
  printVxlan,
} from "./print.ts";
import {
  arpTable,
  deviceInspection,
  fdbTable,
  linkFields,
  neighbourInspection,
  portsInspection,
  routeTable,
  socketTable,
  vtepTable,
} from "./row-inspections.ts";
import { chainInspection, printNetfilterRule } from "./rules.ts";
import { stationInspections } from "./station-inspections.ts";
import type { InspectionTarget } from "./target.ts";

/** The device or table that the stage consults, and what it says about this packet. */
export function hereScope(world: World, target: InspectionTarget): readonly Inspection[] {
  const make = byStage.get(target.stage);
  const rows = make?.(world, target) ?? [];
  if (rows.length > 0) return rows;
  return [deviceInspection(world, target.device), ...linkFields(world, target.device)];
}

type Make = (world: World, target: InspectionTarget) => readonly Inspection[];

const byStage: ReadonlyMap<number, Make> = new Map<number, Make>([
  [stage.bridgeReceive, atBridge],
  [stage.bridgeForward, atBridge],
  [stage.bridgeFlood, atBridge],
  [stage.bridgeDeliver, atBridge],
  [stage.bridgeTransmit, atBridge],
  [stage.vxlanTransmit, atVxlan],
  [stage.hubCarrierSense, atStation],
  [stage.hubTransmit, atStation],
  [stage.hubCollision, atStation],
  [stage.hubBackoff, atStation],
  [stage.neighOutput, atNeighbour],
  [stage.arpRequest, atArp],
  [stage.arpReply, atArp],
  [stage.arpReceive, atArp],
  [stage.arpIgnore, atArp],
  [stage.ipReceive, atRoutes],
  [stage.ipForward, atRoutes],
  [stage.ipFragment, atRoutes],
  [stage.routeInput, atRoutes],
  [stage.routeOutput, atRoutes],
  [stage.nfPrerouting, atHook],
  [stage.nfInput, atHook],
  [stage.nfForward, atHook],
  [stage.nfOutput, atHook],
  [stage.nfPostrouting, atHook],
  [stage.nfRule, atHook],
  [stage.nfReject, atHook],
  [stage.udpReceive, atSockets],
  [stage.tcpReceive, atSockets],
  [stage.icmpReceive, atSockets],
  [stage.drop, atDrop],
]);

function atBridge(world: World, { device, data }: InspectionTarget): readonly Inspection[] {
  if (world.devices.kind.get(device) !== deviceKind.bridge) return [];
  const frame = frameOf(data);
  return [
    { name: "bridge", value: deviceName(world, device), children: () => linkFields(world, device) },
    ...(frame === undefined
      ? []
      : [
          {
            name: "eth.dst",
            value: `${formatMac(frame.destination)}: ${destinationText(world, device, frame.destination)}`,
          },
          { name: "eth.src", value: `${formatMac(frame.source)}: ${sourceText(world, device, frame.source)}` },
        ]),
    fdbTable(world, device),
    portsInspection(world, device),
  ];
}

/** The VTEPs that the frame goes to, and which entry says so. */
function atVxlan(world: World, { device, data }: InspectionTarget): readonly Inspection[] {
  const frame = frameOf(data);
  const vxlan = world.vxlans.ofDevice(device);
  if (frame === undefined || vxlan === 0) return [];
  const rows = remotesOf(world, device, frame.destination);
  const isOwn = rows.length > 0 && world.vteps.mac.get(rows[0]) === frame.destination;
  const others = rows.length === 0 ? "no entry, so it is dropped" : "no entry of its own, so that of all others counts";
  return [
    { name: "vxlan", value: `${deviceName(world, device)}: ${printVxlan(world, vxlan)}` },
    { name: "eth.dst", value: `${formatMac(frame.destination)}: ${isOwn ? "its own entry counts" : others}` },
    ...rows.map((row) => ({ name: "VTEP", value: printVtep(world, row) })),
    vtepTable(world, device),
  ];
}

/** What the card is at, and what the others on the hub are at. */
function atStation(world: World, { device }: InspectionTarget): readonly Inspection[] {
  const rows = stationInspections(world, device);
  return rows.length === 0 ? [] : [...rows, deviceInspection(world, device)];
}

function destinationText(world: World, bridge: number, mac: MacAddress): string {
  if (isGroupMac(mac)) return "to everybody, so it is flooded";
  const row = world.fdb.find(bridge, mac);
  if (row === 0) return "not in the FDB, so it is flooded";
  if (world.fdb.isLocal.get(row) === 1) return "the bridge's own, so it is delivered here";
  return `behind ${world.devices.name.get(world.fdb.port.get(row))}`;
}

function sourceText(world: World, bridge: number, mac: MacAddress): string {
  const row = world.fdb.find(bridge, mac);
  return row === 0 ? "not in the FDB" : printFdbRow(world, row).slice(formatMac(mac).length + 1);
}

/** Which neighbour the packet is for. */
function atNeighbour(world: World, target: InspectionTarget): readonly Inspection[] {
  const ip = ipv4Of(target.data);
  const { packets } = world;
  const isNow = target.packet !== 0 && packets.stage.get(target.packet) === target.stage;
  const device = isNow ? packets.outDevice.get(target.packet) : target.device;
  const nextHop = isNow ? packets.nextHop.get(target.packet) : ip && gatewayOr(world, device, ip.destination);
  if (nextHop === undefined) return [];
  return [
    { name: "next hop", value: `${formatIpv4(nextHop)} dev ${world.devices.name.get(device)}` },
    entryInspection(world, device, nextHop),
    arpTable(world, world.devices.netns.get(device)),
  ];
}

function gatewayOr(world: World, device: number, destination: Ipv4Address): Ipv4Address {
  const route = world.routes.lookup(world.devices.netns.get(device), destination);
  return (route === 0 ? 0 : world.routes.gateway.get(route)) || destination;
}

/** The entry that an ARP packet is about: for one that leaves its target's, for one that comes its sender's. */
function atArp(world: World, { device, data, stage: at }: InspectionTarget): readonly Inspection[] {
  const arp = arpOf(data);
  if (arp === undefined) return [];
  const isLeaving = at === stage.arpRequest || at === stage.arpReply;
  const address = isLeaving ? arp.targetIp : arp.senderIp;
  const netns = world.devices.netns.get(device);
  const isAsked = !isLeaving && isLocalAddress(world, netns, arp.targetIp);
  return [
    entryInspection(world, device, address),
    ...(isLeaving
      ? []
      : [
          {
            name: "target",
            value: `${formatIpv4(arp.targetIp)}: ${isAsked ? "" : "not "}an address of this namespace`,
          },
        ]),
    arpTable(world, netns),
    deviceInspection(world, device),
  ];
}

function entryInspection(world: World, device: number, address: Ipv4Address): Inspection {
  const row = world.neighbours.find(device, address);
  if (row === 0) return { name: "entry", value: `none for ${formatIpv4(address)}` };
  const entry = neighbourInspection(world, row);
  return { ...entry, name: "entry", value: `${entry.name} ${entry.value}` };
}

/** The routes, and which one wins. */
function atRoutes(world: World, { device, data }: InspectionTarget): readonly Inspection[] {
  const ip = ipv4Of(data);
  if (ip === undefined) return [];
  const netns = world.devices.netns.get(device);
  return [
    { name: "ip.dst", value: formatIpv4(ip.destination) },
    decision(world, netns, ip.destination),
    routeTable(world, netns),
    { name: "net.ipv4.ip_forward", value: String(world.namespaces.forwarding.get(netns)) },
  ];
}

function decision(world: World, netns: number, destination: Ipv4Address): Inspection {
  if (isLocalAddress(world, netns, destination))
    return { name: "decision", value: "local: an address of this namespace" };
  const row = world.routes.lookup(netns, destination);
  if (row === 0) return { name: "decision", value: "no route matches" };
  return {
    name: "decision",
    value: printRoute(world, row),
    children: () => [
      { name: "destination", value: printDestination(world, row) },
      { name: "next hop", value: printNextHop(world, row) },
    ],
  };
}

/** The sockets, and which one the packet is for. */
function atSockets(world: World, { device, data }: InspectionTarget): readonly Inspection[] {
  const ip = ipv4Of(data);
  if (ip === undefined) return [];
  const netns = world.devices.netns.get(device);
  const { payload } = ip;
  const table = socketTable(world, netns);
  if (payload.kind !== "udp" && payload.kind !== "tcp") return [table];
  const kinds = payload.kind === "udp" ? udpKinds : tcpKinds;
  const { sourcePort, destinationPort } = payload;
  const row = world.sockets.lookup(netns, kinds, ip.destination, destinationPort, ip.source, sourcePort);
  const value = row === 0 ? `none on ${payload.kind} port ${destinationPort}` : printSocket(world, row);
  return [{ name: "socket", value }, table];
}

/** The rule that the packet is tried on next, its chain, and where the chain was called from. */
function atHook(world: World, target: InspectionTarget): readonly Inspection[] {
  const at = target.packet === 0 ? null : world.packets.hookAt.get(target.packet);
  if (at === null || at.chain === 0) return [];
  const { netfilter } = world;
  const callers: Inspection[] = [];
  for (let { caller } = at; caller !== undefined; caller = caller.caller)
    callers.push({ name: "called from", value: `${netfilter.chainName.get(caller.chain)} rule ${caller.rule}` });
  const row = netfilter.chainRules.get(at.chain)[at.rule];
  return [
    { name: "hook", value: hookNames[at.hook] },
    { name: "table", value: tableName(world, at.chain) },
    ...(row === undefined ? [] : [{ name: ruleName(world, at), value: printNetfilterRule(world, row) }]),
    ...callers,
    chainInspection(world, at.chain),
  ];
}

/** Why it is dropped, and the table that has, or lacks, the row that would have let it through. */
function atDrop(world: World, target: InspectionTarget): readonly Inspection[] {
  if (target.packet === 0) return [];
  const reason = dropReasonOf(world, target.packet);
  return [
    { name: "drop reason", value: reason },
    { name: "because", value: dropExplanation(world, target.packet) },
    ...(reason === "NETFILTER_DROP" ? atHook(world, target) : []),
    ...consulted(reason)(world, target),
    deviceInspection(world, target.device),
  ];
}

function consulted(reason: DropReason): Make {
  if (reason.startsWith("NEIGH_")) return atNeighbour;
  if (reason.startsWith("BRIDGE_")) return atBridge;
  if (reason === "NO_TX_TARGET") return atVxlan;
  if (reason.endsWith("COLLISION") || reason.endsWith("COLLISIONS") || reason === "QDISC_DROP") return atStation;
  if (reason === "NO_SOCKET" || reason === "ICMP_NOBODY") return atSockets;
  if (reason === "OTHERHOST") return atReceiver;
  return reason.startsWith("IP_") || reason === "PKT_TOO_BIG" || reason === "NO_WAY_BACK" ? atRoutes : () => [];
}

function atReceiver(world: World, { device, data }: InspectionTarget): readonly Inspection[] {
  const frame = frameOf(data);
  if (frame === undefined) return [];
  const own = formatMac(world.devices.mac.get(device));
  return [{ name: "eth.dst", value: `${formatMac(frame.destination)}: ${deviceName(world, device)} has ${own}` }];
}

function frameOf(data: PacketData | null): EthernetFrame | undefined {
  return data === null || "ttl" in data ? undefined : data;
}

function ipv4Of(data: PacketData | null): Ipv4Packet | undefined {
  if (data === null) return undefined;
  if ("ttl" in data) return data;
  return data.payload.kind === "ipv4" ? data.payload : undefined;
}

function arpOf(data: PacketData | null): ArpPacket | undefined {
  const frame = frameOf(data);
  return frame?.payload.kind === "arp" ? frame.payload : undefined;
}
