import type { RuleMark } from "../../config/ip-command.ts";
import type { RuleCommand } from "../../plan/commands.ts";
import type { Ipv4Prefix } from "../../wire/ipv4-address.ts";
import type { World } from "../world.ts";
import type { CommandFailure } from "./failure.ts";

const any: Ipv4Prefix = { address: 0, length: 0 };
const anyMark: RuleMark = { value: 0, mask: 0 };
const mainPriority = 32_766;

/** `ip rule add|del`. */
export function changeRule(world: World, netns: number, command: RuleCommand): CommandFailure {
  const { rules } = world;
  const existing = rules.ofNetns(netns);
  const same = existing.find((row) => isMeant(world, row, command));
  if (command.do === "rule del") {
    if (same === undefined) return "RTNETLINK answers: No such file or directory";
    rules.table.remove(same);
    return undefined;
  }
  const { from = any, to = any, iif = "", fwmark = anyMark, table, source } = command;
  // fib_default_rule_pref: just before the first one.
  const priority = command.priority ?? (existing.length === 0 ? mainPriority : rules.priority.get(existing[0])) - 1;
  const isRepeated = existing.some((row) => isMeant(world, row, { ...command, from, to, iif, fwmark, priority }));
  if (isRepeated) return "RTNETLINK answers: File exists";
  rules.add({ netns, priority, from, to, iif, fwmark, lookup: table ?? 254, source });
  return undefined;
}

/** What the command does not say may be anything. */
function isMeant(world: World, row: number, { priority, from, to, iif, fwmark, table }: RuleCommand): boolean {
  const { rules } = world;
  const isSame = (prefix: Ipv4Prefix | undefined, address: number, length: number) =>
    prefix === undefined || (prefix.address === address && prefix.length === length);
  return (
    (priority === undefined || priority === rules.priority.get(row)) &&
    isSame(from, rules.from.get(row), rules.fromLength.get(row)) &&
    isSame(to, rules.to.get(row), rules.toLength.get(row)) &&
    (iif === undefined || iif === rules.iif.get(row)) &&
    (fwmark === undefined || (fwmark.value === rules.mark.get(row) && fwmark.mask === rules.markMask.get(row))) &&
    (table === undefined || table === rules.lookup.get(row))
  );
}
