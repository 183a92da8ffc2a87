import type * as vscode from "vscode";
import { activateWith } from "./activate.ts";

/** Entry of the Node extension host: desktop and remote. */
export function activate(context: vscode.ExtensionContext): void {
  activateWith(context, () => new Promise((resolve) => setImmediate(resolve)));
}
