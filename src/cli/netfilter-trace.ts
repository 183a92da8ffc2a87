import { parseRuleSet } from "../config/iptables/parse-rule-set.ts";
import { reportTrace } from "../reach/netfilter/report.ts";
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

/** `k8snet netfilter-trace --rules FILE …`: what the rules that `iptables-save` printed do with a packet. */
export async function netfilterTrace(options: NetfilterTraceOptions, terminal: Terminal): Promise<ExitCode> {
  const { name, text } = await readSourceFile(options.rules);
  const { tables, problems } = parseRuleSet(text);
  for (const { line, column, message } of problems) terminal.error(`${name}:${line}:${column}: error: ${message}\n`);
  if (problems.length > 0) return exitCode.badInput;
  const trace = traceRules(tables, { ...tracedPacket(options), localAddresses: options.localIp ?? [] });
  terminal.out(printTried(reportTrace(trace, tables, text), options));
  return exitCode.ok;
}
