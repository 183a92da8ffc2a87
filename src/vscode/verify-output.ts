import * as vscode from "vscode";

const channelName = "k8snet: Verify on Linux";

/** Where `k8snet verify` prints; places in the verified file are links. */
export class VerifyOutput implements vscode.Disposable {
  private readonly channel = vscode.window.createOutputChannel(channelName);
  private readonly links: vscode.Disposable;
  private file = "";

  constructor() {
    // VS Code itself makes links of files in the workspace only, and of none with a blank in its name.
    this.links = vscode.languages.registerDocumentLinkProvider(
      { scheme: "output" },
      { provideDocumentLinks: (document) => (document.fileName.includes(channelName) ? this.linksIn(document) : []) },
    );
  }

  /** Empties it and shows it, for a run on this file. */
  open(file: string): void {
    this.file = file;
    this.channel.clear();
    this.channel.show(true);
  }

  append(text: string): void {
    this.channel.append(text);
  }

  dispose(): void {
    this.links.dispose();
    this.channel.dispose();
  }

  private linksIn(document: vscode.TextDocument): vscode.DocumentLink[] {
    const links: vscode.DocumentLink[] = [];
    for (const [index, line] of document.getText().split(/\r?\n/).entries()) {
      const place = line.startsWith(this.file) ? /^:(\d+):(\d+)(?=: )/.exec(line.slice(this.file.length)) : null;
      if (place === null) continue;
      const target = vscode.Uri.file(this.file).with({ fragment: `L${place[1]},${place[2]}` });
      links.push(
        new vscode.DocumentLink(new vscode.Range(index, 0, index, this.file.length + place[0].length), target),
      );
    }
    return links;
  }
}
