import * as vscode from "vscode";
import type { Item } from "../language/generated/ast.ts";
import { rangeOfNode } from "../language/source.ts";
import type { Compilations } from "./documents.ts";
import { languageId } from "./identifiers.ts";
import { toRange } from "./ranges.ts";

type Declaration = Exclude<Item, { $type: "Expect" | "Line" }>;

const kinds: Record<Declaration["$type"], vscode.SymbolKind> = {
  Cluster: vscode.SymbolKind.Namespace,
  Node: vscode.SymbolKind.Module,
  Pod: vscode.SymbolKind.Package,
  Deployment: vscode.SymbolKind.Package,
  Service: vscode.SymbolKind.Interface,
  Ingress: vscode.SymbolKind.Interface,
  Switch: vscode.SymbolKind.Array,
  Router: vscode.SymbolKind.Module,
  Host: vscode.SymbolKind.Module,
  Netns: vscode.SymbolKind.Package,
  Bridge: vscode.SymbolKind.Interface,
  Vxlan: vscode.SymbolKind.Interface,
  Veth: vscode.SymbolKind.Interface,
  Hub: vscode.SymbolKind.Interface,
  Interface: vscode.SymbolKind.Interface,
  Container: vscode.SymbolKind.Object,
  Scenario: vscode.SymbolKind.Event,
};

/** The outline, breadcrumbs and "Go to Symbol": what a file declares, as it is nested. Works in broken files too. */
export function registerOutline(compilations: Compilations): vscode.Disposable {
  return vscode.languages.registerDocumentSymbolProvider(languageId, {
    async provideDocumentSymbols(document) {
      const { ast, uri } = await compilations.of(document);
      return symbolsOf(ast.items, uri);
    },
  });
}

function symbolsOf(items: readonly Item[], uri: string): vscode.DocumentSymbol[] {
  return items.filter(isDeclaration).map((item) => {
    const range = toRange(rangeOfNode(item, uri));
    const firstLine = new vscode.Range(range.start, range.start.translate(0, item.$type.length));
    const kind = item.$type.toLowerCase();
    const name = ("name" in item && item.name) || wordsOf(item) || kind;
    const symbol = new vscode.DocumentSymbol(name, name === kind ? "" : kind, kinds[item.$type], range, firstLine);
    symbol.children = symbolsOf(item.block?.items ?? [], uri);
    return symbol;
  });
}

function isDeclaration(item: Item): item is Declaration {
  return item.$type in kinds;
}

function wordsOf(item: Declaration): string {
  return item.words.map((word) => word.text).join(" ");
}
