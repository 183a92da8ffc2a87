import {
  formatEntry,
  type SetChange,
  type SetPart,
  type SetType,
  type WrittenEntry,
} from "../../config/ipset-command.ts";
import { type Rule, setsOf } from "../../config/iptables/rule-set.ts";
import type { CommandFailure } from "../setup/failure.ts";
import type { World } from "../world.ts";
import { isLive } from "./set-membership.ts";

/** `ipset create|add|del|flush|destroy`, with what ipset(8) says where it cannot. */
export function changeSets(world: World, netns: number, change: SetChange): CommandFailure {
  const { ipSets } = world;
  const row = change.set === undefined ? 0 : ipSets.find(netns, change.set);
  if (change.action === "create") {
    if (row !== 0) return "ipset: Set cannot be created: set with the same name already exists";
    ipSets.add(netns, change.set, change.type, change.timeoutSeconds);
    return undefined;
  }
  if (change.set !== undefined && row === 0) return "ipset: The set with the given name does not exist";
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
  const { ipSets } = world;
  const known = liveEntries(world, row);
  const ofSet = ipSets.timeoutSeconds.get(row);
  for (const entry of written) {
    const parts = entriesFor(ipSets.type.get(row) as SetType, entry.parts);
    if (typeof parts === "string") return parts;
    if (entry.timeoutSeconds !== undefined && ofSet < 0)
      return "ipset: Timeout cannot be used: set was created without timeout support";
    const seconds = entry.timeoutSeconds ?? Math.max(ofSet, 0);
    const expiry = seconds === 0 ? {} : { expiresNs: world.nowNs + seconds * 1e9 };
    for (const one of parts) {
      const key = formatEntry(one);
      if (known.has(key) && !isForced) return "ipset: Element cannot be added to the set: it's already added";
      known.set(key, { parts: one, isException: entry.isException, ...expiry });
    }
  }
  ipSets.entries.set(row, [...known.values()]);
  return undefined;
}

function liveEntries({ ipSets, nowNs }: World, row: number) {
  const live = ipSets.entries.get(row).filter((entry) => isLive(entry, nowNs));
  return new Map(live.map((entry) => [formatEntry(entry.parts), entry]));
}

function removeEntries(world: World, row: number, written: readonly WrittenEntry[], isForced = false): CommandFailure {
  const { ipSets } = world;
  const known = liveEntries(world, row);
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

/** Blocks where the type has single addresses stand for each of these. More would not go into a set as it is made. */
const mostEntries = 65_536;

/** The entries that are meant, each with the columns that the type has; or why there are none. */
export function entriesFor(type: SetType, parts: readonly SetPart[]): readonly (readonly SetPart[])[] | string {
  const columns = type.slice("hash:".length).split(",");
  const isFitting = columns.length === parts.length && columns.every((column, i) => fits(column, parts[i]));
  if (!isFitting) return `ipset: Syntax error: ${formatEntry(parts)} is no entry of a set of type ${type}`;
  let entries: (readonly SetPart[])[] = [[]];
  for (const [i, part] of parts.entries()) {
    const values = columns[i] === "ip" ? addressesOf(part, Math.floor(mostEntries / entries.length)) : [part];
    if (values === undefined) return "ipset: Hash is full, cannot add more elements";
    entries = entries.flatMap((before) => values.map((value) => [...before, value]));
  }
  return entries;
}

function fits(column: string, part: SetPart): boolean {
  return (column === "port") === (part.kind === "port") && !(part.kind === "net" && part.prefix.length === 0);
}

function addressesOf(part: SetPart, most: number): readonly SetPart[] | undefined {
  if (part.kind === "port" || part.prefix.length === 32) return [part];
  const count = 2 ** (32 - part.prefix.length);
  if (count > most) return undefined;
  const first = part.prefix.address;
  return Array.from({ length: count }, (_, i) => ({ kind: "net", prefix: { address: first + i, length: 32 } }));
}

/** A rule of the namespace asks for it. */
function isUsed({ netfilter }: World, netns: number, name: string): boolean {
  return netfilter
    .allChainsOf(netns)
    .some((chain) =>
      netfilter.chainRules.get(chain).some((rule) => setsOf(netfilter.rule.get(rule)?.matches ?? []).includes(name)),
    );
}
