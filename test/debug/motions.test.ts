import { expect, test } from "vitest";
import { openFakeLab } from "./fake-lab.ts";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

const dap = dapHarness(openFakeLab);
const walk = [
  "print PING",
  "12 arp.request pod1/eth0",
  "13 bridge.flood cbr0/a",
  "14 bridge.flood cbr0/b",
  "12 bridge.forward cbr0",
  "held reply.received",
  "12 arp.reply pod2/eth0",
].join("\n");
const endless = "12 arp.request pod1/eth0\n13 bridge.flood cbr0\nrepeat 100000000";

async function line(client: RecordedClient, threadId: number): Promise<string> {
  const { body } = await client.stackTraceRequest({ threadId, levels: 1 });
  return `${body.stackFrames[0]?.name}, line ${body.stackFrames[0]?.line}`;
}

test("every step says why it stopped, and where", async () => {
  const client = await dap.open({ program: dap.program(walk), stopOnEntry: true });
  await client.startUntil("stopped");
  const seen: string[] = [];
  for (const [command, threadId] of [
    ["stepIn", 1],
    ["next", 12],
    ["stepBack", 12],
    ["stepBack", 12],
    ["stepOut", 12],
    ["reverseContinue", 1],
  ] as const) {
    const stop = await client.stopAfter(command, { threadId });
    seen.push(`${command} -> ${stop.body.reason} of ${stop.body.threadId}: ${await line(client, stop.body.threadId!)}`);
  }
  expect(seen.join("\n")).toMatchInlineSnapshot(`
    "stepIn -> step of 1: print @ PING, line 1
    next -> step of 12: bridge.forward @ cbr0, line 5
    stepBack -> step of 12: arp.request @ pod1/eth0, line 2
    stepBack -> step of 12: arp.request @ pod1/eth0, line 2
    stepOut -> step of 12: bridge.forward @ cbr0, line 5
    reverseContinue -> entry of 1: print @ PING, line 1"
  `);
});

test("a step that another packet's breakpoint ends says so, once", async () => {
  const client = await dap.open({ program: dap.program(walk), stopOnEntry: true });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "bridge.flood" }] });
  await client.startUntil("stopped");
  await client.stopAfter("stepIn", { threadId: 1 });
  const from = client.recorded.length;
  await client.stopAfter("next", { threadId: 12 });
  await client.threadsRequest();
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> next threadId=12
    < next
    * stopped reason="function breakpoint" description="Paused on breakpoint" text="Before event 3" threadId=13 allThreadsStopped=true hitBreakpointIds=[1]
    * k8snet/state position={scenario=fake event=2 timeNs=2000 ended=false} reason=stopped
    > threads
    < threads threads=[{id=1 name=#1}, {id=12 name=#12}, {id=13 name=#13}, {id=14 name=#14}]"
  `);
});

test("Reverse stops at the previous hit of a breakpoint, and output is not printed twice on the way back", async () => {
  const client = await dap.open({ program: dap.program(walk), stopAtEnd: true });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "arp.request" }] });
  await client.startUntil("stopped");
  await client.stopAfter("continue", { threadId: 1 });
  const from = client.recorded.length;
  await client.stopAfter("reverseContinue", { threadId: 1 });
  await client.stopAfter("continue", { threadId: 1 });
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> reverseContinue threadId=1
    < reverseContinue
    * stopped reason="function breakpoint" description="Paused on breakpoint" text="Before event 2" threadId=12 allThreadsStopped=true hitBreakpointIds=[1]
    * k8snet/state position={scenario=fake event=1 timeNs=1000 ended=false} reason=stopped
    > continue threadId=1
    < continue allThreadsContinued=true
    * stopped reason=pause description="At the end" text="The scenario is over: step back, or continue to end the session" threadId=1 allThreadsStopped=true hitBreakpointIds=[]
    * k8snet/state position={scenario=fake event=7 timeNs=7000 ended=true} reason=stopped"
  `);
});

test("while packets move, requests are answered, what needs a standstill is refused, and Pause stops", async () => {
  const client = await dap.open({ program: dap.program(endless, "endless.k8snet") });
  await client.startUntil("k8snet/state");
  const from = client.recorded.length;
  await client.threadsRequest();
  await client.refusal("continue", { threadId: 1 });
  await client.refusal("stepBack", { threadId: 1 });
  await client.refusal("stackTrace", { threadId: 1 });
  await client.refusal("variables", { variablesReference: 1 });
  await client.pauseRequest({ threadId: 1 });
  const stop = await client.event("stopped", from);
  expect(stop.body).toMatchObject({ reason: "pause", allThreadsStopped: true, hitBreakpointIds: [] });
  const upToStop = dap.transcriptOf(client, from).split("\n* stopped")[0];
  expect(upToStop).toMatchInlineSnapshot(`
    "> threads
    < threads threads=[{id=1 name=#1}, {id=12 name=#12}, {id=13 name=#13}]
    > continue threadId=1
    ! continue: notStopped: The packets are moving; pause first
    > stepBack threadId=1
    ! stepBack: notStopped: The packets are moving; pause first
    > stackTrace threadId=1
    ! stackTrace: notStopped: The packets are moving; pause first
    > variables variablesReference=1
    ! variables: notStopped: The packets are moving; pause first
    > pause threadId=1
    < pause"
  `);
});

test("a breakpoint set while packets move stops them", async () => {
  const program = dap.program(endless, "endless.k8snet");
  const client = await dap.open({ program });
  await client.startUntil("k8snet/state");
  const from = client.recorded.length;
  const { body } = await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line: 2 }] });
  const stop = await client.event("stopped", from);
  expect(stop.body).toMatchObject({ reason: "breakpoint", threadId: 13, hitBreakpointIds: [body.breakpoints[0]?.id] });
});

test("Pause where the session stands already is answered and changes nothing", async () => {
  const client = await dap.open({ program: dap.program(walk), stopOnEntry: true });
  await client.startUntil("stopped");
  const from = client.recorded.length;
  await client.pauseRequest({ threadId: 1 });
  await client.threadsRequest();
  expect(dap.transcriptOf(client, from).split("\n")).toHaveLength(4);
});

test("a thread that is not there cannot be stepped, and a program that has not started cannot move", async () => {
  const client = await dap.open({ program: dap.program(walk), stopOnEntry: true });
  const early = await client.refusal("continue", { threadId: 1 });
  await client.startUntil("stopped");
  const unknown = await client.refusal("next", { threadId: 99 });
  expect([early, unknown]).toEqual([
    "The program has not started: configurationDone comes first",
    "There is no thread 99",
  ]);
});
