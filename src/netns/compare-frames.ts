import { arpOperation } from "../wire/arp.ts";
import { dnsOfDatagram, dnsType } from "../wire/dns.ts";
import type { EthernetFrame } from "../wire/ethernet.ts";
import { FrameTracer } from "../wire/frame-trace.ts";
import { icmpType } from "../wire/icmp.ts";
import { broadcastMac } from "../wire/mac-address.ts";
import { tcpFlag } from "../wire/tcp.ts";
import type { Direction, SeenFrame } from "./capture.ts";
import { conversationOf } from "./conversation.ts";

/** One row of a comparison: the same frame on both sides, or one that only one of them has here. */
export interface ComparedRow {
  readonly linux?: string;
  readonly simulated?: string;
}

/** The first difference in the frames of one interface and direction, with what came before it. */
export interface FrameDifference {
  readonly device: string;
  readonly direction: Direction;
  /** When it was, since the scenario's begin, by the side that has the frame. */
  readonly timeNs: number;
  readonly rows: readonly ComparedRow[];
}

export interface FrameComparison {
  readonly differences: readonly FrameDifference[];
  /** Frames of the real kernel that the simulated one has, too. */
  readonly equal: number;
  /** Acknowledgments that only Linux sent, since a program there answered too late to carry them. */
  readonly lateAcknowledgments: number;
}

/** How comparable the two are. */
export interface Tolerance {
  /** The simulated timers fired when those of the real machine did. */
  readonly isWheelKnown: boolean;
  /** Frames of the last moments may be seen on one side only. */
  readonly endNs: number;
  /** Statements ran at once then, so that their packets are in a race. */
  isParallel(timeNs: number): boolean;
  isMentionedPort(port: number): boolean;
  /**
   * The kernel takes note of a carrier that a bridge got or lost up to a second later (net/core/link_watch.c): until then it may
   * send there, or not.
   */
  isSettling(device: string, timeNs: number): boolean;
}

/**
 * Timers of one slot of the kernel's timer wheel run on any processor, in any order, and beside what programs send. Where it is
 * not known how the wheel stands, timers may also fire much later; else a slot, where the machine was slow to set them.
 */
const raceNs = { wheelKnown: 280_000_000, wheelUnknown: 400_000_000 } as const;
const endSlackNs = 250_000_000;
/** Rows before and after the first difference. */
const context = { before: 2, after: 2 } as const;

/** A frame with what the comparison asks about it. */
interface Entry {
  readonly line: string;
  readonly timeNs: number;
  readonly conversation: string;
  /** Sent because a timer fired, not because of what came before it. */
  readonly isByTimer: boolean;
  /**
   * A resolver asks for A and AAAA at once, and the second question goes out when the machine has time for it: what others do about
   * the first one may come before or after.
   */
  readonly isSecondQuestion: boolean;
  /** Of a TCP segment. */
  readonly segment?: Segment;
}

interface Segment {
  readonly source: number;
  readonly acknowledgment: number;
  readonly hasData: boolean;
  readonly isBare: boolean;
}

/** Compares what passed each interface in each direction; lists come from the same devices on both sides. */
export function compareFrames(
  linux: readonly SeenFrame[],
  simulated: readonly SeenFrame[],
  tolerance: Tolerance,
): FrameComparison {
  const [real, made] = [byTap(linux, tolerance), byTap(simulated, tolerance)];
  const differences: FrameDifference[] = [];
  let lateAcknowledgments = 0;
  for (const tap of new Set([...real.keys(), ...made.keys()])) {
    const [device, direction] = tap.split(" ") as [string, Direction];
    // libpcap does not show what leaves by lo; it comes in there.
    if (device.endsWith("/lo") && direction === "out") continue;
    const all = real.get(tap) ?? [];
    const simulatedHere = made.get(tap) ?? [];
    const inTime = all.filter((entry, index) => {
      const isLate = isLateAcknowledgment(entry, all.slice(index + 1), simulatedHere);
      return !(isLate && hasWaited(entry, linux));
    });
    lateAcknowledgments += all.length - inTime.length;
    const difference = firstDifference(inTime, simulatedHere, tolerance);
    if (difference !== undefined) differences.push({ device, direction, ...difference });
  }
  differences.sort((a, b) => a.timeNs - b.timeNs);
  return { differences, equal: differences.length === 0 ? linux.length : 0, lateAcknowledgments };
}

function byTap(all: readonly SeenFrame[], tolerance: Tolerance): Map<string, Entry[]> {
  const tracer = new FrameTracer((port) => tolerance.isMentionedPort(port));
  for (const { frame } of all) tracer.observe(frame);
  const frames = all.filter(
    ({ device, direction, timeNs }) => direction === "in" || !tolerance.isSettling(device, timeNs),
  );
  const probes = frames.filter(({ frame }) => isProbe(frame));
  const taps = new Map<string, Entry[]>();
  for (const { device, direction, frame, timeNs } of frames) {
    const tap = `${device} ${direction}`;
    const conversation = conversationOf(frame);
    const isByTimer =
      isProbe(frame) ||
      isRepeated(frames, device, frame, timeNs) ||
      isGivenUp(device, frame) ||
      probes.some((probe) => isAnswerTo(probe, conversation, timeNs));
    const entries = taps.get(tap) ?? [];
    const [segment, isSecondQuestion] = [segmentOf(frame), isAboutAaaa(frame)];
    entries.push({ line: tracer.line(frame), timeNs, conversation, isByTimer, isSecondQuestion, segment });
    taps.set(tap, entries);
  }
  return taps;
}

/** A unicast who-has: what a timer of the neighbour table sends. */
function isProbe({ payload, destination }: EthernetFrame): boolean {
  return payload.kind === "arp" && payload.operation === 1 && destination !== broadcastMac;
}

/** A broadcast question that nobody has answered within a second. */
function isRepeated(frames: readonly SeenFrame[], device: string, { payload: arp }: EthernetFrame, timeNs: number) {
  if (arp.kind !== "arp" || arp.operation !== arpOperation.request) return false;
  return frames.some(({ device: where, direction, frame: { payload: other }, timeNs: earlierNs }) => {
    const agoNs = timeNs - earlierNs;
    if (where !== device || direction !== "out" || agoNs < repeatNs.least || agoNs > repeatNs.most) return false;
    return other.kind === "arp" && other.operation === arp.operation && other.targetIp === arp.targetIp;
  });
}

/** `retrans_time_ms`, and how late the timer may be. */
const repeatNs = { least: 900_000_000, most: 1_300_000_000 } as const;

/**
 * A machine tells itself that a host is unreachable when nobody answered its ARP requests, which a timer finds (a route that
 * refuses is an error of the call instead, without a packet).
 */
function isGivenUp(device: string, { payload }: EthernetFrame): boolean {
  if (!device.endsWith("/lo") || payload.kind !== "ipv4") return false;
  const { payload: message } = payload;
  const { destinationUnreachable } = icmpType;
  return message.kind === "icmp-error" && message.type === destinationUnreachable && message.code === hostUnreachable;
}

const hostUnreachable = 1;

function isAnswerTo(probe: SeenFrame, conversation: string, timeNs: number): boolean {
  const afterNs = timeNs - probe.timeNs;
  return afterNs >= 0 && afterNs < 50_000_000 && conversationOf(probe.frame) === conversation;
}

/** A DNS message about a AAAA record. */
function isAboutAaaa({ payload }: EthernetFrame): boolean {
  if (payload.kind !== "ipv4" || payload.payload.kind !== "udp") return false;
  return dnsOfDatagram(payload.payload)?.questions[0]?.type === dnsType.AAAA;
}

function segmentOf({ payload }: EthernetFrame): Entry["segment"] {
  const segment = payload.kind === "ipv4" ? payload.payload : undefined;
  if (segment?.kind !== "tcp") return undefined;
  const { sourcePort, acknowledgment, flags, data } = segment;
  const hasData = data.length > 0;
  return { source: sourcePort, acknowledgment, hasData, isBare: flags === tcpFlag.ack && !hasData };
}

/**
 * A bare acknowledgment that the simulated kernel did not send, and that the sender's next segment repeats: of a machine whose
 * program was too busy to answer while the acknowledgment was delayed.
 */
function isLateAcknowledgment(entry: Entry, after: readonly Entry[], simulated: readonly Entry[]): boolean {
  const { segment, line, conversation } = entry;
  if (segment?.isBare !== true || simulated.some((one) => one.line === line)) return false;
  const next = after.find((one) => one.conversation === conversation && one.segment?.source === segment.source);
  if (next?.segment?.acknowledgment !== segment.acknowledgment) return false;
  return simulated.some((one) => one.line === next.line);
}

/** TCP_DELACK_MIN is 40 ms. */
const delayedNs = 35_000_000;

/**
 * The other side had been silent for as long as an acknowledgment is delayed. That of a FIN without data before it waits for the
 * next jiffy only, so that it is a race with the program that closes.
 */
function hasWaited({ timeNs, conversation, segment }: Entry, frames: readonly SeenFrame[]): boolean {
  const heard = frames.flatMap(({ frame, timeNs: heardNs }) => {
    const other = heardNs < timeNs && conversationOf(frame) === conversation ? segmentOf(frame) : undefined;
    return other !== undefined && other.source !== segment?.source ? [{ ...other, heardNs }] : [];
  });
  return !heard.some(({ hasData }) => hasData) || heard.every(({ heardNs }) => timeNs - heardNs >= delayedNs);
}

function firstDifference(
  linux: readonly Entry[],
  simulated: readonly Entry[],
  tolerance: Tolerance,
): { readonly timeNs: number; readonly rows: readonly ComparedRow[] } | undefined {
  const rest = [...simulated];
  for (const [index, entry] of linux.entries()) {
    const at = findTwin(entry, rest, tolerance);
    if (at >= 0) rest.splice(at, 1);
    else if (!isAtEnd(entry, tolerance)) {
      return { timeNs: entry.timeNs, rows: rowsAround(linux, index, rest) };
    }
  }
  const surplus = rest.find((entry) => !isAtEnd(entry, tolerance));
  if (surplus === undefined) return undefined;
  return { timeNs: surplus.timeNs, rows: rowsAround(linux, linux.length, rest) };
}

/** The same frame on the other side, past none but those that are in a race with it on both sides. */
function findTwin(entry: Entry, rest: readonly Entry[], tolerance: Tolerance): number {
  const index = rest.findIndex(({ line }) => line === entry.line);
  const passed = rest.slice(0, Math.max(0, index));
  const isInRace = (one: Entry) => isRace(entry, one, tolerance) && isRace(rest[index], one, tolerance);
  return passed.every(isInRace) ? index : -1;
}

function isRace(one: Entry, other: Entry, tolerance: Tolerance): boolean {
  const withinNs = tolerance.isWheelKnown ? raceNs.wheelKnown : raceNs.wheelUnknown;
  if (one.conversation === other.conversation || Math.abs(one.timeNs - other.timeNs) > withinNs) return false;
  if (one.isSecondQuestion || other.isSecondQuestion) return true;
  return one.isByTimer || other.isByTimer || tolerance.isParallel(one.timeNs);
}

function isAtEnd({ timeNs }: Entry, { endNs }: Tolerance): boolean {
  return timeNs > endNs - endSlackNs;
}

function rowsAround(linux: readonly Entry[], index: number, rest: readonly Entry[]): readonly ComparedRow[] {
  const before = linux.slice(Math.max(0, index - context.before), index);
  const here = Math.max(1, context.after + 1);
  const rows: ComparedRow[] = before.map(({ line }) => ({ linux: line, simulated: line }));
  for (let i = 0; i < here; i++) {
    const row = { linux: linux[index + i]?.line, simulated: rest[i]?.line };
    if (row.linux !== undefined || row.simulated !== undefined) rows.push(row);
  }
  return rows;
}
