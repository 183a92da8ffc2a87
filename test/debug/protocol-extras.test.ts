import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { capabilities } from "../../src/debug/capabilities.ts";
import { beginTo, top } from "./at-a-stop.ts";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** What the protocol has beside breakpoints, steps and looks, and what it means for a packet. */
const dap = dapHarness();
const lab = (name: string) => fileURLToPath(import.meta.resolve(`../labs/${name}.k8snet`));

test("modules are network namespaces, page by page", async () => {
  const program = lab("same-node-ping");
  const client = await dap.open({ program });
  const { body } = await client.customRequest("modules", { startModule: 0 });
  expect(body.totalModules).toBe(3);
  expect(
    body.modules.map(({ name, version, addressRange }: Record<string, string>) => [name, version, addressRange]),
  ).toEqual([
    ["node1", "node", "10.244.1.1/24"],
    ["pod1", "pod", "10.244.1.2/24"],
    ["pod2", "pod", "10.244.1.9/24"],
  ]);
  expect(body.modules[0].path).toBe(program);
  const page = (await client.customRequest("modules", { startModule: 1, moduleCount: 1 })).body;
  expect(page.modules.map(({ id }: { id: string }) => id)).toEqual(["pod1"]);
});

test("granularity: an instruction is one rule, a line is one stage with all rules of its hook, a statement is the step itself", async () => {
  const walk = async (granularity: string) => {
    const client = await dap.open({ program: lab("rule-by-rule"), stopAtEnd: true });
    const threadId = await beginTo(client, "nf.prerouting@node1");
    const names: string[] = [];
    for (let i = 0; i < 3; i++) {
      await client.stopAfter("next", { threadId, granularity });
      names.push((await top(client, threadId)).name);
    }
    return names;
  };
  const rules = await walk("instruction");
  expect(rules.every((name) => name.includes("rule ") || !name.startsWith("nf."))).toBe(true);
  expect(rules.some((name) => name.includes("rule 1"))).toBe(true);
  const stages = await walk("line");
  expect(stages.filter((name) => name.includes("rule "))).toEqual([]);
  expect(await walk("statement")).not.toEqual(rules);
  const client = await dap.open({ program: lab("same-node-ping") }, { sendsNonsense: true });
  const threadId = await beginTo(client, "arp.request");
  expect(await client.refusal("next", { threadId, granularity: "page" })).toContain("granularity must be one of");
});

test("a frame's module is its namespace, and its name is written as the client's format asks", async () => {
  const client = await dap.open({ program: lab("rule-by-rule"), stopAtEnd: true });
  const threadId = await beginTo(client, "nf.prerouting@node1");
  for (let i = 0; i < 3; i++) await client.stopAfter("next", { threadId, granularity: "instruction" });
  const names = async (format: object) => {
    const { stackFrames } = (await client.stackTraceRequest({ threadId, format })).body;
    return stackFrames.map(({ name, moduleId }) => `${moduleId ?? "-"}: ${name}`);
  };
  const [plain, hex] = [await names({}), await names({ hex: true })];
  expect([plain[0], plain.at(-1)]).toMatchInlineSnapshot(`
    [
      "node1: nf.prerouting · SERVICES rule 1 @ node1",
      "-: curl client -> http://10.96.0.10/",
    ]
  `);
  expect([hex[0], hex.at(-1)]).toMatchInlineSnapshot(`
    [
      "node1: nf.prerouting · SERVICES rule 0x1 @ node1",
      "-: curl client -> http://10.96.0.10/",
    ]
  `);
  expect((await names({ module: true, line: true }))[0]).toMatchInlineSnapshot(
    `"node1: node1!nf.prerouting · SERVICES rule 1 @ node1 line 9"`,
  );
  const { modules } = (await client.customRequest("modules", { startModule: 0 })).body;
  const known = modules.map(({ id }: { id: string }) => id);
  expect(plain.filter((name) => ![...known, "-"].includes(name.split(":")[0]))).toEqual([]);
});

test("a stage's parameter is its packet: its type, name and value are written as the client's format asks", async () => {
  const client = await dap.open({ program: lab("rule-by-rule"), stopAtEnd: true });
  const threadId = await beginTo(client, "nf.prerouting@node1");
  for (let i = 0; i < 3; i++) await client.stopAfter("next", { threadId, granularity: "instruction" });
  const names = async (format: object): Promise<readonly string[]> => {
    const { stackFrames } = (await client.stackTraceRequest({ threadId, format })).body;
    return stackFrames.map(({ name }) => name);
  };
  const formats = [
    { parameters: true },
    { parameterTypes: true },
    { parameterNames: true },
    { parameters: true, parameterValues: true },
    { parameters: true, parameterTypes: true, parameterNames: true, parameterValues: true, module: true, line: true },
    { parameters: false, parameterNames: true },
  ];
  const tops = await Promise.all(formats.map(async (format) => (await names(format))[0]));
  expect(tops).toMatchInlineSnapshot(`
    [
      "nf.prerouting(packet=#1) · SERVICES rule 1 @ node1",
      "nf.prerouting(TCP) · SERVICES rule 1 @ node1",
      "nf.prerouting(packet) · SERVICES rule 1 @ node1",
      "nf.prerouting(#1) · SERVICES rule 1 @ node1",
      "node1!nf.prerouting(TCP packet=#1) · SERVICES rule 1 @ node1 line 9",
      "nf.prerouting · SERVICES rule 1 @ node1",
    ]
  `);
  const plain = await names({});
  const all = await names({ parameters: true });
  expect(all.at(-1), "a statement has no parameters").toBe(plain.at(-1));
  expect(all.filter((name) => name.includes("(packet=#")).length).toBe(all.length - 1);
  expect(await names({ includeAll: true }), "no frame is hidden").toEqual(plain);
});

test("a flooded copy's stages before the flood had the packet that it was copied from", async () => {
  const client = await dap.open({ program: lab("third-pod"), stopAtEnd: true });
  const threadId = await beginTo(client, "arp.receive@pod3/eth0");
  const { stackFrames } = (await client.stackTraceRequest({ threadId, format: { parameterValues: true } })).body;
  expect(stackFrames.map(({ name }) => name)).toMatchInlineSnapshot(`
    [
      "arp.receive(#2.1) @ pod3/eth0",
      "veth.receive(#2.1) @ pod3/eth0",
      "veth.transmit(#2.1) @ node1/veth3",
      "bridge.flood(#2) @ node1/cbr0",
      "bridge.receive(#2) @ node1/cbr0",
      "veth.receive(#2) @ node1/veth1",
      "veth.transmit(#2) @ pod1/eth0",
      "arp.request(#2) @ pod1/eth0",
      "caused by #1 IP 10.244.1.2 > 10.244.1.3 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1",
      "ping pod1 -> pod2",
    ]
  `);
});

test("a line is stepped back over, too, with all rules of its hook", async () => {
  const client = await dap.open({ program: lab("rule-by-rule"), stopAtEnd: true });
  const threadId = await beginTo(client, "nf.prerouting@node1");
  for (let i = 0; i < 3; i++) await client.stopAfter("next", { threadId, granularity: "instruction" });
  expect((await top(client, threadId)).name).toContain("rule 1");
  await client.stopAfter("next", { threadId, granularity: "line" });
  await client.stopAfter("stepBack", { threadId, granularity: "instruction" });
  expect((await top(client, threadId)).name).toContain("rule ");
  await client.stopAfter("stepBack", { threadId, granularity: "line" });
  expect((await top(client, threadId)).name).toBe("conntrack.new @ node1");
});

test("what was set is told as the client's format asks", async () => {
  const client = await dap.open({ program: lab("same-node-ping"), stopAtEnd: true });
  const threadId = await beginTo(client, "ip.receive");
  const frameId = (await client.stackTraceRequest({ threadId, levels: 1 })).body.stackFrames[0].id;
  const set = { expression: "ip.ttl", value: "33", frameId, format: { hex: true } };
  expect((await client.customRequest("setExpression", set)).body).toEqual({ value: "0x21" });
});

test("exception options: drops for these reasons, or for all others, or none", async () => {
  const firstStop = async (...exceptionOptions: object[]) => {
    const client = await dap.open({ program: lab("gallery/mtu-black-hole") });
    const { body } = await client.customRequest("setExceptionBreakpoints", { filters: [], exceptionOptions });
    expect(body.breakpoints.map(({ verified }: { verified: boolean }) => verified)).toEqual(
      exceptionOptions.map(() => true),
    );
    const from = client.recorded.length;
    await client.configurationDoneRequest();
    const stop = await Promise.race([client.event("stopped", from), client.event("terminated", from)]);
    return stop.body?.text ?? "no stop";
  };
  const reasons = (names: string[], negate = false) => ({
    path: [{ names: ["drop"] }, { names, negate }],
    breakMode: "always",
  });
  expect(await firstStop(reasons(["PKT_TOO_BIG"]))).toContain("PKT_TOO_BIG");
  expect(await firstStop(reasons(["PKT_TOO_BIG", "NETFILTER_DROP"]))).toContain("NETFILTER_DROP");
  expect(await firstStop(reasons(["NETFILTER_DROP"], true))).not.toContain("NETFILTER_DROP");
  expect(await firstStop({ breakMode: "never" })).toBe("no stop");
});

test("a client that shows colours gets the results of expectations in them; another one gets plain text", async () => {
  const outputOf = async (supportsANSIStyling: boolean) => {
    const client = await dap.connect();
    await client.initializeRequest({ adapterID: "k8snet", supportsANSIStyling } as never);
    await client.launchRequest({ program: lab("same-node-ping") } as never);
    await client.startUntil("terminated");
    return JSON.stringify(client.recorded);
  };
  expect(await outputOf(true)).toContain("\\u001b[32mheld: expect");
  expect(await outputOf(false)).not.toContain("\\u001b");
});

/** How a message is written to the stream. */
function framed(message: object): string {
  const text = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** Asks why and calls the question off in one breath, so that both arrive together; answers how the question ended. */
async function whyAndCancel(client: RecordedClient): Promise<string | undefined> {
  const [asked, cancelled] = [90_001, 90_002];
  const question = { seq: asked, type: "request", command: "k8snet/why", arguments: {} };
  const cancel = { seq: cancelled, type: "request", command: "cancel", arguments: { requestId: asked } };
  client.sendRaw(framed(question) + framed(cancel));
  for (;;) {
    await client.customRequest("k8snet/position");
    const answer = client.recorded
      .map(({ message }) => message as DebugProtocol.Response)
      .find((message) => message.type === "response" && message.request_seq === asked);
    if (answer !== undefined) return answer.success ? "answered" : answer.message;
  }
}

test("a question that takes its time is called off; the session goes on", async () => {
  const client = await dap.open({ program: lab("gallery/forward-policy-drop") });
  await client.customRequest("setExceptionBreakpoints", { filters: ["drop"] });
  await client.startUntil("stopped");
  expect(await whyAndCancel(client)).toBe("cancelled");
  expect((await client.customRequest("k8snet/position")).body.event).toBeGreaterThan(0);
  await client.customRequest("cancel", { requestId: 1, progressId: "k8snet-1" });
});

test("of what the protocol lets an adapter support, all is declared but what the README gives a reason for", () => {
  const schema = readFileSync("node_modules/@vscode/debugprotocol/lib/debugProtocol.d.ts", "utf8");
  const [, after] = schema.split("interface Capabilities {");
  const [body] = after.split(/^\s*interface /m);
  const all = [...body.matchAll(/(support\w+)\?:/g)].map(([, name]) => name);
  const readme = readFileSync("README.md", "utf8");
  const missing = all.filter((name) => !(name in capabilities) && !readme.includes(`\`${name}\``));
  expect(missing).toEqual([]);
  const declared = Object.keys(capabilities).filter((name) => name.startsWith("supports"));
  expect(declared.length).toBeGreaterThanOrEqual(28);
  expect(readme).toContain(`${declared.length} are declared`);
});
