import type { SourceRange } from "../../base/source-range.ts";
import { parseSetCommand, parseSetText } from "../../config/ipset-command.ts";
import type { SetModel } from "../../kube/model.ts";
import type { Token } from "../source.ts";
import { reportAtWord } from "./contents.ts";
import type { Reading } from "./reading.ts";

/** Reads `ipset create web hash:ip`, or `ipset restore """…"""`: what `ipset save` prints, as it is. */
export function readSets(tokens: readonly Token[], source: SourceRange, name: Token, reading: Reading): SetModel[] {
  if (tokens[0]?.text === "restore") return readSaved(tokens, name, reading);
  const parsed = parseSetCommand(tokens.map(({ text }) => text));
  if ("command" in parsed) return [{ change: parsed.command, source }];
  reportAtWord("bad-ipset-command", parsed.error, tokens, name, reading);
  return [];
}

function readSaved(tokens: readonly Token[], name: Token, { uri, problems }: Reading): SetModel[] {
  const [, text, extra] = tokens;
  if (extra !== undefined) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  if (text?.block === undefined) {
    const message = 'The sets are missing: write them between """ and """, as ipset save prints them.';
    problems.error("missing-value", (text ?? name).range, message);
    return [];
  }
  const { range } = text;
  return parseSetText(text.block).flatMap((found) => {
    const line = range.line + found.line - 1;
    if ("command" in found)
      return [{ change: found.command, source: { uri, line, column: 1, endLine: line + 1, endColumn: 1 } }];
    const column = (found.line === 1 ? range.column + 2 : 0) + found.column;
    problems.error(
      "bad-ipset-command",
      { uri, line, column, endLine: line, endColumn: column + found.length },
      found.message,
    );
    return [];
  });
}
