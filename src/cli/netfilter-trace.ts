import { parseRuleSet } from "../config/iptables/parse-rule-set.ts";
import { type RuleTable, setsOf } from "../config/iptables/rule-set.ts";
import type { RuleProblem } from "../config/iptables/words.ts";
import type { NftCommand } from "../config/nft/commands.ts";
import { parseScript } from "../config/nft/parse-script.ts";
import { applyCommands, emptyRuleSet } from "../config/nft/transaction.ts";
import { type NodeSets, readNodeSets } from "../reach/netfilter/node-sets.ts";
import { reportTrace, type TracedRules } from "../reach/netfilter/report.ts";
import { traceRules } from "../reach/netfilter/trace-rules.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { printTried } from "./rule-report.ts";
import { readSourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";
import { type PacketOptions, tracedPacket } from "./traced-packet.ts";

export interface NetfilterTraceOptions extends PacketOptions {
  readonly rules: string;
  readonly sets?: string;
  readonly localIp?: readonly Ipv4Address[];
}

/** `k8snet netfilter-trace --rules FILE …`: what the rules that `iptables-save` or `nft list ruleset` printed do with a packet. */
export async function netfilterTrace(options: NetfilterTraceOptions, terminal: Terminal): Promise<ExitCode> {
  const { name, text } = await readSourceFile(options.rules);
  const read = isNft(text) ? readNft(text) : readIptables(text);
  if ("problems" in read) {
    complain(name, read.problems, terminal);
    return exitCode.badInput;
  }
  const sets = options.sets === undefined ? undefined : await setsFrom(options.sets, terminal);
  if (sets === "refused") return exitCode.badInput;
  const missing = sets && read.tables.flatMap(missingSets(sets, name))[0];
  if (missing !== undefined) {
    terminal.error(missing);
    return exitCode.badInput;
  }
  const question = { ...tracedPacket(options), localAddresses: options.localIp ?? [], sets };
  terminal.out(printTried(reportTrace(traceRules(read.tables, question, read.nft), read), options));
  return exitCode.ok;
}

function complain(name: string, problems: readonly RuleProblem[], terminal: Terminal): void {
  for (const { line, column, message } of problems) terminal.error(`${name}:${line}:${column}: error: ${message}\n`);
}

/** What `ipset save` printed. */
async function setsFrom(file: string, terminal: Terminal): Promise<NodeSets | "refused"> {
  const { name, text } = await readSourceFile(file);
  const read = readNodeSets(text);
  if ("sets" in read) return read.sets;
  complain(name, read.problems, terminal);
  return "refused";
}

/** iptables-restore does not take a rule that asks for a set that is not there. */
function missingSets(sets: NodeSets, name: string): (table: RuleTable) => readonly string[] {
  return ({ chains }) =>
    chains
      .flatMap(({ rules }) => rules)
      .flatMap(({ line, matches }) =>
        setsOf(matches)
          .filter((set) => !sets.has(set))
          .map((set) => `${name}:${line}:1: error: There is no set ${set} in what --sets names.\n`),
      );
}

/** What iptables-save prints begins with a table, `*filter`; before it there are only comments. */
function isNft(text: string): boolean {
  const first = text.split("\n").find((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  return (
    first !== undefined && /^\s*(table|add|create|insert|delete|destroy|flush|chain|rule|set|map|element)\b/.test(first)
  );
}

type Read = TracedRules | { readonly problems: readonly RuleProblem[] };

function readIptables(text: string): Read {
  const { tables, problems } = parseRuleSet(text);
  return problems.length > 0 ? { problems } : { tables, text, nft: emptyRuleSet };
}

/**
 * Tables, sets, chains, then what is in them. nft itself wants whatever is named to be there before; for what a node has, and not
 * what is to be loaded, the order in which somebody wrote it down says nothing. Where commands take away, order counts.
 */
function inLoadOrder(commands: readonly NftCommand[]): readonly NftCommand[] {
  const rank = (command: NftCommand) => loadOrder.indexOf(command.do);
  if (commands.some((command) => rank(command) < 0)) return commands;
  return [...commands].sort((one, other) => rank(one) - rank(other));
}

const loadOrder: readonly NftCommand["do"][] = ["add table", "add set", "add chain", "add elements", "add rule"];

function readNft(text: string): Read {
  const { commands, problems } = parseScript(text);
  if (problems.length > 0) return { problems };
  const applied = applyCommands(emptyRuleSet, inLoadOrder(commands));
  return "ruleSet" in applied ? { tables: [], text, nft: applied.ruleSet } : { problems: applied.problems };
}
