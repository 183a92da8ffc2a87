import * as vscode from "vscode";
import { type Case, equal, holds } from "./cases.ts";
import { RecordedSession } from "./recorded-session.ts";
import { lineOf, openSample } from "./workspace.ts";

export const lookingCases: readonly Case[] = [
  { name: "the box for a condition is offered the names of fields", run: conditionNames },
  { name: "the Debug Console speaks Linux, and values stand at the ends of lines", run: consoleAndValues },
];

/** VS Code asks the document's providers at the beginning of the breakpoint's line. */
async function conditionNames(): Promise<void> {
  const { document } = await openSample();
  const line = lineOf(document, /^\s*bridge /);
  const list: vscode.CompletionList = await vscode.commands.executeCommand(
    "vscode.executeCompletionItemProvider",
    document.uri,
    new vscode.Position(line, 0),
  );
  const labels = list.items.map(({ label }) => (typeof label === "string" ? label : label.label));
  for (const name of ["ip.src", "arp.opcode", "neigh"]) holds(labels.includes(name), `${name} is offered`);
}

interface Values {
  readonly values: readonly { readonly line: number; readonly text: string }[];
}

async function consoleAndValues(): Promise<void> {
  const session = new RecordedSession();
  try {
    const { document } = await openSample();
    await vscode.commands.executeCommand("workbench.action.debug.start");
    await session.nextStop();
    const { result } = await session.request<{ result: string }>("evaluate", {
      expression: "ip -n pod1 neigh",
      context: "repl",
    });
    holds(result.includes("lladdr 0a:58:0a:f4:01:09"), `ip neigh printed ${result}`);
    const lines = { startLine: 1, endLine: document.lineCount };
    const path = document.uri.scheme === "file" ? document.uri.fsPath : document.uri.toString();
    const { values } = await session.request<Values>("k8snet/inlineValues", { source: { path }, ...lines });
    const bridge = lineOf(document, /^\s*bridge /) + 1;
    const found = values.find((one) => one.line === bridge);
    equal(found?.text.startsWith("FDB "), true, "the bridge's line shows its FDB");
  } finally {
    session.dispose();
  }
}
