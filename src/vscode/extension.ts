import * as vscode from "vscode";
import { startVerify } from "../netns/verify-process.ts";
import { activateWith } from "./activate.ts";

/** Entry of the Node extension host: desktop and remote. */
export function activate(context: vscode.ExtensionContext): void {
  const cli = vscode.Uri.joinPath(context.extensionUri, "dist", "cli.js").fsPath;
  activateWith(context, {
    yieldToMessages: () => new Promise((resolve) => setImmediate(resolve)),
    startVerify: (request, hear) => startVerify(cli, request, hear),
  });
}
