import { parseIptablesCommand } from "../../config/iptables/command.ts";
import { listTable } from "../../config/iptables/list-rules.ts";
import { printRule } from "../../config/iptables/print-rule.ts";
import { printRuleSet } from "../../config/iptables/print-rule-set.ts";
import { hooksOfTable, type RuleTable, type TableName, tableNames } from "../../config/iptables/rule-set.ts";
import { ruleTablesOf } from "../inspect/rule-tables.ts";
import { Complaint, type Invocation, needNetns, netnsName, type Outcome, printed, wordsText } from "./command.ts";

const version = "iptables v1.8.9 (nf_tables)";

/** `iptables-save [-c] [-t TABLE]`, without the comments that tell when. */
export function iptablesSave(invocation: Invocation): Outcome {
  const netns = needNetns(invocation, "ip netns exec node1 iptables-save");
  const words = invocation.words.map(({ text }) => text);
  const counters = words.includes("-c") || words.includes("--counters");
  const at = words.findIndex((word) => word === "-t" || word === "--table");
  const tables = ruleTablesOf(invocation.world, netns);
  const wanted = at < 0 ? tables : [tableNamed(tables, words[at + 1])];
  return { kind: "text", text: printRuleSet(wanted, { counters }) };
}

interface Listing {
  readonly table: TableName;
  readonly chain?: string;
  readonly asCommands: boolean;
  readonly verbose: boolean;
  readonly exact: boolean;
  readonly lineNumbers: boolean;
}

/** `iptables [-t TABLE] -L|-S [CHAIN]`, and the commands that change rules. Names are never looked up: `-n` is always on. */
export function iptables(invocation: Invocation): Outcome {
  const listing = readListing(invocation.words.map(({ text }) => text));
  if (listing === undefined) return change(invocation);
  const netns = needNetns(invocation, "ip netns exec node1 iptables -L -n");
  const table = tableNamed(ruleTablesOf(invocation.world, netns), listing.table);
  const { chain } = listing;
  const isThere = table.chains.some(({ name }) => name === chain) || isBuiltIn(table.name, chain);
  if (chain !== undefined && !isThere)
    throw new Complaint(`${version}: chain \`${chain}' in table \`${table.name}' is incompatible, use 'nft' tool.`);
  return printed(listing.asCommands ? asCommands(table, chain) : listTable(table, listing, chain));
}

function isBuiltIn(table: TableName, chain: string | undefined): boolean {
  return (hooksOfTable[table] as readonly string[]).includes(chain ?? "");
}

/** Undefined for a command that changes something. Single letters may stand together: `-nvL`. */
function readListing(words: readonly string[]): Listing | undefined {
  let listing: { table: string; chain?: string; command: string } = { table: "filter", command: "" };
  const flags = new Set<string>();
  const letters = words.flatMap((word) =>
    /^-[a-zA-Z]{2,}$/.test(word) ? [...word.slice(1)].map((one) => `-${one}`) : [word],
  );
  for (let at = 0; at < letters.length; at++) {
    const word = letters[at];
    if (word === "-t" || word === "--table") listing = { ...listing, table: letters[++at] ?? "" };
    else if (["-L", "--list", "-S", "--list-rules"].includes(word)) listing = { ...listing, command: word };
    else if (/^-[nvxw]$|^--(numeric|verbose|exact|line-numbers|wait)$/.test(word))
      flags.add(word.replace(/^-+/, "")[0] + (word === "--line-numbers" ? "ines" : ""));
    else if (!word.startsWith("-") && listing.chain === undefined) listing = { ...listing, chain: word };
    else return undefined;
  }
  if (listing.command === "") return undefined;
  const table = tableNames.find((name) => name === listing.table);
  if (table === undefined)
    throw new Complaint(
      `${version}: table '${listing.table}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.`,
    );
  return {
    table,
    chain: listing.chain,
    asCommands: listing.command === "-S" || listing.command === "--list-rules",
    verbose: flags.has("v"),
    exact: flags.has("x") || flags.has("e"),
    lineNumbers: flags.has("lines"),
  };
}

function tableNamed(tables: readonly RuleTable[], name: string | undefined): RuleTable {
  const known = tableNames.find((one) => one === name);
  if (known === undefined)
    throw new Complaint(
      `${version}: table '${name ?? ""}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.`,
    );
  return tables.find((table) => table.name === known) ?? { name: known, chains: [], line: 0 };
}

/** `iptables -S`: policies, chains and rules as the commands that make them. */
function asCommands(table: RuleTable, only: string | undefined): readonly string[] {
  const builtIn = hooksOfTable[table.name] as readonly string[];
  const hooks = builtIn.map(
    (name) => table.chains.find((chain) => chain.name === name) ?? { name, policy: "ACCEPT", rules: [] },
  );
  const others = table.chains
    .filter(({ name }) => !builtIn.includes(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const chains = [...hooks, ...others].filter(({ name }) => only === undefined || name === only);
  return [
    ...chains.map(({ name, policy }) => (policy === undefined ? `-N ${name}` : `-P ${name} ${policy}`)),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${printRule(rule)}`.trimEnd())),
  ];
}

function change(invocation: Invocation): Outcome {
  const parsed = parseIptablesCommand(invocation.words);
  if ("error" in parsed) throw new Complaint(parsed.error.message);
  const netns = netnsName(invocation, needNetns(invocation, "ip netns exec node1 iptables -A …"));
  return { kind: "statement", statement: `iptables -n ${netns} ${wordsText(invocation.words)}`, said: "" };
}
