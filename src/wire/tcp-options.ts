import { readUint16, readUint32, writeUint32 } from "./octets.ts";
import type { TcpSegment } from "./tcp.ts";

/** What a segment's options say (RFC 9293 section 3.2, RFC 2018, RFC 7323); kinds not named here are passed over. */
export interface TcpOptions {
  readonly maximumSegmentSize?: number;
  /** The shift count. */
  readonly windowScale?: number;
  readonly sackPermitted: boolean;
  readonly timestamps?: TcpTimestamps;
  /** Data that has been received out of order, the newest first. */
  readonly sackBlocks?: readonly SackBlock[];
}

/** `end` is the sequence number after the last octet. */
export interface SackBlock {
  readonly start: number;
  readonly end: number;
}

export interface TcpTimestamps {
  readonly value: number;
  readonly echoReply: number;
}

const optionKind = {
  end: 0,
  noOperation: 1,
  maximumSegmentSize: 2,
  windowScale: 3,
  sackPermitted: 4,
  sack: 5,
  timestamps: 8,
} as const;

/** Reads up to the end of list or the first option whose length is wrong. */
export function tcpOptions(segment: TcpSegment): TcpOptions {
  const found: { -readonly [Name in keyof TcpOptions]: TcpOptions[Name] } = { sackPermitted: false };
  const bytes = segment.options;
  let at = 0;
  while (at < bytes.length && bytes[at] !== optionKind.end) {
    if (bytes[at] === optionKind.noOperation) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) break;
    const value = bytes.subarray(at + 2, at + length);
    if (bytes[at] === optionKind.maximumSegmentSize && length === 4) found.maximumSegmentSize = readUint16(value, 0);
    if (bytes[at] === optionKind.windowScale && length === 3) found.windowScale = value[0];
    if (bytes[at] === optionKind.sackPermitted && length === 2) found.sackPermitted = true;
    if (bytes[at] === optionKind.timestamps && length === 10)
      found.timestamps = { value: readUint32(value, 0), echoReply: readUint32(value, 4) };
    if (bytes[at] === optionKind.sack && length >= 10 && length % 8 === 2) found.sackBlocks = sackBlocks(value);
    at += length;
  }
  return found;
}

/** Lays options out as Linux does, aligned to four octets (net/ipv4/tcp_output.c, tcp_options_write). */
export function emitTcpOptions(options: TcpOptions): Uint8Array {
  const { maximumSegmentSize, windowScale, sackPermitted, timestamps, sackBlocks = [] } = options;
  const nops = 0x0101_0000;
  const words: number[] = [];
  if (maximumSegmentSize !== undefined) words.push(0x0204_0000 + maximumSegmentSize);
  if (sackPermitted) words.push(timestamps === undefined ? nops + 0x0402 : 0x0402_080a);
  if (timestamps !== undefined && !sackPermitted) words.push(nops + 0x080a);
  if (timestamps !== undefined) words.push(timestamps.value, timestamps.echoReply);
  if (windowScale !== undefined) words.push(0x0103_0300 + windowScale);
  if (sackBlocks.length > 0) words.push(nops + 0x0500 + 2 + 8 * sackBlocks.length);
  for (const block of sackBlocks) words.push(block.start, block.end);
  const bytes = new Uint8Array(4 * words.length);
  for (const [index, word] of words.entries()) writeUint32(bytes, 4 * index, word);
  return bytes;
}

/** The 20 octets that Linux puts into a SYN and its answer: MSS, SACK permitted, timestamps, NOP, window scale. */
export function synOptions(maximumSegmentSize: number, windowScale: number, timestamps: TcpTimestamps): Uint8Array {
  return emitTcpOptions({ maximumSegmentSize, sackPermitted: true, timestamps, windowScale });
}

/** The 12 octets that Linux puts into every later segment: NOP, NOP, timestamps. */
export function timestampOptions(timestamps: TcpTimestamps): Uint8Array {
  return emitTcpOptions({ sackPermitted: false, timestamps });
}

function sackBlocks(value: Uint8Array): SackBlock[] {
  const blocks: SackBlock[] = [];
  for (let at = 0; at < value.length; at += 8)
    blocks.push({ start: readUint32(value, at), end: readUint32(value, at + 4) });
  return blocks;
}
