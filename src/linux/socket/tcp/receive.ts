import { type TcpSegment, tcpFlag } from "../../../wire/tcp.ts";
import type { SackBlock } from "../../../wire/tcp-options.ts";
import { delayAcknowledgment, enterQuickMode, mustAcknowledgeNow, noteData } from "./acknowledging.ts";
import type { OutOfOrderData, ReceiveSpace } from "./connection.ts";
import { timeWaitNs } from "./constants.ts";
import { segmentEnd, transmitAcknowledgment } from "./segments.ts";
import { isAfter, isBefore, sequenceAdd, sequenceDistance } from "./sequence.ts";
import { enter, setTimer, type Turn, tell, updateAcknowledging, updateReceive } from "./turn.ts";

/**
 * The data and the FIN of an acceptable segment (RFC 9293 section 3.10.7.4 seventh and eighth, tcp_data_queue). The
 * acknowledgment, if it is due at once, goes out before the program sees the data.
 */
export function takeData(turn: Turn, segment: TcpSegment): void {
  const fin = (segment.flags & tcpFlag.fin) !== 0;
  if (segment.data.length === 0 && !fin) return;
  const { receive } = turn.connection;
  if (isAfter(segment.sequence, receive.next)) takeEarly(turn, segment, fin);
  else if (!isAfter(segmentEnd(segment), receive.next)) reportDuplicate(turn, segment.sequence, segmentEnd(segment));
  else takeNext(turn, segment, fin);
}

/** Data that has been received before: say so at once (RFC 2883). */
export function reportDuplicate(turn: Turn, start: number, end: number): void {
  if (turn.connection.sack && start !== end) updateAcknowledging(turn, { duplicate: { start, end } });
  enterQuickMode(turn);
  transmitAcknowledgment(turn);
}

/** Every state in which the peer's FIN has not yet been received. */
export function stillReceives(state: string): boolean {
  return state === "ESTAB" || state === "FIN-WAIT-1" || state === "FIN-WAIT-2" || state === "SYN-RECV";
}

/** The peer has closed and this end too: wait for what may still be on its way (RFC 9293 section 3.6.1). */
export function enterTimeWait(turn: Turn): void {
  enter(turn, "TIME-WAIT");
  setTimer(turn, "time wait", timeWaitNs);
}

/** A hole lies before this segment: keep it, and tell the peer at once. */
function takeEarly(turn: Turn, segment: TcpSegment, fin: boolean): void {
  const { receive } = turn.connection;
  const block = { start: segment.sequence, end: segmentEnd(segment) };
  if (receive.sackBlocks.some((known) => contains(known, block))) return reportDuplicate(turn, block.start, block.end);
  noteData(turn, segment.data.length, (segment.flags & tcpFlag.psh) !== 0);
  const kept: OutOfOrderData = { sequence: segment.sequence, data: segment.data, fin };
  const outOfOrder = [...receive.outOfOrder, kept].sort((a, b) => sequenceDistance(b.sequence, a.sequence));
  updateReceive(turn, { outOfOrder, sackBlocks: addBlock(receive.sackBlocks, block) });
  transmitAcknowledgment(turn);
}

function takeNext(turn: Turn, segment: TcpSegment, fin: boolean): void {
  const { receive } = turn.connection;
  if (isBefore(segment.sequence, receive.next) && turn.connection.sack)
    updateAcknowledging(turn, { duplicate: { start: segment.sequence, end: receive.next } });
  if (segment.data.length > 0) noteData(turn, segment.data.length, (segment.flags & tcpFlag.psh) !== 0);
  const filled = receive.outOfOrder.length > 0;
  const arrived = assemble(receive, { sequence: segment.sequence, data: segment.data, fin });
  updateReceive(turn, arrived.receive);
  if (arrived.fin) return takeFin(turn, arrived.data, filled);
  if (filled || mustAcknowledgeNow(turn.connection)) transmitAcknowledgment(turn);
  else delayAcknowledgment(turn);
  for (const data of arrived.data) tell(turn, { kind: "data", data });
}

/**
 * The acknowledgment of the FIN waits in ESTAB for the program's answer to ride on, unless a hole has been `filled`; in the other
 * states none will come (tcp_fin).
 */
function takeFin(turn: Turn, data: readonly Uint8Array[], filled: boolean): void {
  const { state } = turn.connection;
  if (state === "FIN-WAIT-2") {
    transmitAcknowledgment(turn);
    return enterTimeWait(turn);
  }
  if (state === "FIN-WAIT-1") {
    enter(turn, "CLOSING");
    return transmitAcknowledgment(turn);
  }
  enter(turn, "CLOSE-WAIT");
  updateAcknowledging(turn, { scheduled: true, pingPong: true });
  if (filled || mustAcknowledgeNow(turn.connection)) transmitAcknowledgment(turn);
  else delayAcknowledgment(turn);
  for (const one of data) tell(turn, { kind: "data", data: one });
  tell(turn, { kind: "end of stream" });
}

/** Puts the next segment and what it joins up with in order. */
function assemble(receive: ReceiveSpace, first: OutOfOrderData) {
  const data: Uint8Array[] = [];
  const waiting = [...receive.outOfOrder];
  let { next } = receive;
  let fin = false;
  for (let piece: OutOfOrderData | undefined = first; piece !== undefined; piece = waiting.shift()) {
    if (isAfter(piece.sequence, next)) {
      waiting.unshift(piece);
      break;
    }
    const known = sequenceDistance(piece.sequence, next);
    if (known < piece.data.length) data.push(piece.data.subarray(known));
    const end = sequenceAdd(piece.sequence, piece.data.length);
    if (isAfter(end, next)) next = end;
    if (piece.fin && !fin && end === next) {
      fin = true;
      next = sequenceAdd(next, 1);
    }
  }
  const sackBlocks = receive.sackBlocks.filter((block) => isAfter(block.end, next));
  return { data, fin, receive: { next, outOfOrder: waiting, sackBlocks } };
}

/** The newest block comes first and takes in those it touches; four are remembered (tcp_sack_new_ofo_skb). */
function addBlock(blocks: readonly SackBlock[], added: SackBlock): readonly SackBlock[] {
  let { start, end } = added;
  const apart: SackBlock[] = [];
  for (const block of blocks) {
    if (isAfter(block.start, end) || isBefore(block.end, start)) apart.push(block);
    else {
      if (isBefore(block.start, start)) start = block.start;
      if (isAfter(block.end, end)) end = block.end;
    }
  }
  return [{ start, end }, ...apart].slice(0, 4);
}

function contains(outer: SackBlock, inner: SackBlock): boolean {
  return !isBefore(inner.start, outer.start) && !isAfter(inner.end, outer.end);
}
