import { linkTypeEthernet } from "./capture.ts";

// The pcapng file format (draft-ietf-opsawg-pcapng). A file is a section, then interfaces and packets in any order, but
// each interface before its first packet. Interfaces count from 0 in the order they are written.

export const pcapngBlock = {
  section: 0x0a0d0d0a,
  interface: 1,
  simplePacket: 3,
  enhancedPacket: 6,
} as const;

export const byteOrderMagic = 0x1a2b3c4d;

export const pcapngOption = { end: 0, interfaceName: 2, packetFlags: 2, timeResolution: 9, timeOffset: 14 } as const;

/** Bits 0 and 1 of `epb_flags`. */
export const directionFlag = { in: 1, out: 2 } as const;

/** The section header block that a file begins with. */
export function pcapngSection(): Uint8Array {
  const body = new DataView(new ArrayBuffer(16));
  body.setUint32(0, byteOrderMagic, true);
  body.setUint16(4, 1, true);
  body.setUint16(6, 0, true);
  body.setBigInt64(8, -1n, true); // The section's length is not known in advance.
  return block(pcapngBlock.section, [octets(body)]);
}

/** An interface description block: Ethernet, times in nanoseconds, no limit on packet lengths. */
export function pcapngInterface(name: string): Uint8Array {
  const body = new DataView(new ArrayBuffer(8));
  body.setUint16(0, linkTypeEthernet, true);
  const nameOption = option(pcapngOption.interfaceName, new TextEncoder().encode(name));
  const resolution = option(pcapngOption.timeResolution, Uint8Array.of(9));
  return block(pcapngBlock.interface, [octets(body), nameOption, resolution, endOfOptions()]);
}

/** An enhanced packet block. `timeNs` is an integer. */
export function pcapngPacket(
  interfaceIndex: number,
  timeNs: number | bigint,
  direction: "in" | "out",
  bytes: Uint8Array,
): Uint8Array {
  const time = BigInt(timeNs);
  const body = new DataView(new ArrayBuffer(20));
  body.setUint32(0, interfaceIndex, true);
  body.setUint32(4, Number(time >> 32n), true);
  body.setUint32(8, Number(time & 0xffff_ffffn), true);
  body.setUint32(12, bytes.length, true);
  body.setUint32(16, bytes.length, true);
  const flags = option(pcapngOption.packetFlags, Uint8Array.of(directionFlag[direction], 0, 0, 0));
  return block(pcapngBlock.enhancedPacket, [octets(body), padded(bytes), flags, endOfOptions()]);
}

/** Type, total length, body, total length again. */
function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = 12 + parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setUint32(at, length, true);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + paddedLength(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

function endOfOptions(): Uint8Array {
  return new Uint8Array(4);
}

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(paddedLength(bytes.length));
  result.set(bytes);
  return result;
}

/** Blocks and options are padded to 32 bits. */
export function paddedLength(length: number): number {
  return (length + 3) & ~3;
}

function octets(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}
