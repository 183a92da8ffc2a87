import { fileURLToPath } from "node:url";
import { formatPlace } from "../base/source-range.ts";
import { compileLab } from "../lab/compile-lab.ts";
import { Children } from "../netns/children.ts";
import { removeNamespace, SetUpFailure } from "../netns/namespaces.ts";
import { formatVerdict } from "../netns/report.ts";
import { missingRequirements } from "../netns/requirements.ts";
import { orphanedNamespaces } from "../netns/run-name.ts";
import { ScenarioVerification } from "../netns/verify-scenario.ts";
import type { NetworkPlan } from "../plan/plan.ts";
import type { ScenarioPlan } from "../plan/statements.ts";
import { formatDiagnostics, hasErrors } from "./diagnostics.ts";
import { BadInput, type ExitCode, exitCode } from "./exit-code.ts";
import { readImport } from "./read-import.ts";
import { readSourceFile, type SourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";

export interface VerifyOptions {
  /** Leaves the namespaces and the captures for a look. */
  readonly keep?: boolean;
  /** Only this scenario of each file. */
  readonly scenario?: string;
}

/** One scenario to be run on both kernels. */
interface Job {
  readonly file: SourceFile;
  readonly plan: NetworkPlan;
  readonly scenario: ScenarioPlan;
}

/** Most of a scenario's time is waiting, so several share a machine. */
const jobsAtOnce = 3;
const programHost = fileURLToPath(new URL("./program-host.js", import.meta.url));

/** `k8snet verify FILE…`: 0 when the simulated kernel does what Linux does, 1 when not, 2 when that cannot be said here. */
export async function verify(names: readonly string[], options: VerifyOptions, terminal: Terminal): Promise<ExitCode> {
  const jobs = await readJobs(names, options, terminal);
  const plans = [...new Set(jobs.map(({ plan }) => plan))];
  const missing = await missingRequirements(plans, programHost, new Children());
  if (missing.length > 0) throw new BadInput(missing.map((line) => `k8snet verify: ${line}`).join("\n"));
  for (const name of orphanedNamespaces()) {
    terminal.error(`removing ${name}, left behind by a run that was killed\n`);
    removeNamespace(name);
  }
  return runJobs(jobs, options.keep === true, terminal);
}

async function readJobs(names: readonly string[], options: VerifyOptions, terminal: Terminal): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (const name of names) {
    const file = await readSourceFile(name);
    const { plan, diagnostics } = await compileLab(file.text, file.uri, { readImport });
    const complaints = diagnostics.filter(({ severity }) => severity !== "information");
    terminal.error(formatDiagnostics(file, complaints));
    if (hasErrors(complaints)) throw new BadInput(`${name}: error: a file with errors cannot be verified`);
    const wanted = plan.scenarios.filter((one) => options.scenario === undefined || one.name === options.scenario);
    if (wanted.length === 0) throw new BadInput(`${name}: error: there is no such scenario to verify`);
    jobs.push(...wanted.map((scenario) => ({ file, plan, scenario })));
  }
  return jobs;
}

/** What one job came to. */
interface Outcome {
  readonly text: string;
  readonly code: ExitCode;
}

/** Prints what came of the jobs in their order; the worst of it is the answer. */
async function runJobs(jobs: readonly Job[], keep: boolean, terminal: Terminal): Promise<ExitCode> {
  const underWay = new Set<ScenarioVerification>();
  const forget = abandonOnSignals(underWay);
  try {
    let worst: ExitCode = exitCode.ok;
    for (const outcome of startJobs(jobs, (job, index) => runJob(job, index, keep, underWay))) {
      const { text, code } = await outcome;
      terminal.out(text);
      if (code > worst) worst = code;
    }
    return worst;
  } finally {
    forget();
  }
}

/** Starts all, a few at a time; answers what will come of each. */
function startJobs(
  jobs: readonly Job[],
  runOne: (job: Job, index: number) => Promise<Outcome>,
): readonly Promise<Outcome>[] {
  const started: Promise<Outcome>[] = [];
  for (const [index, job] of jobs.entries()) {
    const before = started.slice(0, Math.max(0, index + 1 - jobsAtOnce));
    const turn = Promise.all(before);
    started.push(turn.then(() => runOne(job, index)));
  }
  return started;
}

async function runJob(job: Job, index: number, keep: boolean, underWay: Set<ScenarioVerification>): Promise<Outcome> {
  const { file, plan, scenario } = job;
  const verification = new ScenarioVerification(plan, scenario, { keep, programHost: [process.execPath, programHost] });
  underWay.add(verification);
  try {
    const verdict = await verification.run(index);
    const code = verdict.differences.length > 0 ? exitCode.different : exitCode.ok;
    return { text: formatVerdict(verdict, file.name), code };
  } catch (error) {
    if (!(error instanceof SetUpFailure)) throw error;
    const place = formatPlace(error.command?.source ?? scenario.source, file.name);
    return {
      text: `${place}: error: scenario "${scenario.name}" cannot run here: ${error.message}\n`,
      code: exitCode.badInput,
    };
  } finally {
    underWay.delete(verification);
  }
}

/** Ctrl-C and the like remove what was made. Answers how to stop listening for them. */
function abandonOnSignals(underWay: ReadonlySet<ScenarioVerification>): () => void {
  const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
  const listeners = Object.entries(signals).map(([signal, number]) => {
    const abandon = () => {
      for (const verification of underWay) verification.abandon();
      process.exit(128 + number);
    };
    process.on(signal, abandon);
    return () => process.off(signal, abandon);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}
