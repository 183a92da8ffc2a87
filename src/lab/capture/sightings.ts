import { equalTuples, invertTuple, type Tuple, tupleOf } from "../../linux/conntrack/tuple.ts";
import { type Capture, linkTypeEthernet } from "../../wire/capture.ts";
import { type EthernetFrame, parseFrame } from "../../wire/ethernet.ts";
import type { MacAddress } from "../../wire/mac-address.ts";
import { isGroupMac } from "../../wire/mac-address.ts";
import { isMalformed } from "../../wire/malformed.ts";
import { encapsulatedFrame } from "../../wire/vxlan.ts";
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

/** A packet that is seen again later than this is another one: it was sent again. */
const longestHopNs = 1_000_000_000;

export function sightingsOf(capture: Capture): Sightings {
  const notes: string[] = [];
  const frames = framesOf(capture, notes);
  const startNs = frames[0]?.timeNs ?? 0n;
  const all: Sighting[] = [];
  const first: number[] = [];
  const last: number[] = [];
  const latest = new Map<string, { packet: number; timeNs: number; taps: Set<string>; ends: Tuple | undefined }>();
  for (const { tap, direction, timeNs: epochNs, frame } of frames) {
    const timeNs = Number(epochNs - startNs);
    const identity = identityOf(frame);
    const at = `${tap} ${direction}`;
    const ends = endsOf(frame);
    let known = latest.get(identity);
    const isOther = known === undefined || known.taps.has(at) || timeNs - known.timeNs > longestHopNs;
    if (known === undefined || isOther || areOpposite(known.ends, ends)) {
      known = { packet: first.length, timeNs, taps: new Set(), ends };
      latest.set(identity, known);
      first.push(all.length);
    }
    known.taps.add(at);
    known.timeNs = timeNs;
    known.ends = ends;
    last[known.packet] = all.length;
    all.push({ tap, direction, timeNs, frame, packet: known.packet });
  }
  if (capture.problem !== undefined)
    notes.push(`The capture ends early: ${capture.problem.reason}. What came before is shown.`);
  return { all, first, last, notes };
}

/** What a server echoes is like what it was sent, but for its direction. */
function areOpposite(one: Tuple | undefined, other: Tuple | undefined): boolean {
  const answer = one && invertTuple(one);
  return answer !== undefined && other !== undefined && equalTuples(answer, other);
}

/** Between whom a packet goes; of a tunnelled one, whom the inner one goes between. */
function endsOf({ payload }: EthernetFrame): Tuple | undefined {
  if (payload.kind !== "ipv4") return undefined;
  const tunnel = payload.payload.kind === "udp" ? encapsulatedFrame(payload.payload) : undefined;
  return tunnel === undefined ? tupleOf(payload) : endsOf(tunnel.frame);
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
