import type { NetfilterCommand } from "../../plan/commands.ts";
import { runScript } from "../netfilter/nft/setup.ts";
import {
  addRule,
  addUserChain,
  deleteRule,
  deleteRuleAt,
  deleteUserChain,
  flush,
  restoreTables,
  setPolicy,
  zeroCounters,
} from "../netfilter/setup.ts";
import type { World } from "../world.ts";
import type { CommandFailure } from "./failure.ts";

/** `iptables-restore`, `iptables` and `nft`. */
export function changeNetfilter(world: World, netns: number, command: NetfilterCommand): CommandFailure {
  if (command.do === "iptables-restore") return restoreTables(world, netns, command.tables, command.noFlush);
  if (command.do === "nft") return runScript(world, netns, command.commands);
  const { table, change } = command;
  switch (change.action) {
    case "append":
      return firstFailure(change.rules, (rule) => addRule(world, netns, table, change.chain, rule));
    case "insert":
      return firstFailure(change.rules, (rule, index) =>
        addRule(world, netns, table, change.chain, rule, change.place - 1 + index),
      );
    case "replace":
      return (
        deleteRuleAt(world, netns, table, change.chain, change.place - 1) ??
        addRule(world, netns, table, change.chain, change.rule, change.place - 1)
      );
    case "delete":
      return firstFailure(change.rules, (rule) => deleteRule(world, netns, table, change.chain, rule));
    case "delete place":
      return deleteRuleAt(world, netns, table, change.chain, change.place - 1);
    case "flush":
      return flush(world, netns, table, change.chain);
    case "zero":
      return zeroCounters(world, netns, table, change.chain);
    case "delete chain":
      return deleteUserChain(world, netns, table, change.chain);
    case "new chain":
      return addUserChain(world, netns, table, change.chain);
    case "policy":
      return setPolicy(world, netns, table, change.chain, change.policy);
  }
}

/** Does it for each, until one fails. */
function firstFailure<Item>(
  items: readonly Item[],
  apply: (item: Item, index: number) => CommandFailure,
): CommandFailure {
  for (const [index, item] of items.entries()) {
    const failure = apply(item, index);
    if (failure !== undefined) return failure;
  }
  return undefined;
}
