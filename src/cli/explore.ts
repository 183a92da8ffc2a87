import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { compileLab } from "../lab/compile-lab.ts";
import { type ExploreLimits, explore, type FailingRun } from "../lab/futures/explore.ts";
import { openLab } from "../lab/lab.ts";
import { printRecording, type Recording, recordingEnding } from "../lab/recording/recording.ts";
import { formatDiagnostics, hasErrors } from "./diagnostics.ts";
import { BadInput, type ExitCode, exitCode } from "./exit-code.ts";
import { readImport } from "./read-import.ts";
import { readSourceFile, type SourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";

export interface ExploreOptions {
  /** Absent: all scenarios, in the order of the file. */
  readonly scenario?: string;
  readonly seed?: number;
  readonly maxRuns: number;
  readonly depth: number;
  /** So many packets may be lost by links. */
  readonly loss: number;
  /** Where to write the recording of a run that fails. */
  readonly out?: string;
}

/** Runs are lived from their beginning, and are short. */
const historyBytes = 64 * 1024 * 1024;

/** `k8snet explore FILE`: is there an order of events in which an expectation fails? */
export async function exploreFile(name: string, options: ExploreOptions, terminal: Terminal): Promise<ExitCode> {
  const file = await readSourceFile(name);
  const { plan, diagnostics, importedFiles } = await compileLab(file.text, file.uri, { readImport });
  const complaints = diagnostics.filter(({ severity }) => severity !== "information");
  terminal.error(formatDiagnostics(file, complaints));
  if (hasErrors(complaints)) return exitCode.badInput;
  const program = { uri: file.uri, text: file.text, imports: importedFiles };
  const { scenario, seed, maxRuns, depth, loss } = options;
  const limits: ExploreLimits = { maxRuns, depth, losses: loss };
  const names = scenario === undefined ? plan.scenarios.map((one) => one.name) : [scenario];
  let failed = false;
  let saved = 0;
  for (const one of names) {
    const first = openLab(plan, { scenario: one, seed, historyBytes, program });
    if ("problems" in first) {
      terminal.error(formatDiagnostics(file, first.problems));
      return exitCode.badInput;
    }
    const open = () => {
      const opened = openLab(plan, { scenario: one, seed, historyBytes, program });
      if ("problems" in opened) throw new Error(opened.problems[0].message);
      return opened.lab;
    };
    const found = await explore(open, limits, () => terminal.caughtUp());
    const tried = `${found.runs} ${found.runs === 1 ? "run" : "runs"}`;
    if (found.failing === undefined) {
      const end = found.isComplete ? "none of the orders fails" : "none failed, and --max-runs ended the search";
      terminal.out(`scenario "${one}": ${tried}, ${end}\n`);
      continue;
    }
    failed = true;
    terminal.out(`scenario "${one}": an expectation fails (${tried})\n`);
    printFailing(found.failing, file, terminal);
    const { recording } = found.failing;
    if (recording === undefined) continue;
    const path = outPath(options.out ?? defaultOut(name), saved++);
    writeRecording(path, recording);
    terminal.out(`  saved in ${path}: k8snet run ${path} lives it again, and the debugger opens it\n`);
  }
  return failed ? exitCode.expectationFailed : exitCode.ok;
}

function printFailing({ choices, failures, failedAt }: FailingRun, file: SourceFile, terminal: Terminal): void {
  const ways = choices.length === 0 ? ["as it is, without any choice"] : choices;
  for (const way of ways) terminal.out(`  ${way}\n`);
  for (const { text, source } of failures) {
    const place = source === undefined ? "" : `${file.name}:${source.line}:${source.column}: `;
    terminal.out(`  event ${failedAt}: ${place}${text}\n`);
  }
}

/** `web.k8snet` gives `web.explored.k8snetrun`, in the current directory. */
function defaultOut(name: string): string {
  return `${basename(name).replace(/\.k8snet$/, "")}.explored${recordingEnding}`;
}

/** One for each scenario that fails: `a.k8snetrun`, `a.2.k8snetrun`. */
function outPath(out: string, saved: number): string {
  const base = out.endsWith(recordingEnding) ? out.slice(0, -recordingEnding.length) : out;
  return `${base}${saved === 0 ? "" : `.${saved + 1}`}${recordingEnding}`;
}

function writeRecording(path: string, recording: Recording): void {
  try {
    writeFileSync(path, printRecording(recording));
  } catch (error) {
    throw new BadInput(`${path}: error: the recording cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
