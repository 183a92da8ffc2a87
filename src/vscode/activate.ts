import * as vscode from "vscode";
import { registerCodeLenses } from "./code-lenses.ts";
import { registerCommands } from "./commands.ts";
import { registerConditionCompletions } from "./condition-completions.ts";
import { registerDebugAdapter } from "./debug-adapter.ts";
import { registerDiagnostics } from "./diagnostics.ts";
import { Compilations } from "./documents.ts";
import { registerEditNotice } from "./edited-program.ts";
import { registerGeneratedDocuments } from "./generated-documents.ts";
import { registerHandEdits } from "./hand-edits.ts";
import { activeContextKey, debugType } from "./identifiers.ts";
import { registerInlineValues } from "./inline-values.ts";
import { LaunchConfigurations } from "./launch-configurations.ts";
import { registerModelDiagnostics } from "./model-diagnostics.ts";
import { registerNetworkSessions } from "./network-session.ts";
import { registerNextEvent } from "./next-event.ts";
import { registerOutline } from "./outline.ts";
import { PacketBreakpointsTree } from "./packet-breakpoints/tree.ts";
import { registerRecordings } from "./recordings.ts";
import { StateView } from "./state-view.ts";
import { registerThreadFilter } from "./thread-filter.ts";
import { registerTimeTravel } from "./time-travel.ts";
import { registerVerify, type StartVerify } from "./verify.ts";
import { registerWhy } from "./why.ts";

/** What the extension hosts differ in. */
export interface Host {
  /** See `DebugEnvironment`. */
  yieldToMessages(): Promise<void>;
  /** Absent where no process can be started. */
  readonly startVerify?: StartVerify;
}

/**
 * Brings every feature up. Nothing here reads or starts anything that the user did not open: the extension works in
 * restricted and virtual workspaces as in any other, but for "Verify on Linux", which asks for trust and a file.
 */
export function activateWith(context: vscode.ExtensionContext, { yieldToMessages, startVerify }: Host): void {
  const compilations = new Compilations();
  const { tree, registration } = PacketBreakpointsTree.register(context);
  context.subscriptions.push(
    registerNetworkSessions(),
    compilations,
    registerDiagnostics(compilations),
    registerModelDiagnostics(compilations, yieldToMessages),
    registerOutline(compilations),
    registerCodeLenses(compilations, startVerify !== undefined),
    registerCommands(context.extensionUri),
    registerDebugAdapter(yieldToMessages),
    registerLaunchConfigurations(compilations, tree),
    registration,
    registerTimeTravel(),
    registerHandEdits(tree),
    registerThreadFilter(),
    registerInlineValues(),
    registerConditionCompletions(),
    registerWhy(),
    registerNextEvent(),
    registerRecordings(),
    registerEditNotice(),
    registerGeneratedDocuments(),
    StateView.register(context),
  );
  if (startVerify) context.subscriptions.push(registerVerify(startVerify));
  void vscode.commands.executeCommand("setContext", activeContextKey, true);
}

function registerLaunchConfigurations(compilations: Compilations, tree: PacketBreakpointsTree): vscode.Disposable {
  const provider = new LaunchConfigurations(compilations, tree);
  return vscode.debug.registerDebugConfigurationProvider(
    debugType,
    provider,
    vscode.DebugConfigurationProviderTriggerKind.Dynamic,
  );
}
