import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { createSession, type K8snetDebugSession } from "../../src/debug/server.ts";
import { openFakeLab } from "./fake-lab.ts";
import { transcript } from "./transcript.ts";

/** Inline, as in VS Code's extension host and web worker: no streams, no Node, a clock that a test can set. */
function inlineSession(text: string) {
  const messages: DebugProtocol.ProtocolMessage[] = [];
  const session = createSession({
    openLab: openFakeLab,
    readImport: async (_program, path) => ({ problem: `There is no ${path} here.` }),
    readFile: () => Promise.resolve(text),
    readBytes: () => Promise.resolve(new Uint8Array()),
    toUri: (path) => path,
    toClientPath: (uri) => uri,
    now: () => clock.ms++,
    yieldToMessages: () => new Promise((next) => setTimeout(next)),
  });
  const clock = { ms: 0 };
  session.onDidSendMessage((message) => messages.push(message as DebugProtocol.ProtocolMessage));
  const printed = () => transcript(messages.map((message) => ({ direction: "received", message })));
  return { session, messages, clock, printed };
}

let seq = 1;
function send(session: K8snetDebugSession, command: string, args?: object): void {
  session.handleMessage({ type: "request", seq: seq++, command, arguments: args } as DebugProtocol.Request);
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((next) => setTimeout(next));
}

test("a whole session over messages alone", async () => {
  const { session, printed } = inlineSession("12 arp.request pod1/eth0\nprint hello");
  send(session, "initialize", { adapterID: "k8snet" });
  send(session, "launch", { program: "memfs:/lab.k8snet" });
  await until(() => printed().includes("initialized"));
  send(session, "configurationDone");
  await until(() => printed().includes("terminated"));
  send(session, "disconnect");
  expect(printed()).toMatchInlineSnapshot(`
    "< initialize (capabilities)
    < launch
    * k8snet/state position={scenario=fake event=0 timeNs=0 ended=false} reason=launched
    * initialized
    < configurationDone
    * output category=stdout output="hello\\n" source={name=lab.k8snet path=memfs:/lab.k8snet} line=2 column=1
    * output category=stdout output="fake: 0 held, 0 failed\\n"
    * k8snet/state position={scenario=fake event=2 timeNs=2000 ended=true} reason=ended
    * exited exitCode=0
    * terminated
    < disconnect"
  `);
});

test("views hear of a moving lab at most ten times a second", async () => {
  const { session, messages, clock } = inlineSession("12 arp.request pod1/eth0\nrepeat 100000000");
  send(session, "initialize", { adapterID: "k8snet" });
  send(session, "launch", { program: "memfs:/lab.k8snet" });
  await until(() => messages.some((message) => (message as DebugProtocol.Event).event === "initialized"));
  const refreshes = () => messages.filter((message) => (message as DebugProtocol.Event).body?.reason === "running");
  const began = clock.ms;
  send(session, "configurationDone");
  await until(() => clock.ms > began + 1000);
  session.dispose();
  const tenths = Math.floor((clock.ms - began) / 100);
  expect(refreshes().length).toBeGreaterThan(5);
  expect(refreshes().length).toBeLessThanOrEqual(tenths + 1);
});

test("a disposed session falls silent", async () => {
  const { session, messages } = inlineSession("12 arp.request pod1/eth0\nrepeat 100000000");
  let ended = 0;
  session.onDidEnd(() => ended++);
  send(session, "initialize", { adapterID: "k8snet" });
  send(session, "launch", { program: "memfs:/lab.k8snet" });
  await until(() => messages.some((message) => (message as DebugProtocol.Event).event === "initialized"));
  send(session, "configurationDone");
  session.dispose();
  session.dispose();
  const told = messages.length;
  await new Promise((next) => setTimeout(next, 50));
  expect([messages.length, ended]).toEqual([told, 1]);
});

test("a launch that is overtaken by disconnect is answered, as cancelled", async () => {
  const { session, printed } = inlineSession("12 arp.request pod1/eth0");
  send(session, "initialize", { adapterID: "k8snet" });
  send(session, "launch", { program: "memfs:/lab.k8snet" });
  send(session, "disconnect");
  await until(() => printed().includes("launch"));
  expect(printed().split("\n").slice(1)).toEqual([
    "< disconnect",
    "! launch: cancelled: The session has ended meanwhile (shown to the user)",
  ]);
});

test("Stop, pressed while the end was on its way, is no error", async () => {
  const { session, printed } = inlineSession("12 arp.request pod1/eth0");
  send(session, "initialize", { adapterID: "k8snet" });
  send(session, "disconnect");
  send(session, "terminate");
  send(session, "disconnect");
  send(session, "threads");
  expect(printed().split("\n").slice(1)).toEqual([
    "< disconnect",
    "< terminate",
    "< disconnect",
    "! threads: The session is over",
  ]);
});
