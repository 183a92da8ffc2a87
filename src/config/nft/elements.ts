import { asPrefix, bounds, type DataType, isRange, type Part, typeTraits } from "./data-types.ts";
import { readPart, readTimeMs } from "./parse-values.ts";
import type { Element, ElementData, SetDefinition, Verdict } from "./rule-set.ts";
import { BadNft, type Token, type TokenReader } from "./tokens.ts";

/** An element as it was written: of which type its parts are, only its set knows. */
export interface WrittenElement {
  readonly key: readonly Token[];
  readonly data?: { readonly verdict: Verdict } | { readonly words: readonly Token[] };
  readonly comment?: string;
  readonly timeoutMs?: number;
  readonly expiresMs?: number;
}

/** Reads `{ 10.96.0.10 . tcp . 80 : goto web, … }`. */
export function readElements(reader: TokenReader): readonly WrittenElement[] {
  reader.need("{", 'Elements stand in braces: "{ … }".');
  const elements: WrittenElement[] = [];
  reader.skipNewlines();
  while (!reader.isAt("}")) {
    elements.push(readElement(reader));
    reader.skipNewlines();
    if (!reader.take(",")) break;
    reader.skipNewlines();
  }
  reader.need(
    "}",
    reader.token.kind === "end" ? '"}" is missing: the elements are cut off.' : 'Here belongs "," or "}".',
  );
  return elements;
}

/** Reads a verdict; undefined where none stands. */
export function readVerdict(reader: TokenReader): Verdict | undefined {
  const word = reader.take("accept", "drop", "return", "continue", "jump", "goto")?.text;
  if (word !== "jump" && word !== "goto") return word === undefined ? undefined : { verdict: word as "accept" };
  return { verdict: word, chain: reader.word("The chain").text };
}

/** An element whose parts are read as what they are in their set. */
export function resolveElement(
  { key, data, ...rest }: WrittenElement,
  { keyTypes, data: dataTypes, interval }: Pick<SetDefinition, "keyTypes" | "data" | "interval">,
): Element {
  const resolved = { ...rest, key: readParts(keyTypes, key, interval) };
  if (dataTypes === undefined) {
    if (data !== undefined) throw new BadNft("This set keeps keys alone: only a map has data.", key[0]);
    return resolved;
  }
  return { ...resolved, data: readData(dataTypes, data, key[0]) };
}

function readParts(types: readonly DataType[], words: readonly Token[], interval: boolean): readonly Part[] {
  if (words.length !== types.length)
    throw new BadNft(
      `A key of this set has ${types.length} parts (${types.join(" . ")}), not ${words.length}.`,
      words[0],
    );
  return types.map((type, index) => {
    const part = readPart(type, words[index]);
    if (isRange(part) && !interval)
      throw new BadNft("Only a set with flags interval has ranges and prefixes.", words[index]);
    return isRange(part) ? normalRange(type, part) : part;
  });
}

/** A set keeps ranges of addresses as prefixes, where they are such. */
export function normalRange(type: DataType, part: Part): Part {
  const { first, last } = bounds(part);
  if (first === last) return first;
  return type === "ipv4_addr" ? asPrefix({ first, last }) : { first, last };
}

function readData(types: "verdict" | readonly DataType[], data: WrittenElement["data"], place: Token): ElementData {
  if (data === undefined) throw new BadNft("An element of a map needs data: KEY : DATA.", place);
  if (types === "verdict") {
    if ("verdict" in data) return data;
    throw new BadNft(`"${data.words[0]?.text}" is not a verdict.`, data.words[0] ?? place);
  }
  if ("verdict" in data) throw new BadNft(`This map has data of type ${types.join(" . ")}, no verdicts.`, place);
  return { parts: readParts(types, data.words, false) };
}

/** Whether some packet could have both keys. */
export function overlap(one: readonly Part[], other: readonly Part[]): boolean {
  return one.every((part, index) => {
    const its = other[index];
    if (typeof part === "string" || typeof its === "string") return part === its;
    return bounds(part).first <= bounds(its).last && bounds(its).first <= bounds(part).last;
  });
}

export function sameKey(one: readonly Part[], other: readonly Part[]): boolean {
  return one.every((part, index) => {
    const its = other[index];
    if (typeof part === "string" || typeof its === "string") return part === its;
    return bounds(part).first === bounds(its).first && bounds(part).last === bounds(its).last;
  });
}

/** Puts together ranges that touch, as nft does in sets without a name, and in those with auto-merge. */
export function merged(type: DataType, elements: readonly Element[]): readonly Element[] {
  const sorted = [...elements].sort((a, b) => bounds(a.key[0]).first - bounds(b.key[0]).first);
  const found: Element[] = [];
  for (const element of sorted) {
    const last = found.at(-1);
    const range = bounds(element.key[0]);
    if (last === undefined || range.first > bounds(last.key[0]).last + 1) {
      found.push(element);
      continue;
    }
    const before = bounds(last.key[0]);
    const both = { first: before.first, last: Math.max(before.last, range.last) };
    found[found.length - 1] = { ...last, key: [normalRange(type, both)] };
  }
  return found;
}

/** The order in which `nft list` shows the elements of a set. */
export function inOrder(
  types: readonly DataType[],
  interval: boolean,
  elements: readonly Element[],
): readonly Element[] {
  if (types.length > 1 && interval) return elements;
  if (types.length === 1 && types[0] !== "ifname")
    return [...elements].sort((a, b) => bounds(a.key[0]).first - bounds(b.key[0]).first);
  const keyed = elements.map((element) => ({ element, bytes: keyBytes(types, element.key) }));
  return keyed.sort((a, b) => compareFromEnd(a.bytes, b.bytes)).map(({ element }) => element);
}

/** The key as one row of bytes; nft compares them as one number whose last byte counts most (src/mergesort.c). */
function keyBytes(types: readonly DataType[], key: readonly Part[]): readonly number[] {
  return types.flatMap((type, index) => {
    const { bytes, hostOrder } = typeTraits[type];
    const part = key[index];
    if (typeof part === "string") return Array.from({ length: bytes }, (_, at) => part.charCodeAt(at) || 0);
    const low = Array.from({ length: bytes }, (_, at) => Math.floor(bounds(part).first / 256 ** at) & 255);
    return hostOrder ? low : low.reverse();
  });
}

function compareFromEnd(one: readonly number[], other: readonly number[]): number {
  for (let at = one.length - 1; at >= 0; at--) if (one[at] !== other[at]) return one[at] - other[at];
  return 0;
}

function readElement(reader: TokenReader): WrittenElement {
  const key = readWords(reader);
  const options = readOptions(reader);
  if (!reader.take(":")) return { key, ...options };
  const verdict = readVerdict(reader);
  return { key, ...options, data: verdict === undefined ? { words: readWords(reader) } : { verdict } };
}

function readWords(reader: TokenReader): readonly Token[] {
  const words = [readWord(reader)];
  while (reader.take(".")) words.push(readWord(reader));
  return words;
}

function readWord(reader: TokenReader): Token {
  const { kind } = reader.token;
  return kind === "word" || kind === "string" ? reader.next() : reader.fail("An element is missing.");
}

function readOptions(reader: TokenReader): Pick<WrittenElement, "comment" | "timeoutMs" | "expiresMs"> {
  let options: Pick<WrittenElement, "comment" | "timeoutMs" | "expiresMs"> = {};
  for (;;) {
    if (reader.take("timeout")) options = { ...options, timeoutMs: readTimeMs(reader.word("The timeout")) };
    else if (reader.take("expires")) options = { ...options, expiresMs: readTimeMs(reader.word("The time left")) };
    else if (reader.take("comment")) options = { ...options, comment: reader.string("The comment") };
    else if (reader.isAt("counter")) reader.fail("Counters of elements are not supported.");
    else return options;
  }
}
