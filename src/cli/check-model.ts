import { formatPlace } from "../base/source-range.ts";
import { compileLab } from "../lab/compile-lab.ts";
import { isUncheckable, openModel } from "../lab/model/open-model.ts";
import type { ModelFinding, ModelReport } from "../lab/model/report.ts";
import { formatDiagnostics } from "./diagnostics.ts";
import { BadInput, type ExitCode, exitCode } from "./exit-code.ts";
import { readImport } from "./read-import.ts";
import { readSourceFile, type SourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";

export const modelFormats = ["text", "json"] as const;
export type ModelFormat = (typeof modelFormats)[number];

const pairsAtOnce = 10_000;

/** `k8snet check --model FILE…`: proves the networking model of Kubernetes for each file, or says where it does not hold. */
export async function checkModels(
  names: readonly string[],
  format: ModelFormat,
  terminal: Terminal,
): Promise<ExitCode> {
  let result: ExitCode = exitCode.ok;
  for (const name of names) {
    const code = await checkModel(name, format, terminal);
    if (code > result) result = code;
  }
  return result;
}

async function checkModel(name: string, format: ModelFormat, terminal: Terminal): Promise<ExitCode> {
  try {
    const file = await readSourceFile(name);
    const compilation = await compileLab(file.text, file.uri, { readImport });
    const opened = openModel(compilation);
    if ("problems" in opened) {
      const own = compilation.diagnostics.filter(isUncheckable);
      terminal.error(formatDiagnostics(file, [...own, ...opened.problems]));
      return exitCode.badInput;
    }
    while (opened.advance(pairsAtOnce));
    const report = opened.outcome();
    if ("problems" in report) {
      terminal.error(formatDiagnostics(file, report.problems));
      return exitCode.badInput;
    }
    terminal.out(format === "json" ? `${JSON.stringify({ file: name, ...report })}\n` : printReport(file, report));
    return report.holds ? exitCode.ok : exitCode.refuted;
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    terminal.error(`${error.message}\n`);
    return exitCode.badInput;
  }
}

const kinds: Readonly<Record<ModelFinding["kind"], string>> = {
  refuted: "error",
  "black-hole": "warning",
  note: "note",
};

function printReport(file: SourceFile, report: ModelReport): string {
  const { holds, pods, nodes, pairs, followed, findings } = report;
  const lines = findings.map(({ kind, range, message, scenario }) => {
    const shown = scenario.replace(/^/gm, "    ");
    return `${formatPlace(range, file.name)}: ${kinds[kind]}: ${message}\n\n${shown}\n\n`;
  });
  const what = holds ? "the networking model of Kubernetes holds" : "the networking model of Kubernetes does not hold";
  const size = `${count(pods, "pod")}, ${count(nodes, "node")}, ${count(pairs, "pair")}; ${grouped(followed)} stand for all`;
  return `${lines.join("")}${file.name}: ${what} (${size})\n`;
}

function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
