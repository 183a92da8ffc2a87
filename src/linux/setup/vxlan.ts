import type { FdbCommand, VxlanAdd } from "../../plan/commands.ts";
import { vxlanHeadroom } from "../device/vxlan.ts";
import { deviceKind } from "../devices.ts";
import { findDevice } from "../socket/arp-socket.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { addDevice, derivedMac } from "./devices.ts";
import type { CommandFailure } from "./failure.ts";

/** `ip link add … type vxlan`. */
export function addVxlan(world: World, netns: number, command: VxlanAdd): CommandFailure {
  const { devices, vxlans } = world;
  const { dev, underlying, vni, port } = command;
  const below = underlying === undefined ? 0 : findDevice(world, netns, underlying);
  if (underlying !== undefined && below === 0) return `Cannot find device "${underlying}"`;
  if (findDevice(world, netns, dev) !== 0 || isTaken(world, netns, vni, port)) return "RTNETLINK answers: File exists";
  const mac = command.mac ?? derivedMac(`${command.netns}/${dev}`);
  const device = addDevice(world, netns, dev, deviceKind.vxlan, mac, command.source);
  devices.transmitStage.set(device, stage.vxlanTransmit);
  if (below !== 0) devices.mtu.set(device, devices.mtu.get(below) - vxlanHeadroom);
  const row = vxlans.table.allocate();
  vxlans.device.set(row, device);
  vxlans.vni.set(row, vni);
  vxlans.local.set(row, command.local ?? 0);
  vxlans.port.set(row, port);
  vxlans.learning.set(row, command.learning ? 1 : 0);
  vxlans.ttl.set(row, command.ttl ?? 0);
  vxlans.table.link(row);
  return undefined;
}

/** Two devices of one namespace cannot have the same VNI on the same port. */
function isTaken(world: World, netns: number, vni: number, port: number): boolean {
  const { vxlans, devices } = world;
  return vxlans
    .ofVni(vni)
    .some((row) => vxlans.port.get(row) === port && devices.netns.get(vxlans.device.get(row)) === netns);
}

/** `bridge fdb add|append|replace|del MAC dev DEV dst ADDRESS` (`vxlan_fdb_add`, `vxlan_fdb_delete`). */
export function changeVtep(world: World, device: number, command: FdbCommand): CommandFailure {
  const { vteps } = world;
  const { mac, remote } = command;
  const rows = vteps.of(device, mac);
  const same = rows.filter((row) => remote === undefined || vteps.remote.get(row) === remote);
  if (command.do === "fdb del") {
    if (same.length === 0) return "RTNETLINK answers: No such file or directory";
    for (const row of same) vteps.table.remove(row);
    return undefined;
  }
  if (remote === undefined) return "RTNETLINK answers: Invalid argument";
  if (command.do === "fdb add" && rows.length > 0) return "RTNETLINK answers: File exists";
  if (command.do === "fdb replace") for (const row of rows) vteps.table.remove(row);
  if (command.do !== "fdb append" || same.length === 0) vteps.add(device, mac, remote, 0);
  return undefined;
}
