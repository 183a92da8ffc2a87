import * as vscode from "vscode";
import type { Diagnostic, Severity } from "../base/diagnostic.ts";
import { type Compilations, isNetworkFile } from "./documents.ts";
import { diagnosticSource, languageId } from "./identifiers.ts";
import { toRange } from "./ranges.ts";

/** How long typing must pause before the file is checked again. */
const typingPauseMs = 250;

const severities: Record<Severity, vscode.DiagnosticSeverity> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

/** Shows what is wrong with every open network file, and offers the fixes. */
export function registerDiagnostics(compilations: Compilations): vscode.Disposable {
  const shown = vscode.languages.createDiagnosticCollection(languageId);
  const waiting = new Map<string, ReturnType<typeof setTimeout>>();

  /** The imported files about which something is shown, by the program that imports them. */
  const importsShown = new Map<string, readonly vscode.Uri[]>();
  const show = (document: vscode.TextDocument, diagnostics: readonly Diagnostic[]): void => {
    const program = document.uri.toString();
    for (const uri of importsShown.get(program) ?? []) shown.delete(uri);
    const others = new Set(diagnostics.map(({ range }) => range.uri).filter((uri) => uri !== program));
    const uris = [...others].map((uri) => vscode.Uri.parse(uri, true));
    importsShown.set(program, uris);
    for (const uri of [document.uri, ...uris]) {
      shown.set(uri, diagnostics.filter(({ range }) => range.uri === uri.toString()).map(toDiagnostic));
    }
  };
  const forget = (document: vscode.TextDocument): void => {
    clearTimeout(waiting.get(document.uri.toString()));
    waiting.delete(document.uri.toString());
  };
  const check = async (document: vscode.TextDocument): Promise<void> => {
    if (!isNetworkFile(document)) return;
    const version = document.version;
    const { diagnostics } = await compilations.of(document);
    if (!document.isClosed && document.version === version) show(document, diagnostics);
  };
  const checkSoon = (document: vscode.TextDocument): void => {
    if (!isNetworkFile(document)) return;
    forget(document);
    waiting.set(
      document.uri.toString(),
      setTimeout(() => void check(document), typingPauseMs),
    );
  };

  for (const document of vscode.workspace.textDocuments) void check(document);
  return vscode.Disposable.from(
    shown,
    vscode.workspace.onDidOpenTextDocument((document) => void check(document)),
    vscode.workspace.onDidChangeTextDocument(({ document }) => checkSoon(document)),
    vscode.workspace.onDidCloseTextDocument((document) => {
      forget(document);
      show(document, []);
      importsShown.delete(document.uri.toString());
      shown.delete(document.uri);
    }),
    compilations.onDidChangeImport((uri) => {
      const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri);
      if (document) checkSoon(document);
    }),
    vscode.languages.registerCodeActionsProvider(languageId, new QuickFixes(compilations), {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    new vscode.Disposable(() => {
      for (const timer of waiting.values()) clearTimeout(timer);
    }),
  );
}

class QuickFixes implements vscode.CodeActionProvider {
  private readonly compilations: Compilations;

  constructor(compilations: Compilations) {
    this.compilations = compilations;
  }

  async provideCodeActions(document: vscode.TextDocument, range: vscode.Range): Promise<vscode.CodeAction[]> {
    const { diagnostics } = await this.compilations.of(document);
    return diagnostics.flatMap((one) =>
      one.fix && one.fix.range.uri === document.uri.toString() && toRange(one.range).intersection(range)
        ? [toAction(document, one)]
        : [],
    );
  }
}

function toDiagnostic(one: Diagnostic): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(toRange(one.range), one.message, severities[one.severity]);
  diagnostic.source = diagnosticSource;
  diagnostic.code = one.code;
  return diagnostic;
}

function toAction(document: vscode.TextDocument, one: Diagnostic): vscode.CodeAction {
  const fix = one.fix!;
  const action = new vscode.CodeAction(fix.title, vscode.CodeActionKind.QuickFix);
  action.edit = new vscode.WorkspaceEdit();
  action.edit.replace(document.uri, toRange(fix.range), fix.newText);
  action.diagnostics = [toDiagnostic(one)];
  action.isPreferred = true;
  return action;
}
