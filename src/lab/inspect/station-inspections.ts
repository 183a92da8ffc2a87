import type { World } from "../../linux/world.ts";
import { deviceName } from "../names.ts";
import type { Inspection } from "../protocol.ts";
import { shownHub, shownStation, stationFields } from "./shown-stations.ts";
import { withFields } from "./with-data.ts";

/** What the expression `station("h1/eth0")` knows. */
const evaluable = new Set(["state", "attempts", "collisions", "lateCollisions", "excessiveCollisions"]);

/** What a card on a hub is at, and the others on that hub; nothing for any other device. */
export function stationInspections(world: World, device: number): readonly Inspection[] {
  const row = world.stations.ofDevice(device);
  return row === 0 ? [] : [hubInspection(world, world.stations.hub.get(row)), ...fieldInspections(world, row)];
}

/** The same as one row that opens up. */
export function stationOf(world: World, device: number): readonly Inspection[] {
  const row = world.stations.ofDevice(device);
  if (row === 0) return [];
  const { text } = shownStation(world, row);
  const children = () => stationInspections(world, device);
  return [{ name: "station", value: text, evaluateName: call(world, row), children }];
}

function hubInspection(world: World, hub: number): Inspection {
  const stations = world.stations.ofHub(hub);
  return {
    name: "hub",
    value: shownHub(world, hub).text,
    childCount: stations.length,
    children: () => stations.map((station) => stationInspection(world, station)),
  };
}

function stationInspection(world: World, row: number): Inspection {
  const { label, text } = shownStation(world, row);
  return { name: label, value: text, evaluateName: call(world, row), children: () => fieldInspections(world, row) };
}

function fieldInspections(world: World, row: number): readonly Inspection[] {
  const fields = Object.entries(stationFields(world, row)).map(([name, value]) => ({
    name,
    value,
    ...(evaluable.has(name) && { evaluateName: `${call(world, row)}.${name}` }),
  }));
  return withFields(() => shownStation(world, row), fields);
}

/** In CEL. */
function call(world: World, row: number): string {
  return `station(${JSON.stringify(deviceName(world, world.stations.device.get(row)))})`;
}
