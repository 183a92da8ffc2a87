import type { SetEntry } from "../../config/ipset-command.ts";
import { type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";

/** What sets compare of a packet. */
export interface SetSubject {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** IP protocol number. */
  readonly protocol: number;
  /** ICMP has its type and code in the place of a port: `type << 8 | code`. Undefined: there is none. */
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
}

export type SetSide = "src" | "dst";

/** Whether the entry is there at this time: what has expired is only taken away later. */
export function isLive({ expiresNs }: SetEntry, nowNs: number): boolean {
  return expiresNs === undefined || nowNs <= expiresNs;
}

/** net/netfilter/xt_set.c: each part of an entry is compared with the packet's source or destination, as the rule says. */
export function isInSet(
  entries: readonly SetEntry[],
  sides: readonly SetSide[],
  subject: SetSubject,
  nowNs = 0,
): boolean {
  let best: SetEntry | undefined;
  for (const entry of entries) {
    if (!isLive(entry, nowNs) || !fits(entry, sides, subject)) continue;
    if (best === undefined || prefixLengths(entry) > prefixLengths(best)) best = entry;
  }
  return best !== undefined && !best.isException;
}

function fits(entry: SetEntry, sides: readonly SetSide[], subject: SetSubject): boolean {
  if (entry.parts.length > sides.length) return false;
  return entry.parts.every((part, i) => {
    const isSource = sides[i] === "src";
    if (part.kind === "net") return prefixContains(part.prefix, isSource ? subject.source : subject.destination);
    const port = isSource ? subject.sourcePort : subject.destinationPort;
    return part.protocol === subject.protocol && part.port === port;
  });
}

/** Of two networks that contain an address the smaller one is meant. */
function prefixLengths({ parts }: SetEntry): number {
  return parts.reduce((sum, part) => sum + (part.kind === "net" ? part.prefix.length : 0), 0);
}
