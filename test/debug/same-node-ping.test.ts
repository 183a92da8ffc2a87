import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import type { ClientTreeRow } from "../../src/debug/server.ts";
import type { PositionRow } from "../../src/lab/protocol.ts";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** The simulated lab itself behind the protocol: two pods on one node, and the first ping between them. */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/same-node-ping.k8snet"));
const lines = readFileSync(program, "utf8").split("\n");
const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;

/** Where a stop is: why, which packet, on which line, and at which stage. */
async function place(client: RecordedClient, stop: DebugProtocol.StoppedEvent): Promise<string> {
  const threadId = stop.body.threadId!;
  const { threads } = (await client.threadsRequest()).body;
  const { stackFrames } = (await client.stackTraceRequest({ threadId, levels: 1 })).body;
  const name = threads.find((one) => one.id === threadId)?.name;
  return `${stop.body.reason}, line ${stackFrames[0]?.line}: ${stackFrames[0]?.name} [${name}]`;
}

async function begin(client: RecordedClient): Promise<DebugProtocol.StoppedEvent> {
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  return client.event("stopped", from);
}

/** Sends the commands one after the other, each to the thread that stopped last, and says where each leads. */
async function walk(client: RecordedClient, first: DebugProtocol.StoppedEvent, commands: readonly string[]) {
  const seen = [await place(client, first)];
  let threadId = first.body.threadId;
  for (const command of commands) {
    const stop = await client.stopAfter(command, { threadId });
    threadId = stop.body.threadId;
    seen.push(`${command} -> ${await place(client, stop)}`);
  }
  return seen.join("\n");
}

test("F5 with a breakpoint on the bridge's line and one on arp.request", async () => {
  const client = await dap.open({ program, stopAtEnd: true });
  const bridge = await client.setBreakpointsRequest({
    source: { path: program },
    breakpoints: [{ line: lineOf("bridge cbr0") }],
  });
  const request = await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "arp.request" }] });
  expect([bridge.body.breakpoints[0], request.body.breakpoints[0]]).toMatchObject([
    { verified: true },
    { verified: true },
  ]);
  const stops = await walk(client, await begin(client), Array<string>(5).fill("continue"));
  expect(stops).toMatchInlineSnapshot(`
    "function breakpoint, line 17: arp.request @ pod1/eth0 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ pod1/eth0]
    continue -> breakpoint, line 15: bridge.flood @ node1/cbr0 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ node1/cbr0]
    continue -> breakpoint, line 15: bridge.deliver @ node1/cbr0 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ node1/cbr0]
    continue -> breakpoint, line 15: bridge.forward @ node1/cbr0 [#4 ARP reply 10.244.1.9 is-at 0a:58:0a:f4:01:09 (to 10.244.1.2 0a:58:0a:f4:01:02) [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02] @ node1/cbr0]
    continue -> breakpoint, line 15: bridge.forward @ node1/cbr0 [#1 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 [0a:58:0a:f4:01:02 > 0a:58:0a:f4:01:09] @ node1/cbr0]
    continue -> breakpoint, line 15: bridge.forward @ node1/cbr0 [#5 IP 10.244.1.9 > 10.244.1.2 ttl=64 len=84 ICMP echo-reply id=58120 seq=1 [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02] @ node1/cbr0]"
  `);
});

test("the stack says where the packet is and how it got there, each frame on the line that declared it", async () => {
  const client = await dap.open({ program });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "bridge.flood" }] });
  const { threadId } = (await begin(client)).body;
  const { stackFrames } = (await client.stackTraceRequest({ threadId: threadId! })).body;
  const printed = stackFrames.map((frame) => `${frame.presentationHint} ${frame.line} ${frame.name}`);
  expect(printed.join("\n")).toMatchInlineSnapshot(`
    "normal 15 bridge.flood @ node1/cbr0
    normal 15 bridge.receive @ node1/cbr0
    normal 17 veth.receive @ node1/veth1
    normal 17 veth.transmit @ pod1/eth0
    normal 17 arp.request @ pod1/eth0
    label 0 caused by #1 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1
    normal 36 ping pod1 -> pod2"
  `);
});

test("the scenario is stepped by statements, the packets by stages, hops and namespaces", async () => {
  const client = await dap.open({ program, stopOnEntry: true, stopAtEnd: true });
  const entry = await begin(client);
  expect(await walk(client, entry, ["next", "next", "next"])).toMatchInlineSnapshot(`
    "entry, line 36: ping pod1 -> pod2 [scenario "first ping"]
    next -> step, line 37: expect reply.received && reply.ttl == 64 [scenario "first ping"]
    next -> step, line 38: expect neigh("pod1", "10.244.1.9").state == "REACHABLE" [scenario "first ping"]
    next -> pause, line 30: end of scenario "first ping" [scenario "first ping"]"
  `);
  const into = await dap.open({ program, stopOnEntry: true });
  const commands = ["stepIn", "stepIn", "stepIn", "stepIn", "next", "next", "stepOut", "stepBack", "stepBack"];
  expect(await walk(into, await begin(into), commands)).toMatchInlineSnapshot(`
    "entry, line 36: ping pod1 -> pod2 [scenario "first ping"]
    stepIn -> step, line 2: route.output @ pod1 [#1 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 @ pod1]
    stepIn -> step, line 17: neigh.output @ pod1/eth0 [#1 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 @ pod1/eth0]
    stepIn -> step, line 17: neigh.output @ pod1/eth0 (waits for ARP: 10.244.1.9) [#1 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 @ pod1/eth0]
    stepIn -> step, line 17: arp.request @ pod1/eth0 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ pod1/eth0]
    next -> step, line 17: veth.receive @ node1/veth1 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ node1/veth1]
    next -> step, line 15: bridge.receive @ node1/cbr0 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ node1/cbr0]
    stepOut -> step, line 15: ended in arp.ignore @ node1/cbr0 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] gone]
    stepBack -> step, line 15: arp.ignore @ node1/cbr0 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ node1/cbr0]
    stepBack -> step, line 15: arp.receive @ node1/cbr0 [#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ node1/cbr0]"
  `);
});

test("the ARP table fills in on the way, and Reverse empties it again, stop by stop", async () => {
  const client = await dap.open({ program, stopAtEnd: true });
  await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line: lineOf("bridge cbr0") }] });
  const pod1Arp = async () => {
    const { rows } = (await client.customRequest("k8snet/tree", { parentId: "arp:pod1" })).body as {
      rows: ClientTreeRow[];
    };
    const { event } = (await client.customRequest("k8snet/position")).body as PositionRow;
    return `${event}: ${rows.map((row) => `${row.label} ${row.description}`).join(", ")}`;
  };
  await client.startUntil("stopped");
  const forth = [await pod1Arp()];
  for (let stop = 0; stop < 5; stop++) {
    await client.stopAfter("continue", { threadId: 1 });
    forth.push(await pod1Arp());
  }
  expect(forth.join("\n")).toMatchInlineSnapshot(`
    "7: 10.244.1.9 INCOMPLETE dev eth0
    9: 10.244.1.9 INCOMPLETE dev eth0
    18: 10.244.1.9 INCOMPLETE dev eth0
    26: 10.244.1.9 REACHABLE 0a:58:0a:f4:01:09 dev eth0
    37: 10.244.1.9 REACHABLE 0a:58:0a:f4:01:09 dev eth0
    47: 10.244.1.9 REACHABLE 0a:58:0a:f4:01:09 dev eth0"
  `);
  const back: string[] = [];
  for (let stop = 0; stop < 6; stop++) {
    const { body } = await client.stopAfter("reverseContinue", { threadId: 1 });
    back.unshift(await pod1Arp());
    expect(body.reason).toBe(stop < 5 ? "breakpoint" : "entry");
  }
  expect(back).toEqual(["0: ", ...forth.slice(0, -1)]);
});

test("the program's output has its statement's line, and the exit code says that every expectation held", async () => {
  const client = await dap.open({ program });
  const from = client.recorded.length;
  await client.startUntil("terminated");
  expect(dap.transcriptOf(client, from).replaceAll(program, "FILE")).toMatchInlineSnapshot(`
    "> configurationDone
    < configurationDone
    * output category=stdout output="PING pod2 (10.244.1.9) 56(84) bytes of data.\\n64 bytes from 10.244.1.9: icmp_seq=1 ttl=64 time=0.021 ms\\n\\n--- pod2 ping statistics ---\\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\\nrtt min/avg/max/mdev = 0.021/0.021/0.021/0.000 ms\\n" source={name=same-node-ping.k8snet path=FILE} line=36 column=3
    * output category=stdout output="held: expect reply.received && reply.ttl == 64\\n" source={name=same-node-ping.k8snet path=FILE} line=37 column=3
    * output category=stdout output="held: expect neigh(\\"pod1\\", \\"10.244.1.9\\").state == \\"REACHABLE\\"\\n" source={name=same-node-ping.k8snet path=FILE} line=38 column=3
    * output category=stdout output="first ping: 2 held, 0 failed\\n"
    * k8snet/state position={scenario="first ping" event=47 timeNs=21000 ended=true} reason=ended
    * exited exitCode=0
    * terminated"
  `);
});

test("a scenario is chosen by name, and its seed can be replaced", async () => {
  const client = await dap.open({ program, scenario: "second ping", seed: 7 });
  const from = client.recorded.length;
  await client.startUntil("terminated");
  expect(dap.transcriptOf(client, from)).toContain("second ping: 2 held, 0 failed");
  const other = await dap.connect();
  await other.initializeRequest();
  expect(await other.refusal("launch", { program, scenario: "third ping" })).toBe(
    `${program} has no scenario "third ping"; it has "first ping", "second ping", "web"`,
  );
});

test("a broken file is refused with the places of its errors", async () => {
  const broken = dap.program("node node1 {\n  pod pod1 {\n    adress 10.244.1.9\n  }\n}\n", "broken.k8snet");
  const client = await dap.connect();
  await client.initializeRequest();
  const refusal = await client.refusal("launch", { program: broken });
  expect(refusal.split("\n")[0]).toMatch(/broken\.k8snet:3:5: error: ./);
  expect(refusal).not.toMatch(/\n\s+at /);
});

test("a long run can be paused, looked at, and gone on with", async () => {
  const text = readFileSync(program, "utf8").replace(
    "ping pod1 -> pod2\n",
    "ping pod1 -> pod2 count 100000 interval 10ms\n",
  );
  const client = await dap.open({ program: dap.program(text, "long.k8snet") });
  await client.startUntil("k8snet/state");
  const first = await client.stopAfter("pause", { threadId: 1 });
  expect(first.body).toMatchObject({ reason: "pause", allThreadsStopped: true });
  expect(await place(client, first)).toMatch(/^pause, line \d+: ./);
  const from = client.recorded.length;
  await client.continueRequest({ threadId: 1 });
  await client.event("k8snet/state", from);
  await client.stopAfter("pause", { threadId: 1 });
  await client.stopAfter("reverseContinue", { threadId: 1 });
  expect((await client.customRequest("k8snet/position")).body.event).toBe(0);
});
