import type { Acknowledging, TcpConnection } from "./connection.ts";
import { delayedAckNs, invalidAckIntervalNs, maximumDelayedAckNs, maximumQuickAcks } from "./constants.ts";
import { sequenceDistance } from "./sequence.ts";
import { clearTimer, setTimer, type Turn, updateAcknowledging, updateReceive } from "./turn.ts";

/** Before the first data: nothing is scheduled, and segments are guessed to be of the default size. */
export function initialAcknowledging(segmentSize: number): Acknowledging {
  return {
    scheduled: false,
    quick: 0,
    pingPong: false,
    timeoutNs: 0,
    lastDataNs: 0,
    segmentSize,
    pushed: 0,
    delayTimerSet: false,
  };
}

/** Data has arrived (net/ipv4/tcp_input.c, tcp_event_data_recv and tcp_measure_rcv_mss). */
export function noteData(turn: Turn, lengthBytes: number, hasPush: boolean): void {
  const before = turn.connection.acknowledging;
  const sinceNs = turn.nowNs - before.lastDataNs;
  const endsWrite = hasPush || lengthBytes < before.segmentSize;
  if (before.timeoutNs === 0 || sinceNs > turn.connection.retransmission.timeoutNs) moreQuickAcks(turn);
  updateAcknowledging(turn, {
    scheduled: true,
    timeoutNs: adaptedTimeoutNs(before.timeoutNs, sinceNs),
    lastDataNs: turn.nowNs,
    segmentSize: Math.max(before.segmentSize, Math.min(lengthBytes, turn.connection.receive.announcedMss)),
    pushed: before.pushed + (endsWrite ? 1 : 0),
  });
}

/** Data has been sent: soon after data came, it is an answer, and the two ends take turns (tcp_event_data_sent). */
export function noteAnswer(turn: Turn): void {
  const { lastDataNs, timeoutNs, pingPong } = turn.connection.acknowledging;
  if (!pingPong && turn.nowNs - lastDataNs < timeoutNs) updateAcknowledging(turn, { pingPong: true });
}

/** The peer repeats itself, so acknowledgments get lost: send the next ones at once (tcp_enter_quickack_mode). */
export function enterQuickMode(turn: Turn): void {
  moreQuickAcks(turn);
  updateAcknowledging(turn, { pingPong: false, timeoutNs: delayedAckNs });
}

/** Whether received data must be acknowledged now rather than later (__tcp_ack_snd_check, tcp_cleanup_rbuf). */
export function mustAcknowledgeNow(connection: TcpConnection): boolean {
  const { acknowledging, receive } = connection;
  if (receive.outOfOrder.length > 0 || acknowledging.duplicate !== undefined) return true;
  if (sequenceDistance(receive.acknowledged, receive.next) > acknowledging.segmentSize) return true;
  if (acknowledging.pingPong) return acknowledging.pushed > 1;
  return acknowledging.quick > 0 || acknowledging.pushed > 0;
}

/** Lets the acknowledgment wait for data to ride on (tcp_send_delayed_ack); before the first data, as of a FIN, only to the next jiffy. */
export function delayAcknowledgment(turn: Turn): void {
  const { delayTimerSet, timeoutNs, pingPong, pushed } = turn.connection.acknowledging;
  if (delayTimerSet) return;
  const mostNs = pingPong || pushed > 0 ? maximumDelayedAckNs : maximumDelayedAckNs * 2.5;
  const roundTripNs = turn.connection.retransmission.smoothedNs ?? mostNs;
  const longestNs = timeoutNs > delayedAckNs ? Math.max(roundTripNs, delayedAckNs) : delayedAckNs;
  const afterNs = Math.min(timeoutNs, longestNs, mostNs);
  setTimer(turn, "delayed ack", afterNs);
  updateAcknowledging(turn, { delayTimerSet: true });
}

/** A segment with ACK has gone out (tcp_event_ack_sent). */
export function acknowledgmentSent(turn: Turn): void {
  const { delayTimerSet, quick, timeoutNs } = turn.connection.acknowledging;
  if (delayTimerSet) clearTimer(turn, "delayed ack");
  updateAcknowledging(turn, {
    scheduled: false,
    pushed: 0,
    duplicate: undefined,
    delayTimerSet: false,
    quick: Math.max(0, quick - 1),
    timeoutNs: quick === 1 ? delayedAckNs : timeoutNs,
  });
  updateReceive(turn, { acknowledged: turn.connection.receive.next });
}

/** The delayed acknowledgment's time has come without data to ride on: the turns are over (tcp_delack_timer_handler). */
export function noteDelayPassed(turn: Turn): void {
  const { pingPong, timeoutNs } = turn.connection.acknowledging;
  const longerNs = Math.min(2 * timeoutNs, turn.connection.retransmission.timeoutNs);
  updateAcknowledging(turn, {
    delayTimerSet: false,
    pingPong: false,
    timeoutNs: pingPong ? delayedAckNs : longerNs,
  });
}

/** Whether an unacceptable segment may be answered now; two confused ends must not answer each other for ever. */
export function mayAnswerInvalid(turn: Turn): boolean {
  const { lastInvalidNs } = turn.connection.acknowledging;
  if (lastInvalidNs !== undefined && turn.nowNs - lastInvalidNs < invalidAckIntervalNs) return false;
  updateAcknowledging(turn, { lastInvalidNs: turn.nowNs });
  return true;
}

function moreQuickAcks(turn: Turn): void {
  const { acknowledging, receive } = turn.connection;
  const fitting = Math.floor(receive.window / (2 * acknowledging.segmentSize));
  const count = Math.min(Math.max(fitting, 2), maximumQuickAcks);
  if (count > acknowledging.quick) updateAcknowledging(turn, { quick: count });
}

function adaptedTimeoutNs(timeoutNs: number, sinceNs: number): number {
  if (timeoutNs === 0) return delayedAckNs;
  if (sinceNs <= delayedAckNs / 2) return timeoutNs / 2 + delayedAckNs / 2;
  if (sinceNs < timeoutNs) return timeoutNs / 2 + sinceNs;
  return timeoutNs;
}
