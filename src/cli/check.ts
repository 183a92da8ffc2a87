import { compileLab } from "../lab/compile-lab.ts";
import { formatDiagnostics, hasErrors } from "./diagnostics.ts";
import { BadInput, type ExitCode, exitCode } from "./exit-code.ts";
import { readImport } from "./read-import.ts";
import { readSourceFile } from "./source-file.ts";
import type { Terminal } from "./terminal.ts";

/** `k8snet check FILE…`: all files are looked at, whatever is wrong with one of them. */
export async function check(names: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let bad = 0;
  for (const name of names) if (!(await checkFile(name, terminal))) bad++;
  if (bad > 0) {
    terminal.error(`${bad} of ${count(names.length, "file")} ${bad === 1 ? "has" : "have"} errors\n`);
    return exitCode.badInput;
  }
  terminal.out(`${count(names.length, "file")}, no errors\n`);
  return exitCode.ok;
}

async function checkFile(name: string, terminal: Terminal): Promise<boolean> {
  try {
    const file = await readSourceFile(name);
    const { diagnostics } = await compileLab(file.text, file.uri, { readImport });
    terminal.error(formatDiagnostics(file, diagnostics));
    return !hasErrors(diagnostics);
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    terminal.error(`${error.message}\n`);
    return false;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
