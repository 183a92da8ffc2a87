import * as vscode from "vscode";
import { type Case, equal, holds, until } from "./cases.ts";
import { forwardingOff, lineOf, workspaceFolder } from "./workspace.ts";

export const modelCases: readonly Case[] = [
  {
    name: "what breaks the networking model is said at its line, with the scenario that shows it, until it is mended",
    run: brokenModel,
  },
];

async function brokenModel(): Promise<void> {
  const uri = vscode.Uri.joinPath(workspaceFolder().uri, "model-broken.k8snet");
  try {
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(forwardingOff));
    const { document } = await vscode.window.showTextDocument(uri);
    const line = lineOf(document, /ip_forward 0/);
    const found = await until(() => {
      const here = problemsOf(uri).filter(({ range }) => range.start.line === line);
      return here.length > 0 && here;
    }, "a diagnostic at the sysctl");
    const [problem] = found;
    equal([problem.source, problem.severity], ["k8snet", vscode.DiagnosticSeverity.Warning], "kind of diagnostic");
    holds(/does not reach/.test(problem.message), `it says who does not reach whom: ${problem.message}`);

    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      uri,
      problem.range,
      vscode.CodeActionKind.QuickFix.value,
    );
    const fix = actions.find(({ title }) => title.startsWith("Add the scenario that shows it"));
    holds(fix?.edit !== undefined, `there is a quick fix for: ${problem.message}`);
    await vscode.workspace.applyEdit(fix.edit);
    holds(/scenario "\w+ to \w+" \{[^}]*ping/.test(document.getText()), `a scenario at the end: ${document.getText()}`);
    const errors = problemsOf(uri).filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
    equal(errors, [], "errors of the scenario");

    const mended = new vscode.WorkspaceEdit();
    mended.replace(uri, document.lineAt(line).range, "  sysctl net.ipv4.ip_forward 1");
    await vscode.workspace.applyEdit(mended);
    await until(() => problemsOf(uri).length === 0, "the diagnostic to go away");
    await document.save();
  } finally {
    await vscode.workspace.fs.delete(uri);
  }
}

function problemsOf(uri: vscode.Uri): readonly vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri);
}
