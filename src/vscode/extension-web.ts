import type * as vscode from "vscode";
import { activateWith } from "./activate.ts";

/** Entry of the web worker extension host: vscode.dev and its like. */
export function activate(context: vscode.ExtensionContext): void {
  activateWith(context, { yieldToMessages: nextMessage });
}

/** Browsers slow timers down; a message to oneself takes its turn at once. */
function nextMessage(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
