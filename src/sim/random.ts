import type { ChangeLog } from "./change-log.ts";
import type { Int32Column } from "./column.ts";
import { Table } from "./table.ts";

/**
 * The world's only source of chance: xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it), whose four words are a
 * recorded row, so that going back in time also takes back what was drawn.
 */
export class Random {
  readonly table: Table;
  private readonly words: readonly Int32Column[];
  private readonly row: number;

  constructor(log: ChangeLog, seed: number) {
    this.table = new Table(log, "random");
    this.words = [0, 1, 2, 3].map((i) => this.table.int32(`word${i}`));
    this.row = this.table.allocate();
    let state = seed | 0;
    for (const word of this.words) {
      state = (state + 0x9e37_79b9) | 0;
      word.set(this.row, scramble(state));
    }
    this.table.link(this.row);
  }

  /** A whole number from 0 to 2^32-1. */
  nextUint32(): number {
    const [w0, w1, w2, w3] = this.words;
    const row = this.row;
    let s0 = w0.get(row);
    let s1 = w1.get(row);
    let s2 = w2.get(row);
    let s3 = w3.get(row);
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
    w0.set(row, s0);
    w1.set(row, s1);
    w2.set(row, s2);
    w3.set(row, s3);
    return result;
  }

  /** A whole number from 0 to `limit`-1. */
  below(limit: number): number {
    return Math.floor((this.nextUint32() / 0x1_0000_0000) * limit);
  }
}

/** A well-mixed 32-bit number from two others: chance that belongs to a thing rather than to a moment. */
export function mix(seed: number, salt: number): number {
  return scramble((seed ^ Math.imul(salt, 0x9e37_79b1)) | 0) >>> 0;
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** The finaliser of MurmurHash3. */
function scramble(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
