/** Sequence numbers are unsigned 32-bit numbers that wrap around (RFC 9293 section 3.4). */
export function sequenceAdd(sequence: number, count: number): number {
  return (sequence + count) >>> 0;
}

/** How far `later` lies after `earlier`; negative when it lies before. */
export function sequenceDistance(earlier: number, later: number): number {
  return (later - earlier) | 0;
}

export function isBefore(one: number, other: number): boolean {
  return sequenceDistance(one, other) > 0;
}

export function isAfter(one: number, other: number): boolean {
  return sequenceDistance(other, one) > 0;
}
