import { parseRuleSet } from "../../config/iptables/parse-rule-set.ts";
import type { RuleProblem } from "../../config/iptables/words.ts";
import type { NftCommand } from "../../config/nft/commands.ts";
import { parseScript } from "../../config/nft/parse-script.ts";
import { applyCommands, emptyRuleSet } from "../../config/nft/transaction.ts";
import type { IptablesTextModel, NftTextModel } from "../../kube/model.ts";
import type { Token } from "../source.ts";
import type { Reading } from "./reading.ts";

/** Reads `iptables-restore [--noflush] """…"""`: what `iptables-save` prints, as it is. */
export function readRuleBlock(tokens: readonly Token[], name: Token, reading: Reading): IptablesTextModel | undefined {
  const { problems } = reading;
  const options = tokens.filter(({ block }) => block === undefined);
  for (const { text, range } of options)
    if (text !== "--noflush" && text !== "-n")
      problems.error(
        "unexpected-words",
        range,
        `"${text}" does not belong here: iptables-restore takes --noflush and a text.`,
      );
  const block = readBlock(tokens, name, "iptables-save prints them", reading);
  if (block === undefined) return undefined;
  const noFlush = options.length > 0;
  const { tables, problems: found } = parseRuleSet(block.text, { noFlush });
  report("bad-iptables-rule", found, block, reading);
  if (found.length > 0) return undefined;
  return { program: "iptables-restore", noFlush, tables, firstLine: block.range.line, source: name.range };
}

/** Reads `nft """…"""`: what `nft list ruleset` prints, or what `nft -f` takes. */
export function readNftBlock(
  tokens: readonly Token[],
  name: Token,
  reading: Reading,
  earlier: readonly NftTextModel[],
): NftTextModel | undefined {
  for (const { text, range, block } of tokens)
    if (block === undefined)
      reading.problems.error("unexpected-words", range, `"${text}" does not belong here: nft takes a text.`);
  const block = readBlock(tokens, name, "nft list ruleset prints them", reading);
  if (block === undefined) return undefined;
  const { commands, problems } = parseScript(block.text);
  const before = earlier.flatMap((one) => one.commands);
  const found = problems.length > 0 ? problems : refusedCommands(before, commands);
  report("bad-nft-rule", found, block, reading);
  if (found.length > 0) return undefined;
  return { program: "nft", text: block.text, commands, firstLine: block.range.line, source: name.range };
}

/** What cannot be done. A table that no text of this namespace makes may still be there when the text is loaded. */
function refusedCommands(before: readonly NftCommand[], commands: readonly NftCommand[]): readonly RuleProblem[] {
  const made = new Set([...before, ...commands].flatMap((one) => (one.do === "add table" ? [nameOf(one)] : [])));
  const isKnown = (one: NftCommand) => one.do === "flush ruleset" || made.has(nameOf(one));
  const first = applyCommands(emptyRuleSet, before.filter(isKnown));
  return "ruleSet" in first ? applyCommands(first.ruleSet, commands.filter(isKnown)).problems : [];
}

function nameOf(command: Exclude<NftCommand, { do: "flush ruleset" }>): string {
  return `${command.family} ${command.table}`;
}

interface Block {
  readonly text: string;
  readonly range: Token["range"];
}

function readBlock(tokens: readonly Token[], name: Token, how: string, { problems }: Reading): Block | undefined {
  const [block, second] = tokens.filter((token) => token.block !== undefined);
  if (second !== undefined) problems.error("unexpected-words", second.range, "One text is enough.");
  if (block?.block !== undefined) return { text: block.block, range: block.range };
  const message = `The rules are missing: write them between """ and """, as ${how}.`;
  problems.error("missing-value", name.range, message);
  return undefined;
}

/** Lines and columns of the text are those of the file, from where the text begins. */
function report(code: string, found: readonly RuleProblem[], { range }: Block, { uri, problems }: Reading): void {
  for (const { line, column, length, message } of found) {
    const before = line === 1 ? range.column + 2 : 0;
    const place = { line: range.line + line - 1, column: before + column };
    problems.error(code, { uri, ...place, endLine: place.line, endColumn: place.column + length }, message);
  }
}
