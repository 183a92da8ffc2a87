import type { Capture, CapturedPacket } from "./capture.ts";
import { type Malformed, malformed } from "./malformed.ts";

// The classic pcap file format (draft-ietf-opsawg-pcap): one interface, one snap length, no directions.

const microsecondMagic = 0xa1b2c3d4;
const nanosecondMagic = 0xa1b23c4d;
const fileHeaderLength = 24;
const recordHeaderLength = 16;

/** How a file's magic number, read most significant octet first, says its numbers are to be read. */
const variants = new Map([
  [microsecondMagic, { littleEndian: false, unitNs: 1000n }],
  [nanosecondMagic, { littleEndian: false, unitNs: 1n }],
  [0xd4c3b2a1, { littleEndian: true, unitNs: 1000n }],
  [0x4d3cb2a1, { littleEndian: true, unitNs: 1n }],
]);

export function isPcap(magic: number): boolean {
  return variants.has(magic);
}

export function readPcap(bytes: Uint8Array): Capture | Malformed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < fileHeaderLength) return malformed("pcap", "file header cut short", bytes);
  const variant = variants.get(view.getUint32(0));
  if (variant === undefined) return malformed("pcap", "no pcap magic number", bytes);
  const { littleEndian, unitNs } = variant;
  // The upper bits may tell of an FCS; only the link type matters here.
  const interfaces = [{ linkType: view.getUint32(20, littleEndian) & 0xffff }];
  const packets: CapturedPacket[] = [];
  let at = fileHeaderLength;
  while (at < bytes.length) {
    const dataAt = at + recordHeaderLength;
    const length = dataAt <= bytes.length ? view.getUint32(at + 8, littleEndian) : 0;
    if (dataAt + length > bytes.length)
      return { interfaces, packets, problem: malformed("pcap", "record cut short", bytes.subarray(at)) };
    const seconds = BigInt(view.getUint32(at, littleEndian));
    const fraction = BigInt(view.getUint32(at + 4, littleEndian));
    packets.push({
      interfaceIndex: 0,
      timeNs: seconds * 1_000_000_000n + fraction * unitNs,
      originalLength: view.getUint32(at + 12, littleEndian),
      bytes: bytes.subarray(dataAt, dataAt + length),
    });
    at = dataAt + length;
  }
  return { interfaces, packets };
}
