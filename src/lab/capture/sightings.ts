import type { Tuple } from "../../linux/conntrack/tuple.ts";
import { type Capture, linkTypeEthernet } from "../../wire/capture.ts";
import { type EthernetFrame, parseFrame } from "../../wire/ethernet.ts";
import type { MacAddress } from "../../wire/mac-address.ts";
import { isGroupMac } from "../../wire/mac-address.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { type Appearance, appearanceOf, canBeRewritten, hasKnownEnds } from "./continuation.ts";
import { identityOf } from "./identity.ts";

/** One frame of a capture at the interface that saw it. */
export interface Sighting {
  /** The interface, by its number in the capture. */
  readonly tap: number;
  readonly direction: "in" | "out";
  /** Since the first frame of the capture. */
  readonly timeNs: number;
  readonly frame: EthernetFrame;
  /** The packet that the frame carries, counted from 0 in the order of their first frames. */
  readonly packet: number;
}

/** The frames of a capture, by time, and the packets that they are the ways of. */
export interface Sightings {
  readonly all: readonly Sighting[];
  /** For each packet, the first and the last of its frames: indexes in `all`. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** What was left out or guessed, as sentences for the user. */
  readonly notes: readonly string[];
}

/** A packet that is seen again later than this is another one: none waits for longer than three ARP requests, a second each. */
const longestHopNs = 3_000_000_000;

export function sightingsOf(capture: Capture): Sightings {
  const notes: string[] = [];
  const frames = framesOf(capture, notes);
  const startNs = frames[0]?.timeNs ?? 0n;
  const all: Sighting[] = [];
  const first: number[] = [];
  const last: number[] = [];
  const recent = new Map<string, Recent[]>();
  for (const { tap, direction, timeNs: epochNs, frame } of frames) {
    const timeNs = Number(epochNs - startNs);
    const identity = identityOf(frame);
    const at = `${tap} ${direction}`;
    const now = appearanceOf(machineOf(capture.interfaces[tap].name), tap, frame);
    const alike = (recent.get(identity) ?? []).filter((one) => timeNs - one.timeNs <= longestHopNs);
    const elsewhere = alike.filter(({ taps }) => !taps.has(at));
    let known =
      elsewhere.findLast(({ ends }) => hasKnownEnds(ends, now)) ??
      elsewhere.findLast(({ last }) => canBeRewritten(last, now));
    if (known === undefined) {
      known = { packet: first.length, timeNs, taps: new Set(), last: now, ends: [] };
      alike.push(known);
      first.push(all.length);
    }
    recent.set(identity, alike);
    known.taps.add(at);
    known.timeNs = timeNs;
    known.last = now;
    if (now.ends !== undefined) known.ends.push(now.ends);
    last[known.packet] = all.length;
    all.push({ tap, direction, timeNs, frame, packet: known.packet });
  }
  if (capture.problem !== undefined)
    notes.push(`The capture ends early: ${capture.problem.reason}. What came before is shown.`);
  return { all, first, last, notes };
}

/** A packet that may still be seen elsewhere. */
interface Recent {
  readonly packet: number;
  timeNs: number;
  /** Where it was seen, and in which direction. */
  readonly taps: Set<string>;
  last: Appearance;
  readonly ends: Tuple[];
}

/** The machine of `node1/veth1`; one for all interfaces without a slash. */
function machineOf(name = ""): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}

interface TimedFrame extends Omit<Sighting, "packet" | "timeNs"> {
  readonly timeNs: bigint;
}

/** All frames that can be read, by time; frames of one moment stay in the order of the file. */
function framesOf({ interfaces, packets }: Capture, notes: string[]): readonly TimedFrame[] {
  const others = interfaces.filter(({ linkType }) => linkType !== linkTypeEthernet);
  for (const { name = "an interface", linkType } of others)
    notes.push(`${name} is left out: its frames are not Ethernet (link type ${linkType}).`);
  const frames: (Omit<TimedFrame, "direction"> & { direction?: "in" | "out" })[] = [];
  let unreadable = 0;
  for (const { interfaceIndex: tap, direction, timeNs, bytes } of packets) {
    if (interfaces[tap].linkType !== linkTypeEthernet) continue;
    const frame = parseFrame(bytes);
    if (isMalformed(frame)) unreadable++;
    else frames.push({ tap, direction, timeNs, frame });
  }
  if (unreadable > 0) notes.push(`${unreadable} frames are left out: they are too short for an Ethernet header.`);
  const ordered = frames.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  const undirected = ordered.filter(({ direction }) => direction === undefined);
  if (undirected.length === 0) return ordered as readonly TimedFrame[];
  const own = ownAddresses(undirected);
  notes.push(
    "The capture does not say which way its frames went: what an interface's busiest MAC address sent counts as out.",
  );
  return ordered.map((one) => ({
    ...one,
    direction: one.direction ?? (own.get(one.tap) === one.frame.source ? "out" : "in"),
  }));
}

/** The address that most unicast frames of an interface come from or go to: on a pod's interface, its own. */
function ownAddresses(
  frames: readonly { readonly tap: number; readonly frame: EthernetFrame }[],
): ReadonlyMap<number, MacAddress> {
  const counts = new Map<number, Map<MacAddress, number>>();
  for (const { tap, frame } of frames) {
    const count = counts.get(tap) ?? new Map<MacAddress, number>();
    counts.set(tap, count);
    for (const mac of [frame.source, frame.destination])
      if (!isGroupMac(mac)) count.set(mac, (count.get(mac) ?? 0) + 1);
  }
  return new Map(
    [...counts].map(([tap, count]) => [tap, [...count].reduce((most, one) => (one[1] > most[1] ? one : most))[0]]),
  );
}
