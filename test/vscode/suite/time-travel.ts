import * as vscode from "vscode";
import { type Case, equal, holds, until } from "./cases.ts";
import { RecordedSession } from "./recorded-session.ts";
import { openSample, workspaceFolder } from "./workspace.ts";

export const timeTravelCases: readonly Case[] = [
  { name: "Go to Event goes back and forth in the recording", run: recorded(goToEvent) },
  { name: "a variable's last change is gone back to from its context menu", run: recorded(lastChange) },
  { name: "a row of the state view is watched, from the first event of the next session on", run: recorded(watch) },
  { name: "a saved run opens at the event where it stood", run: recorded(openRecording) },
];

function recorded(run: (session: RecordedSession) => Promise<void>): () => Promise<void> {
  return async () => {
    const session = new RecordedSession();
    try {
      await run(session);
    } finally {
      session.dispose();
      await vscode.commands.executeCommand("k8snet.clearPacketBreakpoints");
    }
  };
}

async function debugToTheEnd(session: RecordedSession): Promise<void> {
  await openSample();
  await vscode.commands.executeCommand("workbench.action.debug.start");
  await session.nextStop();
}

async function position(session: RecordedSession): Promise<number> {
  return (await session.request<{ event: number }>("k8snet/position")).event;
}

async function goToEvent(session: RecordedSession): Promise<void> {
  await debugToTheEnd(session);
  const last = await position(session);
  for (const event of [3, 20, last]) {
    await vscode.commands.executeCommand("k8snet.goToEvent", event);
    equal((await session.nextStop()).reason, "goto", "reason");
    equal(await position(session), event, "where it stands");
  }
}

async function lastChange(session: RecordedSession): Promise<void> {
  await debugToTheEnd(session);
  const variable = { name: "arp:pod1/eth0/10.244.1.9#state" };
  await vscode.commands.executeCommand("k8snet.lastChange", { container: {}, variable });
  const stop = await session.nextStop();
  holds(stop.text?.includes("state INCOMPLETE → REACHABLE") === true, `it says what changed: ${stop.text}`);
}

async function watch(session: RecordedSession): Promise<void> {
  await debugToTheEnd(session);
  await vscode.commands.executeCommand("k8snet.breakOnChange", { k8snetRow: "arp:pod1", k8snetLabel: "ARP table" });
  await until(() => session.sent.find((one) => one.arguments?.breakpoints?.[0]?.dataId === "arp:pod1"), "a breakpoint");
  await vscode.debug.stopDebugging();
  await vscode.commands.executeCommand("workbench.action.debug.start");
  equal((await session.nextStop()).reason, "data breakpoint", "reason");
  const tellings = () => session.sent.filter((one) => one.command === "k8snet/setPacketBreakpoints").length;
  // One of the first launch, one of the change, one of the second launch.
  equal(tellings(), 3, "how often the adapter was told of packet breakpoints");
}

async function openRecording(session: RecordedSession): Promise<void> {
  await debugToTheEnd(session);
  await vscode.commands.executeCommand("k8snet.goToEvent", 21);
  await session.nextStop();
  const { content } = await session.request<{ content: string }>("k8snet/recording");
  await vscode.debug.stopDebugging();
  const file = vscode.Uri.joinPath(workspaceFolder().uri, "saved.k8snetrun");
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(content));
  await vscode.commands.executeCommand("vscode.open", file);
  const stop = await session.nextStop();
  holds(stop.text?.startsWith("Event 21 of the recording") === true, `it stands where it stood: ${stop.text}`);
  equal(await position(session), 21, "where it stands");
}
