import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** Exceptions of a network: what goes wrong, by kind. */
const dap = dapHarness();
const gallery = (name: string) => fileURLToPath(import.meta.resolve(`../labs/gallery/${name}.k8snet`));

/** Stops at the first exception of these filters, and says what it is; "none" where the run ends without one. */
async function firstStop(
  client: RecordedClient,
  filters: readonly string[],
  filterOptions: readonly { filterId: string; condition?: string }[] = [],
): Promise<string> {
  const { body } = await client.customRequest("setExceptionBreakpoints", { filters, filterOptions });
  expect((body?.breakpoints ?? []).map((one: { message?: string }) => one.message ?? "bound").join()).toBe(
    [...filters, ...filterOptions].map(() => "bound").join(),
  );
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  const stop = await Promise.race([client.event("stopped", from), client.event("terminated", from)]);
  if (stop.event === "terminated") return "none";
  expect(stop.body.reason).toBe("exception");
  const info = (await client.customRequest("exceptionInfo", { threadId: stop.body.threadId })).body;
  return `${info.exceptionId}: ${info.description}`;
}

test("1. The filters are offered at initialize, each with a condition", async () => {
  const client = await dap.connect();
  const { body } = await client.initializeRequest();
  expect(body?.exceptionBreakpointFilters?.map(({ filter }) => filter)).toEqual([
    ...["drop", "policy", "reject", "invalid", "model", "arp", "route", "ttl", "mtu", "collision"],
  ]);
});

test("2. A stop before a drop tells the reason, the rule and the setting", async () => {
  const stopIn = async (name: string, filter: string) =>
    firstStop(await dap.open({ program: gallery(name) }), [filter]);
  expect(await stopIn("forward-policy-drop", "policy")).toBe(
    "NETFILTER_DROP: netfilter dropped it: table filter, FORWARD policy DROP",
  );
  expect(await stopIn("ip-forward-off", "route")).toBe(
    "IP_INADDRERRORS: 10.244.1.2 is no address of node1, where net.ipv4.ip_forward is 0",
  );
  expect(await stopIn("ip-forward-off", "mtu")).toBe("none");
  expect(await stopIn("mtu-black-hole", "mtu")).toBe(
    "PKT_TOO_BIG: it has 1500 bytes, the MTU of flannel.1 is 1450, and it must not be fragmented",
  );
});

test("2b. Refusals, lost connections and a broken network model are kinds of their own", async () => {
  const labs = (name: string) => fileURLToPath(import.meta.resolve(`../labs/${name}.k8snet`));
  const stopIn = async (name: string, filter: string) => firstStop(await dap.open({ program: labs(name) }), [filter]);
  expect(await stopIn("kernel/14-reject", "reject")).toMatchInlineSnapshot(
    `"REJECT: A rule rejects it: its sender will be told"`,
  );
  expect(await stopIn("gallery/unwanted-masquerade", "model")).toMatchInlineSnapshot(
    `"MODEL_BROKEN: The source 10.244.0.2 of a packet from pod client to pod server is about to be translated"`,
  );
  expect(await stopIn("service-endpoints", "model")).toBe("none");
  expect(await stopIn("service-endpoints", "invalid")).toBe("none");
});

test("2c. The answer of a connection that was forgotten meanwhile is INVALID", async () => {
  const program = fileURLToPath(import.meta.resolve("../labs/rule-by-rule.k8snet"));
  const client = await dap.open({ program });
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "tcp.receive" }] });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  await client.event("stopped", from);
  await client.setFunctionBreakpointsRequest({ breakpoints: [] });
  const { rows } = (await client.customRequest("k8snet/tree", { parentId: "connections:node1" })).body;
  expect(rows).toHaveLength(1);
  await client.customRequest("k8snet/edit", { do: "remove", data: rows[0].id });
  await client.customRequest("setExceptionBreakpoints", { filters: ["invalid"] });
  const { threadId, reason } = (await client.stopAfter("continue", { threadId: 1 })).body;
  expect(reason).toBe("exception");
  const info = (await client.customRequest("exceptionInfo", { threadId })).body;
  expect(`${info.exceptionId}: ${info.description}`).toMatchInlineSnapshot(
    `"INVALID: It belongs to no connection that conntrack knows, and can begin none"`,
  );
  expect(info.details.stackTrace).toContain("conntrack.new @ node1");
});

test("3. A condition picks some of them", async () => {
  const program = gallery("mtu-black-hole");
  const ofReason = (reason: string) => [{ filterId: "drop", condition: `drop.reason == "${reason}"` }];
  expect(await firstStop(await dap.open({ program }), [], ofReason("PKT_TOO_BIG"))).toMatch(/^PKT_TOO_BIG/);
  expect(await firstStop(await dap.open({ program }), [], ofReason("IP_TTL_EXPIRED"))).toBe("none");
});

test("4. An unknown filter, and asking where nothing is wrong, are refused with a sentence", async () => {
  const client = await dap.open({ program: gallery("ip-forward-off"), stopOnEntry: true });
  const { body } = await client.customRequest("setExceptionBreakpoints", { filters: ["flood"] });
  expect(body.breakpoints[0]).toMatchObject({ verified: false, message: 'There is no exception filter "flood".' });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  await client.event("stopped", from);
  await expect(client.customRequest("exceptionInfo", { threadId: 1 })).rejects.toThrow(
    "Nothing is wrong with thread 1",
  );
});
