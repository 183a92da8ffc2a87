import * as vscode from "vscode";
import { compileLab } from "../lab/compile-lab.ts";
import type { Compilation } from "../language/compile.ts";
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

/** Compiles each version of a document once, however many features ask. */
export class Compilations implements vscode.Disposable {
  private readonly known = new Map<string, { readonly version: number; readonly result: Promise<Compilation> }>();
  private readonly onClose: vscode.Disposable;

  constructor() {
    this.onClose = vscode.workspace.onDidCloseTextDocument((document) => this.known.delete(document.uri.toString()));
  }

  of(document: vscode.TextDocument): Promise<Compilation> {
    const uri = document.uri.toString();
    const known = this.known.get(uri);
    if (known?.version === document.version) return known.result;
    const result = compileLab(document.getText(), uri);
    this.known.set(uri, { version: document.version, result });
    return result;
  }

  dispose(): void {
    this.onClose.dispose();
    this.known.clear();
  }
}
