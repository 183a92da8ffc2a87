import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openFakeLab } from "./fake-lab.ts";
import { dapHarness } from "./harness.ts";

const dap = dapHarness(openFakeLab);
const simulated = dapHarness();
const walk = "12 arp.request pod1/eth0\n12 bridge.flood cbr0\n# nothing\n12 bridge.forward cbr0";

test("what can bind is verified, what cannot is refused with its reason", async () => {
  const program = dap.program(walk);
  const client = await dap.open({ program });
  const from = client.recorded.length;
  await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line: 2 }, { line: 3 }] });
  await client.setBreakpointsRequest({ source: { path: "/elsewhere.k8snet" }, breakpoints: [{ line: 1 }] });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "arp.request" }, { name: "arp.requset" }] });
  await client.setExceptionBreakpointsRequest({ filters: [] });
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> setBreakpoints source={path=DIR/fake.k8snet} breakpoints=[{line=2}, {line=3}]
    < setBreakpoints breakpoints=[{source={name=fake.k8snet path=DIR/fake.k8snet} line=2 id=1 verified=true column=1 endLine=2 endColumn=10}, {source={name=fake.k8snet path=DIR/fake.k8snet} line=3 id=2 verified=false message="Nothing on line 3 meets a packet" reason=failed}]
    > setBreakpoints source={path=/elsewhere.k8snet} breakpoints=[{line=1}]
    < setBreakpoints breakpoints=[{source={name=elsewhere.k8snet path=/elsewhere.k8snet} line=1 id=3 verified=false message="Nothing on line 1 meets a packet" reason=failed}]
    > setFunctionBreakpoints breakpoints=[{name=arp.request}, {name=arp.requset}]
    < setFunctionBreakpoints breakpoints=[{id=4 verified=true}, {id=5 verified=false message="There is no stage arp.requset" reason=failed}]
    > setExceptionBreakpoints filters=[]
    < setExceptionBreakpoints breakpoints=[]"
  `);
});

test("conditions, hit counts and log messages are checked when they are set, and messages are printed", async () => {
  const text = readFileSync(new URL("../labs/same-node-ping.k8snet", import.meta.url), "utf8");
  const client = await simulated.open({ program: simulated.program(text, "ping.k8snet") });
  const path = simulated.program(text, "ping.k8snet");
  const { body } = await client.setBreakpointsRequest({
    source: { path },
    breakpoints: [
      {
        line: 13,
        condition: "arp.opcode == 1",
        logMessage: "{arp.src.proto_ipv4} asks for {arp.dst.proto_ipv4}",
      },
      { line: 13, condition: "arp.opcod == 1" },
      { line: 13, hitCondition: "sometimes" },
      { line: 13, logMessage: "{ip.src" },
    ],
  });
  const functions = await client.setFunctionBreakpointsRequest({
    breakpoints: [
      { name: "arp.request", condition: "ip.ttl" },
      { name: "icmp.receive", condition: "icmp.type == 0" },
    ],
  });
  const answers = [...body.breakpoints, ...functions.body.breakpoints];
  expect(answers.map((one) => `${one.verified} ${one.message}`).join("\n")).toMatchInlineSnapshot(`
    "true stops when a packet enters or leaves this namespace
    false Condition: There is no field "arp.opcod". Did you mean "arp.opcode"?
    false A hit count is a number, or one after >=, >, ==, <=, < or %; not "sometimes".
    false Log message: A "{" has no partner. Write "{{" for the brace itself.
    false Condition: A condition is true or false, and this is of type int.
    true undefined"
  `);
  const from = client.recorded.length;
  await client.startUntil("stopped");
  const lines = simulated.transcriptOf(client, from).split("\n");
  expect(
    lines.filter((line) => line.startsWith("* output") || line.startsWith("* stopped")).join("\n"),
  ).toMatchInlineSnapshot(`
    "* output category=stdout output="PING pod2 (10.244.1.9) 56(84) bytes of data.\\n" source={name=ping.k8snet path=DIR/ping.k8snet} line=36 column=3
    * output category=console output="10.244.1.2 asks for 10.244.1.9\\n10.244.1.2 asks for 10.244.1.9\\n10.244.1.2 asks for 10.244.1.9\\n" source={name=ping.k8snet path=DIR/ping.k8snet} line=13 column=1
    * stopped reason="function breakpoint" description="Paused on breakpoint" text="icmp.receive of #5 @ pod1 (breakpoint on icmp.receive)" threadId=6 allThreadsStopped=true hitBreakpointIds=[6]"
  `);
});

test("breakpoints set before the program is open wait for it, and hear how they fared", async () => {
  const program = dap.program(walk);
  const client = await dap.connect();
  await client.initializeRequest();
  const from = client.recorded.length;
  await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line: 2 }, { line: 3 }] });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "bridge.forward" }] });
  await client.launchRequest({ program } as object);
  await client.event("initialized", from);
  await client.startUntil("stopped");
  await client.stopAfter("continue", { threadId: 12 });
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> setBreakpoints source={path=DIR/fake.k8snet} breakpoints=[{line=2}, {line=3}]
    < setBreakpoints breakpoints=[{source={name=fake.k8snet path=DIR/fake.k8snet} line=2 id=1 verified=false message="The program is not open yet" reason=pending}, {source={name=fake.k8snet path=DIR/fake.k8snet} line=3 id=2 verified=false message="The program is not open yet" reason=pending}]
    > setFunctionBreakpoints breakpoints=[{name=bridge.forward}]
    < setFunctionBreakpoints breakpoints=[{id=3 verified=false message="The program is not open yet" reason=pending}]
    > launch program=DIR/fake.k8snet
    < launch
    * breakpoint reason=changed breakpoint={source={name=fake.k8snet path=DIR/fake.k8snet} line=2 id=1 verified=true column=1 endLine=2 endColumn=10}
    * breakpoint reason=changed breakpoint={source={name=fake.k8snet path=DIR/fake.k8snet} line=3 id=2 verified=false message="Nothing on line 3 meets a packet" reason=failed}
    * breakpoint reason=changed breakpoint={id=3 verified=true}
    * k8snet/state position={scenario=fake event=0 timeNs=0 ended=false} reason=launched
    * initialized
    > configurationDone
    < configurationDone
    * stopped reason=breakpoint description="Paused on breakpoint" text="Before event 2" threadId=12 allThreadsStopped=true hitBreakpointIds=[1]
    * k8snet/state position={scenario=fake event=1 timeNs=1000 ended=false} reason=stopped
    > continue threadId=12
    < continue allThreadsContinued=true
    * stopped reason="function breakpoint" description="Paused on breakpoint" text="Before event 3" threadId=12 allThreadsStopped=true hitBreakpointIds=[3]
    * k8snet/state position={scenario=fake event=2 timeNs=2000 ended=false} reason=stopped"
  `);
});

test("a new list replaces the old one", async () => {
  const program = dap.program(walk);
  const client = await dap.open({ program });
  await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line: 2 }] });
  await client.setBreakpointsRequest({ source: { path: program }, lines: [4] });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "bridge.flood" }] });
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  const from = client.recorded.length;
  await client.startUntil("stopped");
  const stop = await client.event("stopped", from);
  expect(stop.body).toMatchObject({ reason: "breakpoint", hitBreakpointIds: [2] });
});

test("arguments without sense are refused", async () => {
  const client = await dap.open({ program: dap.program(walk) }, { sendsNonsense: true });
  const reasons = [
    await client.refusal("setBreakpoints", {}),
    await client.refusal("setBreakpoints", { source: {}, breakpoints: [] }),
    await client.refusal("setBreakpoints", { source: { path: "/a" } }),
    await client.refusal("setBreakpoints", { source: { path: "/a" }, breakpoints: [{ line: "two" }] }),
    await client.refusal("setBreakpoints", { source: { path: "/a" }, breakpoints: [1] }),
    await client.refusal("setFunctionBreakpoints", { breakpoints: [{}] }),
    await client.refusal("setExceptionBreakpoints", { filters: "all" }),
  ];
  expect(reasons.join("\n")).toMatchInlineSnapshot(`
    "source is missing: it must be an object
    source.path is missing: breakpoints are set in files
    breakpoints is missing: it must be a list
    breakpoints[0].line must be an integer
    breakpoints[0] must be an object
    breakpoints[0].name is missing: it must be a string
    filters must be a list"
  `);
});
