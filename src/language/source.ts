import type { AstNode, CstNode } from "langium";
import type { SourceRange } from "../base/source-range.ts";
import type { Word } from "./generated/ast.ts";

/** A word of the file and where it stands. */
export interface Token {
  /** Quotes removed and escapes resolved. */
  readonly text: string;
  readonly quoted: boolean;
  /** What stands between """ and """, as it is. */
  readonly block?: string;
  readonly range: SourceRange;
}

/** From a place to another. */
export function span(from: SourceRange, to: SourceRange): SourceRange {
  return { ...from, endLine: to.endLine, endColumn: to.endColumn };
}

export function rangeOfCst(cst: CstNode, uri: string): SourceRange {
  const { start, end } = cst.range;
  return {
    uri,
    line: start.line + 1,
    column: start.character + 1,
    endLine: end.line + 1,
    endColumn: end.character + 1,
  };
}

export function rangeOfNode(node: AstNode, uri: string): SourceRange {
  if (node.$cstNode) return rangeOfCst(node.$cstNode, uri);
  return { uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
}

export function tokensOf(words: readonly Word[], uri: string): Token[] {
  return words.map((word) => tokenOf(word.text, word.$cstNode?.text ?? "", rangeOfNode(word, uri)));
}

/** Makes a token of a word's value and what stands in the file. */
export function tokenOf(value: string, written: string, range: SourceRange): Token {
  const quoted = written.startsWith('"');
  if (written.startsWith('"""')) {
    const block = written.slice(3, written.length > 5 && written.endsWith('"""') ? -3 : undefined);
    return { text: block, quoted, block, range };
  }
  const unclosed = quoted && value === written;
  return { text: unclosed ? value.slice(1).trimEnd() : value, quoted, range };
}

/** A stretch of a word as a token of its own. */
export function part(token: Token, from: number, to: number): Token {
  const { range } = token;
  const column = range.column + from;
  return {
    text: token.text.slice(from, to),
    quoted: token.quoted,
    range: { ...range, column, endColumn: range.column + to },
  };
}

/** Line and column, from 1, of an offset. */
export function positionAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
