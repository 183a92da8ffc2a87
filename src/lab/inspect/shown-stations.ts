import { stationState, stationStateNames } from "../../linux/hubs.ts";
import type { World } from "../../linux/world.ts";
import { deviceName } from "../names.ts";
import { hubId, known, type ShownRow } from "./shown-row.ts";
import { count } from "./words.ts";

/** Hubs and the stations on them as views list them. */

export function shownHub(world: World, row: number): ShownRow {
  const { hubs, stations } = world;
  const name = hubs.name.get(row);
  const text = `hub ${name} ${1000 / hubs.bitTimeNs.get(row)}Mbit half duplex`;
  return {
    id: hubId(name),
    ancestors: [],
    kind: "node",
    icon: "radio-tower",
    label: name,
    description: `hub, ${count(stations.ofHub(row).length, "station")}`,
    title: `hub ${name}`,
    text,
    fields: {},
    source: known(hubs.source.get(row)),
  };
}

export function shownStation(world: World, row: number): ShownRow {
  const { stations, hubs, devices } = world;
  const device = stations.device.get(row);
  const path = deviceName(world, device);
  const hub = hubs.name.get(stations.hub.get(row));
  const fields = stationFields(world, row);
  const words = [activity(world, row)];
  if (stations.isFullDuplex.get(row) === 1) words.push("full duplex");
  if (fields.collisions !== "0") words.push(count(Number(fields.collisions), "collision"));
  if (fields.excessiveCollisions !== "0") words.push(`${count(Number(fields.excessiveCollisions), "frame")} given up`);
  return {
    id: `station:${hub}/${path}`,
    ancestors: [hubId(hub)],
    kind: "row",
    icon: "plug",
    label: path,
    description: words.join(", "),
    title: `station ${path}`,
    text: words.join(", "),
    fields,
    source: known(devices.source.get(device)),
  };
}

/** `transmitting #3, attempt 2`, `backing off 5 slots`. */
function activity(world: World, row: number): string {
  const { stations, packets } = world;
  const state = stations.state.get(row);
  const name = stationStateNames[state];
  const packet = stations.firstQueued.get(row);
  if (packet === 0) return name;
  if (state === stationState.backingOff) return `${name} ${count(stations.backoffSlots.get(row), "slot")}`;
  const attempts = stations.attempts.get(row);
  return `${name} #${packets.origin.get(packet).name}${attempts > 1 ? `, attempt ${attempts}` : ""}`;
}

export function stationFields(world: World, row: number): Readonly<Record<string, string>> {
  const { stations } = world;
  return {
    state: stationStateNames[stations.state.get(row)],
    duplex: stations.isFullDuplex.get(row) === 1 ? "full" : "half",
    carrier: stations.carriers.get(row) > 0 ? "on" : "off",
    waiting: String(stations.queued.get(row)),
    attempts: String(stations.attempts.get(row)),
    "backoff slots": String(stations.backoffSlots.get(row)),
    collisions: String(stations.collisions.get(row)),
    lateCollisions: String(stations.lateCollisions.get(row)),
    excessiveCollisions: String(stations.excessiveCollisions.get(row)),
  };
}
