import * as vscode from "vscode";
import { toClientPath } from "./client-paths.ts";
import { generatedScheme, languageId } from "./identifiers.ts";
import { networkSession } from "./network-session.ts";

const selector: vscode.DocumentSelector = [{ language: languageId }, { scheme: generatedScheme }];

/** While a session stands still: values at the ends of lines, and which words a hover or a watch takes whole. */
export function registerInlineValues(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerInlineValuesProvider(selector, { provideInlineValues }),
    vscode.languages.registerEvaluatableExpressionProvider(selector, { provideEvaluatableExpression }),
  );
}

async function provideInlineValues(
  document: vscode.TextDocument,
  viewPort: vscode.Range,
): Promise<vscode.InlineValue[]> {
  const session = networkSession();
  if (session === undefined) return [];
  // Documents that the run makes are known as the adapter wrote them.
  const path = document.uri.scheme === generatedScheme ? document.uri.toString(true) : toClientPath(document.uri);
  const lines = { startLine: viewPort.start.line + 1, endLine: viewPort.end.line + 1 };
  try {
    const answer: { values: { line: number; text: string }[] } = await session.customRequest("k8snet/inlineValues", {
      source: { path },
      ...lines,
    });
    return answer.values.map(({ line, text }) => {
      const { range } = document.lineAt(Math.min(line - 1, document.lineCount - 1));
      return new vscode.InlineValueText(new vscode.Range(range.end, range.end), text);
    });
  } catch {
    // It moves on, or is just ending: it has no values then.
    return [];
  }
}

/** Names with slashes, addresses, MAC addresses and dotted fields are one thing each. */
const thing = /[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}|\d+(?:\.\d+){3}|[A-Za-z_][\w-]*(?:[./][\w-]+)*/;

function provideEvaluatableExpression(
  document: vscode.TextDocument,
  position: vscode.Position,
): vscode.EvaluatableExpression | undefined {
  const range = document.getWordRangeAtPosition(position, thing);
  return range && new vscode.EvaluatableExpression(range);
}
