import type { SourceRange } from "../base/source-range.ts";
import { stationStateNames } from "../linux/hubs.ts";
import type { HookPosition } from "../linux/netfilter/position.ts";
import type { Ancestor, Origin, PacketData } from "../linux/packets.ts";
import { tcpKinds, udpKinds } from "../linux/sockets.ts";
import { stage, stageNames } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { EthernetFrame } from "../wire/ethernet.ts";
import type { Ipv4Packet } from "../wire/ipv4.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import type { TcpSegment } from "../wire/tcp.ts";
import type { UdpDatagram } from "../wire/udp.ts";
import { chosenRoute, routeChosenIn, routeStages } from "./chosen-route.ts";
import type { Documents } from "./documents/documents.ts";
import { eventName, packetText, placeName, protocolName, ruleEventName } from "./names.ts";
import type { FrameParameter, FrameRow } from "./protocol.ts";
import type { Scenario } from "./scenario.ts";

/** A packet that its thread shows: in flight, or gone since the last resume. */
export interface Walker {
  /** Its row, or 0 when it is gone. */
  readonly row: number;
  readonly number: number;
  readonly bornAt: number;
  readonly origin: Origin;
  /** What it carries, or carried at the end. */
  readonly data: PacketData | null;
}

/** What a frame of the stack stands for; scopes are made from it. */
export interface WalkFrame extends Omit<FrameRow, "id" | "canRestart"> {
  readonly walker?: Walker;
  readonly stageNumber: number;
  readonly device: number;
  /** The event that it stands for; absent where the packet is now, for labels and statements. */
  readonly event?: number;
}

/** The source line of an event: the device's, or the namespace's where its protocols are at work. */
export function eventSource(world: World, stageNumber: number, device: number): SourceRange | undefined {
  const { devices, namespaces } = world;
  const netns = devices.netns.get(device);
  const isAtDevice = placeName(world, stageNumber, device).includes("/");
  const own = isAtDevice ? devices.source.get(device) : namespaces.source.get(netns);
  return own ?? namespaces.source.get(netns) ?? undefined;
}

/** Where a packet is and how it got there, newest first: its next stage, the stages it ran, its ancestors', the cause. */
export function walkOf(world: World, documents: Documents, scenario: Scenario, walker: Walker): readonly WalkFrame[] {
  const frames: WalkFrame[] = [];
  let name = String(walker.origin.name);
  if (walker.row !== 0) frames.push({ ...present(world, documents, walker), parameters: parametersOf(walker, name) });
  let ancestor: Ancestor | undefined = { number: walker.number, bornAt: walker.bornAt, copyOf: walker.origin.copyOf };
  let before = world.sim.position;
  for (; ancestor !== undefined; ancestor = ancestor.copyOf) {
    const from = frames.length;
    before = pushEvents(world, documents, walker, ancestor, before, frames);
    // What happened before it was copied happened to the packet that it is a copy of: 12.3 was 12.
    for (let at = from; at < frames.length; at++)
      frames[at] = { ...frames[at], parameters: parametersOf(walker, name) };
    name = name.replace(/\.\d+$/, "");
  }
  if (walker.row === 0 && frames.length > 0) frames[0] = { ...frames[0], name: `ended in ${frames[0].name}` };
  pushCause(world, scenario, walker, frames);
  return frames;
}

/** Where the packet is now: before its next stage, or in the queue of a neighbour. */
function present(world: World, documents: Documents, walker: Walker): WalkFrame {
  const { packets } = world;
  const stageNumber = packets.stage.get(walker.row);
  const plain = frame(world, walker, stageNumber, packets.device.get(walker.row));
  const position = ruleStages.has(stageNumber) ? packets.hookAt.get(walker.row) : null;
  const own = position === null ? { ...plain, source: listenerSource(world, walker.row) ?? plain.source } : undefined;
  const routed = routeStages.has(stageNumber) ? chosenRoute(world, walker.row) : 0;
  const at = onRoute(documents, own, routed) ?? atRule(world, documents, plain, position as HookPosition);
  const wait = isWaiting(world, walker.row)
    ? `waits for ARP: ${formatIpv4(packets.nextHop.get(walker.row))}`
    : (waitForRelease(world, walker.row) ?? waitOnHub(world, walker.row));
  return wait === undefined ? at : { ...at, name: `${at.name} (${wait})` };
}

/** Somebody holds it. */
function waitForRelease({ held }: World, row: number): string | undefined {
  const found = held.find(row);
  return found !== 0 && held.standsAside(found) ? "held, until it is released" : undefined;
}

/** What a packet waits for at a station of a hub, or on the cable; undefined for one that is under way. */
function waitOnHub(world: World, row: number): string | undefined {
  const { packets, stations, sim } = world;
  const station = stations.ofDevice(packets.device.get(row));
  const next = packets.stage.get(row);
  if (station === 0 || !hubStages.has(next) || sim.underWay.entries().includes(row)) return undefined;
  if (next === stage.hubReceive) return "on the cable";
  const first = stations.firstQueued.get(station);
  if (first === row) return stationStateNames[stations.state.get(station)];
  return `waits behind #${packets.origin.get(first).name}`;
}

const hubStages: ReadonlySet<number> = new Set([
  ...[stage.hubCarrierSense, stage.hubTransmit, stage.hubBackoff, stage.hubReceive],
]);

/** The line of the program that a packet is about to be delivered to. */
function listenerSource(world: World, row: number): SourceRange | undefined {
  const { packets, sockets, processes } = world;
  const stageNumber = packets.stage.get(row);
  if (stageNumber !== stage.udpReceive && stageNumber !== stage.tcpReceive) return undefined;
  const ip = (packets.data.get(row) as EthernetFrame).payload as Ipv4Packet;
  const transport = ip.payload as UdpDatagram | TcpSegment;
  const kinds = transport.kind === "udp" ? udpKinds : tcpKinds;
  const { sourcePort, destinationPort } = transport;
  const socket = sockets.lookup(packets.netns.get(row), kinds, ip.destination, destinationPort, ip.source, sourcePort);
  return socket === 0 ? undefined : (processes.source.get(sockets.process.get(socket)) ?? undefined);
}

/** True for a packet in the queue of an unresolved neighbour. */
export function isWaiting(world: World, row: number): boolean {
  const { packets, neighbours } = world;
  if (packets.stage.get(row) !== stage.neighOutput) return false;
  const neighbour = neighbours.find(packets.outDevice.get(row), packets.nextHop.get(row));
  for (let at = neighbour === 0 ? 0 : neighbours.firstQueued.get(neighbour); at !== 0; at = packets.next.get(at))
    if (at === row) return true;
  return false;
}

/** The events of one packet before a position, newest first. Answers where the packet was born. */
function pushEvents(
  world: World,
  documents: Documents,
  walker: Walker,
  who: Ancestor,
  before: number,
  frames: WalkFrame[],
): number {
  const { packets, sim } = world;
  const row = packets.byNumber.find(who.number);
  for (const event of sim.events.ofWalker(who.number, row, who.bornAt, before))
    frames.push(pastFrame(world, documents, walker, event));
  return Math.min(before, who.bornAt + 1);
}

/** An event that was taken; one at a rule is named by the rule. */
function pastFrame(world: World, documents: Documents, walker: Walker, event: number): WalkFrame {
  const { events } = world.sim;
  const stageNumber = events.stage(event);
  const plain = frame(world, walker, stageNumber, events.place(event));
  const at = ruleStages.has(stageNumber) ? positionBefore(world, event) : undefined;
  if (at !== undefined) return { ...atRule(world, documents, plain, at), event };
  const isRouted = routeStages.has(stageNumber) && walker.row !== 0;
  return { ...onRoute(documents, plain, isRouted ? routeChosenIn(world, walker.row, event) : 0), event };
}

/** Shown on the line of the route that it goes by, if one is chosen here. */
function onRoute<Frame extends WalkFrame | undefined>(documents: Documents, frame: Frame, route: number): Frame {
  const source = route === 0 || frame === undefined ? undefined : documents.routes.rangeOf(route);
  return source === undefined ? frame : { ...frame, source };
}

/** Named by the rule, and shown on its line of what `iptables-save` prints. */
function atRule(world: World, documents: Documents, plain: WalkFrame, at: HookPosition): WalkFrame {
  const name = ruleEventName(world, plain.stageNumber, plain.device, at);
  const source = documents.rangeOfRule(world.devices.netns.get(plain.device), at) ?? plain.source;
  return { ...plain, name, source };
}

const ruleStages: ReadonlySet<number> = new Set([stage.nfRule, stage.nfReject]);

/** Where at its hook the packet of this event stood before it: every event at a rule gives it another position. */
export function positionBefore({ packets, sim }: World, event: number): HookPosition | undefined {
  const { from, to } = sim.changesOf(event);
  let found: HookPosition | undefined;
  sim.log.forEach(from, to, (owner, _row, other) => {
    if (owner === packets.hookAt) found ??= (other as HookPosition | null) ?? undefined;
  });
  return found;
}

function frame(world: World, walker: Walker, stageNumber: number, device: number): WalkFrame {
  return {
    name: eventName(world, stageNumber, device),
    hint: "normal",
    stage: stageNames[stageNumber],
    source: eventSource(world, stageNumber, device),
    stageNumber,
    device,
    walker,
  };
}

/** The packet is what each stage works on. Its type is its protocol, which stays the same on its whole way. */
function parametersOf({ data }: Walker, name: string): readonly FrameParameter[] {
  return [{ name: "packet", type: data === null ? "packet" : protocolName(data), value: `#${name}` }];
}

function pushCause(world: World, scenario: Scenario, walker: Walker, frames: WalkFrame[]): void {
  const { causedBy, causeData, process } = walker.origin;
  if (causedBy !== undefined) {
    const text = causeData === undefined || causeData === null ? "" : ` ${packetText(causeData)}`;
    frames.push({ name: `caused by #${causedBy}${text}`, hint: "label", stageNumber: 0, device: 0 });
  }
  if (process === 0) return;
  const statement = scenario.statementOfProcess(process);
  const source = statement?.source ?? world.processes.source.get(process) ?? undefined;
  const name = statement?.text ?? `container ${world.processes.container.get(process)}`;
  frames.push({ name, hint: "normal", source, stageNumber: stage.statement, device: 0, stage: undefined });
}
