import { expect, test } from "vitest";
import { openFakeLab } from "./fake-lab.ts";
import { dapHarness } from "./harness.ts";

const dap = dapHarness(openFakeLab);
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

test("a condition that would be ignored is a reason to refuse", async () => {
  const program = dap.program(walk);
  const client = await dap.open({ program });
  const { body } = await client.setBreakpointsRequest({
    source: { path: program },
    breakpoints: [
      { line: 1, condition: "arp.opcode == 1" },
      { line: 2, hitCondition: "5" },
      { line: 4, logMessage: "{ip.src}" },
    ],
  });
  expect(body.breakpoints.map((one) => `${one.verified} ${one.message}`)).toEqual([
    "false Conditions are not supported",
    "false Hit counts are not supported",
    "false Log messages are not supported",
  ]);
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
