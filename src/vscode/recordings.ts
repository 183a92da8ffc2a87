import * as vscode from "vscode";
import { readRecording } from "../lab/recording/read-recording.ts";
import { recordingEnding } from "../lab/recording/recording.ts";
import { fromClientPath, toClientPath } from "./client-paths.ts";
import { commandIds, debugType, recordingEditorId } from "./identifiers.ts";
import { askSession, networkSession } from "./network-session.ts";
import { recordingPage } from "./recording-page.ts";

/** Saves runs, and opens those that were saved at the event where they stood. */
export function registerRecordings(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand(commandIds.saveRecording, save),
    vscode.commands.registerCommand(commandIds.openRecording, open),
    vscode.window.registerCustomEditorProvider(recordingEditorId, new RecordingEditor()),
  );
}

async function save(): Promise<void> {
  const answer = await askSession<{ content: string }>("k8snet/recording");
  if (answer === undefined) return;
  const target = await vscode.window.showSaveDialog({
    defaultUri: besideProgram(),
    filters: { "Recorded runs": [recordingEnding.slice(1)] },
    saveLabel: "Save Recording",
  });
  if (target !== undefined) await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(answer.content));
}

function besideProgram(): vscode.Uri | undefined {
  const program = networkSession()?.configuration.program;
  if (typeof program !== "string") return undefined;
  const uri = fromClientPath(program);
  return uri.scheme === "untitled" ? undefined : uri.with({ path: uri.path.replace(/(\.k8snet)?$/, recordingEnding) });
}

/** From the explorer and the page of a recording with its file, from the palette without one. */
async function open(asked?: vscode.Uri | string): Promise<boolean> {
  const uri = typeof asked === "string" ? vscode.Uri.parse(asked, true) : (asked ?? (await choose()));
  if (uri === undefined) return false;
  return vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(uri), replayOf(uri));
}

async function choose(): Promise<vscode.Uri | undefined> {
  const filters = { "Recorded runs": [recordingEnding.slice(1)] };
  return (await vscode.window.showOpenDialog({ filters, openLabel: "Debug" }))?.[0];
}

/** How a saved run is opened again. */
export function replayOf(recording: vscode.Uri): vscode.DebugConfiguration {
  const name = recording.path.slice(recording.path.lastIndexOf("/") + 1);
  return {
    type: debugType,
    request: "launch",
    name: `Recording ${name}`,
    recording: toClientPath(recording),
    stopAtEnd: true,
  };
}

/** Opening a recording opens its run; the page says what it is, and opens it again. */
class RecordingEditor implements vscode.CustomReadonlyEditorProvider {
  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose() {} };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, { webview }: vscode.WebviewPanel): Promise<void> {
    webview.options = { enableCommandUris: [commandIds.openRecording] };
    const recording = readRecording(new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
    const link = `command:${commandIds.openRecording}?${encodeURIComponent(JSON.stringify([uri.toString()]))}`;
    webview.html = recordingPage(recording, link);
    if (!("problem" in recording) && !isOpen(uri)) await open(uri);
  }
}

/** A window that comes back with its editors does not start what is running already. */
function isOpen(uri: vscode.Uri): boolean {
  return networkSession()?.configuration.recording === toClientPath(uri);
}
