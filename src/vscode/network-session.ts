import * as vscode from "vscode";
import { debugType } from "./identifiers.ts";

/** The network session that the user is in. */
export function networkSession(): vscode.DebugSession | undefined {
  const session = vscode.debug.activeDebugSession;
  return session?.type === debugType ? session : undefined;
}

/** Asks the session, and shows why where it refuses; undefined then, and where there is none. */
export async function askSession<Answer = unknown>(command: string, args?: object): Promise<Answer | undefined> {
  const session = networkSession();
  if (session === undefined) {
    void vscode.window.showErrorMessage("Debug a .k8snet file first.");
    return undefined;
  }
  try {
    return ((await session.customRequest(command, args)) ?? {}) as Answer;
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** What VS Code hands a command of the Variables view's context menu. */
export interface VariableContext {
  readonly container: { readonly variablesReference?: number };
  readonly variable: { readonly name: string; readonly evaluateName?: string; readonly value?: string };
}

/** What a row of the state view hands over: `data-vscode-context`. */
export interface StateRowContext {
  readonly k8snetRow: string;
  readonly k8snetLabel: string;
}

/** How the session knows what a command was called on. */
export function dataArguments(
  context: VariableContext | StateRowContext | undefined,
): { readonly name: string; readonly variablesReference?: number } | undefined {
  if (context === undefined) return undefined;
  if ("k8snetRow" in context) return { name: context.k8snetRow };
  return { name: context.variable.name, variablesReference: context.container.variablesReference };
}
