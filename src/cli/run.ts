import { compileLab } from "../lab/compile-lab.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import type { EventView } from "../lab/observe.ts";
import type { Program } from "../lab/why/trial.ts";
import type { NetworkPlan } from "../plan/plan.ts";
import { type CaptureFile, openCapture } from "./capture-file.ts";
import { formatDiagnostics, hasErrors } from "./diagnostics.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { FrameTrace } from "./frame-trace.ts";
import { readImport } from "./read-import.ts";
import { EditReplay, recordedProgram } from "./recorded-program.ts";
import { readSourceFile, type SourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";
import { JsonTrace, NoTrace, TextTrace, type Trace } from "./trace.ts";

export const traceForms = ["text", "json", "none"] as const;

export interface RunOptions {
  /** Absent: all scenarios, in the order of the file. */
  readonly scenario?: string;
  readonly trace: (typeof traceForms)[number];
  /** Replaces the trace. */
  readonly frames?: boolean;
  /** The pcapng file to write. */
  readonly pcap?: string;
  /** Instead of each scenario's own. */
  readonly seed?: number;
}

/** Events between two looks at whether the reader of our output keeps up. */
const sliceEvents = 2_000;
/** Nobody goes back in this run, so little of it is kept. */
const historyBytes = 16 * 1024 * 1024;

/** `k8snet run FILE`: each scenario from a fresh world. */
export async function run(name: string, options: RunOptions, terminal: Terminal): Promise<ExitCode> {
  const source = await readSourceFile(name);
  const recorded = recordedProgram(source, options);
  const file = recorded?.file ?? source;
  const reader = recorded?.readImport ?? readImport;
  const { plan, diagnostics, importedFiles } = await compileLab(file.text, file.uri, { readImport: reader });
  const program = { uri: file.uri, text: file.text, imports: importedFiles };
  const complaints = diagnostics.filter(({ severity }) => severity !== "information");
  terminal.error(formatDiagnostics(file, complaints));
  if (hasErrors(complaints)) return exitCode.badInput;
  const trace = makeTrace(options, file, plan, terminal);
  // Opening the first one says whether the plan can run at all: before anything is written.
  const { scenario: only = options.scenario, seed = options.seed } = recorded?.recording ?? {};
  const names = only === undefined ? plan.scenarios.map((scenario) => scenario.name) : [only];
  const first = open(plan, names[0], seed, file, program, terminal);
  if (first === undefined) return exitCode.badInput;
  const capture = options.pcap === undefined ? undefined : openCapture(options.pcap, file);
  let failed = 0;
  for (const [index, scenario] of names.entries()) {
    const lab = index === 0 ? first : open(plan, scenario, seed, file, program, terminal);
    if (lab === undefined) return exitCode.badInput;
    const edits = new EditReplay(lab, name, recorded?.recording.edits ?? []);
    failed += await runScenario(lab, edits, trace, capture, terminal);
  }
  capture?.close();
  return failed === 0 ? exitCode.ok : exitCode.expectationFailed;
}

function makeTrace(options: RunOptions, file: SourceFile, plan: NetworkPlan, terminal: Terminal): Trace {
  if (options.frames) return new FrameTrace(file, plan, terminal);
  switch (options.trace) {
    case "text":
      return new TextTrace(file, terminal);
    case "json":
      return new JsonTrace(file, terminal);
    case "none":
      return new NoTrace(file, terminal);
  }
}

function open(
  plan: NetworkPlan,
  scenario: string | undefined,
  seed: number | undefined,
  file: SourceFile,
  program: Program,
  terminal: Terminal,
): Lab | undefined {
  const opened = openLab(plan, { scenario, seed, historyBytes, program });
  if ("lab" in opened) return opened.lab;
  terminal.error(formatDiagnostics(file, opened.problems));
  return undefined;
}

/** Answers how many expectations failed. */
async function runScenario(
  lab: Lab,
  edits: EditReplay,
  trace: Trace,
  capture: CaptureFile | undefined,
  terminal: Terminal,
): Promise<number> {
  trace.begin(lab.position().scenario);
  capture?.begin(lab.deviceNames());
  let statement = "";
  const passOn = () => {
    for (const row of lab.takeOutput()) trace.output(row);
  };
  const observe = (event: EventView) => {
    passOn();
    const current = lab.currentStatement?.text ?? "";
    if (current !== statement && current !== "") trace.statement(current);
    statement = current;
    trace.event(event);
    if (event.frame !== undefined) capture?.frame(event.frame);
  };
  const reasons = new FailureReasons(lab);
  while (lab.run(edits.applyDue(sliceEvents), trace.wantsEvents || capture !== undefined ? observe : undefined)) {
    passOn();
    await reasons.take();
    await terminal.caughtUp();
  }
  edits.assertDone();
  passOn();
  await reasons.take();
  for (const text of reasons.texts) trace.output({ category: "stdout", text: `why: ${text}` });
  const outcome = lab.expectations();
  trace.end(outcome);
  await terminal.caughtUp();
  return outcome.failed;
}

/** More failures than these have the same few reasons. */
const mostReasons = 5;

/** Why expectations failed, asked while the recording still holds what led to it. */
class FailureReasons {
  readonly texts: string[] = [];
  private readonly lab: Lab;
  private taken = 0;

  constructor(lab: Lab) {
    this.lab = lab;
  }

  async take(): Promise<void> {
    const { why } = this.lab;
    for (const expectation of why.failed().slice(this.taken)) {
      this.taken++;
      if (this.texts.length === mostReasons) continue;
      const answer = await why.ask(expectation, async () => {});
      if ("text" in answer && !answer.explanation.isFine) this.texts.push(answer.text);
    }
  }
}
