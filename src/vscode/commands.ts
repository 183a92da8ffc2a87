import * as vscode from "vscode";
import { compileLab } from "../lab/compile-lab.ts";
import { expandPlan } from "../plan/expansion/expansion.ts";
import { readImport } from "./documents.ts";
import { commandIds, languageId } from "./identifiers.ts";
import { activeNetworkFile, attachTo, launchOf } from "./launch-configurations.ts";

const samplePath = ["test", "labs", "same-node-ping.k8snet"];

export function registerCommands(extensionUri: vscode.Uri): vscode.Disposable {
  const start =
    (noDebug: boolean) =>
    (uri?: vscode.Uri, scenario?: string): Promise<boolean> =>
      startScenario(uri, scenario, noDebug);
  return vscode.Disposable.from(
    vscode.commands.registerCommand(commandIds.debugScenario, start(false)),
    vscode.commands.registerCommand(commandIds.runScenario, start(true)),
    vscode.commands.registerCommand(commandIds.debugCapture, debugCapture),
    vscode.commands.registerCommand(commandIds.showExpansion, showExpansion),
    vscode.commands.registerCommand(commandIds.openSample, () => openSample(extensionUri)),
  );
}

/** Called from the palette and the editor's title (with at most a file), and from code lenses (with a scenario). */
async function startScenario(
  uri: vscode.Uri | undefined,
  scenario: string | undefined,
  noDebug: boolean,
): Promise<boolean> {
  const program = uri ?? activeNetworkFile()?.uri;
  if (!program) {
    void vscode.window.showErrorMessage("Open a .k8snet file first.");
    return false;
  }
  const folder = vscode.workspace.getWorkspaceFolder(program);
  return vscode.debug.startDebugging(folder, launchOf(program, scenario), { noDebug });
}

/** What `node`, `pod` and `service` come to, in the low level's words, in an unsaved editor beside the file. */
async function showExpansion(uri?: vscode.Uri): Promise<void> {
  const file = uri ?? activeNetworkFile()?.uri;
  if (file === undefined) return void vscode.window.showErrorMessage("Open a .k8snet file first.");
  const document = await vscode.workspace.openTextDocument(file);
  const { plan, diagnostics } = await compileLab(document.getText(), file.toString(), { readImport });
  const { text, problems } = expandPlan(plan);
  const [failure] = [...diagnostics.filter(({ severity }) => severity === "error"), ...problems];
  if (failure !== undefined) return void vscode.window.showErrorMessage(`This cannot be expanded: ${failure.message}`);
  const content = await vscode.workspace.openTextDocument({ language: languageId, content: text });
  await vscode.window.showTextDocument(content, vscode.ViewColumn.Beside);
}

/** Called from the explorer with a file, from the palette without one. */
async function debugCapture(uri?: vscode.Uri): Promise<boolean> {
  const capture = uri ?? (await chooseCapture());
  if (!capture) return false;
  return vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(capture), attachTo(capture));
}

async function chooseCapture(): Promise<vscode.Uri | undefined> {
  const filters = { "Packet captures": ["pcapng", "pcap"] };
  return (await vscode.window.showOpenDialog({ filters, openLabel: "Debug" }))?.[0];
}

/** A copy to play with, in an unsaved editor. */
async function openSample(extensionUri: vscode.Uri): Promise<void> {
  const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extensionUri, ...samplePath));
  const content = new TextDecoder().decode(bytes);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: languageId, content }));
}
