import * as vscode from "vscode";
import { debugType } from "./identifiers.ts";

/** Network sessions that have not ended, in the order in which they began. */
const live = new Map<string, vscode.DebugSession>();
const ended = new Set<string>();
let current: vscode.DebugSession | undefined;
const changed = new vscode.EventEmitter<vscode.DebugSession | undefined>();

/** The session that `networkSession` answers with became another one. */
export const onDidChangeNetworkSession = changed.event;

/**
 * Follows the network sessions. VS Code's active session alone does not tell: it may be of another kind, it is the one
 * before for a while after the first stop, and it stays one that has ended where that ended while VS Code was still
 * turning to its last stop. Nor does its word that a session has ended, which comes late: the adapter's own does.
 */
export function registerNetworkSessions(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.debug.registerDebugAdapterTrackerFactory(debugType, {
      createDebugAdapterTracker: (session) => ({
        onDidSendMessage: ({ type, event }) => {
          if (type === "event" && event === "k8snet/state") begin(session);
          if (type === "event" && event === "terminated") end(session);
        },
      }),
    }),
    vscode.debug.onDidChangeActiveDebugSession(settle),
    vscode.debug.onDidTerminateDebugSession(end),
  );
}

function begin(session: vscode.DebugSession): void {
  if (ended.has(session.id)) return;
  live.set(session.id, session);
  settle();
}

function end(session: vscode.DebugSession): void {
  ended.add(session.id);
  live.delete(session.id);
  settle();
}

function settle(): void {
  const active = vscode.debug.activeDebugSession;
  const next = (active && live.get(active.id)) ?? (current && live.get(current.id)) ?? [...live.values()].at(-1);
  if (next === current) return;
  current = next;
  changed.fire(next);
}

/** The network session that the user is in, or was in before turning to a session of another kind. */
export function networkSession(): vscode.DebugSession | undefined {
  return current;
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
