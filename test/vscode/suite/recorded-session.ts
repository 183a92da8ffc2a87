import type { DebugProtocol } from "@vscode/debugprotocol";
import * as vscode from "vscode";
import type { TreeRow } from "../../../src/lab/protocol.ts";
import { until } from "./cases.ts";

/** Everything that VS Code and the debug adapter say to each other, from now on. */
export class RecordedSession implements vscode.Disposable {
  readonly sent: DebugProtocol.Request[] = [];
  readonly received: DebugProtocol.ProtocolMessage[] = [];
  private readonly registration: vscode.Disposable;
  private stopsSeen = 0;
  private session: vscode.DebugSession | undefined;

  constructor() {
    this.registration = vscode.debug.registerDebugAdapterTrackerFactory("k8snet", {
      createDebugAdapterTracker: (session) => {
        this.session = session;
        return {
          onWillReceiveMessage: (message) => void this.sent.push(message),
          onDidSendMessage: (message) => void this.received.push(message),
        };
      },
    });
  }

  dispose(): void {
    this.registration.dispose();
  }

  events(name: string): DebugProtocol.Event[] {
    return this.received
      .filter((one) => one.type === "event")
      .filter((one) => (one as DebugProtocol.Event).event === name) as DebugProtocol.Event[];
  }

  /** The next stop that nobody has waited for yet. */
  async nextStop(): Promise<DebugProtocol.StoppedEvent["body"]> {
    const stop = await until(() => this.events("stopped")[this.stopsSeen], `stop ${this.stopsSeen + 1}`);
    this.stopsSeen++;
    return stop.body;
  }

  async request<T>(command: string, args?: object): Promise<T> {
    const session = await until(() => this.session, "a session");
    return session.customRequest(command, args);
  }

  async topFrame(threadId: number): Promise<DebugProtocol.StackFrame> {
    const { stackFrames } = await this.request<DebugProtocol.StackTraceResponse["body"]>("stackTrace", {
      threadId,
      startFrame: 0,
      levels: 1,
    });
    return stackFrames[0];
  }

  /** The whole state tree as text, without the marks of what changed; removed rows are left out. */
  async state(parentId = "", indent = ""): Promise<string> {
    const { rows } = await this.request<{ rows: TreeRow[] }>("k8snet/tree", { parentId, limit: 1000 });
    let text = "";
    for (const row of rows.filter((one) => one.change !== "removed")) {
      text += `${indent}${row.label} ${row.description}\n`;
      if (row.expandable) text += await this.state(row.id, `${indent}  `);
    }
    return text;
  }
}
