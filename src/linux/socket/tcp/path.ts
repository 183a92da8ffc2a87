import { ipv4HeaderLength } from "../../../wire/ipv4.ts";
import { tcpFlag, tcpHeaderLength } from "../../../wire/tcp.ts";
import type { SentSegment, TcpInput } from "./connection.ts";
import { smallestMss, timestampBytes } from "./constants.ts";
import { retransmit } from "./output.ts";
import { isAfter, isBefore, sequenceAdd } from "./sequence.ts";
import { forget, type Turn, updateRetransmission, updateSend } from "./turn.ts";

/**
 * An ICMP error that quotes one of our segments ends an attempt to connect, and is else only remembered
 * (net/ipv4/tcp_ipv4.c, tcp_v4_err). One that quotes what is not on its way is taken for forged. An attempt from outside is
 * given up in silence (tcp_req_err).
 */
export function takeIcmpError(turn: Turn, { error, sequence, isFinal }: TcpInput & { kind: "icmp error" }): void {
  const { state, send, passive } = turn.connection;
  if (isBefore(sequence, send.unacknowledged) || isAfter(sequence, send.next)) return;
  if (state === "SYN-SENT" || (state === "SYN-RECV" && !passive)) return forget(turn, error);
  if (state === "SYN-RECV" && isFinal) return forget(turn);
  updateRetransmission(turn, { softError: error });
}

/** A router has said that our segments are too large: cut them, and send again what was lost (tcp_simple_retransmit). */
export function takePathMtu(turn: Turn, mtu: number, sequence: number): void {
  const { send, timestamps } = turn.connection;
  if (isBefore(sequence, send.unacknowledged) || isAfter(sequence, send.next)) return;
  const whole = Math.max(mtu - ipv4HeaderLength - tcpHeaderLength, smallestMss);
  const mss = whole - (timestamps === undefined ? 0 : timestampBytes);
  if (mss >= send.mss) return;
  const tooLarge = send.inFlight.some((segment) => segment.data.length > mss);
  updateSend(turn, { mss, inFlight: send.inFlight.flatMap((segment) => cut(segment, mss)) });
  if (!tooLarge) return;
  updateRetransmission(turn, { recoverUntil: send.next });
  for (const segment of turn.connection.send.inFlight) if (segment.lost && !retransmit(turn, segment)) return;
}

function cut(segment: SentSegment, mss: number): SentSegment[] {
  if (segment.data.length <= mss) return [segment];
  const pieces: SentSegment[] = [];
  for (let offset = 0; offset < segment.data.length; offset += mss) {
    const data = segment.data.subarray(offset, offset + mss);
    const sequence = sequenceAdd(segment.sequence, offset);
    const last = offset + mss >= segment.data.length;
    const end = last ? segment.end : sequenceAdd(sequence, data.length);
    const flags = last ? segment.flags : segment.flags & ~(tcpFlag.psh | tcpFlag.fin);
    pieces.push({ ...segment, sequence, end, flags, data, lost: !segment.sacked });
  }
  return pieces;
}
