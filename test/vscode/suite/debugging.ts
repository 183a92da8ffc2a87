import * as vscode from "vscode";
import { type Case, equal, holds, until } from "./cases.ts";
import { RecordedSession } from "./recorded-session.ts";
import { lineOf, openSample } from "./workspace.ts";

export const debuggingCases: readonly Case[] = [
  { name: "F5 without launch.json debugs the scenario that the cursor is in", run: recorded(scenarioAtCursor) },
  { name: "a run without breakpoints stands still at its end", run: recorded(standsAtTheEnd) },
  { name: "a breakpoint on the bridge line stops there", run: recorded(bridgeBreakpoint) },
  { name: "a function breakpoint on arp.request stops in that stage", run: recorded(stageBreakpoint) },
  { name: "a function breakpoint on no stage is refused with a reason", run: recorded(unknownStage) },
  { name: "stepping back restores the state, and the same step comes again", run: recorded(stepBack) },
  { name: "Reverse goes back to the previous stop", run: recorded(reverse) },
  { name: "a file with errors is not started", run: recorded(brokenFile) },
  { name: "Run without debugging ends by itself, deaf to breakpoints", run: recorded(runsThrough) },
];

function recorded(run: (session: RecordedSession) => Promise<void>): () => Promise<void> {
  return async () => {
    const session = new RecordedSession();
    try {
      await run(session);
    } finally {
      session.dispose();
    }
  };
}

/** What F5 does. */
async function pressF5(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.debug.start");
}

async function scenarioAtCursor(session: RecordedSession): Promise<void> {
  const editor = await openSample();
  const { document } = editor;
  const scenarios = [...document.getText().matchAll(/^scenario "([^"]*)"/gm)];
  const last = scenarios[scenarios.length - 1];
  const line = document.positionAt(last.index).line;
  editor.selection = new vscode.Selection(line + 1, 0, line + 1, 0);
  await pressF5();
  const launch = await until(() => session.sent.find((one) => one.command === "launch"), "a launch request");
  equal(launch.arguments.scenario, last[1], "the scenario");
  const { position } = (await until(() => session.events("k8snet/state")[0], "the first state")).body;
  equal(position.scenario, last[1], "what the lab runs");
}

async function brokenFile(session: RecordedSession): Promise<void> {
  const content = 'netns a\nscenario "s" { ping a -> nobody }\n';
  const document = await vscode.workspace.openTextDocument({ language: "k8snet", content });
  const configuration = { type: "k8snet", request: "launch", name: "broken", program: document.uri.toString() };
  equal(await vscode.debug.startDebugging(undefined, configuration), false, "whether it started");
  equal(session.sent, [], "what the adapter was asked");
}

async function standsAtTheEnd(session: RecordedSession): Promise<void> {
  await openSample();
  await pressF5();
  await session.nextStop();
  const { position, reason } = (await until(() => session.events("k8snet/state").at(-1), "a state")).body;
  equal([reason, position.ended], ["stopped", true], "where it stands");
}

async function bridgeBreakpoint(session: RecordedSession): Promise<void> {
  const { document } = await openSample();
  const line = lineOf(document, /^\s*bridge /);
  vscode.debug.addBreakpoints([
    new vscode.SourceBreakpoint(new vscode.Location(document.uri, new vscode.Position(line, 0))),
  ]);
  await pressF5();
  const stop = await session.nextStop();
  equal(stop.reason, "breakpoint", "reason");
  equal(stop.hitBreakpointIds?.length, 1, "breakpoints hit");
  const frame = await session.topFrame(stop.threadId!);
  holds(frame.name.startsWith("bridge."), `the top frame is a stage of the bridge: ${frame.name}`);
  equal(frame.line, line + 1, "the arrow's line");
}

async function stageBreakpoint(session: RecordedSession): Promise<void> {
  await openSample();
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint("arp.request")]);
  await pressF5();
  const stop = await session.nextStop();
  equal(stop.reason, "function breakpoint", "reason");
  const frame = await session.topFrame(stop.threadId!);
  holds(frame.name.startsWith("arp.request"), `the top frame is arp.request: ${frame.name}`);
}

async function unknownStage(session: RecordedSession): Promise<void> {
  await openSample();
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint("arp.nonsense")]);
  await pressF5();
  await session.nextStop();
  const answers = session.received.filter((one) => "command" in one && one.command === "setFunctionBreakpoints");
  const [breakpoint] = (
    answers.at(-1) as unknown as { body: { breakpoints: { verified: boolean; message?: string }[] } }
  ).body.breakpoints;
  equal(breakpoint.verified, false, "verified");
  holds((breakpoint.message ?? "").length > 0, "there is a reason");
}

async function stepBack(session: RecordedSession): Promise<void> {
  await openSample();
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint("arp.reply")]);
  await pressF5();
  const { threadId } = await session.nextStop();
  const before = await session.state();
  const states = [before];
  for (let step = 0; step < 3; step++) {
    await session.request("stepIn", { threadId });
    await session.nextStop();
    states.push(await session.state());
  }
  holds(new Set(states).size > 1, "three steps change something");
  for (let step = 2; step >= 0; step--) {
    await session.request("stepBack", { threadId });
    await session.nextStop();
    equal(await session.state(), states[step], `the state, ${3 - step} steps back`);
  }
  await session.request("stepIn", { threadId });
  await session.nextStop();
  equal(await session.state(), states[1], "the state after the same step again");
}

async function reverse(session: RecordedSession): Promise<void> {
  const { document } = await openSample();
  const line = lineOf(document, /^\s*bridge /);
  vscode.debug.addBreakpoints([
    new vscode.SourceBreakpoint(new vscode.Location(document.uri, new vscode.Position(line, 0))),
  ]);
  await pressF5();
  const first = await session.nextStop();
  const state = await session.state();
  await session.request("continue", { threadId: first.threadId });
  await session.nextStop();
  await session.request("reverseContinue", { threadId: first.threadId });
  const back = await session.nextStop();
  equal([back.reason, back.threadId], [first.reason, first.threadId], "the stop");
  equal(await session.state(), state, "the state");
}

async function runsThrough(session: RecordedSession): Promise<void> {
  const { document } = await openSample();
  vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint("arp.request")]);
  await vscode.commands.executeCommand("k8snet.runScenario", document.uri);
  const exited = await until(() => session.events("exited")[0], "the end");
  equal(exited.body.exitCode, 0, "exit code");
  equal(session.events("stopped").length, 0, "stops");
}
