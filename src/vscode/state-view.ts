import * as vscode from "vscode";
import type { ClientTreeRow, StateEventBody } from "../debug/server.ts";
import type { MessageFromView, MessageToView, ViewPhase, ViewPlace, ViewRow } from "../views/state/messages.ts";
import { fromClientPath } from "./client-paths.ts";
import { commandIds, debugType, stateViewId } from "./identifiers.ts";
import { networkSession, onDidChangeNetworkSession } from "./network-session.ts";
import { statePage } from "./state-page.ts";

const phases: Record<StateEventBody["reason"], ViewPhase> = {
  launched: "running",
  running: "running",
  stopped: "stopped",
  ended: "ended",
};

const shownOnceKey = "k8snet.stateViewShown";

/** "Network State" in the Run and Debug side bar: carries rows from the debug session to the page, and clicks back. */
export class StateView implements vscode.WebviewViewProvider {
  private readonly extensionUri: vscode.Uri;
  private readonly memory: vscode.Memento;
  private webview: vscode.Webview | undefined;
  private session: vscode.DebugSession | undefined;
  private readonly states = new Map<string, StateEventBody>();

  static register({ extensionUri, workspaceState }: vscode.ExtensionContext): vscode.Disposable {
    const view = new StateView(extensionUri, workspaceState);
    return vscode.Disposable.from(
      vscode.window.registerWebviewViewProvider(stateViewId, view),
      vscode.commands.registerCommand(commandIds.collapseState, () => view.send({ kind: "collapse all" })),
      vscode.debug.onDidStartDebugSession((session) => view.showOnce(session)),
      onDidChangeNetworkSession((session) => view.follow(session)),
      vscode.debug.onDidReceiveDebugSessionCustomEvent((event) => view.onCustomEvent(event)),
      vscode.debug.onDidTerminateDebugSession(({ id }) => void view.states.delete(id)),
    );
  }

  private constructor(extensionUri: vscode.Uri, memory: vscode.Memento) {
    this.extensionUri = extensionUri;
    this.memory = memory;
    this.follow(networkSession());
  }

  resolveWebviewView({ webview, onDidDispose }: vscode.WebviewView): void {
    this.webview = webview;
    const root = vscode.Uri.joinPath(this.extensionUri, "dist", "views");
    webview.options = { enableScripts: true, localResourceRoots: [root] };
    webview.onDidReceiveMessage((message: MessageFromView) => void this.receive(message));
    onDidDispose(() => {
      if (this.webview === webview) this.webview = undefined;
    });
    const at = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(root, name)).toString();
    const { cspSource } = webview;
    webview.html = statePage({ script: at("state.js"), style: at("state.css"), cspSource, nonce: crypto.randomUUID() });
  }

  /** VS Code adds views to its Run and Debug side bar collapsed: the first session in a workspace opens this one. */
  private async showOnce({ type, configuration }: vscode.DebugSession): Promise<void> {
    if (type !== debugType || configuration.noDebug || this.memory.get(shownOnceKey)) return;
    await this.memory.update(shownOnceKey, true);
    await vscode.commands.executeCommand(`${stateViewId}.focus`, { preserveFocus: true });
  }

  private follow(session: vscode.DebugSession | undefined): void {
    if (session?.id === this.session?.id) return;
    this.session = session;
    this.tellSession();
  }

  private onCustomEvent({ session, event, body }: vscode.DebugSessionCustomEvent): void {
    if (session.type !== debugType || event !== "k8snet/state") return;
    this.states.set(session.id, body);
    if (session.id === this.session?.id) this.tellState();
  }

  private tellSession(): void {
    this.send({ kind: "session", key: this.session?.id ?? null });
    this.tellState();
  }

  private tellState(): void {
    const state = this.session && this.states.get(this.session.id);
    if (state) this.send({ kind: "state", position: state.position, phase: phases[state.reason] });
  }

  private send(message: MessageToView): void {
    void this.webview?.postMessage(message);
  }

  private async receive(message: MessageFromView): Promise<void> {
    switch (message.kind) {
      case "ready":
        return this.tellSession();
      case "rows": {
        const { request, parentId, limit } = message;
        return this.send({ kind: "rows", request, rows: await this.rows(parentId, limit) });
      }
      case "reveal":
        return reveal(message.place, message.keepFocus);
      case "debug":
        return vscode.commands.executeCommand(commandIds.debugScenario);
      case "open sample":
        return vscode.commands.executeCommand(commandIds.openSample);
    }
  }

  /** Null where there is no session to ask, or it is just ending. */
  private async rows(parentId: string, limit: number): Promise<ViewRow[] | null> {
    try {
      const answer: { rows: ClientTreeRow[] } | undefined = await this.session?.customRequest("k8snet/tree", {
        parentId,
        limit,
      });
      return answer ? answer.rows.map(toViewRow) : null;
    } catch {
      return null;
    }
  }
}

function toViewRow({ source, ...row }: ClientTreeRow): ViewRow {
  if (!source?.source.path) return row;
  const { line, column, endLine, endColumn } = source;
  return { ...row, place: { path: source.source.path, line, column, endLine, endColumn } };
}

/** Shows the declaring line. */
async function reveal(place: ViewPlace, preserveFocus: boolean): Promise<void> {
  const at = new vscode.Position(place.line - 1, place.column - 1);
  const options = { selection: new vscode.Range(at, at), preserveFocus, preview: true };
  await vscode.window.showTextDocument(fromClientPath(place.path), options);
}
