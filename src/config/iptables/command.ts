import type { CommandError } from "../ip-command.ts";
import { checkTables } from "./check-tables.ts";
import { parseRuleWords } from "./parse-rule.ts";
import { chainNameProblem, isBuiltIn } from "./parse-rule-set.ts";
import { hooksOfTable, type Rule, type TableName, tableNames } from "./rule-set.ts";
import { BadRule, type RuleWord } from "./words.ts";

/** What one `iptables` command does to its table; places count from 1. */
export type TableChange =
  | { readonly action: "append"; readonly chain: string; readonly rules: readonly Rule[] }
  | { readonly action: "insert"; readonly chain: string; readonly place: number; readonly rules: readonly Rule[] }
  | { readonly action: "replace"; readonly chain: string; readonly place: number; readonly rule: Rule }
  | { readonly action: "delete"; readonly chain: string; readonly rules: readonly Rule[] }
  | { readonly action: "delete place"; readonly chain: string; readonly place: number }
  | { readonly action: "flush" | "zero" | "delete chain"; readonly chain?: string }
  | { readonly action: "new chain"; readonly chain: string }
  | { readonly action: "policy"; readonly chain: string; readonly policy: "ACCEPT" | "DROP" };

export interface IptablesCommand {
  readonly table: TableName;
  readonly change: TableChange;
}

/** Reads the words after `iptables` (and after `-n NAMESPACE`), such as `-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080`. */
export function parseIptablesCommand(
  words: readonly { readonly text: string; readonly quoted: boolean }[],
): { readonly command: IptablesCommand } | { readonly error: CommandError } {
  // A problem's column is then the number of its word.
  const numbered = words.map(({ text, quoted }, column) => ({ text, quoted, column, length: 1 }));
  try {
    return { command: readCommand(numbered) };
  } catch (error) {
    if (!(error instanceof BadRule)) throw error;
    return { error: { word: error.word?.column ?? 0, message: error.message } };
  }
}

function readCommand(words: readonly RuleWord[]): IptablesCommand {
  const at = words.findIndex(({ text, quoted }) => !quoted && (text === "-t" || text === "--table"));
  const tableWord = at < 0 ? undefined : words[at + 1];
  const table = at < 0 ? "filter" : tableNames.find((name) => name === tableWord?.text);
  if (table === undefined) throw new BadRule(`After -t comes one of ${tableNames.join(", ")}.`, tableWord ?? words[at]);
  const rest = at < 0 ? words : [...words.slice(0, at), ...words.slice(at + 2)];
  const [command, ...more] = rest.filter(({ text }, index) => index > 0 || (text !== "-w" && text !== "--wait"));
  const verb = command === undefined || command.quoted ? undefined : verbs[command.text];
  if (command === undefined || verb === undefined)
    throw new BadRule("Write what to do: -A, -I, -D, -R, -F, -N, -X, -P or -Z.", command);
  return { table, change: readChange(verb, table, command, more) };
}

const verbs: Readonly<Record<string, TableChange["action"] | undefined>> = {
  "-A": "append",
  "--append": "append",
  "-I": "insert",
  "--insert": "insert",
  "-R": "replace",
  "--replace": "replace",
  "-D": "delete",
  "--delete": "delete",
  "-F": "flush",
  "--flush": "flush",
  "-Z": "zero",
  "--zero": "zero",
  "-X": "delete chain",
  "--delete-chain": "delete chain",
  "-N": "new chain",
  "--new-chain": "new chain",
  "-P": "policy",
  "--policy": "policy",
};

function readChange(
  action: TableChange["action"],
  table: TableName,
  command: RuleWord,
  words: readonly RuleWord[],
): TableChange {
  const [name, ...rest] = words;
  switch (action) {
    case "flush":
    case "zero":
    case "delete chain":
      nothingMore(rest);
      return name === undefined ? { action } : { action, chain: chainName(name, table) };
    case "new chain": {
      nothingMore(rest);
      const chain = needed(name, "The chain", command).text;
      const problem = isBuiltIn(table, chain) ? `${chain} is a built-in chain.` : chainNameProblem(chain);
      if (problem !== undefined) throw new BadRule(problem, name);
      return { action, chain };
    }
    case "policy":
      return readPolicy(table, needed(name, "The chain", command), rest);
    default:
      return readRuleChange(action, table, needed(name, "The chain", command), rest);
  }
}

function readPolicy(table: TableName, name: RuleWord, [word, ...more]: readonly RuleWord[]): TableChange {
  if (!isBuiltIn(table, name.text))
    throw new BadRule(
      `Only built-in chains have a policy; in ${table} these are ${hooksOfTable[table].join(", ")}.`,
      name,
    );
  const policy = needed(word, "The policy", name).text;
  if (policy !== "ACCEPT" && policy !== "DROP") throw new BadRule(`"${policy}" is not a policy: ACCEPT or DROP.`, word);
  // Of a policy in a text, iptables-restore thinks otherwise.
  if (table === "nat" && policy === "DROP")
    throw new BadRule("The table nat is not for filtering: iptables takes no DROP there.", word);
  nothingMore(more);
  return { action: "policy", chain: name.text, policy };
}

function readRuleChange(
  action: "append" | "insert" | "replace" | "delete" | "delete place",
  table: TableName,
  name: RuleWord,
  words: readonly RuleWord[],
): TableChange {
  const chain = chainName(name, table);
  const hasPlace = action !== "append" && /^\d{1,9}$/.test(words[0]?.text ?? "");
  const place = hasPlace ? Number(words[0].text) : 1;
  if (place < 1) throw new BadRule("Rules are counted from 1.", words[0]);
  if (action === "delete" && hasPlace) {
    nothingMore(words.slice(1));
    return { action: "delete place", chain, place };
  }
  if (action === "replace" && !hasPlace) throw new BadRule("Write which rule to replace: -R CHAIN NUMBER …", name);
  const rules = parseRuleWords(hasPlace ? words.slice(1) : words, 0);
  const chains = [{ name: chain, policy: undefined, counters: { packets: 0, bytes: 0 }, rules, line: 0 }];
  const [problem] = checkTables([{ name: table, chains, line: 0 }], true, []);
  if (problem !== undefined) throw new BadRule(problem.message, name);
  if (action === "insert") return { action, chain, place, rules };
  if (action === "append" || action === "delete") return { action, chain, rules };
  if (rules.length > 1) throw new BadRule("Several addresses make several rules, of which only one can replace.", name);
  return { action: "replace", chain, place, rule: rules[0] };
}

function chainName(name: RuleWord, table: TableName): string {
  const isHookOfOther = (hooksOfTable.mangle as readonly string[]).includes(name.text) && !isBuiltIn(table, name.text);
  if (isHookOfOther) throw new BadRule(`The table ${table} has no chain ${name.text}.`, name);
  return name.text;
}

function needed(word: RuleWord | undefined, what: string, before: RuleWord): RuleWord {
  if (word === undefined) throw new BadRule(`${what} is missing.`, before);
  return word;
}

function nothingMore([word]: readonly RuleWord[]): void {
  if (word !== undefined) throw new BadRule(`"${word.text}" does not belong here.`, word);
}
