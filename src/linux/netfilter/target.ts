import type { Target } from "../../config/iptables/rule-set.ts";
import type { DropReason } from "../drop-reason.ts";
import type { World } from "../world.ts";
import { logPacket } from "./log.ts";
import type { Subject } from "./subject.ts";

/** On to the next rule, out of the table, or lost. */
export type TargetVerdict = "continue" | "accept" | DropReason;

type OtherTarget = Exclude<Target, { target: "ACCEPT" | "DROP" | "RETURN" | "jump" | "goto" | "REJECT" }>;

/** What a rule does that neither decides by itself nor leads to another chain. */
export function applyTarget(world: World, subject: Subject, target: OtherTarget): TargetVerdict {
  switch (target.target) {
    case "MARK":
      setMark(world, subject.packet, target.value, target.mask);
      return "continue";
    case "LOG":
      logPacket(world, subject, target);
      return "continue";
    default:
      return "continue";
  }
}

/** net/netfilter/xt_mark.c, `mark_tg`. */
function setMark({ packets }: World, packet: number, value: number, mask: number): void {
  packets.mark.set(packet, (packets.mark.get(packet) & ~mask) ^ value);
}
