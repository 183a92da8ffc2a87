import { type TcpSegment, tcpFlag } from "../../wire/tcp.ts";
import { tcpOptions } from "../../wire/tcp-options.ts";
import { isAfter, isBefore, sequenceAdd, sequenceDistance } from "../socket/tcp/sequence.ts";
import { type Direction, direction } from "./status.ts";
import { segmentKind, tcpState } from "./tcp-state.ts";

/** What was seen of one end (`struct ip_ct_tcp_state`, include/linux/netfilter/nf_conntrack_tcp.h). */
export interface TcpEnd {
  /** The highest sequence number that it sent, and one more (`td_end`). */
  readonly end: number;
  /** The highest that the other end has room for (`td_maxend`). */
  readonly maximumEnd: number;
  /** The largest window that it offered; 0: nothing was heard of it (`td_maxwin`). */
  readonly maximumWindow: number;
  /** The highest that it acknowledged, where it did. */
  readonly maximumAck: number | undefined;
  readonly scale: number;
  readonly hasScale: boolean;
  readonly permitsSack: boolean;
  /** Its connection was met midway: nothing of it is out of window. */
  readonly isLiberal: boolean;
  /** It was the first to send FIN. */
  readonly closedFirst: boolean;
  readonly hasUnacknowledged: boolean;
}

/** The latest segment that was looked at. */
export interface LastSegment {
  readonly direction: number;
  readonly kind: number;
  readonly sequence: number;
  readonly ack: number;
  readonly end: number;
  readonly window: number;
}

/** What a SYN offered that was let through without being believed. */
export interface UnbelievedSyn {
  readonly scale: number;
  readonly hasScale: boolean;
  readonly permitsSack: boolean;
  /** Its answer may be a challenge (RFC 5961), and no acknowledgment of the FIN. */
  readonly expectsChallenge: boolean;
}

/** `struct ip_ct_tcp`, but for the state. */
export interface TcpTracking {
  readonly ends: readonly [TcpEnd, TcpEnd];
  readonly last: LastSegment;
  readonly syn: UnbelievedSyn | undefined;
  readonly isSimultaneousOpen: boolean;
  /** Repetitions of one acknowledgment. */
  readonly retransmissions: number;
}

export const unheard: TcpEnd = {
  end: 0,
  maximumEnd: 0,
  maximumWindow: 0,
  maximumAck: undefined,
  scale: 0,
  hasScale: false,
  permitsSack: false,
  isLiberal: false,
  closedFirst: false,
  hasUnacknowledged: false,
};

const nothingYet: LastSegment = { direction: 0, kind: segmentKind.none, sequence: 0, ack: 0, end: 0, window: 0 };

/** No window scale is larger (RFC 7323 section 2.3). */
const largestScale = 14;
/** MAXACKWINCONST. */
const leastAckWindow = 66_000;

/** `segment_seq_plus_len`: SYN and FIN count as one octet each. */
export function endOf({ sequence, flags, data }: TcpSegment): number {
  const syn = (flags & tcpFlag.syn) !== 0 ? 1 : 0;
  const fin = (flags & tcpFlag.fin) !== 0 ? 1 : 0;
  return sequenceAdd(sequence, data.length + syn + fin);
}

/** What a SYN offers (`tcp_options`). */
export function offers(segment: TcpSegment): Pick<TcpEnd, "scale" | "hasScale" | "permitsSack"> {
  const { windowScale, sackPermitted } = tcpOptions(segment);
  return {
    scale: Math.min(windowScale ?? 0, largestScale),
    hasScale: windowScale !== undefined,
    permitsSack: sackPermitted,
  };
}

/** `tcp_new`: what the first segment of a connection tells. */
export function firstSeen(segment: TcpSegment): TcpTracking {
  const end = endOf(segment);
  const window = segment.window || 1;
  const isSyn = (segment.flags & tcpFlag.syn) !== 0;
  const sender: TcpEnd = isSyn
    ? { ...unheard, ...offers(segment), end, maximumEnd: end, maximumWindow: window }
    : {
        ...unheard,
        end,
        maximumEnd: sequenceAdd(end, window),
        maximumWindow: window,
        permitsSack: true,
        isLiberal: true,
      };
  const receiver: TcpEnd = isSyn ? unheard : { ...unheard, permitsSack: true, isLiberal: true };
  return {
    ends: [sender, receiver],
    last: nothingYet,
    syn: undefined,
    isSimultaneousOpen: false,
    retransmissions: 0,
  };
}

/** Whether a segment is in window, and what is known after it. */
export interface WindowCheck {
  readonly result: "accept" | "ignore" | "invalid";
  readonly tracking: TcpTracking;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** `tcp_in_window`. `isLiberal`: net.netfilter.nf_conntrack_tcp_be_liberal. */
export function checkWindow(
  tracking: TcpTracking,
  state: number,
  way: Direction,
  kind: number,
  segment: TcpSegment,
  isLiberal: boolean,
): WindowCheck {
  const sender: Mutable<TcpEnd> = { ...tracking.ends[way] };
  const receiver: Mutable<TcpEnd> = { ...tracking.ends[1 - way] };
  const answer = (result: WindowCheck["result"], last: LastSegment, retransmissions: number): WindowCheck => {
    const ends: [TcpEnd, TcpEnd] = way === direction.original ? [sender, receiver] : [receiver, sender];
    return { result, tracking: { ...tracking, ends, last, retransmissions } };
  };
  const isSyn = (segment.flags & tcpFlag.syn) !== 0;
  const isAck = (segment.flags & tcpFlag.ack) !== 0;
  let end = endOf(segment);
  const isHeardAnew = isSyn && isAfter(end, sender.end) && (state === tcpState.synSent || state === tcpState.synRecv);
  if (sender.maximumWindow === 0 || isHeardAnew) {
    hear(sender, receiver, segment, end);
    if (isSyn && !isAck && way === direction.reply) return answer("accept", tracking.last, tracking.retransmissions);
  }
  const isReset = (segment.flags & tcpFlag.rst) !== 0;
  const isAcknowledging = isAck && !(isReset && segment.acknowledgment === 0);
  const ack = isAcknowledging ? segment.acknowledgment : receiver.end;
  const sack = isAcknowledging && receiver.permitsSack ? highestSack(segment, ack) : ack;
  let sequence = segment.sequence;
  if (isReset && sequence === 0 && state === tcpState.synSent) {
    sequence = sender.end;
    end = sender.end;
  }
  const fault = faultOf(sender, receiver, sequence, end, sack);
  if (fault !== undefined && !(sender.isLiberal || isLiberal))
    return answer(fault, tracking.last, tracking.retransmissions);
  if (fault !== undefined) return answer("accept", tracking.last, tracking.retransmissions);
  const window = isSyn ? segment.window : segment.window * 2 ** sender.scale;
  note(sender, receiver, isAck ? ack : undefined, end, sack, ack, window);
  if (kind !== segmentKind.ack) return answer("accept", tracking.last, tracking.retransmissions);
  const { last } = tracking;
  const isRepeated =
    last.direction === way &&
    last.sequence === sequence &&
    last.ack === ack &&
    last.end === end &&
    last.window === segment.window;
  if (isRepeated) return answer("accept", last, tracking.retransmissions + 1);
  return answer("accept", { direction: way, kind: last.kind, sequence, ack, end, window: segment.window }, 0);
}

/** `tcp_init_sender`: the first that is heard of an end, or its SYN with another number. */
function hear(sender: Mutable<TcpEnd>, receiver: Mutable<TcpEnd>, segment: TcpSegment, end: number): void {
  sender.end = end;
  if ((segment.flags & tcpFlag.syn) !== 0) {
    sender.maximumEnd = end;
    sender.maximumWindow = segment.window || 1;
    Object.assign(sender, offers(segment));
    if (sender.hasScale && receiver.hasScale) return;
    sender.scale = 0;
    receiver.scale = 0;
    return;
  }
  sender.maximumWindow = segment.window * 2 ** sender.scale || 1;
  sender.maximumEnd = sequenceAdd(end, sender.maximumWindow);
  const sack = receiver.permitsSack ? highestSack(segment, segment.acknowledgment) : segment.acknowledgment;
  if (receiver.maximumWindow === 0) {
    receiver.end = sack;
    receiver.maximumEnd = sack;
  } else if (sack === sequenceAdd(receiver.end, 1)) {
    receiver.end = sack;
  }
}

/** `tcp_sack`: the right edge of what was received, holes or not. */
function highestSack(segment: TcpSegment, ack: number): number {
  let highest = ack;
  for (const block of tcpOptions(segment).sackBlocks ?? []) if (isAfter(block.end, highest)) highest = block.end;
  return highest;
}

/** What is wrong with it: beyond the window is INVALID, before it is a late repetition, which is left alone. */
function faultOf(
  sender: Mutable<TcpEnd>,
  receiver: TcpEnd,
  sequence: number,
  end: number,
  sack: number,
): "invalid" | "ignore" | undefined {
  const ackWindow = Math.max(sender.maximumWindow, leastAckWindow);
  const isAckNew = isAfter(sack, sequenceAdd(receiver.end, -ackWindow - 1));
  const isAckSeen = isBefore(sack, sequenceAdd(receiver.end, 1));
  const isRecent = receiver.maximumWindow === 0 || isAfter(end, sequenceAdd(sender.end, -receiver.maximumWindow - 1));
  if (!isBefore(sequence, sequenceAdd(sender.maximumEnd, 1))) {
    const overshot = sequenceAdd(end - sender.maximumEnd, 1);
    const isTolerable =
      receiver.maximumWindow !== 0 && isRecent && isAckNew && isAckSeen && overshot <= receiver.maximumWindow;
    if (!isTolerable) return "invalid";
    sender.end = end;
    sender.hasUnacknowledged = true;
    return "ignore";
  }
  if (!isAckSeen) return "invalid";
  return isRecent && isAckNew ? undefined : "ignore";
}

/** What a segment in window tells of both ends. */
function note(
  sender: Mutable<TcpEnd>,
  receiver: Mutable<TcpEnd>,
  acknowledged: number | undefined,
  end: number,
  sack: number,
  ack: number,
  window: number,
): void {
  sender.maximumWindow = Math.max(sender.maximumWindow, window + sequenceAdd(sack - ack, 0));
  if (isAfter(end, sender.end)) {
    sender.end = end;
    sender.hasUnacknowledged = true;
  }
  if (acknowledged !== undefined && (sender.maximumAck === undefined || isAfter(acknowledged, sender.maximumAck)))
    sender.maximumAck = acknowledged;
  if (receiver.maximumWindow !== 0 && isAfter(end, sender.maximumEnd))
    receiver.maximumWindow += sequenceDistance(sender.maximumEnd, end);
  const room = sequenceAdd(sack, window);
  if (isAfter(room, sequenceAdd(receiver.maximumEnd, -1)))
    receiver.maximumEnd = sequenceAdd(room, window === 0 ? 1 : 0);
  if (ack === receiver.end) receiver.hasUnacknowledged = false;
}
