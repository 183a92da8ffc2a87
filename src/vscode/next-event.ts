import * as vscode from "vscode";
import { commandIds } from "./identifiers.ts";
import { askSession } from "./network-session.ts";

interface Future {
  readonly event: string;
  readonly label: string;
  readonly description: string;
}

/** Chooses which of the events that are due at one time comes next. */
export function registerNextEvent(): vscode.Disposable {
  return vscode.commands.registerCommand(commandIds.nextEvent, chooseNext);
}

async function chooseNext(): Promise<void> {
  const answer = await askSession<{ futures: readonly Future[] }>("k8snet/futures");
  if (answer === undefined) return;
  const { futures } = answer;
  if (futures.length < 2) {
    void vscode.window.showInformationMessage("Only one thing can happen next here.");
    return;
  }
  const items = futures.map((future, index) => ({
    ...future,
    detail: index === 0 ? "comes next if nobody chooses" : undefined,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Which event comes next?",
    matchOnDescription: true,
  });
  if (chosen !== undefined && chosen !== items[0]) await askSession("k8snet/edit", { do: "next", event: chosen.event });
}
