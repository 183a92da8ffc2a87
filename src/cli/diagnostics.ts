import type { Diagnostic, Severity } from "../base/diagnostic.ts";
import { formatPlace, type SourceRange } from "../base/source-range.ts";
import type { SourceFile } from "./source-file.ts";

const labels: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", information: "note" };

/** `file:line:col: error: …` as compilers print it, with a second line where there is a fix. In the order of the file. */
export function formatDiagnostics(file: SourceFile, diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .toSorted((a, b) => comparePlaces(file, a.range, b.range))
    .map((diagnostic) => formatDiagnostic(file, diagnostic))
    .join("");
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

/** The program's own places first. */
function comparePlaces({ uri }: SourceFile, a: SourceRange, b: SourceRange): number {
  if (a.uri !== b.uri) return a.uri === uri ? -1 : b.uri === uri ? 1 : a.uri < b.uri ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** An imported file by its path from the program's folder, as the program is named. */
function nameOf(file: SourceFile, uri: string): string {
  const folder = file.uri.slice(0, file.uri.lastIndexOf("/") + 1);
  if (!uri.startsWith(folder)) return uri;
  return file.name.slice(0, file.name.lastIndexOf("/") + 1) + decodeURI(uri.slice(folder.length));
}

function formatDiagnostic(file: SourceFile, { range, severity, message, fix }: Diagnostic): string {
  const place = formatPlace(range, range.uri === file.uri ? file.name : nameOf(file, range.uri));
  const line = `${place}: ${labels[severity]}: ${message}\n`;
  return fix === undefined ? line : `${line}  fix: ${fix.title}\n`;
}
