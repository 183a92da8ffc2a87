import {
  formatEntry,
  type SetEntry,
  type SetPart,
  type SetType,
  type WrittenEntry,
} from "../../config/ipset-command.ts";
import { isLive } from "./set-membership.ts";

/** What ipset(8) says of a second `create`, and of what is no set. */
export const sameName = "ipset: Set cannot be created: set with the same name already exists";
export const noSuchSet = "ipset: The set with the given name does not exist";

/** What decides which entries a set takes. */
export interface SetShape {
  readonly type: SetType;
  /** As in `IpSets.timeoutSeconds`: how long entries stay, 0 for ever, -1 where the set was created without `timeout`. */
  readonly timeoutSeconds: number;
}

/** The entries of a set after `ipset add`, without those that have expired; or what ipset(8) says where it cannot. */
export function withEntries(
  { type, timeoutSeconds: ofSet }: SetShape,
  entries: readonly SetEntry[],
  written: readonly WrittenEntry[],
  nowNs: number,
  isForced = false,
): readonly SetEntry[] | string {
  const known = liveEntries(entries, nowNs);
  for (const entry of written) {
    const parts = entriesFor(type, entry.parts);
    if (typeof parts === "string") return parts;
    if (entry.timeoutSeconds !== undefined && ofSet < 0)
      return "ipset: Timeout cannot be used: set was created without timeout support";
    const seconds = entry.timeoutSeconds ?? Math.max(ofSet, 0);
    const expiry = seconds === 0 ? {} : { expiresNs: nowNs + seconds * 1e9 };
    for (const one of parts) {
      const key = formatEntry(one);
      if (known.has(key) && !isForced) return "ipset: Element cannot be added to the set: it's already added";
      known.set(key, { parts: one, isException: entry.isException, ...expiry });
    }
  }
  return [...known.values()];
}

/** Those that have not expired, by what they are. */
export function liveEntries(entries: readonly SetEntry[], nowNs: number): Map<string, SetEntry> {
  return new Map(entries.filter((entry) => isLive(entry, nowNs)).map((entry) => [formatEntry(entry.parts), entry]));
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
