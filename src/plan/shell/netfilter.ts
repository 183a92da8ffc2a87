import type { TableChange } from "../../config/iptables/command.ts";
import { printRule } from "../../config/iptables/print-rule.ts";
import { restoreText } from "../../config/iptables/restore-text.ts";
import type { Rule } from "../../config/iptables/rule-set.ts";
import { splitWords } from "../../config/iptables/words.ts";
import type { NetfilterCommand } from "../commands.ts";
import type { Argv, ShellCommand } from "./commands.ts";

/** Commands that change the rules of a namespace. */
export function netfilterCommands(command: NetfilterCommand, name: string): readonly ShellCommand[] {
  const run = ["ip", "netns", "exec", name];
  if (command.do === "iptables-restore") {
    const argv = [...run, "iptables-restore", ...(command.noFlush ? ["--noflush"] : []), "--counters"];
    return [{ argv, input: restoreText(command.tables) }];
  }
  if (command.do === "nft") return [nftCommand(run, command.text)];
  return changeWords(command.change).map((words) => ({ argv: [...run, "iptables", "-t", command.table, ...words] }));
}

/** What fits on a line is an argument; a text is read from the standard input. */
function nftCommand(run: Argv, text: string): ShellCommand {
  if (!text.includes("\n")) return { argv: [...run, "nft", text] };
  return { argv: [...run, "nft", "-f", "-"], input: text.endsWith("\n") ? text : `${text}\n` };
}

/** One command for each rule, where addresses made several. */
function changeWords(change: TableChange): readonly Argv[] {
  switch (change.action) {
    case "append":
      return change.rules.map((rule) => ["-A", change.chain, ...ruleWords(rule)]);
    case "insert":
      return change.rules.map((rule, index) => ["-I", change.chain, String(change.place + index), ...ruleWords(rule)]);
    case "replace":
      return [["-R", change.chain, String(change.place), ...ruleWords(change.rule)]];
    case "delete":
      return change.rules.map((rule) => ["-D", change.chain, ...ruleWords(rule)]);
    case "delete place":
      return [["-D", change.chain, String(change.place)]];
    case "flush":
      return [["-F", ...chainWord(change)]];
    case "zero":
      return [["-Z", ...chainWord(change)]];
    case "delete chain":
      return [["-X", ...chainWord(change)]];
    case "new chain":
      return [["-N", change.chain]];
    case "policy":
      return [["-P", change.chain, change.policy]];
  }
}

function chainWord({ chain }: { readonly chain?: string }): Argv {
  return chain === undefined ? [] : [chain];
}

function ruleWords(rule: Rule): Argv {
  return splitWords(printRule(rule)).map(({ text }) => text);
}
