import * as vscode from "vscode";
import { createSession, type DebugEnvironment, openSimulatedLab } from "../debug/server.ts";
import { fromClientPath, toClientPath } from "./client-paths.ts";
import { readDocument, readImport } from "./documents.ts";
import { debugType } from "./identifiers.ts";

/** The debug adapter runs in the extension host itself: no process is started. */
export function registerDebugAdapter(yieldToMessages: () => Promise<void>): vscode.Disposable {
  const environment: DebugEnvironment = {
    readFile: (clientPath) => readDocument(fromClientPath(clientPath)),
    readBytes: async (clientPath) => vscode.workspace.fs.readFile(fromClientPath(clientPath)),
    readImport,
    openLab: openSimulatedLab,
    toUri: (clientPath) => fromClientPath(clientPath).toString(),
    toClientPath: (uri) => toClientPath(vscode.Uri.parse(uri, true)),
    now: () => performance.now(),
    yieldToMessages,
  };
  return vscode.debug.registerDebugAdapterDescriptorFactory(debugType, {
    createDebugAdapterDescriptor: () => new vscode.DebugAdapterInlineImplementation(createSession(environment)),
  });
}
