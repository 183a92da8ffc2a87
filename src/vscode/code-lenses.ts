import * as vscode from "vscode";
import type { Compilations } from "./documents.ts";
import { commandIds, languageId } from "./identifiers.ts";
import { toRange } from "./ranges.ts";

/** "Debug | Run" above each scenario, and "Verify on Linux" in a host that can. */
export function registerCodeLenses(compilations: Compilations, canVerify: boolean): vscode.Disposable {
  return vscode.languages.registerCodeLensProvider(languageId, {
    async provideCodeLenses(document) {
      const { plan } = await compilations.of(document);
      return plan.scenarios.flatMap(({ name, source }) => {
        const range = toRange({ ...source, endLine: source.line, endColumn: source.column });
        return [
          new vscode.CodeLens(range, {
            title: "$(debug-alt) Debug",
            tooltip: `Debug the packets of "${name}"`,
            command: commandIds.debugScenario,
            arguments: [document.uri, name],
          }),
          new vscode.CodeLens(range, {
            title: "$(play) Run",
            tooltip: `Run "${name}" to its end, without breakpoints`,
            command: commandIds.runScenario,
            arguments: [document.uri, name],
          }),
          ...(canVerify ? [verifyLens(range, document.uri, name)] : []),
        ];
      });
    },
  });
}

function verifyLens(range: vscode.Range, uri: vscode.Uri, scenario: string): vscode.CodeLens {
  return new vscode.CodeLens(range, {
    title: "$(verified) Verify on Linux",
    tooltip: `Run "${scenario}" in network namespaces of this machine, too, and compare frames and tables`,
    command: commandIds.verifyOnLinux,
    arguments: [uri, scenario],
  });
}
