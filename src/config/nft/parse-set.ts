import { type DataType, setTypes } from "./data-types.ts";
import { readElements, type WrittenElement } from "./elements.ts";
import { readTimeMs } from "./parse-values.ts";
import type { SetDefinition } from "./rule-set.ts";
import { BadNft, type Token, type TokenReader } from "./tokens.ts";

type Draft = { -readonly [Key in keyof SetDefinition]: SetDefinition[Key] };

/** Reads what stands in the braces of a set or map: its type, its flags, its elements. */
export function readSetBody(
  reader: TokenReader,
  name: Token,
  readBlock: (readEntry: () => void) => void,
): { readonly definition: SetDefinition; readonly elements: readonly WrittenElement[] } {
  const draft: Draft = {
    name: name.text,
    keyTypes: [],
    interval: false,
    constant: false,
    dynamic: false,
    hasTimeout: false,
    autoMerge: false,
  };
  const elements: WrittenElement[] = [];
  if (!reader.isAt("{")) throw new BadNft("A set needs a type: { type ipv4_addr ; }.", name);
  readBlock(() => readEntry(reader, draft, elements));
  if (draft.keyTypes.length === 0) throw new BadNft(`The set ${name.text} has no type.`, name);
  // As nft does it: who says nothing gets room for so many that rules put in.
  if (draft.dynamic && draft.size === undefined) draft.size = 65_535;
  return { definition: draft, elements };
}

function readEntry(reader: TokenReader, draft: Draft, elements: WrittenElement[]): void {
  const { token } = reader;
  if (reader.take("type")) return readType(reader, draft);
  if (reader.take("flags")) return readFlags(reader, draft);
  if (reader.take("elements")) {
    reader.need("=");
    elements.push(...readElements(reader));
  } else if (reader.take("timeout")) {
    draft.timeoutMs = readTimeMs(reader.word("The timeout"));
    draft.hasTimeout = true;
  } else if (reader.take("gc-interval")) draft.gcIntervalMs = readTimeMs(reader.word("The time"));
  else if (reader.take("size")) draft.size = reader.number("the size");
  else if (reader.take("auto-merge")) draft.autoMerge = true;
  else if (reader.take("comment")) draft.comment = reader.string("The comment");
  else
    throw new BadNft(
      `"${token.text}" is not supported in a set: there are type, flags, timeout, gc-interval, size, auto-merge, elements and comment.`,
      token,
    );
}

function readType(reader: TokenReader, draft: Draft): void {
  draft.keyTypes = readTypes(reader);
  if (!reader.take(":")) return;
  if (reader.take("verdict")) draft.data = "verdict";
  else draft.data = readTypes(reader);
}

function readTypes(reader: TokenReader): readonly DataType[] {
  const types: DataType[] = [];
  do {
    const token = reader.word("The type");
    const type = setTypes.find((one) => one === token.text);
    if (type === undefined)
      throw new BadNft(`The type "${token.text}" is not supported: there are ${setTypes.join(", ")}.`, token);
    types.push(type);
  } while (reader.take("."));
  return types;
}

const flags = { constant: "constant", interval: "interval", timeout: "hasTimeout", dynamic: "dynamic" } as const;

function readFlags(reader: TokenReader, draft: Draft): void {
  do {
    const token = reader.word("The flag");
    const flag = Object.hasOwn(flags, token.text) ? flags[token.text as keyof typeof flags] : undefined;
    if (flag === undefined)
      throw new BadNft(`There is no flag "${token.text}": ${Object.keys(flags).join(", ")}.`, token);
    draft[flag] = true;
  } while (reader.take(","));
}
