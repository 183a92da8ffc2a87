import * as vscode from "vscode";
import { threadOf } from "./hand-edits.ts";
import { commandIds } from "./identifiers.ts";
import { askSession } from "./network-session.ts";

/** Commands that say which packets the Call Stack lists. */
export function registerThreadFilter(): vscode.Disposable {
  const of = (show: string) => (context?: unknown) => showOnly(show, threadOf(context));
  return vscode.Disposable.from(
    vscode.commands.registerCommand(commandIds.onlyThisPacket, of("packet")),
    vscode.commands.registerCommand(commandIds.followReply, of("conversation")),
    vscode.commands.registerCommand(commandIds.filterPackets, filterPackets),
    vscode.commands.registerCommand(commandIds.allPackets, () => askSession("k8snet/setThreadFilter", { show: "all" })),
  );
}

async function showOnly(show: string, threadId: number | undefined): Promise<void> {
  if (threadId === undefined || threadId === 1) {
    void vscode.window.showErrorMessage("Choose a packet in the Call Stack first.");
    return;
  }
  await askSession("k8snet/setThreadFilter", { show, threadId });
}

async function filterPackets(): Promise<void> {
  const condition = await vscode.window.showInputBox({
    title: "List the packets that a condition fits",
    placeHolder: 'ip.addr == "10.244.1.9" && !tcp',
  });
  if (condition) await askSession("k8snet/setThreadFilter", { show: "matching", condition });
}
