import { parseRuleSet } from "../config/iptables/parse-rule-set.ts";
import type { RuleProblem } from "../config/iptables/words.ts";
import type { NftCommand } from "../config/nft/commands.ts";
import { parseScript } from "../config/nft/parse-script.ts";
import { applyCommands, emptyRuleSet } from "../config/nft/transaction.ts";
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
  readonly localIp?: readonly Ipv4Address[];
}

/** `k8snet netfilter-trace --rules FILE …`: what the rules that `iptables-save` or `nft list ruleset` printed do with a packet. */
export async function netfilterTrace(options: NetfilterTraceOptions, terminal: Terminal): Promise<ExitCode> {
  const { name, text } = await readSourceFile(options.rules);
  const read = isNft(text) ? readNft(text) : readIptables(text);
  if ("problems" in read) {
    for (const { line, column, message } of read.problems)
      terminal.error(`${name}:${line}:${column}: error: ${message}\n`);
    return exitCode.badInput;
  }
  const question = { ...tracedPacket(options), localAddresses: options.localIp ?? [] };
  terminal.out(printTried(reportTrace(traceRules(read.tables, question, read.nft), read), options));
  return exitCode.ok;
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
