import { printMark } from "./data-types.ts";
import type { MarkValue } from "./rule-set.ts";
import { BadNft, type TokenReader } from "./tokens.ts";

/** Reads what becomes a mark: `meta mark or 0x4000`. "and" binds before "xor", and this before "or". */
export function readMarkValue(reader: TokenReader): MarkValue {
  return readChain(reader, ["or", "|"], readXor, either);
}

/** As nft prints it: `meta mark | 0x00004000`. */
export function printMarkValue({ from, and, xor }: MarkValue): string {
  if (from === "constant") return printMark(xor);
  const set = (~and & xor) >>> 0;
  const mask = (and | set) >>> 0;
  const flipped = (and & xor) >>> 0;
  return [
    from,
    ...(mask === 0xffff_ffff ? [] : [`& ${printMark(mask)}`]),
    ...(flipped === 0 ? [] : [`^ ${printMark(flipped)}`]),
    ...(set === 0 ? [] : [`| ${printMark(set)}`]),
  ].join(" ");
}

export function applyMark({ and, xor }: Pick<MarkValue, "and" | "xor">, mark: number): number {
  return ((mark & and) ^ xor) >>> 0;
}

type Combine = (value: MarkValue, constant: number) => MarkValue;

function readChain(
  reader: TokenReader,
  signs: readonly string[],
  readPart: (reader: TokenReader) => MarkValue,
  combine: Combine,
): MarkValue {
  let value = readPart(reader);
  for (let sign = reader.take(...signs); sign !== undefined; sign = reader.take(...signs)) {
    const other = readPart(reader);
    const [moving, fixed] = value.from === "constant" ? [other, value] : [value, other];
    if (fixed.from !== "constant") throw new BadNft("Two marks cannot be combined with each other.", sign);
    value = combine(moving, fixed.xor);
  }
  return value;
}

function readXor(reader: TokenReader): MarkValue {
  return readChain(reader, ["xor", "^"], readAnd, (value, constant) => ({
    ...value,
    xor: (value.xor ^ constant) >>> 0,
  }));
}

function readAnd(reader: TokenReader): MarkValue {
  return readChain(reader, ["and", "&"], readTerm, (value, constant) => ({
    ...value,
    and: (value.and & constant) >>> 0,
    xor: (value.xor & constant) >>> 0,
  }));
}

function either(value: MarkValue, constant: number): MarkValue {
  return { ...value, and: (value.and & ~constant) >>> 0, xor: (value.xor | constant) >>> 0 };
}

function readTerm(reader: TokenReader): MarkValue {
  if (reader.take("(")) {
    const value = readMarkValue(reader);
    reader.need(")");
    return value;
  }
  const start = reader.token;
  const from = reader.take("meta", "ct", "mark")?.text;
  if (from === undefined) return { from: "constant", and: 0, xor: reader.number("the mark") };
  if (from !== "mark" && !reader.take("mark"))
    throw new BadNft("A mark is made of a number, meta mark or ct mark.", start);
  return { from: from === "ct" ? "ct mark" : "meta mark", and: 0xffff_ffff, xor: 0 };
}
