import * as vscode from "vscode";
import { type Case, equal, holds } from "./cases.ts";
import { RecordedSession } from "./recorded-session.ts";
import { workspaceFolder } from "./workspace.ts";

export const captureCases: readonly Case[] = [
  { name: "Debug Packet Capture stops before the first frame, walks packet by packet, and back", run: walkCapture },
];

/** The capture lies in the workspace: what `k8snet run --pcap` has written of the sample's first ping. */
async function walkCapture(): Promise<void> {
  const session = new RecordedSession();
  try {
    await vscode.commands.executeCommand(
      "k8snet.debugCapture",
      vscode.Uri.joinPath(workspaceFolder().uri, "first-ping.pcapng"),
    );
    equal((await session.nextStop()).reason, "entry", "where it stands first");
    await session.request("setFunctionBreakpoints", {
      breakpoints: [{ name: "veth.*", condition: "arp.opcode == 2" }],
    });
    await session.request("continue", { threadId: 1 });
    const { reason, threadId = 0 } = await session.nextStop();
    equal(reason, "function breakpoint", "why it stops at the answer");
    const frame = await session.topFrame(threadId);
    holds(/^veth\.\w+ @ pod2\/eth0$/.test(frame.name), `pod2's own interface shows its answer first: ${frame.name}`);
    const before = await session.state();
    await session.request("stepIn", { threadId });
    equal((await session.nextStop()).reason, "step", "reason");
    holds((await session.state()) !== before, "a step changes something");
    await session.request("stepBack", { threadId });
    await session.nextStop();
    equal(await session.state(), before, "the state after a step back");
  } finally {
    session.dispose();
  }
}
