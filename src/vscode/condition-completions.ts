import * as vscode from "vscode";
import { conditionVocabulary } from "../debug/server.ts";
import { languageId } from "./identifiers.ts";

/**
 * Names in the box for a breakpoint's condition: VS Code asks the providers of the breakpoint's document there, at the beginning of
 * its line, where nothing else is completed.
 */
export function registerConditionCompletions(): vscode.Disposable {
  const languages = [languageId, "iptables-save"].map((language) => ({ language }));
  return vscode.languages.registerCompletionItemProvider(languages, {
    provideCompletionItems: (document, position) => {
      const isBox = position.character === 0 && document.lineAt(position.line).text !== "";
      return isBox ? conditionVocabulary().map(toItem) : undefined;
    },
  });
}

function toItem({ label, detail, isFunction }: ReturnType<typeof conditionVocabulary>[number]): vscode.CompletionItem {
  const { Field, Function: Call } = vscode.CompletionItemKind;
  const item = new vscode.CompletionItem(label, isFunction ? Call : Field);
  item.detail = detail;
  return item;
}
