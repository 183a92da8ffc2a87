import { checkTables } from "./check-tables.ts";
import { parseRuleWords } from "./parse-rule.ts";
import {
  type HookName,
  hooksOfTable,
  type Rule,
  type RuleChain,
  type RuleCounters,
  type RuleTable,
  type TableName,
  tableNames,
} from "./rule-set.ts";
import { targetExtensions } from "./target-options.ts";
import { BadRule, type RuleProblem, splitWords } from "./words.ts";

export interface ParsedRuleSet {
  readonly tables: readonly RuleTable[];
  /** Everything that `iptables-restore` or the kernel would refuse, in the order of the text; empty: none. */
  readonly problems: readonly RuleProblem[];
}

export interface RuleSetOptions {
  /** For `iptables-restore --noflush`: chains that the text does not declare may be there already. */
  readonly noFlush?: boolean;
}

/** Reads what `iptables-save` prints and `iptables-restore` takes. Never throws. */
export function parseRuleSet(text: string, options: RuleSetOptions = {}): ParsedRuleSet {
  const reader = new RuleSetReader();
  const lines = text.split(/\r?\n/);
  for (const [index, line] of lines.entries()) reader.readLine(line, index + 1);
  const last = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  reader.finish(Math.max(last, 1));
  const found = [...reader.problems, ...checkTables(reader.tables, options.noFlush ?? false, lines)];
  return { tables: reader.tables, problems: found.sort((one, other) => one.line - other.line) };
}

/** Reads the name of a chain of the user's own; `undefined` where iptables takes it. */
export function chainNameProblem(name: string): string | undefined {
  if (name.length > 28) return `The chain's name "${name}" is too long: it has 28 characters at most.`;
  if (name.startsWith("-") || name.startsWith("!")) return `A chain's name does not begin with "${name[0]}".`;
  if (Object.hasOwn(targetExtensions, name)) return `A chain cannot be called "${name}", which is a target.`;
  return undefined;
}

export function isBuiltIn(table: TableName, chain: string): chain is HookName {
  return (hooksOfTable[table] as readonly string[]).includes(chain);
}

const noCounters: RuleCounters = { packets: 0, bytes: 0 };

interface OpenTable {
  readonly name: TableName;
  readonly line: number;
  readonly chains: Map<string, OpenChain>;
}

type OpenChain = RuleChain & { readonly rules: Rule[] };

class RuleSetReader {
  readonly tables: RuleTable[] = [];
  readonly problems: RuleProblem[] = [];
  #open: OpenTable | undefined;

  readLine(text: string, line: number): void {
    const trimmed = text.trimEnd();
    if (trimmed.trimStart() === "" || trimmed.trimStart().startsWith("#")) return;
    try {
      this.#read(trimmed, line);
    } catch (error) {
      if (!(error instanceof BadRule)) throw error;
      const first = trimmed.length - trimmed.trimStart().length;
      const { column, length } = error.word ?? { column: first, length: trimmed.length - first };
      this.problems.push({ line, column: column + 1, length, message: error.message });
    }
  }

  finish(line: number): void {
    if (this.#open === undefined) return;
    const message = `COMMIT is missing: the table *${this.#open.name} is cut off.`;
    this.problems.push({ line, column: 1, length: 1, message });
    this.#close();
  }

  #read(text: string, line: number): void {
    const words = splitWords(text);
    const [first] = words;
    if (first.text.startsWith("*")) return this.#openTable(first.text.slice(1), line);
    if (this.#open === undefined)
      throw new BadRule("A table opens with its name after an asterisk, such as *filter; this line is outside of one.");
    if (first.text === "COMMIT" && words.length === 1) return this.#close();
    if (first.text.startsWith(":")) return this.#readChain(this.#open, text, line);
    this.#readCommand(this.#open, text, line);
  }

  #openTable(name: string, line: number): void {
    const before = this.#open;
    if (before !== undefined) {
      this.#close();
      this.#open = tableNamed(name, line);
      throw new BadRule(`COMMIT is missing: the table *${before.name} is still open.`);
    }
    this.#open = tableNamed(name, line);
    if (this.#open === undefined) throw new BadRule(`"${name}" is not a table: ${tableNames.join(", ")}.`);
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    this.tables.push({ name: open.name, line: open.line, chains: [...open.chains.values()] });
  }

  #readChain(open: OpenTable, text: string, line: number): void {
    const found = /^\s*:\s*(\S+)\s+(\S+)(?:\s+\[(\d+):(\d+)\])?$/.exec(text);
    if (found === null) throw new BadRule("A chain is declared as :NAME POLICY [PACKETS:BYTES].");
    const [, name, policy, packets = "0", bytes = "0"] = found;
    const counters = { packets: Number(packets), bytes: Number(bytes) };
    const before = open.chains.get(name);
    const problem = isBuiltIn(open.name, name) ? undefined : (elsewhere(open.name, name) ?? chainNameProblem(name));
    if (problem !== undefined) throw new BadRule(problem);
    if (isBuiltIn(open.name, name) && policy !== "ACCEPT" && policy !== "DROP")
      throw new BadRule(`"${policy}" is not a policy: a built-in chain has ACCEPT or DROP.`);
    if (!isBuiltIn(open.name, name) && policy !== "-")
      throw new BadRule(`Only built-in chains have a policy: write :${name} - [0:0].`);
    const rules = before?.rules ?? [];
    open.chains.set(name, { name, policy: policy === "-" ? undefined : (policy as "ACCEPT"), counters, rules, line });
  }

  #readCommand(open: OpenTable, text: string, line: number): void {
    const found = /^(\s*)\[(\d+):(\d+)\]\s*/.exec(text);
    if (found === null && text.trimStart().startsWith("["))
      throw new BadRule("Counters are written as [PACKETS:BYTES].");
    const skipped = found?.[0].length ?? 0;
    const words = splitWords(text.slice(skipped)).map((word) => ({ ...word, column: word.column + skipped }));
    const [command, name, ...rest] = words;
    if (command === undefined) throw new BadRule("A rule is missing after its counters.");
    if (!["-A", "--append", "-I", "--insert"].includes(command.text))
      throw new BadRule(`"${command.text}" is not a rule: a line begins with -A CHAIN or -I CHAIN.`, command);
    if (name === undefined) throw new BadRule("The chain is missing.", command);
    const chain = this.#chainOf(open, name.text, line);
    const inserts = command.text === "-I" || command.text === "--insert";
    const hasNumber = inserts && /^\d+$/.test(rest[0]?.text ?? "");
    const position = hasNumber ? Number(rest[0].text) : 1;
    const table = rest.find(({ text: word }) => word === "-t" || word === "--table");
    if (table !== undefined) throw new BadRule("The table is that of the line *TABLE; -t cannot stand here.", table);
    const rules = parseRuleWords(hasNumber ? rest.slice(1) : rest, line);
    const counters = found === null ? undefined : { packets: Number(found[2]), bytes: Number(found[3]) };
    const counted = rules.map((rule) => (counters === undefined ? rule : { ...rule, counters }));
    if (!inserts) chain.rules.push(...counted);
    else if (position < 1 || position > chain.rules.length + 1)
      throw new BadRule(
        `There is no place ${position} in ${name.text}, which has ${chain.rules.length} rules so far.`,
        rest[0],
      );
    else chain.rules.splice(position - 1, 0, ...counted);
  }

  #chainOf(open: OpenTable, name: string, line: number): OpenChain {
    const found = open.chains.get(name);
    if (found !== undefined) return found;
    const problem = isBuiltIn(open.name, name) ? undefined : elsewhere(open.name, name);
    if (problem !== undefined) throw new BadRule(problem);
    const policy = isBuiltIn(open.name, name) ? "ACCEPT" : undefined;
    const chain: OpenChain = { name, policy, counters: noCounters, rules: [], line, declared: false };
    open.chains.set(name, chain);
    return chain;
  }
}

function tableNamed(name: string, line: number): OpenTable | undefined {
  const found = tableNames.find((one) => one === name);
  return found === undefined ? undefined : { name: found, line, chains: new Map() };
}

/** A name that another table's hook has. */
function elsewhere(table: TableName, name: string): string | undefined {
  const all: readonly string[] = hooksOfTable.mangle;
  return all.includes(name) ? `The table ${table} has no chain ${name}.` : undefined;
}
