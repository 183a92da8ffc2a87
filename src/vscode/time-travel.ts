import * as vscode from "vscode";
import { commandIds } from "./identifiers.ts";
import { askSession, dataArguments, type StateRowContext, type VariableContext } from "./network-session.ts";

interface Checkpoint {
  readonly name: string;
  readonly event: number;
  readonly timeNs: number;
  readonly description: string;
}

/** Commands that go to another moment of the run. */
export function registerTimeTravel(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand(commandIds.goToEvent, goToEvent),
    vscode.commands.registerCommand(commandIds.lastChange, lastChange),
    vscode.commands.registerCommand(commandIds.setCheckpoint, setCheckpoint),
    vscode.commands.registerCommand(commandIds.goToCheckpoint, () =>
      withCheckpoint("Go to a checkpoint", "k8snet/goToCheckpoint"),
    ),
    vscode.commands.registerCommand(commandIds.deleteCheckpoint, () =>
      withCheckpoint("Delete a checkpoint", "k8snet/deleteCheckpoint"),
    ),
  );
}

async function goToEvent(asked?: number): Promise<void> {
  const event = typeof asked === "number" ? asked : await chooseEvent();
  if (event !== undefined) await askSession("k8snet/goToEvent", { event });
}

async function chooseEvent(): Promise<number | undefined> {
  const position = await askSession<{ event: number }>("k8snet/position");
  if (position === undefined) return undefined;
  const text = await vscode.window.showInputBox({
    title: "Go to event",
    prompt: "The number of the event to stand before; past the end of the recording the network runs on to it",
    value: String(position.event),
    validateInput: (value) => (/^\s*\d+\s*$/.test(value) ? undefined : "Events are numbered from 0"),
  });
  return text === undefined ? undefined : Number(text);
}

/** From the Variables view, from a row of the state view, or for an expression that is asked for. */
async function lastChange(context?: VariableContext | StateRowContext): Promise<void> {
  const args = dataArguments(context) ?? (await chooseData());
  if (args !== undefined) await askSession("k8snet/lastChange", args);
}

async function chooseData(): Promise<{ name: string } | undefined> {
  const name = await vscode.window.showInputBox({
    title: "Go back to the last change of a value",
    prompt: "An expression that asks the network",
    placeHolder: 'neigh("pod1", "10.244.1.9").state',
  });
  return name ? { name } : undefined;
}

async function setCheckpoint(): Promise<void> {
  const name = await vscode.window.showInputBox({
    title: "Set a checkpoint",
    prompt: "A name for this moment; empty: a number",
  });
  if (name === undefined) return;
  const made = await askSession<Checkpoint>("k8snet/setCheckpoint", name.trim() === "" ? {} : { name: name.trim() });
  if (made) vscode.window.setStatusBarMessage(`Checkpoint “${made.name}” at event ${made.event}`, 5000);
}

async function withCheckpoint(title: string, command: string): Promise<void> {
  const answer = await askSession<{ checkpoints: readonly Checkpoint[] }>("k8snet/checkpoints");
  if (answer === undefined) return;
  if (answer.checkpoints.length === 0) {
    void vscode.window.showInformationMessage("There is no checkpoint yet: “k8snet: Set Checkpoint…” makes one.");
    return;
  }
  const items = answer.checkpoints.map(({ name, event, timeNs, description }) => ({
    label: name,
    description: `event ${event}, ${(timeNs / 1e9).toFixed(6)} s`,
    detail: description,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title });
  if (chosen !== undefined) await askSession(command, { name: chosen.label });
}
