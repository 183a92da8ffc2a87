import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { labText } from "../lab/run-lab.ts";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** A run is saved, and opened again by somebody else. */
const dap = dapHarness();
const folder = mkdtempSync(join(tmpdir(), "k8snet-recording-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function stopText(client: RecordedClient): Promise<string> {
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  const { reason, text } = (await client.event("stopped", from)).body;
  return `${reason}: ${text}`;
}

async function position(client: RecordedClient): Promise<number> {
  return (await client.customRequest("k8snet/position")).body.event;
}

/** Runs to a stage, changes the TTL there and goes on a little; what is saved then. */
async function save(): Promise<{ content: string; event: number; stack: string }> {
  const program = write("first.k8snet", labText("same-node-ping"));
  const client = await dap.open({ program });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "ip.receive" }] });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  const { threadId } = (await client.event("stopped", from)).body;
  await client.customRequest("k8snet/edit", { do: "set", data: `packet:${threadId - 1}#ip.ttl`, value: "9" });
  await client.stopAfter("stepIn", { threadId });
  const { content } = (await client.customRequest("k8snet/recording", { title: "TTL of 9" })).body;
  return { content, event: await position(client), stack: await stackOf(client, threadId) };
}

async function stackOf(client: RecordedClient, threadId: number): Promise<string> {
  const { stackFrames } = (await client.stackTraceRequest({ threadId })).body;
  return stackFrames.map(({ name, line }) => `${name}:${line}`).join("\n");
}

test("1. A saved run opens at the same event, with its edits; breakpoints then work as ever", async () => {
  const { content, event, stack } = await save();
  const recording = write("first.k8snetrun", content);
  const client = await dap.open({ recording, stopAtEnd: true });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "icmp.receive" }] });
  const text = await stopText(client);
  expect(text).toBe(`goto: Event ${event} of the recording: TTL of 9`);
  expect(await position(client)).toBe(event);
  const [thread] = (await client.threadsRequest()).body.threads.slice(-1);
  expect(await stackOf(client, thread.id)).toBe(stack);
  expect((await client.customRequest("k8snet/edits")).body.edits).toHaveLength(1);
  const from = client.recorded.length;
  await client.customRequest("restart", {});
  expect((await client.event("stopped", from)).body.text).toBe(text.slice("goto: ".length));
  expect((await client.stopAfter("continue", { threadId: 1 })).body.text).toContain("icmp.receive");
});

test("2. Where the file has changed or is gone, the recorded text runs and is shown", async () => {
  const { content, event } = await save();
  const recording = write("second.k8snetrun", content.replaceAll("first.k8snet", "second.k8snet"));
  for (const now of [undefined, "cluster { }"]) {
    if (now !== undefined) write("second.k8snet", now);
    const client = await dap.open({ recording });
    expect(await stopText(client)).toBe(`goto: Event ${event} of the recording: TTL of 9`);
    const said = JSON.stringify(client.recorded);
    if (now !== undefined) expect(said).toContain("second.k8snet has changed since the recording");
    const { stackFrames } = (await client.stackTraceRequest({ threadId: 1 })).body;
    const source = stackFrames[0].source;
    const shown = await client.customRequest("source", { source, sourceReference: source?.sourceReference });
    expect(shown.body.content).toContain('scenario "first ping"');
    const bound = await client.setBreakpointsRequest({ source: source ?? {}, breakpoints: [{ line: 37 }] });
    expect(bound.body.breakpoints[0]).toMatchObject({ verified: true });
  }
});

test("3. A file that is none, or a launch that contradicts it, is refused with a sentence", async () => {
  const cut = write("cut.k8snetrun", (await save()).content.slice(0, -30));
  const refuse = async (launch: object) => {
    const client = await dap.connect();
    await client.initializeRequest();
    return (await client.refusal("launch", launch)).replaceAll(folder, "DIR");
  };
  expect(await refuse({ recording: cut })).toBe("DIR/cut.k8snetrun: The recording ends too early: the file was cut.");
  expect(await refuse({ recording: join(folder, "none.k8snetrun") })).toMatch(/^Cannot read DIR\/none.k8snetrun/);
  expect(await refuse({ recording: cut, seed: 4 })).toBe('A recording has a seed of its own: leave "seed" out');
});
