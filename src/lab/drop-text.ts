import { dropReasonOf } from "../linux/drop.ts";
import { dropReasons } from "../linux/drop-reason.ts";
import type { World } from "../linux/world.ts";
import { ruleName } from "./names.ts";

/** Why a packet that stands before its drop is to be dropped, in words; a rule that does it is named. */
export function dropExplanation(world: World, packet: number): string {
  const reason = dropReasonOf(world, packet);
  const at = world.packets.hookAt.get(packet);
  if (reason !== "NETFILTER_DROP" || at === null || at.chain === 0) return dropReasons[reason];
  const table = world.netfilter.tableOf(at.chain);
  return `${dropReasons[reason]}: table ${table}, ${ruleName(world, at)}`;
}
