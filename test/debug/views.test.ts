import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";

const dap = dapHarness();
const program = fileURLToPath(new URL("../labs/same-node-ping.k8snet", import.meta.url));

async function runTo(stageName: string) {
  const client = await dap.open({ program, stopAtEnd: true });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: stageName }] });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  const { threadId } = (await client.event<DebugProtocol.StoppedEvent>("stopped", from)).body;
  return { client, threadId: threadId ?? 1 };
}

test("1. Lines of the file have values at their ends, in the client's lines", async () => {
  const { client } = await runTo("icmp.receive");
  const ask = async (startLine: number, endLine: number) =>
    (await client.customRequest("k8snet/inlineValues", { source: { path: program }, startLine, endLine })).body.values;
  const all: { line: number; text: string }[] = await ask(1, 100);
  const pod = all.find(({ text }) => text.startsWith("10.244.1.2"));
  expect(pod?.text).toBe("10.244.1.2 · ARP 10.244.1.9 REACHABLE");
  expect(await ask(pod?.line ?? 0, pod?.line ?? 0)).toEqual([pod]);
  await expect(client.customRequest("k8snet/inlineValues", { startLine: 1, endLine: 2 })).rejects.toThrow("source");
});

test("2. The client chooses which packets are threads, and how many", async () => {
  const { client, threadId } = await runTo("bridge.forward");
  const count = async () => (await client.threadsRequest()).body.threads.length;
  const all = await count();
  await client.customRequest("k8snet/setThreadFilter", { show: "matching", condition: "arp" });
  const { threads } = (await client.threadsRequest()).body;
  expect(threads.some(({ id }) => id === threadId)).toBe(true);
  expect(threads.length).toBeLessThan(all);
  await client.customRequest("k8snet/setThreadFilter", { show: "all", max: 2 });
  expect(await count()).toBe(2);
  const refusal = (args: object) => client.refusal("k8snet/setThreadFilter", args);
  expect(await refusal({ show: "some" })).toContain('not "some"');
  expect(await refusal({ show: "packet", threadId: 99 })).toBe("There is no such packet in flight");
});
