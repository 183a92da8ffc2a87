import * as vscode from "vscode";
import { type Case, equal, holds, host, until } from "./cases.ts";
import { lineOf, openSample } from "./workspace.ts";

export const editorCases: readonly Case[] = [
  { name: "a .k8snet file opens as k8snet, and the sample has nothing wrong", run: sampleIsClean },
  { name: "a misspelled word is underlined, and its quick fix mends the file", run: quickFixMends },
  { name: "the outline shows nodes, pods and scenarios as they are nested", run: outlineIsNested },
  {
    name: "each scenario has the lenses Debug, Run and, where processes can be started, Verify on Linux",
    run: lensesAboveScenarios,
  },
  {
    name: "every command of the manifest is there, but in a web worker the one that needs processes",
    run: commandsExist,
  },
  { name: "Open a Sample Network opens one that has nothing wrong", run: sampleCommand },
];

async function sampleIsClean(): Promise<void> {
  const { document } = await openSample();
  equal(document.languageId, "k8snet", "language");
  await lensesOf(document);
  equal(messagesOf(document), [], "diagnostics");
}

async function quickFixMends(): Promise<void> {
  const { content, line } = await misspelled();
  const document = await vscode.workspace.openTextDocument({ language: "k8snet", content });
  await vscode.window.showTextDocument(document);
  const problem = await until(() => vscode.languages.getDiagnostics(document.uri)[0], "a diagnostic");
  equal(problem.range.start.line, line, "line of the diagnostic");
  equal([problem.source, problem.severity], ["k8snet", vscode.DiagnosticSeverity.Error], "kind of diagnostic");
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    document.uri,
    problem.range,
    vscode.CodeActionKind.QuickFix.value,
  );
  const fix = actions.find((one) => one.edit);
  holds(fix?.edit !== undefined, `there is a quick fix for: ${problem.message}`);
  await vscode.workspace.applyEdit(fix.edit);
  equal(/^\s*bridge cbr0/.test(document.lineAt(line).text), true, "the word is mended");
  await until(() => vscode.languages.getDiagnostics(document.uri).length === 0, "the diagnostic to go away");
}

async function misspelled(): Promise<{ content: string; line: number }> {
  const { document } = await openSample();
  const line = lineOf(document, /^\s*bridge /);
  return { content: document.getText().replace(/^(\s*)bridge /m, "$1brigde "), line };
}

async function outlineIsNested(): Promise<void> {
  const { document } = await openSample();
  const symbols = await until(
    () =>
      vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>(
        "vscode.executeDocumentSymbolProvider",
        document.uri,
      ),
    "symbols",
  );
  const node = symbols.find((one) => one.name === "node1");
  const children = node?.children.map((one) => `${one.detail} ${one.name}`) ?? [];
  for (const wanted of ["bridge cbr0", "pod pod1", "pod pod2"])
    holds(children.includes(wanted), `${wanted} in node1: ${children}`);
  holds(
    symbols.some((one) => one.detail === "scenario"),
    "a scenario at the top level",
  );
}

async function lensesAboveScenarios(): Promise<void> {
  const { document } = await openSample();
  const lenses = await lensesOf(document);
  const first = lineOf(document, /^scenario /);
  const titles = lenses.filter((one) => one.range.start.line === first).map((one) => one.command?.title);
  const verify = host === "node" ? ["$(verified) Verify on Linux"] : [];
  equal(titles, ["$(debug-alt) Debug", "$(play) Run", ...verify], "lenses of the first scenario");
}

async function lensesOf(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
  return until(async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      "vscode.executeCodeLensProvider",
      document.uri,
    );
    return lenses.length > 0 ? lenses : undefined;
  }, "code lenses");
}

async function commandsExist(): Promise<void> {
  await openSample();
  const extension = vscode.extensions.getExtension("k8snet.k8snet");
  await extension?.activate();
  const declared: { command: string }[] = extension?.packageJSON.contributes.commands ?? [];
  const registered = await vscode.commands.getCommands(true);
  equal(
    declared.map((one) => one.command).filter((one) => !registered.includes(one)),
    host === "node" ? [] : ["k8snet.verifyOnLinux"],
    "commands without a handler",
  );
  holds(declared.length > 0, "the manifest declares commands");
}

async function sampleCommand(): Promise<void> {
  await vscode.commands.executeCommand("k8snet.openSample");
  // VS Code may still name the editor of the case before.
  const document = await until(() => {
    const active = vscode.window.activeTextEditor?.document;
    return active?.isUntitled && active.languageId === "k8snet" ? active : undefined;
  }, "an unsaved k8snet file in the editor");
  await lensesOf(document);
  equal(messagesOf(document), [], "diagnostics");
}

function messagesOf(document: vscode.TextDocument): string[] {
  return vscode.languages.getDiagnostics(document.uri).map((one) => one.message);
}
