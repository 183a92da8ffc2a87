import * as vscode from "vscode";
import { registerCodeLenses } from "./code-lenses.ts";
import { registerCommands } from "./commands.ts";
import { registerDebugAdapter } from "./debug-adapter.ts";
import { registerDiagnostics } from "./diagnostics.ts";
import { Compilations } from "./documents.ts";
import { registerEditNotice } from "./edited-program.ts";
import { activeContextKey, debugType } from "./identifiers.ts";
import { LaunchConfigurations } from "./launch-configurations.ts";
import { registerOutline } from "./outline.ts";
import { StateView } from "./state-view.ts";

/**
 * Brings every feature up; the same in both extension hosts. Nothing here reads or starts anything that the user did
 * not open: the extension works in restricted and virtual workspaces as in any other.
 *
 * @param yieldToMessages See `DebugEnvironment`; the hosts differ in how that is done.
 */
export function activateWith(context: vscode.ExtensionContext, yieldToMessages: () => Promise<void>): void {
  const compilations = new Compilations();
  context.subscriptions.push(
    compilations,
    registerDiagnostics(compilations),
    registerOutline(compilations),
    registerCodeLenses(compilations),
    registerCommands(context.extensionUri),
    registerDebugAdapter(yieldToMessages),
    registerLaunchConfigurations(compilations),
    registerEditNotice(),
    StateView.register(context),
  );
  void vscode.commands.executeCommand("setContext", activeContextKey, true);
}

function registerLaunchConfigurations(compilations: Compilations): vscode.Disposable {
  const provider = new LaunchConfigurations(compilations);
  return vscode.debug.registerDebugConfigurationProvider(
    debugType,
    provider,
    vscode.DebugConfigurationProviderTriggerKind.Dynamic,
  );
}
