import * as vscode from "vscode";
import { type Case, holds, until } from "./cases.ts";
import { RecordedSession } from "./recorded-session.ts";
import { forwardingOff, lineOf, workspaceFolder } from "./workspace.ts";

export const whyCases: readonly Case[] = [
  {
    name: "Why? at a drop offers the change that lets the packet through, as a light bulb, and applies it",
    run: lightBulb,
  },
];

const text = `${forwardingOff}
scenario "off" { ping client -> server timeout 1s }
`;

async function lightBulb(): Promise<void> {
  const session = new RecordedSession();
  const uri = vscode.Uri.joinPath(workspaceFolder().uri, "forwarding-off.k8snet");
  try {
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
    const { document } = await vscode.window.showTextDocument(uri);
    vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint("drop@node1/cni0")]);
    await vscode.commands.executeCommand("workbench.action.debug.start");
    await session.nextStop();
    // They end when somebody has clicked their message away.
    void vscode.commands.executeCommand("k8snet.why");
    const line = lineOf(document, /ip_forward 0/);
    const isOfWhy = ({ title }: vscode.CodeAction) => title.startsWith("In node1: sysctl net.ipv4.ip_forward 1");
    const actions = await until(async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider",
        uri,
        new vscode.Range(line, 2, line, 2),
      );
      return found.some(isOfWhy) && found;
    }, "a light bulb on the line of the sysctl");
    const [first] = actions;
    holds(isOfWhy(first), `the first action: ${first.title}`);
    holds(first.title.includes("succeeds"), `it was tried: ${first.title}`);
    void vscode.commands.executeCommand("k8snet.applySuggestion");
    await until(() => document.getText().includes("sysctl net.ipv4.ip_forward 1"), "the changed text");
    await document.save();
  } finally {
    session.dispose();
    await vscode.workspace.fs.delete(uri);
  }
}
