import type { SourceRange } from "../../base/source-range.ts";
import type { Block, File, Item, Line } from "../../language/generated/ast.ts";
import { positionAt, rangeOfNode } from "../../language/source.ts";
import type { Idea, TextEdit } from "./explanation.ts";

/** Writes changes into a file as its author would: a setting where settings of that kind stand, a statement before another. */
export class FileEdits {
  readonly uri: string;
  readonly text: string;
  private readonly file: File;

  constructor(uri: string, text: string, file: File) {
    this.uri = uri;
    this.text = text;
    this.file = file;
  }

  /** The declaration whose head stands there; undefined where it is in another file. */
  declarationAt(source: SourceRange | null): Item | undefined {
    if (source === null || source.uri !== this.uri) return undefined;
    return this.allItems().find((item) => {
      const { line, column } = rangeOfNode(item, this.uri);
      return line === source.line && column === source.column;
    });
  }

  /** All items of a kind, of the whole file. */
  items(type: Item["$type"]): readonly Item[] {
    return this.allItems().filter((item) => item.$type === type);
  }

  /** Lines of a declaration's block that begin with these words. */
  lines(owner: Item, ...words: readonly string[]): readonly Line[] {
    return itemsOf(owner).filter(
      (item): item is Line => item.$type === "Line" && words.every((word, index) => item.words[index]?.text === word),
    );
  }

  /** Gives a setting of a block its value: in the line that it has, else in a new one. */
  set(owner: Item, name: string, value: string): readonly TextEdit[] {
    const there = itemsOf(owner).find((item): item is Line => isSetting(item, name));
    if (there === undefined) return [this.insert(owner, `${name} ${value}`)];
    return [{ range: this.rangeOfLine(there), newText: `${name} ${value}` }];
  }

  /** Puts a line into a block, before what is there; makes the block where there is none. */
  insert(owner: Item, line: string): TextEdit {
    const block = blockOf(owner);
    if (block?.$cstNode === undefined) {
      const end = owner.$cstNode?.end ?? 0;
      return { range: this.at(end), newText: ` { ${line} }` };
    }
    const first = block.items[0];
    const open = block.$cstNode.offset + 1;
    const isOneLine = first === undefined || !this.text.slice(open, first.$cstNode?.offset).includes("\n");
    if (isOneLine) return { range: this.at(open), newText: first === undefined ? ` ${line} ` : ` ${line};` };
    return this.before(rangeOfNode(first, this.uri), line);
  }

  /** Puts a line before the one that begins at a place, as far in as that one. */
  before(place: SourceRange, line: string): TextEdit {
    const own = this.text.split("\n")[place.line - 1] ?? "";
    const indent = own.slice(0, place.column - 1);
    const at = { ...place, endLine: place.line, endColumn: place.column };
    return { range: at, newText: /^\s*$/.test(indent) ? `${line}\n${indent}` : `${line}; ` };
  }

  /** Takes away a whole line of the text. */
  removeLine(line: number): TextEdit {
    return { range: { uri: this.uri, line, column: 1, endLine: line + 1, endColumn: 1 }, newText: "" };
  }

  replace(range: SourceRange, newText: string): TextEdit {
    return { range, newText };
  }

  /** The text of one line, without its end. */
  lineText(line: number): string {
    return (this.text.split("\n")[line - 1] ?? "").replace(/\r$/, "");
  }

  /** Replaces a part of a line by another; undefined where the line has no such part. */
  replaceIn(line: number, part: string | RegExp, newText: string): TextEdit | undefined {
    const found = new RegExp(part).exec(this.lineText(line));
    if (found === null) return undefined;
    const [column, endColumn] = [found.index + 1, found.index + found[0].length + 1];
    return { range: { uri: this.uri, line, column, endLine: line, endColumn }, newText };
  }

  rangeOfLine(line: Item): SourceRange {
    return rangeOfNode(line, this.uri);
  }

  private at(offset: number): SourceRange {
    const { line, column } = positionAt(this.text, offset);
    return { uri: this.uri, line, column, endLine: line, endColumn: column };
  }

  private allItems(): readonly Item[] {
    const found: Item[] = [];
    const visit = (items: readonly Item[]) => {
      for (const item of items) {
        found.push(item);
        visit(itemsOf(item));
      }
    };
    visit(this.file.items);
    return found;
  }
}

export function itemsOf(owner: Item): readonly Item[] {
  return blockOf(owner)?.items ?? [];
}

function blockOf(owner: Item): Block | undefined {
  return "block" in owner ? owner.block : undefined;
}

/** `sysctl KEY VALUE` and `sysctl KEY=VALUE` are settings of that key; `mtu 1500` is one of that name. */
function isSetting(item: Item, name: string): boolean {
  if (item.$type !== "Line") return false;
  const words = name.split(" ");
  return words.every((word, index) => {
    const own = item.words[index]?.text ?? "";
    return own === word || (index === words.length - 1 && own.startsWith(`${word}=`));
  });
}

/** The text with the changes in it. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits.map((edit) => ({ edit, ...offsets(text, edit.range) })).sort((a, b) => b.start - a.start);
  let result = text;
  for (const { edit, start, end } of ordered) result = result.slice(0, start) + edit.newText + result.slice(end);
  return result;
}

/** Where something that began at a place begins when the changes are made. */
export function movedOffset(text: string, edits: readonly TextEdit[], place: SourceRange): number {
  const { start: offset } = offsets(text, place);
  return edits.reduce((moved, { range, newText }) => {
    const { start, end } = offsets(text, range);
    return end <= offset ? moved + newText.length - (end - start) : moved;
  }, offset);
}

export function offsets(text: string, range: SourceRange): { readonly start: number; readonly end: number } {
  return { start: offsetAt(text, range.line, range.column), end: offsetAt(text, range.endLine, range.endColumn) };
}

function offsetAt(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) {
    const end = text.indexOf("\n", start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  return Math.min(text.length, start + column - 1);
}

/** Only those that change something. */
export function idea(title: string, edits: readonly (TextEdit | undefined)[]): readonly Idea[] {
  const made = edits.filter((edit) => edit !== undefined);
  return made.length === 0 || made.length < edits.length ? [] : [{ title, edits: made }];
}
