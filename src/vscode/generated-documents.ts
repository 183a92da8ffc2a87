import * as vscode from "vscode";
import { generatedScheme } from "./identifiers.ts";
import { networkSession, onDidChangeNetworkSession } from "./network-session.ts";

/**
 * Opens the documents that a run makes (`k8snet:/node1.iptables-save`): asked of the session that is being debugged, and
 * again of the next one, so that breakpoints in them outlive a session.
 */
export function registerGeneratedDocuments(): vscode.Disposable {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const provider: vscode.TextDocumentContentProvider = {
    onDidChange: changed.event,
    provideTextDocumentContent: (uri) => contentOf(uri),
  };
  const refresh = () => {
    for (const { uri } of vscode.workspace.textDocuments) if (uri.scheme === generatedScheme) changed.fire(uri);
  };
  return vscode.Disposable.from(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(generatedScheme, provider),
    onDidChangeNetworkSession((session) => {
      if (session !== undefined) refresh();
    }),
  );
}

async function contentOf(uri: vscode.Uri): Promise<string> {
  const session = networkSession();
  if (session === undefined) return "# Start debugging to see the rules of this namespace.\n";
  try {
    // As the adapter wrote it: the editor would encode characters that the adapter does not.
    const { content } = await session.customRequest("k8snet/document", { uri: uri.toString(true) });
    return content;
  } catch (error) {
    return `# ${error instanceof Error ? error.message : String(error)}\n`;
  }
}
