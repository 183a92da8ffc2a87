import * as vscode from "vscode";
import type { StateEventBody } from "../debug/server.ts";
import { fromClientPath } from "./client-paths.ts";
import { debugType } from "./identifiers.ts";

/** A session goes on with the text that it started from; when its file is edited meanwhile it says so, once. */
export function registerEditNotice(): vscode.Disposable {
  /** Sessions that have not said it yet, each with the URI of its program. */
  const unaware = new Map<string, string>();
  const onStart = ({ session, event, body }: vscode.DebugSessionCustomEvent): void => {
    if (session.type !== debugType || event !== "k8snet/state") return;
    // Sent at the launch, and again at each restart, which takes the new text.
    const { reason } = body as StateEventBody;
    const { program } = session.configuration;
    // A capture or a recording has no program that could be edited.
    if (reason === "launched" && typeof program === "string")
      unaware.set(session.id, fromClientPath(program).toString());
  };
  const onEdit = ({ document, contentChanges }: vscode.TextDocumentChangeEvent): void => {
    if (contentChanges.length === 0) return;
    for (const [id, program] of unaware) {
      if (program !== document.uri.toString()) continue;
      unaware.delete(id);
      vscode.debug.activeDebugConsole.appendLine(notice);
    }
  };
  return vscode.Disposable.from(
    vscode.debug.onDidReceiveDebugSessionCustomEvent(onStart),
    vscode.debug.onDidTerminateDebugSession(({ id }) => void unaware.delete(id)),
    vscode.workspace.onDidChangeTextDocument(onEdit),
  );
}

const notice =
  "The file has changed. This session goes on with the text that it started from; Restart takes the new one.";
