import type { ProxyMode } from "../kube/service-declaration.ts";
import { compileLab } from "../lab/compile-lab.ts";
import { findNode, traceNode } from "../lab/trace-node.ts";
import { formatDiagnostics, hasErrors } from "./diagnostics.ts";
import { BadInput, type ExitCode, exitCode } from "./exit-code.ts";
import { readImport } from "./read-import.ts";
import { printAnswer } from "./rule-report.ts";
import { readSourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";
import { type PacketOptions, tracedPacket } from "./traced-packet.ts";

export interface ServiceTraceOptions extends PacketOptions {
  readonly node: string;
  readonly mode?: ProxyMode;
}

/** `k8snet service-trace FILE --node N …`: what a node of the file does with a packet, without running anything. */
export async function serviceTrace(name: string, options: ServiceTraceOptions, terminal: Terminal): Promise<ExitCode> {
  const file = await readSourceFile(name);
  const { layout, diagnostics } = await compileLab(file.text, file.uri, { readImport });
  const complaints = diagnostics.filter(({ severity }) => severity !== "information");
  terminal.error(formatDiagnostics(file, complaints));
  if (hasErrors(complaints)) return exitCode.badInput;
  const found = findNode(layout, options.node);
  if ("problem" in found) throw new BadInput(`${name}: error: ${found.problem}`);
  terminal.out(printAnswer(traceNode(layout, found.node, tracedPacket(options), options.mode), options));
  return exitCode.ok;
}
