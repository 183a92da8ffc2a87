import * as vscode from "vscode";
import { until } from "./cases.ts";

/** Two nodes, one of which does not forward. */
export const forwardingOff = `cluster { cni host-gw }

node node1 {
  address 192.168.1.11/24
  sysctl net.ipv4.ip_forward 0
  pod client
}

node node2 { address 192.168.1.12/24; pod server }
`;

/** The workspace holds a copy of the sample; the suite writes its results next to it. */
export function workspaceFolder(): vscode.WorkspaceFolder {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (!folder) throw new Error("The suite needs a workspace folder");
  return folder;
}

export async function openSample(): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(vscode.Uri.joinPath(workspaceFolder().uri, "same-node-ping.k8snet"));
}

/** Counts from 0. */
export function lineOf(document: vscode.TextDocument, text: RegExp): number {
  for (let line = 0; line < document.lineCount; line++) if (text.test(document.lineAt(line).text)) return line;
  throw new Error(`The sample has no line like ${text}`);
}

export async function closeEverything(): Promise<void> {
  await vscode.debug.stopDebugging();
  vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  // The extension host hears of it later than the command is done.
  await until(() => vscode.window.tabGroups.all.every(({ tabs }) => tabs.length === 0), "the editors to be closed");
}
