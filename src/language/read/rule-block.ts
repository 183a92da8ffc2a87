import { parseRuleSet } from "../../config/iptables/parse-rule-set.ts";
import type { RuleSetModel } from "../../kube/model.ts";
import type { Token } from "../source.ts";
import type { Reading } from "./reading.ts";

/** Reads `iptables-restore [--noflush] """…"""`: what `iptables-save` prints, as it is. */
export function readRuleBlock(
  tokens: readonly Token[],
  name: Token,
  { uri, problems }: Reading,
): RuleSetModel | undefined {
  const options = tokens.filter(({ block }) => block === undefined);
  const [block, second] = tokens.filter((token) => token.block !== undefined);
  for (const { text, range } of options)
    if (text !== "--noflush" && text !== "-n")
      problems.error(
        "unexpected-words",
        range,
        `"${text}" does not belong here: iptables-restore takes --noflush and a text.`,
      );
  if (second !== undefined) problems.error("unexpected-words", second.range, "One text is enough.");
  if (block?.block === undefined) {
    const message = 'The rules are missing: write them between """ and """, as iptables-save prints them.';
    problems.error("missing-value", name.range, message);
    return undefined;
  }
  const noFlush = options.length > 0;
  const { tables, problems: found } = parseRuleSet(block.block, { noFlush });
  for (const { line, column, length, message } of found) {
    const before = line === 1 ? block.range.column + 2 : 0;
    const place = { line: block.range.line + line - 1, column: before + column };
    problems.error(
      "bad-iptables-rule",
      { uri, ...place, endLine: place.line, endColumn: place.column + length },
      message,
    );
  }
  return found.length > 0 ? undefined : { noFlush, tables, firstLine: block.range.line, source: name.range };
}
