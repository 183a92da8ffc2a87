import type { Diagnostic, Severity } from "../base/diagnostic.ts";
import { formatPlace } from "../base/source-range.ts";
import type { SourceFile } from "./source-file.ts";

const labels: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", information: "note" };

/** `file:line:col: error: …` as compilers print it, with a second line where there is a fix. In the order of the file. */
export function formatDiagnostics(file: SourceFile, diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .toSorted((a, b) => a.range.line - b.range.line || a.range.column - b.range.column)
    .map((diagnostic) => formatDiagnostic(file, diagnostic))
    .join("");
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

function formatDiagnostic(file: SourceFile, { range, severity, message, fix }: Diagnostic): string {
  const place = formatPlace(range, range.uri === file.uri ? file.name : range.uri);
  const line = `${place}: ${labels[severity]}: ${message}\n`;
  return fix === undefined ? line : `${line}  fix: ${fix.title}\n`;
}
