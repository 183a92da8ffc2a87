import type { MacAddress } from "./mac-address.ts";

// Numbers in network byte order (most significant octet first). Callers have checked the lengths.

export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return ((readUint16(bytes, offset) << 16) | readUint16(bytes, offset + 2)) >>> 0;
}

export function readMac(bytes: Uint8Array, offset: number): MacAddress {
  return readUint16(bytes, offset) * 0x1_0000_0000 + readUint32(bytes, offset + 2);
}

export function writeUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  writeUint16(bytes, offset, value >>> 16);
  writeUint16(bytes, offset + 2, value & 0xffff);
}

export function writeMac(bytes: Uint8Array, offset: number, mac: MacAddress): void {
  writeUint16(bytes, offset, Math.floor(mac / 0x1_0000_0000));
  writeUint32(bytes, offset + 2, mac >>> 0);
}

/** Shared by all values without data. */
export const noBytes = new Uint8Array(0);

export function joinBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
