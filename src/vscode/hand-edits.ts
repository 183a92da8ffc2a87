import * as vscode from "vscode";
import { commandIds } from "./identifiers.ts";
import {
  askSession,
  dataArguments,
  networkSession,
  type StateRowContext,
  type VariableContext,
} from "./network-session.ts";
import type { PacketBreakpointsTree } from "./packet-breakpoints/tree.ts";

/** Commands that change the network by hand, or watch what changes it. */
export function registerHandEdits(tree: PacketBreakpointsTree): vscode.Disposable {
  const ofPacket = (action: string) => (context?: unknown) => editPacket(action, context);
  return vscode.Disposable.from(
    vscode.commands.registerCommand(commandIds.breakOnChange, (context?: StateRowContext) => watch(tree, context)),
    vscode.commands.registerCommand(commandIds.setRowValue, setRowValue),
    vscode.commands.registerCommand(commandIds.removeRow, removeRow),
    vscode.commands.registerCommand(commandIds.duplicatePacket, ofPacket("duplicate")),
    vscode.commands.registerCommand(commandIds.holdPacket, ofPacket("hold")),
    vscode.commands.registerCommand(commandIds.releasePacket, ofPacket("release")),
    vscode.commands.registerCommand(commandIds.injectPacket, injectPacket),
  );
}

/** A data breakpoint that the tree keeps: VS Code lets extensions make none of its own. */
async function watch(tree: PacketBreakpointsTree, context?: StateRowContext): Promise<void> {
  const name = context?.k8snetRow ?? (await askExpression());
  if (name === undefined) return;
  const found = await askSession<{ dataId: string | null; description: string }>("dataBreakpointInfo", { name });
  if (found === undefined) return;
  if (found.dataId === null) void vscode.window.showErrorMessage(found.description);
  else tree.watch(found.dataId, found.description);
}

async function askExpression(): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: "Break when a value changes",
    prompt: "An expression that asks the network, or the id of a row",
    placeHolder: 'neigh("pod1", "10.244.1.9").state',
  });
}

async function setRowValue(context?: StateRowContext): Promise<void> {
  if (context === undefined) return;
  const answer = await askSession<{ fields: Readonly<Record<string, string>> }>("k8snet/settable", {
    data: context.k8snetRow,
  });
  if (answer === undefined) return;
  const names = Object.keys(answer.fields);
  if (names.length === 0) {
    void vscode.window.showInformationMessage(`${context.k8snetLabel} has nothing that can be set by hand.`);
    return;
  }
  const items = names.map((label) => ({ label, description: answer.fields[label] }));
  const field = names.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { title: "Set which value?" });
  if (field === undefined) return;
  const title = `${context.k8snetLabel}: ${field.label}`;
  const value = await vscode.window.showInputBox({ title, value: field.description });
  if (value === undefined) return;
  await askSession("k8snet/edit", { do: "set", data: answerId(context.k8snetRow, field.label), value });
}

function answerId(row: string, field: string): string {
  return row.startsWith("link:") ? row : `${row}#${field}`;
}

async function removeRow(context?: StateRowContext | VariableContext): Promise<void> {
  const args = dataArguments(context);
  if (args === undefined) return;
  const { name, variablesReference } = args;
  const what = variablesReference === undefined ? { data: name } : { name, variablesReference };
  await askSession("k8snet/edit", { do: "remove", ...what });
}

/** On a thread of the Call Stack, or on the one that is looked at. */
async function editPacket(action: string, context: unknown): Promise<void> {
  const threadId = threadOf(context);
  if (threadId === undefined || threadId === 1) {
    void vscode.window.showErrorMessage("Choose a packet in the Call Stack first.");
    return;
  }
  await askSession("k8snet/edit", { do: action, threadId });
}

/** VS Code names threads in its menus `thread:SESSION:12`. */
export function threadOf(context: unknown): number | undefined {
  const named = (context as { threadId?: unknown } | undefined)?.threadId;
  if (typeof named === "number") return named;
  const last = typeof named === "string" ? /(\d+)$/.exec(named)?.[1] : undefined;
  if (last !== undefined) return Number(last);
  const item = vscode.debug.activeStackItem;
  // Right after a stop it may still be one of the session before.
  return item !== undefined && item.session.id === networkSession()?.id ? item.threadId : undefined;
}

async function injectPacket(): Promise<void> {
  const device = await vscode.window.showInputBox({
    title: "Inject a packet",
    prompt: "At which device",
    placeHolder: "pod1/eth0",
  });
  if (!device) return;
  const ways = [
    { label: "in", description: "as if it came in by the device" },
    { label: "out", description: "as if the machine sent it out by the device" },
  ];
  const way = await vscode.window.showQuickPick(ways, { title: "Inject a packet" });
  if (way === undefined) return;
  const frame = await vscode.window.showInputBox({
    title: "Inject a packet",
    prompt: "The Ethernet frame without FCS, in hexadecimal digits",
    placeHolder: "ff ff ff ff ff ff 02 00 00 00 00 01 08 06 …",
  });
  if (frame) await askSession("k8snet/edit", { do: "inject", device: device.trim(), way: way.label, frame });
}
