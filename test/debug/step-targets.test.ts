import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** Where a step has a choice: copies of a flood, endpoints of a Service. */
const dap = dapHarness();
const lab = (name: string) => fileURLToPath(import.meta.resolve(`../labs/${name}.k8snet`));

/** Opens a lab and runs it to the first event of this stage. */
async function runTo(program: string, stage: string): Promise<{ client: RecordedClient; threadId: number }> {
  const client = await dap.open({ program, stopAtEnd: true });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: stage }] });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  const stop = await client.event("stopped", from);
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  return { client, threadId: stop.body.threadId as number };
}

async function top(client: RecordedClient, threadId: number): Promise<DebugProtocol.StackFrame> {
  return (await client.stackTraceRequest({ threadId, levels: 1 })).body.stackFrames[0];
}

async function targetsOf(client: RecordedClient, threadId: number): Promise<DebugProtocol.StepInTarget[]> {
  const frameId = (await top(client, threadId)).id;
  return (await client.stepInTargetsRequest({ frameId })).body.targets;
}

async function stepInto(
  client: RecordedClient,
  threadId: number,
  targetId: number,
): Promise<DebugProtocol.StoppedEvent> {
  return client.stopAfter("stepIn", { threadId, targetId });
}

test("1. A flood offers its copies; the one that is chosen is followed", async () => {
  const { client, threadId } = await runTo(lab("third-pod"), "bridge.flood");
  const targets = await targetsOf(client, threadId);
  expect(targets.map(({ label }) => label)).toEqual(["the copy to node1/veth3", "the copy to node1/veth2"]);
  const stop = await stepInto(client, threadId, 2);
  expect((await top(client, stop.body.threadId as number)).name).toBe("veth.transmit @ node1/veth2");
});

test("2. Before a Service's rules each of its endpoints can be chosen, whatever chance would have said", async () => {
  const served: string[] = [];
  for (const id of [1, 2, 3]) {
    const { client, threadId } = await runTo(lab("service-endpoints"), "nf.rule");
    let targets = await targetsOf(client, threadId);
    for (let steps = 0; targets.length === 0 && steps < 10; steps++) {
      await client.stopAfter("stepIn", { threadId });
      targets = await targetsOf(client, threadId);
    }
    expect(targets.map(({ label }) => label.replace(/ by .*/, ""))).toEqual([
      "10.244.1.3:8080",
      "10.244.1.4:8080",
      "10.244.1.5:8080",
    ]);
    const stop = await stepInto(client, threadId, id);
    expect(stop.body.text).toMatch(/^Chose 10\.244\.1\.\d:8080 by KUBE-SEP-/);
    expect((await top(client, threadId)).name).toMatch(/^nf\.prerouting · KUBE-SEP-\w+ rule 1 @ node1$/);
    // Back before the choice and forward again: the choice is part of the recording.
    await client.stopAfter("stepBack", { threadId });
    await client.stopAfter("stepIn", { threadId });
    const from = client.recorded.length;
    await client.stopAfter("next", { threadId: 1 });
    const outputs = client.recorded.slice(from).map((one) => JSON.stringify(one));
    served.push(outputs.join("").match(/web\d/)?.[0] ?? "nobody");
  }
  expect(served).toEqual(["web1", "web2", "web3"]);
});

test("3. A target that is not offered is refused", async () => {
  const { client, threadId } = await runTo(lab("third-pod"), "arp.request");
  expect(await targetsOf(client, threadId)).toEqual([]);
  await expect(client.stepInRequest({ threadId, targetId: 1 })).rejects.toThrow("There is no target 1");
});
