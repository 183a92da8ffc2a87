import { deviceKind } from "../../linux/devices.ts";
import { drop } from "../../linux/drop.ts";
import { takeWaiting } from "../../linux/neighbour/neighbour.ts";
import type { HookPosition } from "../../linux/netfilter/position.ts";
import { makeOrigin } from "../../linux/packets.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import { parseFrame } from "../../wire/ethernet.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { findDeviceByPath } from "../inspect/find.ts";
import { stepTargets } from "../step-targets.ts";
import { isWaiting } from "../walk.ts";
import type { InjectEdit, PacketEdit } from "./edit.ts";
import type { Change } from "./set-row.ts";
import { Refused } from "./values.ts";

/** How to do something to a packet in flight, as an event that comes next for it; answers why it cannot be, where it cannot. */
export function packetChange(world: World, packet: number, edit: PacketEdit): Change | Refused {
  if (edit.do === "choose") return chooseEndpoint(world, packet, edit.target);
  const { packets, stations, sim, held } = world;
  if (packets.stage.get(packet) === stage.drop) return new Refused("it is being dropped already");
  const row = held.find(packet);
  if (edit.do === "release")
    return row === 0 ? new Refused("nobody holds it") : done(() => release(world, packet, row));
  if (stations.ofDevice(packets.device.get(packet)) !== 0 && !sim.underWay.entries().includes(packet))
    return new Refused("it is with a station of a hub, which has it in hand");
  switch (edit.do) {
    case "drop":
      return done(() => {
        if (row !== 0) release(world, packet, row);
        takeFromNeighbour(world, packet);
        drop(world, packet, "BY_HAND");
      });
    case "hold":
      if (row !== 0) return new Refused("it is held already");
      return done(() => {
        takeFromNeighbour(world, packet);
        held.add(packet, packets.stage.get(packet));
        packets.stage.set(packet, stage.packetHold);
      });
    case "duplicate":
      return done(() => duplicate(world, packet, row));
  }
}

/** A packet that waits for ARP no longer does: it is under way. */
function takeFromNeighbour(world: World, packet: number): void {
  if (!isWaiting(world, packet)) return;
  const { packets, neighbours, sim } = world;
  const neighbour = neighbours.find(packets.outDevice.get(packet), packets.nextHop.get(packet));
  takeWaiting(world, neighbour, packet);
  sim.underWay.push(packet);
}

function release(world: World, packet: number, row: number): void {
  const { packets, held, sim } = world;
  packets.stage.set(packet, held.stageOf(row));
  if (held.standsAside(row)) sim.underWay.push(packet);
  held.remove(row);
}

/** What a copy has of its own, or gets from `Packets.copy`. */
const ownColumns = new Set(["origin", "number", "bornAt", "next", "copies", "connection", "inNetfilter", "stage"]);

/** The copy goes beside the packet: on the same link behind it, or under way before it. */
function duplicate(world: World, packet: number, heldRow: number): void {
  const { packets, links, sim, held } = world;
  const at = heldRow === 0 ? packets.stage.get(packet) : held.stageOf(heldRow);
  const copy = packets.copy(packet, packets.device.get(packet), at, packets.origin.get(packet).flooded);
  for (const column of packets.table.columns)
    if (!ownColumns.has(column.name))
      (column.set as (row: number, value: unknown) => void).call(column, copy, column.get(packet));
  if ([...links.entries()].some(({ item }) => item === packet)) links.push(copy, world.nowNs);
  else sim.underWay.push(copy);
}

function chooseEndpoint(world: World, packet: number, index: number): Change | Refused {
  const { packets } = world;
  const target = stepTargets(world, packet)[index];
  if (target?.kind !== "endpoint") return new Refused("no lots are drawn for it here");
  const at = packets.hookAt.get(packet) as HookPosition;
  return done(() => packets.hookAt.set(packet, { ...at, chosen: target.rule, chosenNumber: target.number }));
}

const receiveStages: Readonly<Record<number, number>> = {
  [deviceKind.loopback]: stage.loReceive,
  [deviceKind.veth]: stage.vethReceive,
  [deviceKind.bridge]: stage.bridgeDeliver,
};

/** How to put a packet into the network that nobody sent. */
export function injection(world: World, edit: InjectEdit): Change | Refused {
  const { devices, packets, sim } = world;
  const device = findDeviceByPath(world, edit.device);
  if (device === 0) return new Refused(`There is no device "${edit.device}"`);
  const at = edit.way === "out" ? devices.transmitStage.get(device) : receiveStages[devices.kind.get(device)];
  if (at === undefined) return new Refused(`Packets can leave by ${edit.device}, but not be put into it from outside`);
  const digits = edit.frame.replace(/[\s:]|0x/g, "");
  if (!/^([0-9a-f]{2})+$/i.test(digits))
    return new Refused("A frame is written in hexadecimal digits, two for each byte");
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const frame = parseFrame(bytes);
  if (isMalformed(frame)) return new Refused(`These ${bytes.length} bytes are no Ethernet frame: ${frame.reason}`);
  return done(() => {
    const packet = packets.make(devices.netns.get(device), device, at, frame, makeOrigin(packets.nextName(), 0));
    if (edit.way === "in") packets.inDevice.set(packet, device);
    sim.underWay.push(packet);
  });
}

function done(change: () => void): Change {
  return () => {
    change();
    return undefined;
  };
}
