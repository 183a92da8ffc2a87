import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { capabilities } from "../../src/debug/capabilities.ts";
import { beginTo, find } from "./at-a-stop.ts";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** Data breakpoints and breakpoint locations as a client uses them. */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/same-node-ping.k8snet"));

async function runTo(stage: string): Promise<{ client: RecordedClient; threadId: number }> {
  const client = await dap.open({ program, stopAtEnd: true });
  return { client, threadId: await beginTo(client, stage) };
}

async function info(client: RecordedClient, args: object): Promise<DebugProtocol.DataBreakpointInfoResponse["body"]> {
  return (await client.customRequest("dataBreakpointInfo", args)).body;
}

test("1. The abilities of the adapter are those that it says it has", async () => {
  const client = await dap.connect();
  expect((await client.initializeRequest()).body).toEqual(capabilities);
});

test("2. A variable becomes a data breakpoint, which stops after the change; Reverse Continue finds it again", async () => {
  const { client, threadId } = await runTo("arp.receive");
  const { container, name } = await find(client, threadId, "Namespace", "interfaces", "veth1", "TX");
  const { dataId, description, accessTypes, canPersist } = await info(client, { variablesReference: container, name });
  expect([dataId, description, accessTypes, canPersist]).toMatchInlineSnapshot(`
    [
      "dev:node1/veth1#TX",
      "link node1/veth1: TX",
      [
        "write",
      ],
      true,
    ]
  `);
  const { body } = await client.customRequest("setDataBreakpoints", { breakpoints: [{ dataId, accessType: "write" }] });
  expect(body.breakpoints[0]).toMatchObject({ verified: true });
  const from = client.recorded.length;
  const stop = await client.stopAfter("continue", { threadId });
  expect(stop.body).toMatchObject({ reason: "data breakpoint", hitBreakpointIds: [body.breakpoints[0].id] });
  expect(stop.body.text).toMatchInlineSnapshot(
    `"link node1/veth1: TX 0 packets, 0 bytes → 1 packet, 42 bytes (data breakpoint, after veth.transmit of #4)"`,
  );
  const again = await client.stopAfter("continue", { threadId });
  expect((await client.stopAfter("reverseContinue", { threadId })).body.text).toBe(stop.body.text);
  expect(again.body.text).not.toBe(stop.body.text);
  expect(from).toBeGreaterThan(0);
});

test("3. Expressions and rows of the state tree can be watched, what never changes cannot", async () => {
  const { client } = await runTo("arp.request");
  const name = 'neigh("pod1", "10.244.1.9").state';
  expect(await info(client, { name })).toMatchObject({ dataId: `expr:${name}`, description: name });
  expect((await info(client, { name: "arp:pod1" })).dataId).toBe("arp:pod1");
  expect(await info(client, { name: "pod7" })).toMatchInlineSnapshot(`
    {
      "dataId": null,
      "description": "pod7 is no row that the state view shows, and no expression: There is no variable "pod7".",
    }
  `);
});

test("4. A data breakpoint survives Restart by its name", async () => {
  const { client } = await runTo("arp.request");
  const breakpoints = [{ dataId: "arp:pod1/eth0/10.244.1.9#lladdr" }];
  const { body } = await client.customRequest("setDataBreakpoints", { breakpoints });
  const from = client.recorded.length;
  await client.customRequest("restart", {});
  const stop = await client.event("stopped", from);
  expect(stop.body.hitBreakpointIds).toEqual([body.breakpoints[0].id]);
});

test("5. Packet breakpoints stop at stages and at data, with log messages", async () => {
  const { client, threadId } = await runTo("arp.request");
  const { body } = await client.customRequest("k8snet/setPacketBreakpoints", {
    breakpoints: [
      { name: "bridge.flood", logMessage: "flooded {eth.dst}" },
      { dataId: "fdb:node1/cbr0" },
      { name: "bridge.fluud" },
    ],
  });
  expect(body.breakpoints.map((one: DebugProtocol.Breakpoint) => one.message)).toMatchInlineSnapshot(`
    [
      undefined,
      "stops when this changes: fdb:node1/cbr0",
      "There is no stage called "bridge.fluud". Did you mean "bridge.flood"?",
    ]
  `);
  const from = client.recorded.length;
  const stop = await client.stopAfter("continue", { threadId });
  expect(stop.body.hitBreakpointIds).toEqual([body.breakpoints[1].id]);
  await client.stopAfter("continue", { threadId });
  expect(JSON.stringify(client.recorded.slice(from))).toContain("flooded ff:ff:ff:ff:ff:ff");
});

test("6. The places on a line that can stop packets are told, and a column chooses among them", async () => {
  const two = [
    "node n {\n  pod a { address 10.244.0.2\n    container c { listen udp 53 echo; listen tcp 80 http }\n  }\n}",
    'scenario "s" { wait 1s }',
  ].join("\n");
  const path = dap.program(two, "columns.k8snet");
  const client = await dap.open({ program: path, stopOnEntry: true });
  const source = { path };
  const { body } = await client.customRequest("breakpointLocations", { source, line: 3 });
  const columnsIn = async (range: object) =>
    (await client.customRequest("breakpointLocations", { source, line: 3, ...range })).body.breakpoints.map(
      ({ column }: { column: number }) => column,
    );
  expect(await columnsIn({ column: 6 })).toEqual(
    body.breakpoints.slice(1).map((one: { column: number }) => one.column),
  );
  expect(await columnsIn({ endLine: 3, endColumn: 6 })).toEqual([5]);
  expect(body.breakpoints).toMatchInlineSnapshot(`
    [
      {
        "column": 5,
        "endColumn": 16,
        "endLine": 3,
        "line": 3,
      },
      {
        "column": 19,
        "endColumn": 37,
        "endLine": 3,
        "line": 3,
      },
      {
        "column": 39,
        "endColumn": 57,
        "endLine": 3,
        "line": 3,
      },
    ]
  `);
  const [, second] = body.breakpoints;
  const set = await client.setBreakpointsRequest({ source, breakpoints: [{ line: 3, column: second.column }] });
  expect(set.body.breakpoints[0]).toMatchObject({ verified: true, column: second.column });
});
