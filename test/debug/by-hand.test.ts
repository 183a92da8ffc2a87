import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** What somebody does who has stopped the world: go back to a frame, drop a packet. */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/same-node-ping.k8snet"));

/** Runs to the first event of this stage. */
async function runTo(stage: string): Promise<{ client: RecordedClient; threadId: number }> {
  const client = await dap.open({ program, stopAtEnd: true });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: stage }] });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  const stop = await client.event("stopped", from);
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  return { client, threadId: stop.body.threadId as number };
}

async function frames(client: RecordedClient, threadId: number) {
  return (await client.stackTraceRequest({ threadId })).body.stackFrames;
}

async function names(client: RecordedClient, threadId: number): Promise<readonly string[]> {
  return (await frames(client, threadId)).map(({ name }) => name);
}

test("1. Restart Frame goes back to when the packet was there; going on leads to the same place again", async () => {
  const { client, threadId } = await runTo("bridge.flood");
  const before = await names(client, threadId);
  expect(before[0]).toBe("bridge.flood @ node1/cbr0");
  const there = (await frames(client, threadId)).find(({ name }) => name.startsWith("veth.transmit"));
  expect(there?.canRestart).toBe(true);
  const from = client.recorded.length;
  await client.customRequest("restartFrame", { frameId: there?.id });
  expect((await client.event("stopped", from)).body).toMatchObject({ reason: "restart", threadId });
  expect((await names(client, threadId))[0]).toBe("veth.transmit @ pod1/eth0");
  await client.stopAfter("stepIn", { threadId });
  await client.stopAfter("stepIn", { threadId });
  await client.stopAfter("stepIn", { threadId });
  expect(await names(client, threadId)).toEqual(before);
});

test("2. The present and a label cannot be restarted", async () => {
  const { client, threadId } = await runTo("arp.request");
  const [top] = await frames(client, threadId);
  expect(top.canRestart).toBe(false);
  await expect(client.customRequest("restartFrame", { frameId: top.id })).rejects.toThrow("cannot be taken back");
});

test("3. Terminate Thread drops a packet: the ping whose packet waited for ARP stays without an answer; back before it, it lives", async () => {
  const { client, threadId } = await runTo("arp.receive");
  const ping = 2;
  expect((await names(client, ping))[0]).toContain("waits for ARP");
  await client.customRequest("terminateThreads", { threadIds: [ping] });
  expect((await names(client, ping))[0]).toBe("drop @ pod1/eth0");
  const from = client.recorded.length;
  await client.stopAfter("next", { threadId: 1 });
  expect(JSON.stringify(client.recorded.slice(from))).toContain("100% packet loss");
  await client.stopAfter("stepBack", { threadId: 1 });
  await client.stopAfter("stepIn", { threadId: 1 });
  expect(threadId).not.toBe(ping);
});

test("4. What cannot be dropped says why", async () => {
  const { client } = await runTo("arp.request");
  const drop = (threadId: number) => client.customRequest("terminateThreads", { threadIds: [threadId] });
  await expect(drop(1)).rejects.toThrow("The scenario is no packet");
  await expect(drop(77)).rejects.toThrow("There is no such packet in flight");
});
