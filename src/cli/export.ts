import { basename } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { compileLab } from "../lab/compile-lab.ts";
import { expandPlan } from "../plan/expansion/expansion.ts";
import { shellScript } from "../plan/shell/script.ts";
import { withoutTwin } from "../plan/shell/without-twin.ts";
import { formatDiagnostics, hasErrors } from "./diagnostics.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { readImport } from "./read-import.ts";
import { readSourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";

export const exportForms = ["sh", "k8snet"] as const;

export interface ExportOptions {
  readonly to: (typeof exportForms)[number];
}

/** Lines to print before looking whether the reader keeps up. */
const sliceLines = 1_000;

/** `k8snet export FILE --to sh|k8snet`: the plan in another form, on standard output. */
export async function exportFile(name: string, { to }: ExportOptions, terminal: Terminal): Promise<ExitCode> {
  const file = await readSourceFile(name);
  const { plan, diagnostics } = await compileLab(file.text, file.uri, { readImport });
  const found = diagnostics.filter(({ severity }) => severity !== "information");
  if (to === "k8snet" && !hasErrors(found)) {
    const { text, problems } = expandPlan(plan);
    const left = problems.map(
      ({ message, source: range }) => ({ severity: "error", code: "not-in-low-level", range, message }) as const,
    );
    terminal.error(formatDiagnostics(file, [...found, ...left]));
    if (left.length > 0) return exitCode.badInput;
    terminal.out(text);
    await terminal.caughtUp();
    return exitCode.ok;
  }
  const complaints = [...found, ...withoutTwin(plan)];
  terminal.error(formatDiagnostics(file, complaints));
  if (hasErrors(complaints)) return exitCode.badInput;
  let lines = 0;
  for (const text of shellScript(plan, { fileName: basename(name), writtenBy: `k8snet ${manifest.version}` })) {
    terminal.out(text);
    if (++lines % sliceLines === 0) await terminal.caughtUp();
  }
  await terminal.caughtUp();
  return exitCode.ok;
}
