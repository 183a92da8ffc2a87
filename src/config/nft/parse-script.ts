import type { RuleProblem } from "../iptables/words.ts";
import type { NftCommand } from "./commands.ts";
import { readElements } from "./elements.ts";
import { readChainBody } from "./parse-chain.ts";
import { readRule } from "./parse-rule.ts";
import { readSetBody } from "./parse-set.ts";
import { type Family, families } from "./rule-set.ts";
import { BadNft, problemAt, type Token, TokenReader, tokensOf } from "./tokens.ts";

export interface ParsedScript {
  readonly commands: readonly NftCommand[];
  /** What nft would refuse, or k8snet cannot do; empty: nothing. */
  readonly problems: readonly RuleProblem[];
}

/** Reads what `nft list ruleset` prints and what `nft -f` takes. Never throws. */
export function parseScript(text: string): ParsedScript {
  const reader = new TokenReader(tokensOf(text));
  const script: Script = { reader, commands: [], problems: [] };
  for (;;) {
    while (reader.token.kind === "newline" || reader.isAt(";")) reader.next();
    if (reader.token.kind === "end") return script;
    attempt(script, () => readCommand(script));
    if (reader.take("}")) continue;
    if (!reader.isAtEnd) attempt(script, () => reader.fail(`"${reader.token.text}" does not belong here.`));
  }
}

interface Script {
  readonly reader: TokenReader;
  readonly commands: NftCommand[];
  readonly problems: RuleProblem[];
}

/** A command that is wrong is left out, and reading goes on behind it. */
function attempt({ reader, problems }: Script, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof BadNft)) throw error;
    const problem = problemAt(error.token, error.message);
    // Where the text is cut off, every open block is.
    if (!problems.some(({ line, column }) => line === problem.line && column === problem.column))
      problems.push(problem);
    reader.recover();
  }
}

const verbs = ["add", "create", "insert", "delete", "destroy", "flush"] as const;
type Verb = (typeof verbs)[number];

function readCommand(script: Script): void {
  const { reader } = script;
  const start = reader.token;
  const verb = (reader.take(...verbs)?.text ?? "add") as Verb;
  const object = reader.token;
  if (verb === "flush" && reader.take("ruleset")) {
    const family = reader.isAtEnd ? undefined : readFamily(reader);
    script.commands.push({ do: "flush ruleset", family, place: start });
    return;
  }
  const read = object.kind === "word" && Object.hasOwn(objects, object.text) ? objects[object.text] : undefined;
  if (read === undefined) {
    const what = start === object ? "command" : "thing that nft could change here";
    throw new BadNft(
      `"${object.text}" is not a ${what}: write add, delete or flush, and ${Object.keys(objects).join(", ")}.`,
      object,
    );
  }
  reader.next();
  const family = readFamily(reader);
  const table = readName(reader, "The table");
  read(script, { verb, family, table: table.text, place: table });
}

interface Head {
  readonly verb: Verb;
  readonly family: Family;
  readonly table: string;
  readonly place: Token;
}

const objects: Readonly<Record<string, (script: Script, head: Head) => void>> = {
  table: readTable,
  chain: readChain,
  rule: readRuleCommand,
  set: (script, head) => readSet(script, head, false),
  map: (script, head) => readSet(script, head, true),
  element: readElementCommand,
};

function readFamily(reader: TokenReader): Family {
  const { token } = reader;
  const found = families.find((family) => family === token.text);
  if (found !== undefined) {
    reader.next();
    return found;
  }
  if (token.kind === "word" && ["ip6", "arp", "bridge", "netdev"].includes(token.text))
    throw new BadNft(
      `Tables of the family ${token.text} are not supported: there are ${families.join(" and ")}.`,
      token,
    );
  return "ip";
}

function readName(reader: TokenReader, what: string): Token {
  const token = reader.word(what);
  if (!/^[A-Za-z_.][A-Za-z0-9_./\\-]*$/.test(token.text) || token.text.length > 255)
    throw new BadNft(
      `"${token.text}" cannot be a name in nftables: it begins with a letter, and has 255 characters at most.`,
      token,
    );
  return token;
}

function refuseVerb({ verb, place }: Head, allowed: readonly Verb[], what: string): void {
  if (!allowed.includes(verb))
    throw new BadNft(`${what} cannot be done with "${verb}": there are ${allowed.join(", ")}.`, place);
}

function readTable(script: Script, head: Head): void {
  const { verb, ...rest } = head;
  refuseVerb(head, ["add", "create", "delete", "destroy", "flush"], "What is asked of a table");
  const { commands, reader } = script;
  if (verb === "delete" || verb === "destroy") {
    commands.push({ do: "delete table", ...rest, mayBeGone: verb === "destroy" });
    return;
  }
  if (verb === "flush") {
    commands.push({ do: "flush table", ...rest });
    return;
  }
  const own: NftCommand[] = [];
  let comment: string | undefined;
  if (reader.isAt("{")) {
    readBlock({ ...script, commands: own }, () => {
      if (reader.take("comment")) comment = reader.string("The comment");
      else readTableEntry({ ...script, commands: own }, { ...head, verb: "add" });
    });
  }
  commands.push({ do: "add table", ...rest, create: verb === "create", comment }, ...blocksInOrder(own));
}

/** What a block of a table declares may be used before it stands there: nft makes all chains and sets first. */
function blocksInOrder(commands: readonly NftCommand[]): readonly NftCommand[] {
  const place = (command: NftCommand) => (command.do === "add rule" ? 2 : command.do === "add elements" ? 1 : 0);
  return [...commands].sort((one, other) => place(one) - place(other));
}

function readTableEntry(script: Script, head: Head): void {
  const { reader } = script;
  const object = reader.token;
  const read = reader.isAt("chain", "set", "map") ? objects[object.text] : undefined;
  if (read === undefined)
    throw new BadNft(`"${object.text}" is not supported in a table: there are chain, set, map and comment.`, object);
  reader.next();
  read(script, { ...head, place: reader.token });
}

/** Reads `{ ENTRY ; ENTRY … }`, where lines end entries, too. */
function readBlock(script: Script, readEntry: () => void): void {
  const { reader } = script;
  const owner = reader.before.text;
  reader.need("{");
  for (;;) {
    while (reader.token.kind === "newline" || reader.isAt(";")) reader.next();
    if (reader.take("}")) return;
    if (reader.token.kind === "end") reader.fail(`"}" is missing: the block of ${owner} is cut off.`);
    attempt(script, () => {
      readEntry();
      if (!reader.isAtEnd && !(reader.before.text === "}")) reader.fail(`"${reader.token.text}" does not belong here.`);
    });
  }
}

function readChain(script: Script, head: Head): void {
  const { verb, place: _table, ...rest } = head;
  const { reader, commands } = script;
  refuseVerb(head, ["add", "create", "delete", "destroy", "flush"], "What is asked of a chain");
  const place = readName(reader, "The chain");
  const chain = place.text;
  if (verb === "delete" || verb === "destroy")
    commands.push({ do: "delete chain", ...rest, place, chain, mayBeGone: verb === "destroy" });
  else if (verb === "flush") commands.push({ do: "flush chain", ...rest, place, chain });
  else {
    const rules: NftCommand[] = [];
    const body = readChainBody(
      reader,
      (readEntry) => readBlock(script, readEntry),
      () => {
        const at = reader.token;
        rules.push({ do: "add rule", ...rest, place: at, chain, rule: readRule(reader, rest.family) });
      },
    );
    commands.push({ do: "add chain", ...rest, place, create: verb === "create", chain, ...body }, ...rules);
  }
}

function readRuleCommand(script: Script, head: Head): void {
  const { verb, place: _table, ...rest } = head;
  const { reader, commands } = script;
  refuseVerb(head, ["add", "insert"], "A rule is known by its handle, which is not supported: what is asked of a rule");
  const chain = readName(reader, "The chain");
  if (reader.isAt("handle", "position")) reader.fail(`"${reader.token.text}" is not supported: write index NUMBER.`);
  const index = reader.take("index") ? reader.number("the index") : undefined;
  const place = reader.token;
  const rule = readRule(reader, rest.family);
  const first = verb === "insert" ? ({ side: "before", index: 0 } as const) : undefined;
  const where = index === undefined ? first : ({ side: verb === "insert" ? "before" : "behind", index } as const);
  commands.push({
    do: "add rule",
    ...rest,
    place: index === undefined ? { ...place, ...spanOf(chain, place) } : place,
    chain: chain.text,
    rule,
    where,
  });
}

/** A failure of a rule may be its chain's: it is shown at both. */
function spanOf(first: Token, last: Token): Pick<Token, "line" | "column" | "length"> {
  const { line, column } = first;
  return { line, column, length: last.line === line ? last.column + last.length - column : first.length };
}

function readSet(script: Script, head: Head, isMap: boolean): void {
  const { verb, place: _table, ...rest } = head;
  const { reader, commands } = script;
  refuseVerb(head, ["add", "create", "delete", "destroy", "flush"], "What is asked of a set");
  const place = readName(reader, "The set");
  const set = place.text;
  if (verb === "delete" || verb === "destroy")
    commands.push({ do: "delete set", ...rest, place, set, mayBeGone: verb === "destroy" });
  else if (verb === "flush") commands.push({ do: "flush set", ...rest, place, set, isMap });
  else {
    const { definition, elements } = readSetBody(reader, place, (readEntry) => readBlock(script, readEntry));
    if (isMap !== (definition.data !== undefined))
      throw new BadNft(
        isMap ? "A map needs two types: type KEY : DATA." : "A set has one type: only a map has data.",
        place,
      );
    commands.push({ do: "add set", ...rest, place, create: verb === "create", definition });
    if (elements.length > 0) commands.push({ do: "add elements", ...rest, place, create: false, set, elements });
  }
}

function readElementCommand(script: Script, head: Head): void {
  const { verb, place: _table, ...rest } = head;
  const { reader, commands } = script;
  refuseVerb(head, ["add", "create", "delete", "destroy"], "What is asked of an element");
  const place = readName(reader, "The set");
  const common = { ...rest, place, set: place.text, elements: readElements(reader) };
  if (verb === "delete" || verb === "destroy")
    commands.push({ do: "delete elements", ...common, mayBeGone: verb === "destroy" });
  else commands.push({ do: "add elements", ...common, create: verb === "create" });
}
