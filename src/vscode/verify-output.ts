import * as vscode from "vscode";

const channelName = "k8snet: Verify on Linux";

/** Where `k8snet verify` prints; places in the verified file are links to it. */
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
    return document
      .getText()
      .split(/\r?\n/)
      .flatMap((text, line) => this.linkAt(line, text) ?? []);
  }

  /** At the start of a line: `file:line:column: …`, or `file: …`. */
  private linkAt(line: number, text: string): vscode.DocumentLink | undefined {
    const { file } = this;
    const place = text.startsWith(file) ? /^(?::(\d+):(\d+))?(?=: )/.exec(text.slice(file.length)) : null;
    if (place === null) return undefined;
    const [colons, inLine, column] = place;
    const fragment = inLine === undefined ? "" : `L${inLine},${column}`;
    const range = new vscode.Range(line, 0, line, file.length + colons.length);
    return new vscode.DocumentLink(range, vscode.Uri.file(file).with({ fragment }));
  }
}
