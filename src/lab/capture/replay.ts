import { neverAges } from "../../linux/fdb.ts";
import { isLocalAddress } from "../../linux/ip/local.ts";
import { nud } from "../../linux/neighbours.ts";
import { makeOrigin } from "../../linux/packets.ts";
import { stage, tapStages } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { Int32Column } from "../../sim/column.ts";
import { PairIndex } from "../../sim/pair-index.ts";
import type { Table } from "../../sim/table.ts";
import { addTimer, type TimerColumn } from "../../sim/timers.ts";
import { type ArpPacket, arpOperation } from "../../wire/arp.ts";
import { type EthernetFrame, frameLength } from "../../wire/ethernet.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isGroupMac, type MacAddress } from "../../wire/mac-address.ts";
import { CapturedConnections } from "./captured-connections.ts";
import { type Crossing, sentByIp } from "./crossings.ts";
import type { CapturedInterface } from "./network.ts";
import { SeenRoutes } from "./seen-routes.ts";
import type { Sightings } from "./sightings.ts";

/**
 * Plays a capture on a world that has its interfaces: each frame is an event of its packet at the interface that saw it, and
 * tables come to hold what the frames tell. Nothing else happens: this world's kernel is the one that was captured.
 */
export class Replay {
  private readonly world: World;
  private readonly sightings: Sightings;
  /** Devices by interface. */
  private readonly devices: readonly number[];
  private readonly interfaces: readonly CapturedInterface[];
  private readonly connections: CapturedConnections;
  private readonly routes: SeenRoutes;
  /** The index of the next frame. */
  private readonly next: Int32Column;
  private readonly due: TimerColumn;
  private readonly row: number;
  /** The capture's packets that are in flight, by their numbers in it, and their rows. */
  private readonly flights: Table;
  private readonly flying: Int32Column;
  private readonly flight: Int32Column;
  private readonly flightOf: PairIndex;

  constructor(
    world: World,
    interfaces: readonly CapturedInterface[],
    devices: readonly number[],
    sightings: Sightings,
    crossings: readonly Crossing[],
  ) {
    const { sim } = world;
    this.world = world;
    this.interfaces = interfaces;
    this.devices = devices;
    this.sightings = sightings;
    this.connections = new CapturedConnections(world, crossings);
    this.routes = new SeenRoutes(world, sentByIp(sightings, interfaces, crossings));
    const table = sim.addTable("capture");
    this.next = table.int32("next");
    this.due = addTimer(table, sim.log, sim.timers, "due", stage.captureFrame);
    this.row = table.allocate();
    table.link(this.row);
    this.next.set(this.row, 0);
    this.flights = sim.addTable("captured packet in flight");
    this.flying = this.flights.int32("packet");
    this.flight = this.flights.int32("row");
    this.flightOf = this.flights.addIndex(new PairIndex(this.flying));
    sim.on(stage.captureFrame, () => this.show());
    for (const tapStage of tapStages.keys()) sim.on(tapStage, (packet) => this.pass(packet));
    this.schedule(0);
  }

  private schedule(index: number): void {
    const { all } = this.sightings;
    // Time 0 would mean that nothing is due.
    if (index < all.length) this.due.set(this.row, Math.max(all[index].timeNs, 1));
  }

  /** The packet of the next frame comes to the interface that saw it. */
  private show(): void {
    const { packets, sim } = this.world;
    const index = this.next.get(this.row);
    const sighting = this.sightings.all[index];
    const device = this.devices[sighting.tap];
    const at = stageAt(this.interfaces[sighting.tap].kind, sighting.direction);
    const netns = this.world.devices.netns.get(device);
    const flight = this.flightOf.find(sighting.packet, 0);
    let packet = this.flight.get(flight);
    if (flight === 0) {
      packet = packets.make(netns, device, at, sighting.frame, makeOrigin(sighting.packet + 1, 0));
      this.depart(sighting.packet, packet);
    } else {
      packets.data.set(packet, sighting.frame);
      // Its connection stays behind in the namespace that it leaves.
      if (packets.netns.get(packet) !== netns) packets.scrub(packet, true);
      packets.device.set(packet, device);
      packets.netns.set(packet, netns);
      packets.stage.set(packet, at);
    }
    sim.underWay.push(packet);
    this.next.set(this.row, index + 1);
    this.schedule(index + 1);
  }

  private depart(number: number, packet: number): void {
    const flight = this.flights.allocate();
    this.flying.set(flight, number);
    this.flight.set(flight, packet);
    this.flights.link(flight);
  }

  /** The frame passes the interface; after its last one the packet is gone. */
  private pass(packet: number): void {
    const { packets, devices, sim } = this.world;
    const index = this.next.get(this.row) - 1;
    const sighting = this.sightings.all[index];
    const device = packets.device.get(packet);
    const length = frameLength(sighting.frame);
    if (sighting.direction === "in") devices.countReceived(device, length);
    else devices.countTransmitted(device, length);
    this.learn(packet, device, index);
    sim.underWay.pop();
    if (this.sightings.last[sighting.packet] !== index) return;
    this.flights.remove(this.flightOf.find(sighting.packet, 0));
    packets.remove(packet);
  }

  private learn(packet: number, device: number, index: number): void {
    const { devices } = this.world;
    const { direction, frame } = this.sightings.all[index];
    this.connections.learn(packet, index);
    if (direction === "out") this.routes.learn(packet, device, index, frame);
    if (frame.payload.kind === "arp") this.learnNeighbour(device, direction, frame.payload);
    const bridge = devices.master.get(device);
    if (bridge !== 0 && direction === "in" && !isGroupMac(frame.source)) this.learnPort(bridge, device, frame);
  }

  /** What an ARP packet teaches the machine that it comes to; a question that it sends waits for an answer. */
  private learnNeighbour(device: number, direction: "in" | "out", arp: ArpPacket): void {
    const netns = this.world.devices.netns.get(device);
    if (direction === "out") {
      const isOwn = arp.operation === arpOperation.request && isLocalAddress(this.world, netns, arp.senderIp);
      if (isOwn && this.world.neighbours.find(device, arp.targetIp) === 0)
        this.setNeighbour(device, arp.targetIp, 0, nud.incomplete);
      return;
    }
    const isKnown = this.world.neighbours.find(device, arp.senderIp) !== 0;
    if (!isLocalAddress(this.world, netns, arp.targetIp) && !isKnown) return;
    if (arp.operation === arpOperation.reply) this.setNeighbour(device, arp.senderIp, arp.senderMac, nud.reachable);
    else if (arp.senderIp !== 0) this.setNeighbour(device, arp.senderIp, arp.senderMac, nud.stale);
  }

  private setNeighbour(device: number, address: Ipv4Address, mac: MacAddress, state: number): void {
    const { neighbours, nowNs } = this.world;
    const row = neighbours.find(device, address) || neighbours.add(device, address, nowNs);
    // A question does not make doubtful what an answer has confirmed.
    if (state === nud.stale && neighbours.mac.get(row) === mac) return;
    neighbours.mac.set(row, mac);
    neighbours.state.set(row, state);
    neighbours.updatedNs.set(row, nowNs);
    if (state === nud.reachable) neighbours.confirmedNs.set(row, nowNs);
  }

  private learnPort(bridge: number, port: number, { source }: EthernetFrame): void {
    const { fdb } = this.world;
    const row = fdb.find(bridge, source);
    if (row === 0) fdb.add(bridge, source, port, 0, 0);
    else if (fdb.updatedJiffies.get(row) !== neverAges && fdb.port.get(row) !== port) fdb.port.set(row, port);
  }
}

function stageAt(kind: CapturedInterface["kind"], direction: "in" | "out"): number {
  const isIn = direction === "in";
  switch (kind) {
    case "loopback":
      return isIn ? stage.loReceive : stage.loTransmit;
    case "bridge":
      return isIn ? stage.bridgeDeliver : stage.bridgeTransmit;
    case "vxlan":
      return isIn ? stage.vxlanReceive : stage.vxlanTransmit;
    case "veth":
      return isIn ? stage.vethReceive : stage.vethTransmit;
  }
}
