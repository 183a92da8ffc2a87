import { noBytes } from "../../../wire/octets.ts";
import { tcpFlag } from "../../../wire/tcp.ts";
import { noteAnswer } from "./acknowledging.ts";
import { congestionRoom } from "./congestion.ts";
import type { SendSpace, SentSegment } from "./connection.ts";
import { armRetransmission } from "./retransmission.ts";
import { transmit } from "./segments.ts";
import { isAfter, sequenceAdd, sequenceDistance } from "./sequence.ts";
import { type Turn, updateSend } from "./turn.ts";

/** What has become of an attempt to send: `nothing` could go, or the device did not take it, which is as if it had not been sent. */
export type Transmission = "sent" | "nothing" | "not taken";

/** Sends what is queued as far as the peer's window, the congestion window, Nagle's algorithm and silly window avoidance allow (tcp_write_xmit). */
export function transmitQueued(turn: Turn): Transmission {
  const alreadySent = turn.connection.send.inFlight.length;
  const wasIdle = alreadySent === 0;
  let last = transmitNext(turn, alreadySent);
  const sent = last === "sent";
  while (last === "sent") last = transmitNext(turn, alreadySent);
  const running = turn.connection.retransmission.pending === "retransmit" && !wasIdle;
  if ((sent && !running) || mustProbeWindow(turn)) armRetransmission(turn);
  return last === "nothing" && sent ? "sent" : last;
}

/** Sends what little fits into a window that is too small to be worth it (tcp_write_wakeup). */
export function transmitIntoSmallWindow(turn: Turn): Transmission {
  return transmitNext(turn, turn.connection.send.inFlight.length, true);
}

/**
 * Sends one new segment, and keeps it until it is acknowledged; false where the device has not taken it, and it stays to be sent.
 * One of several that are handed on together is kept all the same: only of a single one does TCP hear that.
 */
export function transmitNew(
  turn: Turn,
  flags: number,
  data: Uint8Array,
  { isAlone = false, endsBurst = false } = {},
): boolean {
  const { send } = turn.connection;
  // The PSH of a burst is not kept: what is sent again goes by itself.
  const isTaken = transmit(turn, { sequence: send.next, flags: flags | (endsBurst ? tcpFlag.psh : 0), data });
  if (isAlone && !isTaken) return false;
  const synOrFin = (flags & (tcpFlag.syn | tcpFlag.fin)) !== 0 ? 1 : 0;
  const end = sequenceAdd(send.next, data.length + synOrFin);
  const segment: SentSegment = {
    sequence: send.next,
    end,
    flags,
    data,
    sentNs: turn.nowNs,
    retransmitted: false,
    sacked: false,
    lost: false,
  };
  updateSend(turn, { next: end, inFlight: [...send.inFlight, segment] });
  return true;
}

/** Sends a segment again as it was, with what is now acknowledged. False where the device has not taken it. */
export function retransmit(turn: Turn, segment: SentSegment): boolean {
  const { state, passive } = turn.connection;
  // A SYN,ACK is made anew each time (`tcp_rtx_synack`).
  const isSynAck = passive && state === "SYN-RECV";
  const content = { sequence: segment.sequence, flags: segment.flags, data: segment.data };
  if (!transmit(turn, content, !isSynAck)) return false;
  const again: SentSegment = { ...segment, sentNs: turn.nowNs, retransmitted: true, lost: false };
  const inFlight = turn.connection.send.inFlight.map((one) => (one.sequence === segment.sequence ? again : one));
  updateSend(turn, { inFlight });
  return true;
}

/** Nothing is on its way, something is queued, and the window has no room for it: only a probe can open it. */
function mustProbeWindow(turn: Turn): boolean {
  const { send, retransmission } = turn.connection;
  const waiting = send.queue.length > 0 || send.finQueued;
  return waiting && send.inFlight.length === 0 && retransmission.pending === undefined;
}

/** Bytes of the window that are not used up. */
function windowRoom(send: SendSpace): number {
  return sequenceDistance(send.next, sequenceAdd(send.unacknowledged, send.window));
}

/** `alreadySent`: segments that were on their way before this burst. */
function transmitNext(turn: Turn, alreadySent: number, whateverFits = false): Transmission {
  const { send } = turn.connection;
  if (!whateverFits && congestionRoom(send) === 0) return "nothing";
  const queued = queuedBytes(send);
  if (queued === 0) return transmitFin(turn);
  const wanted = Math.min(send.mss, queued);
  const size = Math.min(wanted, windowRoom(send));
  const cutShort = size < wanted && size < send.largestWindow / 2;
  if (size <= 0 || (cutShort && !whateverFits)) return "nothing";
  const small = size < send.mss;
  const withFin = size === queued && send.finQueued && size < windowRoom(send);
  if (small && !withFin && smallInFlight(send)) return "nothing";
  const taken = take(send.queue, size);
  const inBurst = (send.inFlight.length - alreadySent) % segmentsOfBurst;
  const endsBurst = inBurst + 1 === segmentsOfBurst;
  const isAlone = whateverFits || (inBurst === 0 && !isFollowed(send, size, queued));
  const isSent = transmitNew(turn, dataFlags(taken.endsWrite, withFin), taken.data, { isAlone, endsBurst });
  if (!isSent) {
    noteAnswer(turn);
    return "not taken";
  }
  updateSend(turn, { queue: taken.rest, finQueued: send.finQueued && !withFin });
  if (small) updateSend(turn, { smallEnd: turn.connection.send.next });
  noteAnswer(turn);
  return "sent";
}

/** Whether the next segment may leave with this one, as one piece that is cut up further down (`tcp_mss_split_point`). */
function isFollowed(send: SendSpace, size: number, queued: number): boolean {
  const left = Math.min(queued, windowRoom(send)) - size;
  if (size < send.mss || left <= 0) return false;
  return left >= send.mss || !smallInFlight(send);
}

/**
 * Several segments are handed on as one, half of the initial congestion window at most (`tcp_cwnd_test`), and such a one has PSH
 * (`__tcp_transmit_skb`), which segmentation leaves on its last piece.
 */
const segmentsOfBurst = 5;

function transmitFin(turn: Turn): Transmission {
  const { send } = turn.connection;
  if (!send.finQueued || windowRoom(send) < 1) return "nothing";
  updateSend(turn, { finQueued: false });
  transmitNew(turn, tcpFlag.ack | tcpFlag.fin, noBytes);
  return "sent";
}

function dataFlags(endsWrite: boolean, withFin: boolean): number {
  return tcpFlag.ack | (endsWrite ? tcpFlag.psh : 0) | (withFin ? tcpFlag.fin : 0);
}

/** Nagle's algorithm in Minshall's form: one small segment at a time may be unacknowledged (tcp_minshall_check). */
function smallInFlight(send: SendSpace): boolean {
  return send.inFlight.length > 0 && isAfter(send.smallEnd, send.unacknowledged);
}

function queuedBytes(send: SendSpace): number {
  return send.queue.reduce((sum, write) => sum + write.length, 0);
}

/** The first bytes of the queue; several small writes share a segment. */
function take(queue: readonly Uint8Array[], size: number) {
  if (queue[0].length >= size) {
    const rest = queue[0].length === size ? queue.slice(1) : [queue[0].subarray(size), ...queue.slice(1)];
    return { data: queue[0].subarray(0, size), rest, endsWrite: queue[0].length === size };
  }
  const data = new Uint8Array(size);
  let filled = 0;
  let index = 0;
  while (filled + queue[index].length <= size) {
    data.set(queue[index], filled);
    filled += queue[index].length;
    index += 1;
    if (index === queue.length) break;
  }
  if (filled === size) return { data, rest: queue.slice(index), endsWrite: true };
  data.set(queue[index].subarray(0, size - filled), filled);
  return { data, rest: [queue[index].subarray(size - filled), ...queue.slice(index + 1)], endsWrite: false };
}
