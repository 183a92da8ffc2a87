import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** The arrow stands on the route that a packet is sent by, in a document that the run makes. */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/cni-host-gw.k8snet"));

async function begin(client: RecordedClient): Promise<DebugProtocol.StoppedEvent["body"]> {
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  return (await client.event("stopped", from)).body;
}

/** The lines that the frames of a stage stand on. */
async function routesOf(client: RecordedClient, threadId: number | undefined): Promise<readonly string[]> {
  const { stackFrames } = (await client.stackTraceRequest({ threadId: threadId ?? 0 })).body;
  const found: string[] = [];
  for (const { name, source, line } of stackFrames) {
    if (!name.startsWith("route.") || !source?.sourceReference) continue;
    const { content } = (await client.sourceRequest({ source, sourceReference: source.sourceReference })).body;
    found.push(`${name}, ${source.name}: ${content.split("\n")[line - 1]}`);
  }
  return found;
}

test("1. At route.input and route.output the arrow is on the chosen route; frames of before stay on theirs", async () => {
  const client = await dap.open({ program });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "route.*" }] });
  const stop = await begin(client);
  const seen = [await routesOf(client, stop.threadId)];
  for (let more = 0; more < 2; more++) {
    const { threadId } = (await client.stopAfter("continue", { threadId: 1 })).body;
    seen.push(await routesOf(client, threadId));
  }
  expect(seen).toMatchInlineSnapshot(`
    [
      [
        "route.output @ pod1, pod1.ip-route: default via 10.244.0.1 dev eth0",
      ],
      [
        "route.input @ node1, node1.ip-route: 10.244.1.0/24 via 192.168.1.12 dev eth0",
        "route.output @ pod1, pod1.ip-route: default via 10.244.0.1 dev eth0",
      ],
      [
        "route.input @ node2, node2.ip-route: 10.244.1.0/24 dev cni0 proto kernel scope link src 10.244.1.1",
        "route.input @ node1, node1.ip-route: 10.244.1.0/24 via 192.168.1.12 dev eth0",
        "route.output @ pod1, pod1.ip-route: default via 10.244.0.1 dev eth0",
      ],
    ]
  `);
});

test("2. A breakpoint on a route's line stops what is sent by it, and nothing else", async () => {
  const client = await dap.open({ program, stopOnEntry: true });
  await begin(client);
  const { sources } = (await client.customRequest("loadedSources")).body as { sources: DebugProtocol.Source[] };
  const source = sources.find(({ name }) => name === "node1.ip-route") as DebugProtocol.Source;
  const { content } = (await client.sourceRequest({ source, sourceReference: source.sourceReference ?? 0 })).body;
  expect(content).toMatchInlineSnapshot(`
    "10.244.0.0/24 dev cni0 proto kernel scope link src 10.244.0.1
    10.244.1.0/24 via 192.168.1.12 dev eth0
    192.168.1.0/24 dev eth0 proto kernel scope link src 192.168.1.11
    "
  `);
  const lines = content.split("\n");
  const line = lines.findIndex((one) => one.includes(" via ")) + 1;
  const { breakpoints } = (
    await client.setBreakpointsRequest({ source, breakpoints: [{ line }, { line: lines.length + 5 }] })
  ).body;
  expect(breakpoints.map(({ verified, message }) => `${verified}: ${message}`)).toEqual([
    "true: stops when a packet is about to be sent by this route",
    "false: A packet can stop at a route.",
  ]);
  const stop = (await client.stopAfter("continue", { threadId: 1 })).body;
  expect(stop.hitBreakpointIds).toEqual([breakpoints[0].id]);
  expect((await routesOf(client, stop.threadId))[0]).toContain(lines[line - 1]);
  const where = (await client.customRequest("breakpointLocations", { source, line: 1, endLine: 99 })).body.breakpoints;
  expect(where).toHaveLength(lines.length - 1);
});
