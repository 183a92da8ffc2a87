import * as vscode from "vscode";
import { isUncheckable, openModel } from "../lab/model/open-model.ts";
import type { ModelFinding } from "../lab/model/report.ts";
import { type Compilations, isNetworkFile } from "./documents.ts";
import { diagnosticSource, languageId } from "./identifiers.ts";
import { toRange } from "./ranges.ts";

/** How long typing must pause before the networking model is checked: longer than for errors, since it takes longer. */
const idleMs = 1500;
/** The extension host has others to serve. */
const sliceMs = 8;
const stepsAtOnce = 20;

const severities: Readonly<Record<ModelFinding["kind"], vscode.DiagnosticSeverity>> = {
  refuted: vscode.DiagnosticSeverity.Warning,
  "black-hole": vscode.DiagnosticSeverity.Information,
  note: vscode.DiagnosticSeverity.Hint,
};

/**
 * Says at its line what keeps pods and nodes from reaching each other as Kubernetes wants it, and offers the scenario that
 * shows it. Checks when a file is opened or saved, and when typing pauses; a change meanwhile gives the check up.
 */
export function registerModelDiagnostics(
  compilations: Compilations,
  yieldToMessages: () => Promise<void>,
): vscode.Disposable {
  const shown = vscode.languages.createDiagnosticCollection(`${languageId}.model`);
  const findings = new Map<string, readonly ModelFinding[]>();
  const waiting = new Map<string, ReturnType<typeof setTimeout>>();
  const forget = (document: vscode.TextDocument): void => {
    clearTimeout(waiting.get(document.uri.toString()));
    waiting.delete(document.uri.toString());
  };
  const check = async (document: vscode.TextDocument): Promise<void> => {
    forget(document);
    const { version } = document;
    const isCurrent = () => !document.isClosed && document.version === version;
    const found = await findFaults(await compilations.of(document), isCurrent, yieldToMessages);
    if (found === undefined || !isCurrent()) return;
    findings.set(document.uri.toString(), found);
    const own = found.filter(({ range }) => range.uri === document.uri.toString());
    shown.set(document.uri, own.map(toDiagnostic));
  };
  const checkSoon = (document: vscode.TextDocument, afterMs: number): void => {
    if (!isNetworkFile(document)) return;
    forget(document);
    waiting.set(
      document.uri.toString(),
      setTimeout(() => void check(document), afterMs),
    );
  };

  for (const document of vscode.workspace.textDocuments) checkSoon(document, 0);
  return vscode.Disposable.from(
    shown,
    vscode.workspace.onDidOpenTextDocument((document) => checkSoon(document, 0)),
    vscode.workspace.onDidSaveTextDocument((document) => checkSoon(document, 0)),
    vscode.workspace.onDidChangeTextDocument(({ document }) => checkSoon(document, idleMs)),
    vscode.workspace.onDidCloseTextDocument((document) => {
      forget(document);
      findings.delete(document.uri.toString());
      shown.delete(document.uri);
    }),
    vscode.languages.registerCodeActionsProvider(languageId, {
      provideCodeActions: (document, range) =>
        (findings.get(document.uri.toString()) ?? []).flatMap((finding) =>
          finding.range.uri === document.uri.toString() && toRange(finding.range).intersection(range)
            ? [addScenario(document, finding)]
            : [],
        ),
    }),
    new vscode.Disposable(() => {
      for (const timer of waiting.values()) clearTimeout(timer);
    }),
  );
}

/** Undefined where the check was given up. A file without a cluster, or with errors, has no faults of this kind. */
async function findFaults(
  compilation: Parameters<typeof openModel>[0],
  isCurrent: () => boolean,
  yieldToMessages: () => Promise<void>,
): Promise<readonly ModelFinding[] | undefined> {
  if (compilation.diagnostics.some(isUncheckable)) return [];
  const opened = openModel(compilation);
  if ("problems" in opened) return [];
  for (let more = true; more; ) {
    const untilMs = Date.now() + sliceMs;
    while (more && Date.now() < untilMs) more = opened.advance(stepsAtOnce);
    await yieldToMessages();
    if (!isCurrent()) return undefined;
  }
  const outcome = opened.outcome();
  return "problems" in outcome ? [] : outcome.findings;
}

function toDiagnostic({ kind, message, range, reason }: ModelFinding): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(toRange(range), message, severities[kind]);
  diagnostic.source = diagnosticSource;
  diagnostic.code = `model-${reason.toLowerCase().replaceAll("_", "-")}`;
  return diagnostic;
}

/** At the end of the file, where scenarios stand. It resolves no diagnostic, so that VS Code puts it behind those that do. */
function addScenario(document: vscode.TextDocument, finding: ModelFinding): vscode.CodeAction {
  const { from, to, protocols: [protocol] = ["icmp"] } = finding;
  const title = `Add the scenario that shows it: ${protocol === "icmp" ? "ping" : protocol} ${from} -> ${to}`;
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.edit = new vscode.WorkspaceEdit();
  const end = document.lineAt(document.lineCount - 1).range.end;
  action.edit.insert(document.uri, end, `\n${finding.scenario}\n`);
  return action;
}
