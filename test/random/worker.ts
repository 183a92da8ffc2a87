import { compileSync } from "../../src/language/compile.ts";
import { SetUpFailure } from "../../src/netns/namespaces.ts";
import { formatVerdict } from "../../src/netns/report.ts";
import { ScenarioVerification } from "../../src/netns/verify-scenario.ts";

/** One lab to be run on both kernels. */
export interface Request {
  readonly number: number;
  readonly name: string;
  readonly text: string;
}

export type Result = "equal" | "different" | "cannot run";

export interface Answer {
  readonly number: number;
  readonly result: Result;
  /** For people. */
  readonly report: string;
}

let underWay: ScenarioVerification | undefined;

/** What a worker process does: verifies the labs that it is sent, one at a time, and ends with the process that started it. */
export function serve(programHost: string): void {
  process.on("message", async (request: Request) => {
    const { result, report } = await verifyLab(request, programHost);
    process.send?.({ number: request.number, result, report } satisfies Answer);
  });
  const end = () => {
    underWay?.abandon();
    process.exit(0);
  };
  process.on("disconnect", end);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
}

/** No lab takes so long; one that does waits for what never comes. */
const longestMs = 120_000;

async function inTime<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error(`not done after ${longestMs / 1000} s`)), longestMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function verifyLab(
  { number, name, text }: Request,
  programHost: string,
): Promise<{ readonly result: Result; readonly report: string }> {
  const { plan, diagnostics } = compileSync(text, `file:///${name}`);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) return { result: "cannot run", report: errors.map(({ message }) => message).join("\n") };
  const verification = new ScenarioVerification(plan, plan.scenarios[0], {
    keep: false,
    programHost: [process.execPath, programHost],
  });
  underWay = verification;
  try {
    const verdict = await inTime(verification.run(number));
    const report = formatVerdict(verdict, name);
    if (verdict.differences.length > 0) return { result: "different", report };
    return { result: verdict.notes.some((note) => note.startsWith("not run")) ? "cannot run" : "equal", report };
  } catch (error) {
    if (error instanceof SetUpFailure) return { result: "cannot run", report: error.message };
    return { result: "different", report: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    verification.abandon();
    underWay = undefined;
  }
}
