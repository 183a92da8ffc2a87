import * as vscode from "vscode";
import type { SourceRange } from "../base/source-range.ts";

/** Lines and columns count from 1 in our ranges, from 0 in VS Code's. */
export function toRange(source: Omit<SourceRange, "uri">): vscode.Range {
  return new vscode.Range(source.line - 1, source.column - 1, source.endLine - 1, source.endColumn - 1);
}

export function contains(source: Omit<SourceRange, "uri">, position: vscode.Position): boolean {
  return toRange(source).contains(position);
}
