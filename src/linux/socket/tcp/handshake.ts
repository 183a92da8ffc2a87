import { type TcpSegment, tcpFlag } from "../../../wire/tcp.ts";
import { tcpOptions } from "../../../wire/tcp-options.ts";
import { mayAnswerInvalid } from "./acknowledging.ts";
import { takeAcknowledgment } from "./acknowledgment.ts";
import type { TcpConnection } from "./connection.ts";
import { withPeerOptions } from "./open.ts";
import { retransmit, transmitQueued } from "./output.ts";
import { resetFor } from "./reset.ts";
import { transmit, transmitAcknowledgment } from "./segments.ts";
import { isAfter } from "./sequence.ts";
import { enter, forget, type Turn, tell, updateSend } from "./turn.ts";

/** A segment in SYN-SENT (RFC 9293 section 3.10.7.3). */
export function takeInSynSent(turn: Turn, segment: TcpSegment): void {
  const { send } = turn.connection;
  const acknowledges = (segment.flags & tcpFlag.ack) !== 0;
  const acceptable = isAfter(segment.acknowledgment, send.initial) && !isAfter(segment.acknowledgment, send.next);
  if (acknowledges && !acceptable) return refuse(turn, segment);
  if ((segment.flags & tcpFlag.rst) !== 0) {
    if (acknowledges) forget(turn, "ECONNREFUSED");
    return;
  }
  if ((segment.flags & tcpFlag.syn) === 0) return;
  turn.connection = withPeerOptions(turn.connection, segment);
  if (acknowledges) establishOpened(turn, segment);
  else answerCrossingSyn(turn);
}

/**
 * A segment in SYN-RECV that the general checks have not refused (net/ipv4/tcp_minisocks.c, tcp_check_req). False when it
 * is done with; true when it has established the connection and may carry data.
 */
export function takeInSynReceived(turn: Turn, segment: TcpSegment): boolean {
  const { send } = turn.connection;
  if ((segment.flags & tcpFlag.ack) === 0) return false;
  if (segment.acknowledgment !== send.next) {
    refuse(turn, segment);
    return false;
  }
  takeAcknowledgment(turn, segment, tcpOptions(segment));
  enter(turn, "ESTAB");
  turn.effects.push({ kind: "connected" });
  if ((segment.flags & tcpFlag.syn) !== 0) transmitAcknowledgment(turn);
  return true;
}

/** Our SYN,ACK has not arrived: the peer repeats its SYN, and is answered once more. */
export function isRepeatedSyn({ passive, receive }: TcpConnection, segment: TcpSegment): boolean {
  const kind = segment.flags & (tcpFlag.syn | tcpFlag.ack | tcpFlag.rst | tcpFlag.fin);
  return passive && kind === tcpFlag.syn && segment.sequence === receive.initial;
}

export function repeatSynAck(turn: Turn): void {
  if (mayAnswerInvalid(turn)) retransmit(turn, turn.connection.send.inFlight[0]);
}

/** Sends the RST that a segment without a connection would get. */
export function refuse(turn: Turn, segment: TcpSegment): void {
  const reset = resetFor(segment);
  if (reset !== undefined) turn.effects.push({ kind: "transmit", segment: reset, isRepeated: false });
}

/** The handshake's last ACK rides on data where the program has already written some. */
function establishOpened(turn: Turn, segment: TcpSegment): void {
  takeAcknowledgment(turn, segment, tcpOptions(segment));
  enter(turn, "ESTAB");
  if (turn.connection.send.queue.length > 0) transmitQueued(turn);
  else transmitAcknowledgment(turn);
  tell(turn, { kind: "connected" });
}

/** Both ends opened at once (RFC 9293 section 3.5): the SYN is sent again, now with an ACK. */
function answerCrossingSyn(turn: Turn): void {
  enter(turn, "SYN-RECV");
  const { send } = turn.connection;
  const [syn] = send.inFlight;
  const synAck = { ...syn, flags: tcpFlag.syn | tcpFlag.ack };
  updateSend(turn, { inFlight: [synAck] });
  transmit(turn, { sequence: synAck.sequence, flags: synAck.flags });
}
