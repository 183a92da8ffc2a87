import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";

/** At equal times the order of events is Linux's freedom: somebody chooses. */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/races/source-port-race.k8snet"));

test("k8snet/futures lists what may come next; an edit takes one of them first, and Step Back takes that back", async () => {
  const client = await dap.open({ program, stopAtEnd: true });
  await client.customRequest("setFunctionBreakpoints", {
    breakpoints: [{ name: "conntrack.new@node1", condition: 'udp.srcport == 40000 && ip.src == "10.244.0.2"' }],
  });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  await client.event("stopped", from);
  const list = async () => (await client.customRequest("k8snet/futures")).body.futures;
  const [first, second] = await list();
  expect(first.label).toMatch(/^conntrack\.new of #\d+ @ node1$/);
  expect(second.label).toMatch(/^veth\.receive of #\d+ @ node1\/veth2$/);
  await client.customRequest("k8snet/edit", { do: "next", event: second.event });
  expect((await list())[0]).toEqual(second);
  expect((await client.customRequest("k8snet/edits")).body.edits).toHaveLength(1);
  expect(await client.refusal("k8snet/edit", { do: "next", event: "packet 4711" })).toContain("none of those");
});
