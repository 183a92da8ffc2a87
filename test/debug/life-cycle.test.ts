import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openFakeLab } from "./fake-lab.ts";
import { dapHarness } from "./harness.ts";

const dap = dapHarness(openFakeLab);
const ping = "12 arp.request pod1/eth0\n12 bridge.flood cbr0\nprint 64 bytes\nheld a == b";
const endless = "12 arp.request pod1/eth0\n12 bridge.flood cbr0\nrepeat 100000000";

test("a program runs from launch to its end, in the order that the protocol asks for", async () => {
  const client = await dap.open({ program: dap.program(ping) });
  await client.startUntil("terminated");
  expect(dap.transcriptOf(client)).toMatchInlineSnapshot(`
    "> initialize adapterID=k8snet linesStartAt1=true columnsStartAt1=true pathFormat=path
    < initialize (capabilities)
    > launch program=DIR/fake.k8snet
    < launch
    * k8snet/state position={scenario=fake event=0 timeNs=0 ended=false} reason=launched
    * initialized
    > configurationDone
    < configurationDone
    * output category=stdout output="64 bytes\\n" source={name=fake.k8snet path=DIR/fake.k8snet} line=3 column=1
    * output category=stdout output="a == b\\n" source={name=fake.k8snet path=DIR/fake.k8snet} line=4 column=1
    * output category=stdout output="fake: 1 held, 0 failed\\n"
    * k8snet/state position={scenario=fake event=4 timeNs=4000 ended=true} reason=ended
    * exited exitCode=0
    * terminated"
  `);
});

describe("launch is refused, for the user to read", () => {
  const refused: readonly (readonly [string, object])[] = [
    ["nothing", {}],
    ["a program that is no path", { program: 7 }],
    ["a file that is not there", { program: "/nowhere/at.k8snet" }],
    ["a scenario that is not there", { program: dap.program(ping), scenario: "second ping" }],
    ["an argument of the wrong type", { program: dap.program(ping), stopOnEntry: "yes" }],
    ["a seed that is no number of the generator", { program: dap.program(ping), seed: -1 }],
    ["a broken file", { program: dap.program('error unknown pod "pod3"\n\nerror expected "}"', "broken.k8snet") }],
  ];

  test("each with its reason", async () => {
    const lines: string[] = [];
    for (const [what, launch] of refused) {
      const client = await dap.connect({ sendsNonsense: true });
      await client.initializeRequest();
      await client.refusal("launch", launch);
      lines.push(`${what}:`, dap.transcriptOf(client, 3));
    }
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "nothing:
      ! launch: launch needs "program": the path of a .k8snet file (shown to the user)
      a program that is no path:
      ! launch: program must be a string (shown to the user)
      a file that is not there:
      ! launch: Cannot read /nowhere/at.k8snet: ENOENT: no such file or directory, open '/nowhere/at.k8snet' (shown to the user)
      a scenario that is not there:
      ! launch: DIR/fake.k8snet has no scenario "second ping"; it has "fake" (shown to the user)
      an argument of the wrong type:
      ! launch: stopOnEntry must be a boolean (shown to the user)
      a seed that is no number of the generator:
      ! launch: seed must be an integer of at least 0 (shown to the user)
      a broken file:
      ! launch: DIR/broken.k8snet:1:1: error: unknown pod "pod3"
      DIR/broken.k8snet:3:1: error: expected "}" (shown to the user)"
    `);
  });

  test("and may be tried again", async () => {
    const client = await dap.connect();
    const program = dap.program("error typing mistake", "mended.k8snet");
    await client.initializeRequest();
    await client.refusal("launch", { program });
    writeFileSync(program, ping);
    await client.launchRequest({ program } as object);
    await client.event("initialized", 0);
    await client.startUntil("terminated");
  });
});

test("a failed expectation goes to stderr with its line, and into the exit code", async () => {
  const client = await dap.open({ program: dap.program("held a == b\nfailed response.status == 200, it was 503") });
  const from = client.recorded.length;
  await client.startUntil("terminated");
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> configurationDone
    < configurationDone
    * output category=stdout output="a == b\\n" source={name=fake.k8snet path=DIR/fake.k8snet} line=1 column=1
    * output category=stderr output="response.status == 200, it was 503\\n" source={name=fake.k8snet path=DIR/fake.k8snet} line=2 column=1
    * output category=stderr output="fake: 1 held, 1 failed\\n"
    * k8snet/state position={scenario=fake event=2 timeNs=2000 ended=true} reason=ended
    * exited exitCode=1
    * terminated"
  `);
});

test("stopOnEntry stops before the first event", async () => {
  const client = await dap.open({ program: dap.program(ping), stopOnEntry: true });
  const from = client.recorded.length;
  await client.startUntil("stopped");
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> configurationDone
    < configurationDone
    * stopped reason=entry description="At the beginning" text="Before event 1" threadId=12 allThreadsStopped=true hitBreakpointIds=[]
    * k8snet/state position={scenario=fake event=0 timeNs=0 ended=false} reason=stopped"
  `);
});

test("stopAtEnd stays after the last event: from there one can go back, or on to the end of the session", async () => {
  const client = await dap.open({ program: dap.program(ping), stopAtEnd: true });
  await client.startUntil("stopped");
  const from = client.recorded.length;
  await client.stopAfter("stepBack", { threadId: 1 });
  await client.stopAfter("continue", { threadId: 1 });
  await client.continueRequest({ threadId: 1 });
  await client.event("terminated", from);
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> stepBack threadId=1
    < stepBack
    * stopped reason=step description="Paused on step" text="Before event 4" threadId=1 allThreadsStopped=true hitBreakpointIds=[]
    * k8snet/state position={scenario=fake event=3 timeNs=3000 ended=false} reason=stopped
    > continue threadId=1
    < continue allThreadsContinued=true
    * stopped reason=pause description="At the end" text="The scenario is over: step back, or continue to end the session" threadId=1 allThreadsStopped=true hitBreakpointIds=[]
    * k8snet/state position={scenario=fake event=4 timeNs=4000 ended=true} reason=stopped
    > continue threadId=1
    < continue allThreadsContinued=true
    * k8snet/state position={scenario=fake event=4 timeNs=4000 ended=true} reason=ended
    * exited exitCode=0
    * terminated"
  `);
});

test("noDebug runs to the end past every breakpoint", async () => {
  const client = await dap.open({ program: dap.program(ping), noDebug: true, stopOnEntry: true, stopAtEnd: true });
  const from = client.recorded.length;
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "arp.request" }] });
  await client.startUntil("terminated");
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> setFunctionBreakpoints breakpoints=[{name=arp.request}]
    < setFunctionBreakpoints breakpoints=[{id=1 verified=false message="The program runs without debugging" reason=pending}]
    > configurationDone
    < configurationDone
    * output category=stdout output="64 bytes\\n" source={name=fake.k8snet path=DIR/fake.k8snet} line=3 column=1
    * output category=stdout output="a == b\\n" source={name=fake.k8snet path=DIR/fake.k8snet} line=4 column=1
    * output category=stdout output="fake: 1 held, 0 failed\\n"
    * k8snet/state position={scenario=fake event=4 timeNs=4000 ended=true} reason=ended
    * exited exitCode=0
    * terminated"
  `);
});

describe("Restart", () => {
  test("takes the file's new text, and keeps the breakpoints", async () => {
    const program = dap.program(ping, "edited.k8snet");
    const client = await dap.open({ program });
    await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line: 2 }, { line: 5 }] });
    await client.startUntil("stopped");
    writeFileSync(program, `${ping}\n13 bridge.forward cbr0`);
    const from = client.recorded.length;
    await client.restartRequest({});
    await client.event("stopped", from);
    await client.stopAfter("continue", { threadId: 12 });
    expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
      "> restart
      < restart
      * breakpoint reason=changed breakpoint={source={name=edited.k8snet path=DIR/edited.k8snet} line=5 id=2 verified=true column=1 endLine=5 endColumn=10}
      * k8snet/state position={scenario=fake event=0 timeNs=0 ended=false} reason=launched
      * continued threadId=1 allThreadsContinued=true
      * stopped reason=breakpoint description="Paused on breakpoint" text="Before event 2" threadId=12 allThreadsStopped=true hitBreakpointIds=[1]
      * k8snet/state position={scenario=fake event=1 timeNs=1000 ended=false} reason=stopped
      > continue threadId=12
      < continue allThreadsContinued=true
      * output category=stdout output="64 bytes\\n" source={name=edited.k8snet path=DIR/edited.k8snet} line=3 column=1
      * output category=stdout output="a == b\\n" source={name=edited.k8snet path=DIR/edited.k8snet} line=4 column=1
      * stopped reason=breakpoint description="Paused on breakpoint" text="Before event 5" threadId=13 allThreadsStopped=true hitBreakpointIds=[2]
      * k8snet/state position={scenario=fake event=4 timeNs=4000 ended=false} reason=stopped"
    `);
  });

  test("of a file that no longer compiles is refused, and the session goes on", async () => {
    const program = dap.program(ping, "worse.k8snet");
    const client = await dap.open({ program, stopOnEntry: true });
    await client.startUntil("stopped");
    writeFileSync(program, "error typing mistake");
    const from = client.recorded.length;
    await client.refusal("restart");
    await client.stopAfter("stepIn", { threadId: 1 });
    expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
      "> restart
      ! restart: DIR/worse.k8snet:1:1: error: typing mistake (shown to the user)
      > stepIn threadId=1
      < stepIn
      * stopped reason=step description="Paused on step" text="Before event 2" threadId=1 allThreadsStopped=true hitBreakpointIds=[]
      * k8snet/state position={scenario=fake event=1 timeNs=1000 ended=false} reason=stopped"
    `);
  });

  test("stops what was moving: the old run says nothing more", async () => {
    const client = await dap.open({ program: dap.program(endless) });
    await client.startUntil("k8snet/state");
    const from = client.recorded.length;
    await client.restartRequest({ arguments: { program: dap.program(ping, "other.k8snet") } } as object);
    await client.event("terminated", from);
    expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
      "> restart arguments={program=DIR/other.k8snet}
      < restart
      * k8snet/state position={scenario=fake event=0 timeNs=0 ended=false} reason=launched
      * continued threadId=1 allThreadsContinued=true
      * output category=stdout output="64 bytes\\n" source={name=other.k8snet path=DIR/other.k8snet} line=3 column=1
      * output category=stdout output="a == b\\n" source={name=other.k8snet path=DIR/other.k8snet} line=4 column=1
      * output category=stdout output="fake: 1 held, 0 failed\\n"
      * k8snet/state position={scenario=fake event=4 timeNs=4000 ended=true} reason=ended
      * exited exitCode=0
      * terminated"
    `);
  });
});

describe("an end asked for comes at once, also while packets move", () => {
  test("terminate", async () => {
    const client = await dap.open({ program: dap.program(endless) });
    await client.startUntil("k8snet/state");
    const from = client.recorded.length;
    await client.terminateRequest();
    await client.event("terminated", from);
    await client.terminateRequest();
    await client.refusal("continue", { threadId: 1 });
    expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
      "> terminate
      < terminate
      * terminated
      > terminate
      < terminate
      > continue threadId=1
      ! continue: The program has ended"
    `);
  });

  test("disconnect closes the connection after its answer", async () => {
    const client = await dap.open({ program: dap.program(endless) });
    await client.startUntil("k8snet/state");
    const from = client.recorded.length;
    await client.disconnectRequest();
    await client.closed;
    expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
      "> disconnect
      < disconnect"
    `);
  });

  test("a client that just goes away ends its session, not the server", async () => {
    const client = await dap.open({ program: dap.program(endless) });
    await client.startUntil("k8snet/state");
    client.hangUp();
    await client.closed;
    const next = await dap.open({ program: dap.program(ping) });
    await next.startUntil("terminated");
  });
});

test("two sessions at once do not disturb each other", async () => {
  const moving = await dap.open({ program: dap.program(endless, "endless.k8snet") });
  await moving.startUntil("k8snet/state");
  const stepping = await dap.open({ program: dap.program(ping), stopOnEntry: true });
  await stepping.startUntil("stopped");
  const stop = await stepping.stopAfter("stepIn", { threadId: 1 });
  expect(stop.body.text).toBe("Before event 2");
  expect((await moving.stopAfter("pause", { threadId: 1 })).body.reason).toBe("pause");
  expect((await stepping.customRequest("k8snet/position")).body.event).toBe(1);
});

test("a bug in the lab ends the session with one line, without a stack trace", async () => {
  const client = await dap.open({ program: dap.program("12 arp.request pod1/eth0\nbug") });
  const from = client.recorded.length;
  await client.startUntil("terminated");
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> configurationDone
    < configurationDone
    * output category=stderr output="The session ends: k8snet bug: a fake one\\n"
    * terminated"
  `);
});
