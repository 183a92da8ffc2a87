import * as vscode from "vscode";
import { compileLab } from "../lab/compile-lab.ts";
import type { Compilation, ReadImport } from "../language/compile.ts";
import { languageId } from "./identifiers.ts";

export function isNetworkFile(document: vscode.TextDocument): boolean {
  return document.languageId === languageId;
}

/** What an editor shows for this document, else what is stored. */
export async function readDocument(uri: vscode.Uri): Promise<string> {
  const open = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri.toString());
  if (open) return open.getText();
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

/** Reads what a network file imports, as editors show it: it stands beside or below the file. */
export const readImport: ReadImport = async (programUri, path) => {
  const program = vscode.Uri.parse(programUri, true);
  if (program.scheme === "untitled") return { problem: `Save this file first: "${path}" is looked for in its folder.` };
  const uri = vscode.Uri.joinPath(program, "..", ...path.split("/"));
  try {
    return { uri: uri.toString(), text: await readDocument(uri) };
  } catch (error) {
    const missing = error instanceof vscode.FileSystemError && error.code === "FileNotFound";
    return { problem: `"${path}" cannot be imported: ${missing ? "there is no such file" : "it cannot be read"}.` };
  }
};

/** Compiles each version of a document once, however many features ask. */
export class Compilations implements vscode.Disposable {
  private readonly known = new Map<string, { readonly version: number; readonly result: Promise<Compilation> }>();
  private readonly importChanged = new vscode.EventEmitter<string>();
  /** An imported file has changed, and with it what this document (by its uri) means. */
  readonly onDidChangeImport = this.importChanged.event;
  private readonly listeners: vscode.Disposable;

  constructor() {
    this.listeners = vscode.Disposable.from(
      this.importChanged,
      vscode.workspace.onDidCloseTextDocument((document) => this.known.delete(document.uri.toString())),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.forgetImporters(document.uri.toString())),
    );
  }

  of(document: vscode.TextDocument): Promise<Compilation> {
    const uri = document.uri.toString();
    const known = this.known.get(uri);
    if (known?.version === document.version) return known.result;
    const result = compileLab(document.getText(), uri, { readImport });
    this.known.set(uri, { version: document.version, result });
    return result;
  }

  dispose(): void {
    this.listeners.dispose();
    this.known.clear();
  }

  private forgetImporters(changed: string): void {
    for (const [uri, { result, version }] of this.known) {
      void result.then(({ imports }) => {
        if (!imports.includes(changed) || this.known.get(uri)?.version !== version) return;
        this.known.delete(uri);
        this.importChanged.fire(uri);
      });
    }
  }
}
