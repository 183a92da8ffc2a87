import { type TcpSegment, tcpFlag } from "../../../wire/tcp.ts";
import { type TcpOptions, tcpOptions } from "../../../wire/tcp-options.ts";
import { enterQuickMode, mayAnswerInvalid } from "./acknowledging.ts";
import { takeAcknowledgment, transmitAfterAcknowledgment } from "./acknowledgment.ts";
import { takeClose, takeReset, takeSend } from "./calls.ts";
import type { TcpConnection, TcpInput, TcpStep } from "./connection.ts";
import { timeWaitNs } from "./constants.ts";
import { isRepeatedSyn, refuse, repeatSynAck, takeInSynReceived, takeInSynSent } from "./handshake.ts";
import { takeIcmpError, takePathMtu } from "./path.ts";
import { enterTimeWait, reportDuplicate, stillReceives, takeData } from "./receive.ts";
import { segmentEnd, transmitAcknowledgment } from "./segments.ts";
import { isAfter, isBefore, sequenceAdd, sequenceDistance } from "./sequence.ts";
import { takeTimer } from "./timers.ts";
import { beginTurn, endTurn, enter, forget, type LinkTakes, setTimer, type Turn, update } from "./turn.ts";

/** The whole of one end's behaviour: what an input makes of a connection, and what is to be done about it. */
export function tcpInput(connection: TcpConnection, input: TcpInput, nowNs: number, linkTakes?: LinkTakes): TcpStep {
  const turn = beginTurn(connection, nowNs, linkTakes);
  if (connection.state !== "CLOSED") takeInput(turn, input);
  return endTurn(turn);
}

/** Whether a SYN may open a new connection where this one lingers (tcp_timewait_state_process). */
export function mayReplaceTimeWait(connection: TcpConnection, syn: TcpSegment): boolean {
  const kind = syn.flags & (tcpFlag.syn | tcpFlag.ack | tcpFlag.rst);
  if (connection.state !== "TIME-WAIT" || kind !== tcpFlag.syn) return false;
  const offered = tcpOptions(syn).timestamps;
  const newer = connection.timestamps !== undefined && offered !== undefined;
  return (
    isAfter(syn.sequence, connection.receive.next) ||
    (newer && isAfter(offered.value, connection.timestamps?.recent ?? 0))
  );
}

function takeInput(turn: Turn, input: TcpInput): void {
  switch (input.kind) {
    case "segment":
      return takeSegment(turn, input.segment);
    case "send":
      return takeSend(turn, input.data);
    case "close":
      return takeClose(turn);
    case "reset":
      return takeReset(turn);
    case "timer":
      return takeTimer(turn, input.timer);
    case "icmp error":
      return takeIcmpError(turn, input);
    case "path mtu":
      return takePathMtu(turn, input.mtu, input.sequence);
  }
}

function takeSegment(turn: Turn, segment: TcpSegment): void {
  const { state } = turn.connection;
  if (state === "SYN-SENT") return takeInSynSent(turn, segment);
  if (state === "TIME-WAIT") return takeInTimeWait(turn, segment);
  if (state === "SYN-RECV" && isRepeatedSyn(turn.connection, segment)) return repeatSynAck(turn);
  const options = tcpOptions(segment);
  if (!isAcceptable(turn, segment, options)) return;
  noteTimestamp(turn, segment, options);
  if (state === "SYN-RECV") {
    if (!takeInSynReceived(turn, segment)) return;
  } else if (!takeAcknowledgment(turn, segment, options)) return;
  takeOwnFinAcknowledged(turn);
  takeText(turn, segment);
}

function takeText(turn: Turn, segment: TcpSegment): void {
  const { connection } = turn;
  if (connection.state === "CLOSED") return;
  if (connection.orphaned && stillReceives(connection.state) && showsData(connection, segment)) {
    refuse(turn, segment);
    return forget(turn);
  }
  const isDuplicate = !isAfter(segmentEnd(segment), connection.receive.next);
  if (connection.state !== "TIME-WAIT" && (stillReceives(connection.state) || isDuplicate)) takeData(turn, segment);
  if (turn.connection.state !== "CLOSED" && turn.connection.state !== "TIME-WAIT") transmitAfterAcknowledgment(turn);
}

/** Data that this end has not yet: in the segment, or, by its number, before the FIN that it carries. */
function showsData({ receive }: TcpConnection, segment: TcpSegment): boolean {
  const end = segmentEnd(segment);
  const isFin = (segment.flags & tcpFlag.fin) !== 0;
  return end !== segment.sequence && isAfter(sequenceAdd(end, isFin ? -1 : 0), receive.next);
}

/**
 * The checks before anything is believed: timestamps (PAWS, RFC 7323 section 5), sequence, RST and SYN (RFC 5961 sections 3
 * and 4, tcp_validate_incoming). An unacceptable segment is answered with an ACK, at most every 500 ms.
 */
function isAcceptable(turn: Turn, segment: TcpSegment, options: TcpOptions): boolean {
  const { receive, state, passive } = turn.connection;
  const isReset = (segment.flags & tcpFlag.rst) !== 0;
  const isSyn = (segment.flags & tcpFlag.syn) !== 0;
  const end = segmentEnd(segment);
  const windowEnd = sequenceAdd(receive.next, receive.window);
  const inWindow = !isBefore(end, receive.acknowledged) && !isAfter(segment.sequence, windowEnd);
  if (!inWindow || (!isReset && isOlderThanLast(turn.connection, options))) {
    if (!isReset) answerUnacceptable(turn, segment, end);
    return false;
  }
  if (isReset) {
    if (segment.sequence === receive.next)
      forget(turn, passive && state === "SYN-RECV" ? undefined : resetError(state));
    else challenge(turn);
    return false;
  }
  if (isSyn && !(state === "SYN-RECV" && !passive && end === receive.next)) {
    if (state === "SYN-RECV" && passive) {
      refuse(turn, segment);
      forget(turn);
    } else challenge(turn);
    return false;
  }
  return (segment.flags & tcpFlag.ack) !== 0;
}

function answerUnacceptable(turn: Turn, segment: TcpSegment, end: number): void {
  const { receive } = turn.connection;
  const isBare = segment.data.length === 0 && (segment.flags & tcpFlag.syn) === 0;
  if ((isBare || (segment.flags & tcpFlag.syn) !== 0) && !mayAnswerInvalid(turn)) return;
  if (end !== segment.sequence && isBefore(segment.sequence, receive.next)) {
    reportDuplicate(turn, segment.sequence, isAfter(end, receive.next) ? receive.next : end);
  } else {
    enterQuickMode(turn);
    transmitAcknowledgment(turn);
  }
}

/** Asks the peer to prove that it meant the RST or SYN (RFC 5961). */
function challenge(turn: Turn): void {
  if (mayAnswerInvalid(turn)) transmitAcknowledgment(turn);
}

function resetError(state: TcpConnection["state"]): "ECONNREFUSED" | "ECONNRESET" {
  return state === "SYN-RECV" ? "ECONNREFUSED" : "ECONNRESET";
}

function isOlderThanLast({ timestamps }: TcpConnection, options: TcpOptions): boolean {
  if (timestamps === undefined || options.timestamps === undefined) return false;
  return sequenceDistance(timestamps.recent, options.timestamps.value) < 0;
}

/** TS.Recent follows the segment that the last acknowledgment waits for (RFC 7323 section 4.3). */
function noteTimestamp(turn: Turn, segment: TcpSegment, options: TcpOptions): void {
  const { timestamps, receive } = turn.connection;
  if (timestamps === undefined || options.timestamps === undefined) return;
  if (isAfter(segment.sequence, receive.acknowledged)) return;
  update(turn, { timestamps: { ...timestamps, recent: options.timestamps.value } });
}

/** Moves on when the peer has acknowledged our FIN, the last thing we send. */
function takeOwnFinAcknowledged(turn: Turn): void {
  const { state, send } = turn.connection;
  const acknowledged = send.inFlight.length === 0 && send.queue.length === 0 && !send.finQueued;
  if (!acknowledged) return;
  if (state === "FIN-WAIT-1") {
    enter(turn, "FIN-WAIT-2");
    setTimer(turn, "time wait", timeWaitNs);
  } else if (state === "CLOSING") enterTimeWait(turn);
  else if (state === "LAST-ACK") forget(turn);
}

/** Whatever comes again is acknowledged again, and the wait begins anew (tcp_timewait_state_process). */
function takeInTimeWait(turn: Turn, segment: TcpSegment): void {
  if ((segment.flags & tcpFlag.rst) !== 0) {
    if (segment.sequence === turn.connection.receive.next) forget(turn);
    return;
  }
  const isPlainAck = segmentEnd(segment) === segment.sequence && segment.sequence === turn.connection.receive.next;
  if (isPlainAck) return;
  if ((segment.flags & tcpFlag.ack) !== 0) setTimer(turn, "time wait", timeWaitNs);
  if (mayAnswerInvalid(turn)) transmitAcknowledgment(turn);
}
