import * as vscode from "vscode";
import { fromClientPath } from "./client-paths.ts";
import { threadOf } from "./hand-edits.ts";
import { commandIds, debugType, languageId } from "./identifiers.ts";
import { askSession } from "./network-session.ts";
import { toRange } from "./ranges.ts";

/** A stretch of a file as the session names it. */
interface Place {
  readonly source: { readonly path?: string };
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

interface Cure {
  readonly title: string;
  readonly seen: string;
  readonly edits: readonly (Place & { readonly newText: string })[];
}

interface Answer {
  readonly text: string;
  readonly place?: Place;
  readonly cures: readonly Cure[];
}

/** Why the packet did not get through: asked in the Call Stack, and where the session stops at what goes wrong. */
export function registerWhy(): vscode.Disposable {
  const suggestions = new Suggestions();
  return vscode.Disposable.from(
    vscode.commands.registerCommand(commandIds.why, (context?: unknown) => suggestions.ask(context)),
    vscode.commands.registerCommand(commandIds.applySuggestion, (cure?: Cure) => suggestions.apply(cure)),
    vscode.debug.registerDebugAdapterTrackerFactory(debugType, {
      createDebugAdapterTracker: (session) => suggestions.follow(session),
    }),
    vscode.languages.registerCodeActionsProvider({ language: languageId }, suggestions, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
  );
}

/** The changes that were found to help at the stop that the session stands at. */
class Suggestions implements vscode.CodeActionProvider {
  private answer: Answer | undefined;

  async ask(context: unknown): Promise<void> {
    const threadId = threadOf(context);
    const answer = await askSession<Answer>("k8snet/why", threadId === undefined ? {} : { threadId });
    if (answer === undefined) return;
    this.answer = answer;
    vscode.debug.activeDebugConsole.appendLine(answer.text);
    const [cure] = answer.cures;
    const decision = answer.text.split("\n", 1)[0];
    const offered = cure === undefined ? [] : [`Apply: ${cure.title}`];
    const chosen = await vscode.window.showInformationMessage(decision, ...offered);
    if (chosen !== undefined) await this.apply(cure);
  }

  async apply(cure: Cure | undefined = this.answer?.cures[0]): Promise<void> {
    if (cure === undefined) {
      void vscode.window.showInformationMessage("There is no suggested change here: ask Why? of a packet first.");
      return;
    }
    const edit = new vscode.WorkspaceEdit();
    for (const one of cure.edits) edit.replace(uriOf(one), toRange(one), one.newText);
    if (!(await vscode.workspace.applyEdit(edit))) return;
    this.answer = undefined;
    const chosen = await vscode.window.showInformationMessage(`Changed: ${cure.title}`, "Restart");
    if (chosen === "Restart") await vscode.commands.executeCommand("workbench.action.debug.restart");
  }

  /** At an exception the question is asked at once, so that the light bulb is there. */
  follow(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    return {
      onDidSendMessage: (message: { type?: string; event?: string; body?: { reason?: string } }) => {
        if (message.type !== "event") return;
        if (message.event === "stopped" || message.event === "terminated") this.answer = undefined;
        if (message.event !== "stopped" || message.body?.reason !== "exception") return;
        session.customRequest("k8snet/why", {}).then(
          (answer: Answer) => {
            this.answer = answer;
          },
          () => undefined,
        );
      },
    };
  }

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
    const { answer } = this;
    if (answer === undefined) return [];
    const places = [
      ...(answer.place === undefined ? [] : [answer.place]),
      ...answer.cures.flatMap(({ edits }) => edits),
    ];
    const isHere = places.some((place) => {
      const { start, end } = toRange(place);
      const isSame = uriOf(place).toString() === document.uri.toString();
      return isSame && range.end.line >= start.line && range.start.line <= end.line;
    });
    return isHere ? answer.cures.map(toAction) : [];
  }
}

/** Preferred, so that it stands before what else is offered there: it was tried, and the packet got through. */
function toAction(cure: Cure): vscode.CodeAction {
  const action = new vscode.CodeAction(`${cure.title} (${cure.seen})`, vscode.CodeActionKind.QuickFix);
  action.command = { command: commandIds.applySuggestion, title: cure.title, arguments: [cure] };
  action.isPreferred = true;
  return action;
}

function uriOf({ source }: Place): vscode.Uri {
  return fromClientPath(source.path ?? "");
}
