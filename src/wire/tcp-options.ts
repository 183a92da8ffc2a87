import { readUint16, readUint32, writeUint16, writeUint32 } from "./octets.ts";
import type { TcpSegment } from "./tcp.ts";

/** What a segment's options say (RFC 9293 section 3.2, RFC 2018, RFC 7323); kinds not named here are passed over. */
export interface TcpOptions {
  readonly maximumSegmentSize?: number;
  /** The shift count. */
  readonly windowScale?: number;
  readonly sackPermitted: boolean;
  readonly timestamps?: TcpTimestamps;
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
    at += length;
  }
  return found;
}

/** The 20 octets that Linux puts into a SYN and its answer: MSS, SACK permitted, timestamps, NOP, window scale (`tcp_options_write`). */
export function synOptions(maximumSegmentSize: number, windowScale: number, timestamps: TcpTimestamps): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes.set([optionKind.maximumSegmentSize, 4]);
  writeUint16(bytes, 2, maximumSegmentSize);
  bytes.set([optionKind.sackPermitted, 2], 4);
  writeTimestamps(bytes, 6, timestamps);
  bytes.set([optionKind.noOperation, optionKind.windowScale, 3, windowScale], 16);
  return bytes;
}

/** The 12 octets that Linux puts into every later segment: NOP, NOP, timestamps. */
export function timestampOptions(timestamps: TcpTimestamps): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes.set([optionKind.noOperation, optionKind.noOperation]);
  writeTimestamps(bytes, 2, timestamps);
  return bytes;
}

function writeTimestamps(bytes: Uint8Array, offset: number, timestamps: TcpTimestamps): void {
  bytes.set([optionKind.timestamps, 10], offset);
  writeUint32(bytes, offset + 2, timestamps.value);
  writeUint32(bytes, offset + 6, timestamps.echoReply);
}
