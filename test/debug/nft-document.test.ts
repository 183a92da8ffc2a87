import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { begin, top } from "./at-a-stop.ts";
import { dapHarness } from "./harness.ts";

/** A packet walks its node's rules line by line, in what nft list ruleset prints. */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/rule-by-rule-nftables.k8snet"));

test("1. Step Into goes rule by rule; the arrow stands on the rule's line, where no counter changes the text", async () => {
  const client = await dap.open({ program });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "nf.rule" }] });
  const stop = await begin(client);
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  const { threadId } = stop.body;
  const { source } = await top(client, threadId);
  const { content } = (await client.sourceRequest({ source, sourceReference: source?.sourceReference ?? 0 })).body;
  const lines = content.split("\n");
  const seen: string[] = [];
  for (let step = 0; step < 2; step++) {
    const frame = await top(client, threadId);
    seen.push(`${frame.name}: ${lines[frame.line - 1]}`);
    await client.stopAfter("stepIn", { threadId });
  }
  expect(seen.join("\n")).toMatchInlineSnapshot(`
    "nf.prerouting · prerouting rule 1 @ node1: 		ip daddr . meta l4proto . th dport vmap @addresses
    nf.prerouting · web rule 1 @ node1: 		counter meta l4proto tcp dnat to 10.244.1.3:8080"
  `);
  expect((await top(client, threadId)).name).toBe("nat.translate @ node1");
});

test("2. A breakpoint on a rule's line stops a packet that is tried on it, one on a chain's head where it enters", async () => {
  const client = await dap.open({ program });
  const { sources } = (await client.customRequest("loadedSources")).body as { sources: DebugProtocol.Source[] };
  expect(sources[0].name).toBe("node1.nft");
  const { content } = (await client.sourceRequest({ source: sources[0], sourceReference: 0 })).body;
  const lineOf = (text: string) => content.split("\n").findIndex((line) => line.trim().startsWith(text)) + 1;
  const asked = [lineOf("ip daddr . meta l4proto"), lineOf("chain web"), lineOf("elements")];
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
  expect(names).toEqual(["nf.prerouting · prerouting rule 1 @ node1", "nf.prerouting · web rule 1 @ node1"]);
});

test("3. a rule of the file's own text has its breakpoint there, as well", async () => {
  const client = await dap.open({ program });
  const { breakpoints } = (
    await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line: 23 }] })
  ).body;
  expect(breakpoints.map(({ verified, message }) => `${verified}: ${message}`)).toEqual([
    "true: stops when a packet is tried on this rule",
  ]);
  const stop = await begin(client);
  expect((await top(client, stop.body.threadId)).name).toBe("nf.prerouting · web rule 1 @ node1");
});

test("4. Step Into Targets names the endpoints among which a number is drawn; the one that is chosen gets the packet", async () => {
  const services = fileURLToPath(import.meta.resolve("../labs/service-endpoints-nftables.k8snet"));
  const client = await dap.open({ program: services });
  const { sources } = (await client.customRequest("loadedSources")).body as { sources: DebugProtocol.Source[] };
  const source = sources.find(({ name }) => name === "node1.nft") as DebugProtocol.Source;
  const { content } = (await client.sourceRequest({ source, sourceReference: 0 })).body;
  const line =
    content.split("\n").findIndex((one) => one.includes("numgen random mod 3") && one.includes("default/web/")) + 1;
  await client.setBreakpointsRequest({ source, breakpoints: [{ line }] });
  const { threadId = 0 } = (await begin(client)).body;
  await client.setBreakpointsRequest({ source, breakpoints: [] });
  const frame = await top(client, threadId);
  const { targets } = (await client.stepInTargetsRequest({ frameId: frame.id })).body;
  expect(targets.map(({ label }) => label.replace(/ by .*/, ""))).toEqual([
    ...["10.244.1.3:8080", "10.244.1.4:8080", "10.244.1.5:8080"],
  ]);
  await client.stopAfter("stepIn", { threadId, targetId: targets[2].id });
  expect((await top(client, threadId)).name).toMatch(
    /endpoint-\w+-default\/web\/tcp\/__10\.244\.1\.5\/8080 rule 1 @ node1$/,
  );
});
