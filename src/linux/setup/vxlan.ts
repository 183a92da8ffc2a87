import type { FdbCommand, VxlanAdd } from "../../plan/commands.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { isGroupMac } from "../../wire/mac-address.ts";
import { vxlanHeadroom } from "../device/vxlan.ts";
import { startAgeing } from "../device/vxlan-receive.ts";
import { deviceKind } from "../devices.ts";
import { jiffyNs } from "../fdb.ts";
import { findDevice } from "../socket/arp-socket.ts";
import { stage } from "../stage.ts";
import { vtepState } from "../vxlans.ts";
import type { World } from "../world.ts";
import { addDevice, derivedMac } from "./devices.ts";
import type { CommandFailure } from "./failure.ts";

/** `ip link add … type vxlan`. */
export function addVxlan(world: World, netns: number, command: VxlanAdd): CommandFailure {
  const { devices, vxlans } = world;
  const { dev, underlying, vni, port } = command;
  const below = underlying === undefined ? 0 : findDevice(world, netns, underlying);
  if (underlying !== undefined && below === 0) return `Cannot find device "${underlying}"`;
  if (findDevice(world, netns, dev) !== 0) return "RTNETLINK answers: File exists";
  if (isTaken(world, netns, vni, port)) return "Error: A VXLAN device with the specified VNI already exists.";
  const mac = command.mac ?? derivedMac(`${command.netns}/${dev}`);
  const device = addDevice(world, netns, dev, deviceKind.vxlan, mac, command.source);
  devices.transmitStage.set(device, stage.vxlanTransmit);
  if (below !== 0) devices.mtu.set(device, devices.mtu.get(below) - vxlanHeadroom);
  const row = vxlans.table.allocate();
  vxlans.device.set(row, device);
  vxlans.vni.set(row, vni);
  vxlans.underlying.set(row, below);
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

/** `bridge fdb add|append|replace|del MAC dev DEV dst ADDRESS self` (`vxlan_fdb_update`, `__vxlan_fdb_delete`). */
export function changeVtep(world: World, device: number, command: FdbCommand): CommandFailure {
  const { vteps, vxlans } = world;
  const { mac, remote, kind = "permanent" } = command;
  // Other devices keep addresses there whose frames they let in, which veth does anyway (`ndo_dflt_fdb_add`).
  if (vxlans.ofDevice(device) === 0) return undefined;
  const rows = vteps.of(device, mac);
  if (command.do === "fdb del") return removeVtep(world, rows, remote);
  if (remote === undefined) return "RTNETLINK answers: Invalid argument";
  const jiffies = Math.floor(world.nowNs / jiffyNs);
  const add = () => vteps.add(device, mac, remote, vtepState[kind], jiffies);
  if (kind === "dynamic") startAgeing(world, vxlans.ofDevice(device));
  if (rows.length === 0) {
    add();
    return undefined;
  }
  if (command.do === "fdb add") return "RTNETLINK answers: File exists";
  for (const row of rows) vteps.state.set(row, vtepState[kind]);
  const mayHaveSeveral = mac === 0 || isGroupMac(mac);
  if (command.do === "fdb replace") {
    if (mayHaveSeveral) return "Error: Cannot replace non-unicast fdb entries.";
    vteps.remote.set(rows[0], remote);
  } else if (mayHaveSeveral && !rows.some((row) => vteps.remote.get(row) === remote)) add();
  return undefined;
}

/** One of several VTEPs, or the whole entry. */
function removeVtep({ vteps }: World, rows: readonly number[], remote: Ipv4Address | undefined): CommandFailure {
  if (rows.length === 0) return "RTNETLINK answers: No such file or directory";
  for (const row of rows) if (remote === undefined || vteps.remote.get(row) === remote) vteps.table.remove(row);
  return undefined;
}
