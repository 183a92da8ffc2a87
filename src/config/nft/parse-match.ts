import { type DataType, isRange, type Part, typeTraits } from "./data-types.ts";
import { merged, overlap, readElements, resolveElement } from "./elements.ts";
import { readBits, readPart } from "./parse-values.ts";
import {
  type Comparison,
  comparisons,
  type Element,
  type Family,
  type Operand,
  type Selector,
  type Statement,
} from "./rule-set.ts";
import { isField, typeOf } from "./selectors.ts";
import { BadNft, type Token, type TokenReader } from "./tokens.ts";

/** Reads what follows a selector: a verdict map, or what its value is compared with. */
export function readMatch(
  reader: TokenReader,
  selectors: readonly Selector[],
  before: readonly Statement[],
  start: Token,
  family: Family,
): Statement {
  checkContext(selectors, before, start, family);
  const types = selectors.map(typeOf);
  if (reader.take("vmap")) return { statement: "vmap", selectors, map: readMap(reader, types) };
  if (reader.isAt("map")) reader.fail("Maps of other data than verdicts are not supported in rules.");
  const mask = readMask(reader, types[0]);
  const sign = reader.token;
  const comparison = (reader.take(...comparisons)?.text ?? "==") as Comparison;
  const written = reader.before === sign && sign.text === "==";
  const operand = readOperand(reader, types, mask !== undefined);
  if (operand.kind === "bits" && written && mask === undefined)
    throw new BadNft('"==" is not supported with bits: leave it out.', sign);
  if (comparison !== "==" && comparison !== "!=" && (operand.kind !== "value" || isRange(operand.part)))
    throw new BadNft(`"${comparison}" compares with one number.`, sign);
  return { statement: "match", selectors, mask, comparison, operand };
}

/** Reads `@NAME`. */
export function readSetReference(reader: TokenReader): string {
  reader.need("@", 'A set is named with an at sign: "@NAME".');
  return reader.word("The set").text;
}

/** What nft would refuse because it cannot know what the field means there. */
function checkContext(
  selectors: readonly Selector[],
  before: readonly Statement[],
  start: Token,
  family: Family,
): void {
  const isKnown = before.some((one) => {
    if (one.statement !== "match" && one.statement !== "vmap") return false;
    return one.selectors.some(({ field }) => /^(tcp|udp|sctp|meta l4proto|ip protocol)/.test(field));
  });
  for (const selector of selectors) {
    if (/^ct (original|reply) proto/.test(selector.field) && !isKnown)
      throw new BadNft(`"${selector.field}" needs a match of the protocol before it, such as meta l4proto tcp.`, start);
    if (isField(selector, "meta nfproto") && family !== "inet")
      throw new BadNft("meta nfproto says something only in tables of the family inet.", start);
  }
}

function readMap(reader: TokenReader, types: readonly DataType[]): Extract<Operand, { kind: "set" | "anonymous set" }> {
  if (reader.isAt("@")) return { kind: "set", name: readSetReference(reader) };
  const elements = readElements(reader).map((one) =>
    resolveElement(one, { keyTypes: types, data: "verdict", interval: true }),
  );
  refuseOverlaps(elements, reader.before);
  return { kind: "anonymous set", elements };
}

function refuseOverlaps(elements: readonly Element[], token: Token): void {
  elements.forEach((one, index) => {
    if (elements.slice(0, index).some((other) => overlap(one.key, other.key)))
      throw new BadNft("Two keys of this map have packets in common.", token);
  });
}

function readMask(reader: TokenReader, type: DataType): number | undefined {
  if (!reader.take("and", "&")) return undefined;
  if (typeTraits[type].bitmask) return readBits(type, [reader.word("The bits")]);
  if (type !== "mark") reader.fail("Only marks and bits have a mask here.");
  return reader.number("the mask");
}

function readOperand(reader: TokenReader, types: readonly DataType[], hasMask: boolean): Operand {
  const [type] = types;
  if (reader.isAt("@")) return { kind: "set", name: readSetReference(reader) };
  if (reader.isAt("{")) return readAnonymousSet(reader, types);
  if (types.length > 1) return reader.fail("A concatenation is compared with a set: { … } or @NAME.");
  if (typeTraits[type].bitmask) return { kind: "bits", bits: readBits(type, readList(reader)) };
  const { token } = reader;
  if (token.kind !== "word" && token.kind !== "string") return reader.fail("What to compare with is missing.");
  const part = readPart(type, reader.next());
  if (hasMask && isRange(part)) throw new BadNft("Behind a mask stands one number.", token);
  return { kind: "value", part };
}

/** `established,related`. */
function readList(reader: TokenReader): readonly Token[] {
  const tokens = [reader.word("A name")];
  while (reader.take(",")) tokens.push(reader.word("A name"));
  return tokens;
}

function readAnonymousSet(reader: TokenReader, types: readonly DataType[]): Operand {
  const open = reader.token;
  const written = readElements(reader);
  if (written.length === 0) throw new BadNft("This set has no elements.", open);
  const [type] = types;
  // nft writes a set of one element as that element.
  if (types.length === 1 && written.length === 1) return single(type, readPart(type, written[0].key[0]));
  const elements = written.map((one) => resolveElement(one, { keyTypes: types, interval: true }));
  if (types.length > 1 || typeof elements[0].key[0] === "string" || typeTraits[type].bitmask)
    return { kind: "anonymous set", elements };
  return { kind: "anonymous set", elements: united(type, elements) };
}

/** Ranges that touch are put together; single values, where nothing else stands, stay what they are. */
function united(type: DataType, elements: readonly Element[]): readonly Element[] {
  return elements.some(({ key }) => isRange(key[0])) ? merged(type, elements) : withoutDoubles(elements);
}

function withoutDoubles(elements: readonly Element[]): readonly Element[] {
  return [...new Map(elements.map((element) => [element.key[0], element])).values()];
}

function single(type: DataType, part: Part): Operand {
  return typeTraits[type].bitmask && typeof part === "number" ? { kind: "bits", bits: part } : { kind: "value", part };
}
