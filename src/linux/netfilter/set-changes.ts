import { formatEntry, type SetChange, type SetType, type WrittenEntry } from "../../config/ipset-command.ts";
import { type Rule, setsOf } from "../../config/iptables/rule-set.ts";
import type { CommandFailure } from "../setup/failure.ts";
import type { World } from "../world.ts";
import { entriesFor, liveEntries, noSuchSet, sameName, withEntries } from "./set-entries.ts";

/** `ipset create|add|del|flush|destroy`, with what ipset(8) says where it cannot. */
export function changeSets(world: World, netns: number, change: SetChange): CommandFailure {
  const { ipSets } = world;
  const row = change.set === undefined ? 0 : ipSets.find(netns, change.set);
  if (change.action === "create") {
    if (row !== 0) return sameName;
    ipSets.add(netns, change.set, change.type, change.timeoutSeconds);
    return undefined;
  }
  if (change.set !== undefined && row === 0) return noSuchSet;
  const rows = change.set === undefined ? ipSets.ofNetns(netns) : [row];
  switch (change.action) {
    case "add":
      return addEntries(world, row, change.entries, change.isForced);
    case "del":
      return removeEntries(world, row, change.entries, change.isForced);
    case "flush":
      for (const one of rows) ipSets.entries.set(one, []);
      return undefined;
    case "destroy":
      if (rows.some((one) => isUsed(world, netns, ipSets.name.get(one))))
        return "ipset: Set cannot be destroyed: it is in use by a kernel component";
      for (const one of rows) ipSets.table.remove(one);
      return undefined;
  }
}

/** The name of a set that a rule asks for and that is not there. */
export function missingSet({ ipSets }: World, netns: number, { matches }: Rule): string | undefined {
  return setsOf(matches).find((name) => ipSets.find(netns, name) === 0);
}

function addEntries(world: World, row: number, written: readonly WrittenEntry[], isForced = false): CommandFailure {
  const { ipSets, nowNs } = world;
  const set = { type: ipSets.type.get(row) as SetType, timeoutSeconds: ipSets.timeoutSeconds.get(row) };
  const entries = withEntries(set, ipSets.entries.get(row), written, nowNs, isForced);
  if (typeof entries === "string") return entries;
  ipSets.entries.set(row, entries);
  return undefined;
}

function removeEntries(world: World, row: number, written: readonly WrittenEntry[], isForced = false): CommandFailure {
  const { ipSets } = world;
  const known = liveEntries(ipSets.entries.get(row), world.nowNs);
  for (const entry of written) {
    const parts = entriesFor(ipSets.type.get(row) as SetType, entry.parts);
    if (typeof parts === "string") return parts;
    for (const one of parts)
      if (!known.delete(formatEntry(one)) && !isForced)
        return "ipset: Element cannot be deleted from the set: it's not added";
  }
  ipSets.entries.set(row, [...known.values()]);
  return undefined;
}

/** A rule of the namespace asks for it. */
function isUsed({ netfilter }: World, netns: number, name: string): boolean {
  return netfilter
    .allChainsOf(netns)
    .some((chain) =>
      netfilter.chainRules.get(chain).some((rule) => setsOf(netfilter.rule.get(rule)?.matches ?? []).includes(name)),
    );
}
