import * as vscode from "vscode";

/**
 * How debug sessions name documents: files by their path, everything else (a remote or virtual workspace, an unsaved
 * editor) by its URI. VS Code does the same with the sources that it sends.
 */
export function toClientPath(uri: vscode.Uri): string {
  return uri.scheme === "file" ? uri.fsPath : uri.toString();
}

export function fromClientPath(path: string): vscode.Uri {
  return hasScheme(path) ? vscode.Uri.parse(path, true) : vscode.Uri.file(path);
}

/** A scheme has two letters at least: `C:` is a drive. */
function hasScheme(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(path);
}
