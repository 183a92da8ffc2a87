import type { FdbCommand } from "../../plan/commands.ts";
import { jiffyNs, neverAges } from "../fdb.ts";
import type { World } from "../world.ts";
import type { CommandFailure } from "./failure.ts";

/** `bridge fdb add|replace|del … master` (net/bridge/br_fdb.c). */
export function changeFdb(world: World, port: number, command: FdbCommand): CommandFailure {
  const { fdb, devices } = world;
  const bridge = devices.master.get(port);
  if (bridge === 0) return "RTNETLINK answers: Operation not supported";
  const existing = fdb.find(bridge, command.mac);
  if (command.do === "fdb del") {
    if (existing === 0 || fdb.port.get(existing) !== port) return "RTNETLINK answers: No such file or directory";
    fdb.table.remove(existing);
    return undefined;
  }
  if (command.do === "fdb add" && existing !== 0) return "RTNETLINK answers: File exists";
  if (existing !== 0) fdb.table.remove(existing);
  const jiffies = command.kind === "static" ? neverAges : Math.floor(world.nowNs / jiffyNs);
  fdb.add(bridge, command.mac, port, command.kind === "permanent" ? 1 : 0, jiffies);
  return undefined;
}
