import * as vscode from "vscode";
import type { VerifyProcess, VerifyRequest } from "../netns/verify-process.ts";
import { canVerifyContextKey, commandIds } from "./identifiers.ts";
import { activeNetworkFile } from "./launch-configurations.ts";
import { VerifyOutput } from "./verify-output.ts";
import { type Verdict, verdictOf } from "./verify-verdict.ts";

/** Starts `k8snet verify`; see netns/verify-process.ts. Only a host that can start processes has it. */
export type StartVerify = (request: VerifyRequest, hear: (text: string) => void) => VerifyProcess;

/** "Verify on Linux": the same scenario on the real kernel of this machine, and where that differs. */
export function registerVerify(start: StartVerify): vscode.Disposable {
  const verification = new Verification(start);
  void vscode.commands.executeCommand("setContext", canVerifyContextKey, true);
  return vscode.Disposable.from(
    verification,
    vscode.commands.registerCommand(commandIds.verifyOnLinux, (uri?: vscode.Uri, scenario?: string) =>
      verification.run(uri, scenario),
    ),
  );
}

class Verification implements vscode.Disposable {
  private readonly start: StartVerify;
  private readonly output = new VerifyOutput();
  private underWay: VerifyProcess | undefined;

  constructor(start: StartVerify) {
    this.start = start;
  }

  /** Without a scenario all of the file. Answers what it has shown; undefined when it was not run, or cancelled. */
  async run(uri: vscode.Uri | undefined, scenario: string | undefined): Promise<Verdict | undefined> {
    if (!vscode.workspace.isTrusted) return void askForTrust();
    const file = await savedFile(uri);
    if (file === undefined) return undefined;
    if (this.underWay) return void vscode.window.showInformationMessage("A verification is already under way.");
    const verdict = await this.verify({ file, scenario });
    if (verdict) show(verdict);
    return verdict;
  }

  /** The window closes, or the extension is switched off. */
  dispose(): void {
    this.underWay?.cancel();
    this.output.dispose();
  }

  private async verify(request: VerifyRequest): Promise<Verdict | undefined> {
    const title = request.scenario === undefined ? "Verifying on Linux" : `Verifying “${request.scenario}” on Linux`;
    this.output.open(request.file);
    this.output.append(`${title}…\n`);
    const running = this.start(request, (text) => this.output.append(text));
    this.underWay = running;
    try {
      const { end, cancelled } = await watch(running, title);
      if (!cancelled) return verdictOf(end);
      this.output.append("Cancelled.\n");
      return undefined;
    } catch (error) {
      return { kind: "failed", text: `k8snet verify could not be started: ${error}` };
    } finally {
      this.underWay = undefined;
    }
  }
}

/** Shows that it is under way, until it has ended. */
async function watch(running: VerifyProcess, title: string) {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (_progress, token) => {
    const onCancel = token.onCancellationRequested(() => running.cancel());
    const end = await running.ended.finally(() => onCancel.dispose());
    return { end, cancelled: token.isCancellationRequested };
  });
}

/** It runs programs as root, on what a file says: not for a file that somebody else has sent. */
async function askForTrust(): Promise<void> {
  const manage = "Manage Workspace Trust";
  const message = "Verify on Linux builds the file's network in real network namespaces: trust the workspace first.";
  if ((await vscode.window.showWarningMessage(message, manage)) === manage)
    await vscode.commands.executeCommand("workbench.trust.manage");
}

/** The path of the file with what the editor shows; undefined, and said why, when there is none. */
async function savedFile(uri: vscode.Uri | undefined): Promise<string | undefined> {
  const asked = uri ?? activeNetworkFile()?.uri;
  if (!asked) return void vscode.window.showErrorMessage("Open a .k8snet file first.");
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === asked.toString());
  const saved = document?.isDirty || document?.isUntitled ? await vscode.workspace.save(asked) : asked;
  if (saved?.scheme === "file") return saved.fsPath;
  const reason = saved ? "it is not a file of this machine" : "it has not been saved";
  return void vscode.window.showErrorMessage(`Cannot verify ${vscode.workspace.asRelativePath(asked)}: ${reason}.`);
}

function show({ kind, text }: Verdict): void {
  if (kind === "equal") void vscode.window.showInformationMessage(text);
  else if (kind === "different") void vscode.window.showWarningMessage(text);
  else void vscode.window.showErrorMessage(text);
}
