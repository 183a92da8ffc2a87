import { GrammarUtils } from "langium";
import type { SourceRange } from "../../base/source-range.ts";
import type { GroupName } from "../../kube/model.ts";
import type { Block, Item, Line } from "../generated/ast.ts";
import type { ImportedFiles } from "../imports.ts";
import type { Problems } from "../problems.ts";
import { rangeOfCst, rangeOfNode, span, type Token, tokenOf, tokensOf } from "../source.ts";

/** What every reader of declarations needs. */
export interface Reading {
  readonly uri: string;
  readonly text: string;
  readonly problems: Problems;
}

export interface FileReading extends Reading {
  /** The files that this one imports. */
  readonly imports: ImportedFiles;
}

/** A declaration that begins with a keyword and a name. */
export type Declaration = Exclude<Item, Line | { $type: "Expect" }> & {
  readonly name?: string;
  readonly block?: Block;
};

/** Reads one setting; the tokens are those after its name. */
export type SettingReader = (tokens: readonly Token[], source: SourceRange, name: Token) => void;

export type SettingReaders = Readonly<Record<string, SettingReader>>;

/** Words that the language will know, so that they get a better answer than "unknown". */
const laterWords = new Set([...["networkPolicy"], ...["delete", "add", "move", "policy"]]);

export function isLaterWord(word: string): boolean {
  return laterWords.has(word);
}

/** The name of a declaration as a token; the keyword's own place where there is none. */
export function nameToken(node: Declaration, reading: Reading): Token | undefined {
  const cst = GrammarUtils.findNodeForProperty(node.$cstNode, "name");
  if (cst === undefined || node.name === undefined) return undefined;
  return tokenOf(node.name, cst.text, rangeOfCst(cst, reading.uri));
}

/** The line of a declaration up to its block: what a breakpoint binds to and a frame's arrow points at. */
export function headRange(node: Item, reading: Reading): SourceRange {
  const whole = rangeOfNode(node, reading.uri);
  const block = "block" in node ? node.block?.$cstNode : undefined;
  if (block === undefined || node.$cstNode === undefined) return whole;
  const head = node.$cstNode.text.slice(0, block.offset - node.$cstNode.offset).trimEnd();
  const lines = head.split(/\r\n|\r|\n/);
  const last = lines.at(-1) ?? "";
  const endColumn = (lines.length === 1 ? whole.column : 1) + last.length;
  return { ...whole, endLine: whole.line + lines.length - 1, endColumn };
}

const namePattern = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const rangePattern = /^(.*)\[(\d{1,9})\.\.(\d{1,9})\]$/;
const longestName = 63;
const mostMembers = 100_000;

/** Reads `NAME` or `NAME[1..30]`; undefined, with a problem, where it is no name. */
export function readGroupName(node: Declaration, keyword: string, reading: Reading): GroupName | undefined {
  const { problems } = reading;
  const token = nameToken(node, reading);
  if (token === undefined) {
    problems.error("missing-name", headRange(node, reading), `This ${keyword} has no name.`);
    return undefined;
  }
  const match = rangePattern.exec(token.text);
  const base = match ? match[1] : token.text;
  if (!namePattern.test(base) || base.length > longestName) {
    const rule = `letters from a to z, digits, "-", "_" and ".", at most ${longestName}, a letter or digit first and last`;
    problems.error("bad-name", token.range, `"${token.text}" cannot be a name: ${rule}.`);
    return undefined;
  }
  if (match === null) return { base, source: token.range };
  const [first, last] = [Number(match[2]), Number(match[3])];
  if (last < first || last - first >= mostMembers) {
    const message = last < first ? "The range ends before it begins." : `A range has at most ${mostMembers} members.`;
    problems.error("bad-range", token.range, message);
    return undefined;
  }
  return { base, range: { first, last }, source: token.range };
}

/** Reads the name of a Kubernetes namespace (a DNS label, RFC 1123). */
export function readObjectName({ text, range }: Token, { problems }: Reading): string | undefined {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  const rule = 'small letters, digits and "-", at most 63, a letter or digit first and last';
  problems.error("bad-name", range, `"${text}" cannot be a name: ${rule}.`);
  return undefined;
}

/** Two declared names that have a member in common, of one base. */
export function sharesMember(one: GroupName, other: GroupName): boolean {
  if (one.base !== other.base) return false;
  if (one.range === undefined || other.range === undefined) return one.range === other.range;
  return one.range.first <= other.range.last && other.range.first <= one.range.last;
}

/** Says so if words follow a declaration's head that nobody asked for. */
export function refuseExtraWords(node: Declaration, reading: Reading): void {
  const words = "words" in node ? tokensOf(node.words, reading.uri) : [];
  if (words.length === 0) return;
  const range = span(words[0].range, words[words.length - 1].range);
  reading.problems.error("unexpected-words", range, `"${words[0].text}" does not belong here.`);
}

/** Reads one line by the settings that its owner knows; anything else gets a diagnostic at its first word. */
export function readSetting(
  line: Line,
  owner: string,
  readers: SettingReaders,
  keywords: readonly string[],
  reading: Reading,
): void {
  const { problems, uri } = reading;
  const [name, ...rest] = tokensOf(line.words, uri);
  if (name === undefined) {
    problems.error(
      "unexpected-block",
      rangeOfNode(line, uri),
      "This block belongs to nothing; a block follows its line.",
    );
    return;
  }
  if (!name.quoted && Object.hasOwn(readers, name.text)) {
    if (line.block) problems.error("unexpected-block", rangeOfNode(line.block, uri), `${name.text} has no block.`);
    readers[name.text](rest, rangeOfNode(line, uri), name);
    return;
  }
  if (isLaterWord(name.text)) {
    problems.error("not-supported-yet", name.range, `"${name.text}" is not supported yet.`);
    return;
  }
  const known = [...Object.keys(readers), ...keywords];
  problems.unknown("unknown-setting", name.range, name.text, `${owner} has no setting "${name.text}".`, known);
}

/** Wraps a reader of a setting that can be made once. */
export function once(reading: Reading, read: SettingReader): SettingReader {
  let seen = false;
  return (tokens, source, name) => {
    if (seen) reading.problems.error("repeated-setting", name.range, `${name.text} is already set above.`);
    seen = true;
    read(tokens, source, name);
  };
}

/** Wraps a reader that takes exactly one word. */
export function oneWord(reading: Reading, read: (token: Token, source: SourceRange) => void): SettingReader {
  return once(reading, (tokens, source, name) => {
    const [token, extra] = tokens;
    if (token === undefined) {
      reading.problems.error("missing-value", name.range, `The value of ${name.text} is missing.`);
      return;
    }
    if (extra) reading.problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
    read(token, source);
  });
}

/** What a block may hold; anything else is reported and handed to the block around it, as if the } had been there. */
export function misplaced(item: Item, owner: string, reading: Reading): void {
  const keyword = item.$type === "Expect" ? "expect" : item.$type.toLowerCase();
  const message = `${withArticle(keyword)} cannot stand inside ${owner}. Is a } missing before it?`;
  reading.problems.error("misplaced", headRange(item, reading), message);
}

function withArticle(keyword: string): string {
  return `${/^[aeiou]/.test(keyword) ? "An" : "A"} ${keyword}`;
}
