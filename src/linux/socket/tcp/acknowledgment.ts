import { type TcpSegment, tcpFlag } from "../../../wire/tcp.ts";
import type { SackBlock, TcpOptions } from "../../../wire/tcp-options.ts";
import { mayAnswerInvalid } from "./acknowledging.ts";
import { afterProgress } from "./congestion.ts";
import type { SentSegment } from "./connection.ts";
import { transmitQueued } from "./output.ts";
import { noteDelivered } from "./rack.ts";
import { recoverOvertaken } from "./recovery.ts";
import { armRetransmission, measuredTimeoutNs, noteRoundTrip } from "./retransmission.ts";
import { timestampValue, transmitAcknowledgment } from "./segments.ts";
import { isAfter, isBefore, sequenceDistance } from "./sequence.ts";
import { type Turn, updateRetransmission, updateSend } from "./turn.ts";

/**
 * What a segment acknowledges, and its window (RFC 9293 section 3.10.7.4 fifth, tcp_ack). False when it acknowledges what was
 * never sent; such a segment is answered and goes no further.
 */
export function takeAcknowledgment(turn: Turn, segment: TcpSegment, options: TcpOptions): boolean {
  if (isAfter(segment.acknowledgment, turn.connection.send.next)) {
    if (mayAnswerInvalid(turn)) transmitAcknowledgment(turn);
    return false;
  }
  takeWindow(turn, segment);
  const advanced = isAfter(segment.acknowledgment, turn.connection.send.unacknowledged);
  const done = advanced ? takeProgress(turn, segment.acknowledgment, options) : [];
  const sacked = markSacked(turn, options.sackBlocks ?? []);
  noteDelivered(turn, [...done, ...sacked]);
  if (advanced) armRetransmission(turn);
  const isRecovering = turn.connection.retransmission.recoverUntil !== undefined;
  if (sacked.length > 0 || (isRecovering && advanced)) recoverOvertaken(turn);
  return true;
}

/** What could not go before may go now: the window has opened, or Nagle's small segment has been acknowledged. */
export function transmitAfterAcknowledgment(turn: Turn): void {
  const { send } = turn.connection;
  if (send.queue.length > 0 || send.finQueued) transmitQueued(turn);
}

/** The window, unless the segment is older than the one that told it last (RFC 9293 section 3.10.7.4). */
function takeWindow(turn: Turn, segment: TcpSegment): void {
  const { send } = turn.connection;
  if (isBefore(segment.acknowledgment, send.unacknowledged)) return;
  const newer =
    isAfter(segment.sequence, send.windowSequence) ||
    (segment.sequence === send.windowSequence && !isBefore(segment.acknowledgment, send.windowAcknowledgment));
  if (!newer) return;
  const scale = (segment.flags & tcpFlag.syn) !== 0 ? 0 : send.windowScale;
  const window = segment.window * 2 ** scale;
  updateSend(turn, {
    window,
    largestWindow: Math.max(send.largestWindow, window),
    windowSequence: segment.sequence,
    windowAcknowledgment: segment.acknowledgment,
  });
}

/** Returns the segments that the peer has in whole. */
function takeProgress(turn: Turn, acknowledgment: number, options: TcpOptions): readonly SentSegment[] {
  const { send, retransmission } = turn.connection;
  const done = send.inFlight.filter((segment) => !isAfter(segment.end, acknowledgment));
  const left = send.inFlight.slice(done.length).map((segment) => trimmed(segment, acknowledgment));
  // The SYN does not count: the window opens when the connection is there (`tcp_init_transfer`).
  const isOpen = turn.connection.state !== "SYN-SENT" && turn.connection.state !== "SYN-RECV";
  const congestion = isOpen ? afterProgress(send.congestion, done.length) : send.congestion;
  updateSend(turn, { unacknowledged: acknowledgment, inFlight: left, congestion });
  const roundTripNs = measuredRoundTrip(turn, done, options);
  if (roundTripNs !== undefined) noteRoundTrip(turn, roundTripNs);
  const { recoverUntil } = retransmission;
  const recovered = recoverUntil === undefined || !isBefore(acknowledgment, recoverUntil);
  updateRetransmission(turn, {
    count: 0,
    firstNs: undefined,
    probed: false,
    softError: undefined,
    timeoutNs: measuredTimeoutNs(turn.connection.retransmission),
    recoverUntil: recovered ? undefined : recoverUntil,
  });
  // What the peer had out of order was delivered before.
  return done.filter((segment) => !segment.sacked);
}

/** Segments sent twice tell nothing by themselves (Karn), but their echoed timestamps do. */
function measuredRoundTrip(turn: Turn, done: readonly SentSegment[], options: TcpOptions): number | undefined {
  const first = done.find((segment) => !segment.retransmitted && !segment.sacked);
  if (first !== undefined) return turn.nowNs - first.sentNs;
  const { timestamps } = turn.connection;
  if (done.length === 0 || timestamps === undefined || options.timestamps === undefined) return undefined;
  const elapsedMs = sequenceDistance(options.timestamps.echoReply, timestampValue(timestamps.offset, turn.nowNs));
  return elapsedMs < 0 ? undefined : Math.max(1, elapsedMs) * 1_000_000;
}

function trimmed(segment: SentSegment, acknowledgment: number): SentSegment {
  const known = sequenceDistance(segment.sequence, acknowledgment);
  if (known <= 0) return segment;
  return { ...segment, sequence: acknowledgment, data: segment.data.subarray(known) };
}

/** The segments of which the blocks tell for the first time that the peer has them. */
function markSacked(turn: Turn, blocks: readonly SackBlock[]): readonly SentSegment[] {
  if (!turn.connection.sack || blocks.length === 0) return [];
  const { inFlight } = turn.connection.send;
  const isNew = (segment: SentSegment) => !segment.sacked && blocks.some((block) => covers(block, segment));
  const news = inFlight.filter(isNew);
  if (news.length === 0) return news;
  updateSend(turn, {
    inFlight: inFlight.map((segment) => (isNew(segment) ? { ...segment, sacked: true, lost: false } : segment)),
  });
  return news;
}

function covers(block: SackBlock, segment: SentSegment): boolean {
  return !isBefore(segment.sequence, block.start) && !isAfter(segment.end, block.end);
}
