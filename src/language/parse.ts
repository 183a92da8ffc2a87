import { type AstNode, type CstNode, isCompositeCstNode, isLeafCstNode } from "langium";
import type { SourceRange } from "../base/source-range.ts";
import { type Block, type File, isBlock } from "./generated/ast.ts";
import type { Problems } from "./problems.ts";
import { languageServices } from "./services.ts";
import { positionAt, rangeOfCst, rangeOfNode } from "./source.ts";

/** What the parser is given at most; a file beyond gets one diagnostic at once. */
export const limits = {
  /**
   * Measured on one core of a 2020s server: about half a million characters per second and up to 800 bytes of heap
   * per character (lines of one character), so the largest file is answered in about a second. Ranges
   * (`node worker[1..5000]`) make large clusters of few lines.
   */
  maximumCharacters: 524_288,
  /** The parser descends by recursion, one level per open brace. */
  maximumDepth: 64,
} as const;

const emptyFile = (): File => ({ $type: "File", items: [], stray: [] });

/** Reads a file into its tree. Whatever the text is, there is a tree; what is wrong goes to the problems. */
export function parseFile(text: string, uri: string, problems: Problems): File {
  if (!checkText(text, uri, problems)) return emptyFile();
  const result = languageServices().k8snet.parser.LangiumParser.parse<File>(text);
  for (const error of result.lexerErrors) {
    const [line, column] = [error.line ?? 1, error.column ?? 1];
    const range = { uri, line, column, endLine: line, endColumn: column + error.length };
    problems.error("syntax", range, "These characters have no meaning here.");
  }
  for (const error of result.parserErrors) {
    const { startLine = 1, startColumn = 1, endLine = startLine, endColumn = startColumn } = error.token;
    const range = { uri, line: startLine, column: startColumn, endLine, endColumn: endColumn + 1 };
    problems.error("syntax", range, "This does not fit here.");
  }
  for (const brace of result.value.stray) {
    problems.error("stray-brace", rangeOfNode(brace, uri), "This } closes nothing: there is no open { before it.");
  }
  if (text.includes('"')) reportUnclosedStrings(result.value.$cstNode, uri, problems);
  return result.value;
}

function reportUnclosedStrings(cst: CstNode | undefined, uri: string, problems: Problems): void {
  if (cst === undefined) return;
  if (isCompositeCstNode(cst)) {
    for (const child of cst.content) reportUnclosedStrings(child, uri, problems);
  } else if (isLeafCstNode(cst) && cst.tokenType.name === "TEXT_BLOCK") {
    const isClosed = cst.text.length > 5 && cst.text.endsWith('"""');
    const range = {
      ...rangeOfCst(cst, uri),
      endLine: cst.range.start.line + 1,
      endColumn: cst.range.start.character + 4,
    };
    if (!isClosed) problems.error("unclosed-string", range, 'This text has no end: a """ is missing.');
  } else if (isLeafCstNode(cst) && cst.tokenType.name === "UNCLOSED_STRING") {
    const range = rangeOfCst(cst, uri);
    const fix = { title: "Close the string", range, newText: `${cst.text.trimEnd()}"` };
    problems.error("unclosed-string", range, 'This string has no end: a " is missing on its line.', fix);
  }
}

/** What cannot be a k8snet file is answered before the parser sees it. */
function checkText(text: string, uri: string, problems: Problems): boolean {
  const start: SourceRange = { uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
  if (text.length > limits.maximumCharacters) {
    const message = `The file has ${text.length} characters; k8snet reads up to ${limits.maximumCharacters}. Large clusters are written with ranges: node worker[1..5000] { pod web[1..30] }`;
    problems.error("file-too-large", start, message);
    return false;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary data from text
  const control = /[\u0000-\u0008\u000e-\u001f\ufffd]/.exec(text);
  if (control) {
    const { line, column } = positionAt(text, control.index);
    const range = { uri, line, column, endLine: line, endColumn: column + 1 };
    problems.error("binary-file", range, "This is not a text file: it has bytes here that no text has.");
    return false;
  }
  const tooDeep = firstTooDeep(text);
  if (tooDeep !== undefined) {
    const { line, column } = positionAt(text, tooDeep);
    const range = { uri, line, column, endLine: line, endColumn: column + 1 };
    problems.error("too-deep", range, `Blocks are nested more than ${limits.maximumDepth} deep here.`);
    return false;
  }
  return true;
}

/** The offset of the brace that opens one level too many. */
function firstTooDeep(text: string): number | undefined {
  let depth = 0;
  for (let offset = 0; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (code === 0x7b && ++depth > limits.maximumDepth) return offset;
    if (code === 0x7d && depth > 0) depth--;
  }
  return undefined;
}

/** Blocks that the end of the file left open, outermost first. */
export function unclosedBlocks(file: File): Block[] {
  const open: Block[] = [];
  let inside: readonly AstNode[] = file.items;
  while (inside.length > 0) {
    const last: AstNode & { readonly block?: Block } = inside[inside.length - 1];
    const block = last.block;
    if (!isBlock(block)) return open;
    if (!block.closed) open.push(block);
    inside = block.items;
  }
  return open;
}
