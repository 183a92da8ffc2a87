import { expect, test } from "vitest";
import { openFakeLab } from "./fake-lab.ts";
import { dapHarness } from "./harness.ts";

const dap = dapHarness(openFakeLab);
const walk = "12 arp.request pod1/eth0\n12 bridge.flood cbr0\n12 bridge.forward cbr0\nheld a == b";

test("from the stack to a field: threads, frames, scopes, variables", async () => {
  const client = await dap.open({ program: dap.program(walk) });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "bridge.forward" }] });
  await client.startUntil("stopped");
  const from = client.recorded.length;
  await client.threadsRequest();
  const stack = await client.stackTraceRequest({ threadId: 12 });
  const scopes = await client.scopesRequest({ frameId: stack.body.stackFrames[0]!.id });
  const packet = await client.variablesRequest(reference(scopes.body.scopes[0]));
  await client.variablesRequest(reference(packet.body.variables[1]));
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> threads
    < threads threads=[{id=1 name=#1}, {id=12 name=#12}]
    > stackTrace threadId=12
    < stackTrace stackFrames=[{id=3 name="bridge.forward @ cbr0" source={name=fake.k8snet path=DIR/fake.k8snet} line=3 column=1 endLine=3 endColumn=10 presentationHint=normal canRestart=false}, {id=2 name="bridge.flood @ cbr0" source={name=fake.k8snet path=DIR/fake.k8snet} line=2 column=1 endLine=2 endColumn=10 presentationHint=normal canRestart=false}, {id=1 name="arp.request @ pod1/eth0" source={name=fake.k8snet path=DIR/fake.k8snet} line=1 column=1 endLine=1 endColumn=10 presentationHint=normal canRestart=false}, {id=1000000012 name="caused by the scenario" line=0 column=0 presentationHint=label canRestart=false}] totalFrames=4
    > scopes frameId=3
    < scopes scopes=[{name=Packet expensive=false variablesReference=1}]
    > variables variablesReference=1
    < variables variables=[{name=frame value=3 variablesReference=0 type=number presentationHint={attributes=[readOnly]}}, {name=eth value="packet 12" variablesReference=2 presentationHint={attributes=[readOnly]} namedVariables=1}, {name=table value="250 rows" variablesReference=3 presentationHint={attributes=[readOnly]} indexedVariables=250}]
    > variables variablesReference=2
    < variables variables=[{name=eth.type value=0x0806 variablesReference=0 presentationHint={attributes=[readOnly]}}]"
  `);
});

test("a stack is read page by page", async () => {
  const client = await dap.open({ program: dap.program(`${walk}\nrepeat 100`), stopAtEnd: true });
  await client.startUntil("stopped");
  const whole = await client.stackTraceRequest({ threadId: 12 });
  expect(whole.body.totalFrames).toBe(301);
  const page = await client.stackTraceRequest({ threadId: 12, startFrame: 299, levels: 20 });
  expect(page.body.stackFrames).toEqual(whole.body.stackFrames.slice(299));
});

test("a large table is read page by page", async () => {
  const client = await dap.open({ program: dap.program(walk), stopOnEntry: true });
  await client.startUntil("stopped");
  const stack = await client.stackTraceRequest({ threadId: 1 });
  const scopes = await client.scopesRequest({ frameId: stack.body.stackFrames[0]!.id });
  const packet = await client.variablesRequest(reference(scopes.body.scopes[0]));
  const table = packet.body.variables.find((one) => one.name === "table")!;
  expect(table.indexedVariables).toBe(250);
  const { variablesReference } = table;
  const page = await client.variablesRequest({ variablesReference, filter: "indexed", start: 200, count: 2 });
  expect(page.body.variables.map((one) => one.value)).toEqual(["row 200", "row 201"]);
  const named = await client.variablesRequest({ variablesReference, filter: "named" });
  expect(named.body.variables).toEqual([]);
});

test("frames and variables live for one stop only", async () => {
  const client = await dap.open({ program: dap.program(walk), stopOnEntry: true });
  await client.startUntil("stopped");
  const stack = await client.stackTraceRequest({ threadId: 12 });
  const frameId = stack.body.stackFrames[0]!.id;
  const scopes = await client.scopesRequest({ frameId });
  const { variablesReference } = scopes.body.scopes[0]!;
  await client.stopAfter("stepIn", { threadId: 12 });
  expect(await client.refusal("scopes", { frameId })).toBe(`There is no frame ${frameId} at this stop`);
  expect(await client.refusal("variables", { variablesReference })).toBe(
    `There is no variable ${variablesReference} at this stop`,
  );
  await client.stackTraceRequest({ threadId: 12 });
  const again = await client.scopesRequest({ frameId });
  expect(again.body.scopes[0]!.variablesReference).not.toBe(variablesReference);
});

test("threads are cut at maxThreads, which is said once", async () => {
  const packets = Array.from({ length: 500 }, (_, index) => `${index + 2} arp.request pod${index}/eth0`).join("\n");
  const client = await dap.open({ program: dap.program(packets), stopOnEntry: true, maxThreads: 20 });
  await client.startUntil("stopped");
  const from = client.recorded.length;
  expect((await client.threadsRequest()).body.threads).toHaveLength(20);
  expect((await client.threadsRequest()).body.threads).toHaveLength(20);
  const notices = dap
    .transcriptOf(client, from)
    .split("\n")
    .filter((line) => line.startsWith("* output"));
  expect(notices).toEqual([
    '* output category=console output="Showing 20 of 501 threads; \\"maxThreads\\" in the launch configuration sets the limit\\n"',
  ]);
});

test("views ask for the tree and the position at any time; a row's source is where the client can go", async () => {
  const client = await dap.open({ program: dap.program(walk) });
  const from = client.recorded.length;
  await client.customRequest("k8snet/tree", { parentId: "node1", limit: 2 });
  await client.customRequest("k8snet/position");
  expect(dap.transcriptOf(client, from)).toMatchInlineSnapshot(`
    "> k8snet/tree parentId=node1 limit=2
    < k8snet/tree rows=[{kind=node icon=server description="" expandable=true open=false id=node1/0 label=pod1/eth0 source={source={name=fake.k8snet path=DIR/fake.k8snet} line=1 column=1 endLine=1 endColumn=10}}, {kind=node icon=server description="" expandable=true open=false id=node1/1 label=cbr0 source={source={name=fake.k8snet path=DIR/fake.k8snet} line=2 column=1 endLine=2 endColumn=10}}]
    > k8snet/position
    < k8snet/position scenario=fake event=0 timeNs=0 ended=false"
  `);
});

function reference(container: { variablesReference: number } | undefined): { variablesReference: number } {
  return { variablesReference: container!.variablesReference };
}
