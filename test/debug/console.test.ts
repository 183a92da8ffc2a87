import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

const dap = dapHarness();
const program = fileURLToPath(new URL("../labs/same-node-ping.k8snet", import.meta.url));

/** Stands before the first event of a stage, with that packet's newest frame in view. */
async function runTo(stageName: string) {
  const client = await dap.open({ program, stopAtEnd: true });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: stageName }] });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  const { threadId } = (await client.event<DebugProtocol.StoppedEvent>("stopped", from)).body;
  return { client, threadId: threadId ?? 1, frameId: await newestFrame(client, threadId ?? 1) };
}

async function newestFrame(client: RecordedClient, threadId: number): Promise<number> {
  return (await client.stackTraceRequest({ threadId })).body.stackFrames[0].id;
}

async function evaluate(client: RecordedClient, expression: string, frameId?: number, context = "repl", more = {}) {
  return (await client.evaluateRequest({ expression, frameId, context, ...more })).body;
}

test("1. The Debug Console speaks Linux in the namespace of the frame in view", async () => {
  const { client, frameId } = await runTo("arp.receive");
  const { result } = await evaluate(client, "ip -n pod1 neigh", frameId);
  expect(result).toBe("10.244.1.9 dev eth0 INCOMPLETE ");
  expect((await evaluate(client, "ip -br link", frameId)).result).toContain("UNKNOWN");
  await expect(evaluate(client, "ip -n nowhere neigh")).rejects.toThrow('Cannot open network namespace "nowhere"');
});

test("2. An expression opens up, in watches and hovers as in the console", async () => {
  const { client, frameId } = await runTo("arp.receive");
  for (const context of ["repl", "watch", "hover", "variables"]) {
    const { result, variablesReference, type } = await evaluate(client, "arp", frameId, context);
    expect([result, type]).toEqual([expect.stringContaining("opcode: 1"), "map"]);
    const { variables } = (await client.variablesRequest({ variablesReference })).body;
    expect(variables.find(({ name }) => name === "opcode")).toMatchObject({ value: "1", evaluateName: "arp.opcode" });
  }
  expect((await evaluate(client, "pod1", undefined, "hover")).result).toContain("pod on node1, 10.244.1.2");
  await expect(evaluate(client, "ip -n pod1 neigh", frameId, "watch")).rejects.toThrow();
  await expect(evaluate(client, "arp", undefined, "hover")).rejects.toThrow("No packet is in view");
});

test("3. Values are shown in hexadecimal where the client asks for it", async () => {
  const { client, frameId } = await runTo("icmp.receive");
  expect((await evaluate(client, "ip.ttl", frameId, "watch")).result).toBe("64");
  expect((await evaluate(client, "ip.ttl", frameId, "watch", { format: { hex: true } })).result).toBe("0x40");
  const { variablesReference } = await evaluate(client, "ip", frameId, "watch");
  const { variables } = (await client.variablesRequest({ variablesReference, format: { hex: true } })).body;
  expect(variables.find(({ name }) => name === "ttl")?.value).toBe("0x40");
});

test("4. For the clipboard a value comes with what is in it", async () => {
  const { client, frameId } = await runTo("arp.receive");
  const { result } = await evaluate(client, 'neigh("pod1", "10.244.1.9")', frameId, "clipboard");
  expect(result).toMatch(/^\{.*\}\n {2}state: "INCOMPLETE"\n {2}mac: ""\n {2}dev: "eth0"$/);
});

test("5. A change is part of the recording, and the client is told that what it shows is old", async () => {
  const { client, frameId, threadId } = await runTo("icmp.receive");
  expect((await evaluate(client, "ip -n pod1 neigh del 10.244.1.9 dev eth0", frameId)).result).toBe("");
  expect((await evaluate(client, "ip -n pod1 neigh")).result).toBe("");
  await client.stopAfter("stepBack", { threadId });
  expect((await evaluate(client, "ip -n pod1 neigh")).result).toContain("10.244.1.9");
});

test("6. A program that is started at the end lets the session go on", async () => {
  const client = await dap.open({ program, stopAtEnd: true });
  await client.startUntil("stopped");
  const from = client.recorded.length;
  const { result } = await evaluate(client, "kubectl exec pod1 -- curl http://pod2:8080/");
  expect(result).toContain("Started beside the scenario");
  await client.stopAfter("continue", { threadId: 1 });
  expect(JSON.stringify(client.recorded.slice(from))).toContain("pod2");
});

test("7. why explains in the console: the packet in view, or the one that is named", async () => {
  const { client, frameId } = await runTo("veth.transmit");
  const { threads } = (await client.threadsRequest()).body;
  const waiting = threads.find(({ name }) => name.startsWith("#1 "))?.id ?? 0;
  const whyOf = async (frame: number | undefined) => (await evaluate(client, "why", frame)).result.split("\n")[0];
  expect([
    await whyOf(frameId),
    await whyOf(await newestFrame(client, waiting)),
    await whyOf(undefined),
  ]).toMatchInlineSnapshot(`
      [
        "#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ pod1/eth0: nothing has kept it from going on so far",
        "#1 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 @ pod1/eth0: it waits for ARP: who has 10.244.1.9?",
        "#2 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ pod1/eth0: nothing has kept it from going on so far",
      ]
    `);
  await expect(evaluate(client, "why #99.9")).rejects.toThrow("no packet");
});

test("8. Every variable that has an expression reads the same by it", async () => {
  const { client, frameId } = await runTo("icmp.receive");
  const { scopes } = (await client.scopesRequest({ frameId })).body;
  let count = 0;
  for (const { variablesReference, name: scope } of scopes.filter(({ name }) => name !== "Changed")) {
    const { variables } = (await client.variablesRequest({ variablesReference })).body;
    for (const { variablesReference: inner, name } of variables.filter((one) => one.variablesReference > 0)) {
      for (const one of (await client.variablesRequest({ variablesReference: inner })).body.variables) {
        if (one.evaluateName === undefined) continue;
        count++;
        const { result } = await evaluate(client, one.evaluateName, frameId, "watch");
        expect(result, `${scope}/${name}/${one.name}: ${one.evaluateName}`).not.toBe("");
      }
    }
  }
  expect(count).toBeGreaterThan(20);
});

test("9. A packet's bytes are memory, to read and to write", async () => {
  const { client, frameId } = await runTo("icmp.receive");
  const { variablesReference } = (await client.scopesRequest({ frameId })).body.scopes[0];
  const { variables } = (await client.variablesRequest({ variablesReference })).body;
  const memoryReference = variables.find(({ name }) => name === "IPv4")?.memoryReference ?? "";
  const read = async (count: number, offset = 0) =>
    (await client.customRequest("readMemory", { memoryReference, offset, count })).body;
  expect(await read(2)).toEqual({ address: "0x0", data: "RQA=" });
  expect((await read(1000, 80)).unreadableBytes).toBe(996);
  const data = Buffer.from([9]).toString("base64");
  expect((await client.customRequest("writeMemory", { memoryReference, offset: 8, data })).body.bytesWritten).toBe(1);
  const frame = await newestFrame(client, 2).catch(() => undefined);
  expect((await read(1, 8)).data).toBe("CQ==");
  expect(frame === undefined || (await evaluate(client, "ip.ttl", frame, "watch")).result !== "").toBe(true);
  await expect(client.customRequest("writeMemory", { memoryReference, offset: 0, data })).rejects.toThrow("any more");
});

test("10. The bytes of a packet that has been delivered are refused with its name, and there again once it is gone back to", async () => {
  const { client, threadId, frameId } = await runTo("icmp.receive");
  const { variablesReference } = (await client.scopesRequest({ frameId })).body.scopes[0];
  const { variables } = (await client.variablesRequest({ variablesReference })).body;
  const memoryReference = variables.find(({ name }) => name === "IPv4")?.memoryReference ?? "";
  const read = async (reference: string) =>
    (await client.customRequest("readMemory", { memoryReference: reference, count: 20 })).body.data;
  const bytes = await read(memoryReference);
  const number = /^packet:([\d.]+)\/\d+@/.exec(memoryReference)?.[1];
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  await client.stopAfter("continue", { threadId });
  await expect(read(memoryReference)).rejects.toThrow(`Packet #${number} is not in flight at this event`);
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "icmp.receive" }] });
  for (let back = 0; back < 2 && (await read(memoryReference).catch(() => undefined)) === undefined; back++)
    await client.stopAfter("reverseContinue", { threadId: 1 });
  expect(await read(memoryReference)).toBe(bytes);
  await expect(read("nonsense")).rejects.toThrow('"nonsense" names no bytes');
});
