import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { begin, top } from "./at-a-stop.ts";
import { dapHarness } from "./harness.ts";

/** A packet walks its node's rules line by line, in a document that the run makes. */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/rule-by-rule.k8snet"));

test("1. Step Into goes rule by rule; the arrow stands on the rule's line of what iptables-save prints", async () => {
  const client = await dap.open({ program });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "nf.rule" }] });
  const stop = await begin(client);
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  const { threadId } = stop.body;
  const { source } = await top(client, threadId);
  const { content } = (await client.sourceRequest({ source, sourceReference: source?.sourceReference ?? 0 })).body;
  const lines = content.split("\n");
  const seen: string[] = [];
  for (let step = 0; step < 4; step++) {
    const frame = await top(client, threadId);
    seen.push(`${frame.name}: ${lines[frame.line - 1]}`);
    await client.stopAfter("stepIn", { threadId });
  }
  expect(seen.join("\n")).toMatchInlineSnapshot(`
    "nf.prerouting · PREROUTING rule 1 @ node1: -A PREROUTING -j SERVICES
    nf.prerouting · SERVICES rule 1 @ node1: -A SERVICES -d 10.96.0.53/32 -p udp -m udp --dport 53 -j RETURN
    nf.prerouting · SERVICES rule 2 @ node1: -A SERVICES -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j WEB
    nf.prerouting · WEB rule 1 @ node1: -A WEB -p tcp -j DNAT --to-destination 10.244.1.3:8080"
  `);
  expect((await top(client, threadId)).name).toBe("nat.translate @ node1");
});

test("2. A breakpoint on a rule's line stops a packet that is tried on it, one on a chain's head where it enters", async () => {
  const client = await dap.open({ program });
  const { sources } = (await client.customRequest("loadedSources")).body as { sources: DebugProtocol.Source[] };
  expect(sources.map(({ name }) => name)).toEqual(["node1.iptables-save", "node1.ip-route"]);
  const { content } = (await client.sourceRequest({ source: sources[0], sourceReference: 0 })).body;
  const lineOf = (text: string) => content.split("\n").findIndex((line) => line.startsWith(text)) + 1;
  const asked = [lineOf("-A SERVICES -d 10.96.0.10"), lineOf(":WEB"), lineOf("COMMIT")];
  const { breakpoints } = (
    await client.setBreakpointsRequest({ source: sources[0], breakpoints: asked.map((line) => ({ line })) })
  ).body;
  expect(breakpoints.map(({ verified, message }) => `${verified}: ${message}`)).toEqual([
    "true: stops when a packet is tried on this rule",
    "true: stops when a packet enters this chain",
    "false: A packet can stop at a rule, or at the head of a chain.",
  ]);
  const first = await begin(client);
  const names = [(await top(client, first.body.threadId)).name];
  const second = await client.stopAfter("continue", { threadId: first.body.threadId });
  names.push((await top(client, second.body.threadId)).name);
  expect(names).toEqual(["nf.prerouting · SERVICES rule 2 @ node1", "nf.prerouting · WEB rule 1 @ node1"]);
});

test("3. VS Code opens such a document by its URI, other clients by its number", async () => {
  const client = await dap.connect();
  await client.initializeRequest({ adapterID: "k8snet", clientID: "vscode", pathFormat: "path" });
  await client.launchRequest({ program } as object);
  const { sources } = (await client.customRequest("loadedSources")).body as { sources: DebugProtocol.Source[] };
  expect(sources[0]).toMatchObject({ name: "node1.iptables-save", path: "k8snet:/node1.iptables-save" });
  const { content } = (await client.customRequest("k8snet/document", { uri: sources[0].path })).body;
  expect(content).toContain("-A WEB -p tcp -j DNAT --to-destination 10.244.1.3:8080\n");
  await expect(client.customRequest("k8snet/document", { uri: "k8snet:/nobody.iptables-save" })).rejects.toThrow(
    "The run has no document",
  );
});
