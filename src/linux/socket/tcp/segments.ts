import { ipv4HeaderLength } from "../../../wire/ipv4.ts";
import { noBytes } from "../../../wire/octets.ts";
import { type TcpSegment, tcpFlag, tcpHeaderLength, tcpSegment } from "../../../wire/tcp.ts";
import { emitTcpOptions, type SackBlock, type TcpOptions } from "../../../wire/tcp-options.ts";
import { acknowledgmentSent } from "./acknowledging.ts";
import type { TcpConnection } from "./connection.ts";
import { receiveWindowScale } from "./constants.ts";
import { sequenceAdd } from "./sequence.ts";
import type { Turn } from "./turn.ts";

/** What a segment carries; everything else follows from the connection. */
export interface SegmentContent {
  readonly sequence: number;
  readonly flags: number;
  readonly data?: Uint8Array;
}

/**
 * Sends a segment as the connection stands now. One with ACK settles what waited to be acknowledged. False where the device does not
 * take it.
 */
export function transmit(turn: Turn, content: SegmentContent, isRepeated = false): boolean {
  const segment = makeSegment(turn.connection, content, turn.nowNs);
  turn.effects.push({ kind: "transmit", segment, isRepeated });
  if ((segment.flags & tcpFlag.ack) !== 0) acknowledgmentSent(turn);
  return turn.linkTakes(ipv4HeaderLength + tcpHeaderLength + segment.options.length + segment.data.length);
}

/** Acknowledges what has been received, at once and on its own. */
export function transmitAcknowledgment(turn: Turn): void {
  transmit(turn, { sequence: turn.connection.send.next, flags: tcpFlag.ack });
}

/** A RST that ends this connection (tcp_send_active_reset). */
export function transmitReset(turn: Turn): void {
  transmit(turn, { sequence: turn.connection.send.next, flags: tcpFlag.rst | tcpFlag.ack });
}

/** The sequence number after the segment's data and its SYN or FIN. */
export function segmentEnd(segment: TcpSegment): number {
  const syn = (segment.flags & tcpFlag.syn) !== 0 ? 1 : 0;
  const fin = (segment.flags & tcpFlag.fin) !== 0 ? 1 : 0;
  return sequenceAdd(segment.sequence, segment.data.length + syn + fin);
}

/** The millisecond clock that TSval shows. */
export function timestampValue(offset: number, nowNs: number): number {
  return (Math.floor(nowNs / 1_000_000) + offset) >>> 0;
}

function makeSegment(connection: TcpConnection, content: SegmentContent, nowNs: number): TcpSegment {
  const isSyn = (content.flags & tcpFlag.syn) !== 0;
  const acknowledges = (content.flags & tcpFlag.ack) !== 0;
  return tcpSegment({
    sourcePort: connection.local.port,
    destinationPort: connection.remote.port,
    sequence: content.sequence,
    acknowledgment: acknowledges ? connection.receive.next : 0,
    flags: content.flags,
    window: windowField(connection, isSyn),
    options: emitTcpOptions(isSyn ? synOptions(connection, nowNs) : laterOptions(connection, nowNs)),
    data: content.data ?? noBytes,
  });
}

/** The window of a SYN is never scaled (RFC 7323 section 2.2); later ones are rounded up to what the scale can say. */
function windowField({ receive }: TcpConnection, isSyn: boolean): number {
  return Math.min(0xffff, isSyn ? receive.window : Math.ceil(receive.window / 2 ** receive.windowScale));
}

/** A SYN offers everything; a SYN,ACK answers what was offered. */
function synOptions(connection: TcpConnection, nowNs: number): TcpOptions {
  const { receive, sack } = connection;
  const scales = !connection.passive || receive.windowScale > 0;
  return {
    maximumSegmentSize: receive.announcedMss,
    sackPermitted: sack,
    timestamps: timestampsNow(connection, nowNs),
    ...(scales ? { windowScale: receiveWindowScale } : {}),
  };
}

function laterOptions(connection: TcpConnection, nowNs: number): TcpOptions {
  return {
    sackPermitted: false,
    timestamps: timestampsNow(connection, nowNs),
    sackBlocks: connection.sack ? blocksToReport(connection) : [],
  };
}

function timestampsNow({ timestamps }: TcpConnection, nowNs: number): TcpOptions["timestamps"] {
  if (timestamps === undefined) return undefined;
  return { value: timestampValue(timestamps.offset, nowNs), echoReply: timestamps.recent };
}

/** A duplicate is reported first (RFC 2883); beside timestamps there is room for three blocks. */
function blocksToReport({ acknowledging, receive, timestamps }: TcpConnection): readonly SackBlock[] {
  if (acknowledging.duplicate === undefined && receive.sackBlocks.length === 0) return [];
  const duplicate = acknowledging.duplicate === undefined ? [] : [acknowledging.duplicate];
  return [...duplicate, ...receive.sackBlocks].slice(0, timestamps === undefined ? 4 : 3);
}
