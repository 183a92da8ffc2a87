import { nsPerMetre } from "../../plan/cable.ts";
import type { HubAdd, StationAdd } from "../../plan/commands.ts";
import { never } from "../../sim/timers.ts";
import { deviceKind } from "../devices.ts";
import { stationState } from "../hubs.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { addDevice, derivedMac } from "./devices.ts";

export function addHub(world: World, command: HubAdd): number {
  const { hubs } = world;
  const row = hubs.table.allocate();
  hubs.name.set(row, command.hub);
  hubs.source.set(row, command.source);
  hubs.bitTimeNs.set(row, 1_000_000_000 / command.bitRate);
  hubs.table.link(row);
  return row;
}

/** A network card, down, whose cable is plugged into the hub. */
export function addStation(world: World, netns: number, hub: number, command: StationAdd): void {
  const { devices, stations } = world;
  const mac = command.mac ?? derivedMac(`${command.netns}/${command.dev}`);
  const device = addDevice(world, netns, command.dev, deviceKind.ethernet, mac, command.source);
  devices.transmitStage.set(device, stage.hubQueue);
  const row = stations.table.allocate();
  stations.device.set(row, device);
  stations.hub.set(row, hub);
  stations.cableDelayNs.set(row, command.cableMetres * nsPerMetre);
  stations.isFullDuplex.set(row, command.duplex === "full" ? 1 : 0);
  stations.state.set(row, stationState.idle);
  stations.endedNs.set(row, Number.NEGATIVE_INFINITY);
  stations.timer.set(row, never);
  stations.table.link(row);
}
