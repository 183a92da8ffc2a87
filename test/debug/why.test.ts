import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** Why did it not get through, and what would have let it? */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/gallery/ip-forward-off.k8snet"));

/** Stops at the first drop; answers the thread. */
async function atDrop(): Promise<{ client: RecordedClient; threadId: number }> {
  const client = await dap.open({ program });
  await client.customRequest("setExceptionBreakpoints", { filters: ["route"] });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  const stop = await client.event("stopped", from);
  return { client, threadId: stop.body.threadId as number };
}

test("1. exceptionInfo tells what was tried, and the change that lets the packet through", async () => {
  const { client, threadId } = await atDrop();
  const { body } = await client.customRequest("exceptionInfo", { threadId });
  expect(body.details.stackTrace).toContain("address 10.244.0.1/24 of cni0 — is not 10.244.1.2");
  expect(body.details.stackTrace).toContain("In node1: sysctl net.ipv4.ip_forward 1");
});

test("2. k8snet/why: the same text, with changes that a client can apply", async () => {
  const { client, threadId } = await atDrop();
  const { body } = await client.customRequest("k8snet/why", { threadId });
  expect(body.text).toContain("IP_INADDRERRORS");
  const line =
    readFileSync(program, "utf8")
      .split("\n")
      .findIndex((text) => text.includes("ip_forward 0")) + 1;
  expect(body.cures[0]).toMatchObject({
    title: "In node1: sysctl net.ipv4.ip_forward 1",
    seen: 'with it, "ping client -> server timeout 1s" succeeds',
    edits: [{ source: { path: program }, line, column: 3, newText: "sysctl net.ipv4.ip_forward 1" }],
  });
});

test("3. the scenario's thread stands for its statement; a subject is what the console takes", async () => {
  const { client } = await atDrop();
  expect((await client.customRequest("k8snet/why", { threadId: 1 })).body.text).toContain("ping client -> server");
  expect(await client.refusal("k8snet/why", { subject: "#4711" })).toBe("The recording has no packet #4711");
  expect(await client.refusal("k8snet/why", { threadId: 4711 })).toBe("The recording has no packet in thread 4711");
});
