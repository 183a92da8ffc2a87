import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { beginTo, find } from "./at-a-stop.ts";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** What somebody does who has stopped the world: goes to another moment, changes what is there. */
const dap = dapHarness();
const program = fileURLToPath(import.meta.resolve("../labs/same-node-ping.k8snet"));
const secondStatement = 37;

async function runTo(stage: string): Promise<{ client: RecordedClient; threadId: number }> {
  const client = await dap.open({ program, stopAtEnd: true });
  return { client, threadId: await beginTo(client, stage) };
}

/** Sends a request that moves, and waits for where it leads. */
async function go(client: RecordedClient, command: string, args: object): Promise<string> {
  const from = client.recorded.length;
  await client.customRequest(command, args);
  const { reason, text } = (await client.event("stopped", from)).body;
  const { event } = (await client.customRequest("k8snet/position")).body;
  return `${reason} @ ${event}: ${text}`;
}

test("1. Set Variable writes a header field; Step Back takes it back, going on repeats it", async () => {
  const { client, threadId } = await runTo("ip.receive");
  const ttl = () => find(client, threadId, "Packet", "IPv4", "ip.ttl");
  const { container, variable } = await ttl();
  expect(variable).toMatchObject({ value: "64" });
  expect(variable.presentationHint).toBeUndefined();
  const set = { variablesReference: container, name: "ip.ttl", value: "63" };
  expect((await client.setVariableRequest(set)).body).toEqual({ value: "63" });
  expect((await ttl()).variable.value).toBe("63");
  await client.stopAfter("stepBack", { threadId });
  expect((await ttl()).variable.value).toBe("64");
  await client.stopAfter("stepIn", { threadId });
  expect((await ttl()).variable.value).toBe("63");
});

test("2. What is no value is refused, and what cannot be changed says that it is read-only", async () => {
  const { client, threadId } = await runTo("ip.receive");
  const { container } = await find(client, threadId, "Packet", "IPv4", "ip.ttl");
  const set = (name: string, value: string) =>
    client.setVariableRequest({ variablesReference: container, name, value });
  await expect(set("ip.ttl", "many")).rejects.toThrow('ip.ttl: "many" is not a number from 0 to 255');
  await expect(set("ip.len", "20")).rejects.toThrow("ip.len is read-only");
  const { variable } = await find(client, threadId, "Packet", "IPv4", "ip.len");
  expect(variable.presentationHint?.attributes).toEqual(["readOnly"]);
});

test("3. Set Expression writes fields of the frame's packet, of tables, and sysctls", async () => {
  const { client, threadId } = await runTo("ip.receive");
  const set = async (expression: string, value: string) => {
    const [frame] = (await client.stackTraceRequest({ threadId, levels: 1 })).body.stackFrames;
    return (await client.customRequest("setExpression", { expression, value, frameId: frame.id })).body;
  };
  expect(await set("ip.ttl", "1")).toEqual({ value: "1" });
  expect(await set('neigh("pod1", "10.244.1.9").state', "stale")).toEqual({ value: "STALE" });
  expect(await set('sysctl("node1", "net.ipv4.ip_forward")', "0")).toEqual({ value: "0" });
  await expect(set("1 + 1", "3")).rejects.toThrow("1 + 1 is not one value of the network or of the packet here");
  const { edits } = (await client.customRequest("k8snet/edits")).body;
  expect(edits.map(({ edit }: { edit: { data: string } }) => edit.data)).toMatchInlineSnapshot(`
    [
      "packet:1#ip.ttl",
      "arp:pod1/eth0/10.244.1.9#state",
      "sysctl:node1/net.ipv4.ip_forward#value",
    ]
  `);
});

test("4. Packets are doubled, held, released and put in; rows are removed", async () => {
  const { client, threadId } = await runTo("icmp.receive");
  const edit = (args: object) => client.customRequest("k8snet/edit", args);
  await edit({ do: "duplicate", threadId });
  await edit({ do: "hold", threadId });
  await edit({ do: "release", threadId });
  await edit({ do: "remove", data: "arp:pod1/eth0/10.244.1.9" });
  await edit({ do: "set", data: "arp:pod1/eth0/10.244.1.9#lladdr", value: "0a:58:0a:f4:01:09" });
  await edit({ do: "inject", device: "pod1/eth0", way: "out", frame: `${"ff".repeat(6)}020000000001${"0806"}` });
  await expect(edit({ do: "release", threadId })).rejects.toThrow("nobody holds it");
  await expect(edit({ do: "explode" })).rejects.toThrow('There is no edit "explode"');
  expect((await client.customRequest("k8snet/edits")).body.edits).toHaveLength(6);
  await client.stopAfter("continue", { threadId });
});

test("5. Any event can be gone to, and checkpoints by name", async () => {
  const { client } = await runTo("arp.request");
  expect(await go(client, "k8snet/goToEvent", { event: 20 })).toMatchInlineSnapshot(`"goto @ 20: Went to event 20"`);
  const { body } = await client.customRequest("k8snet/setCheckpoint", { name: "answer" });
  expect(body).toMatchInlineSnapshot(
    { state: expect.any(String) },
    `
    {
      "description": "veth.receive of #4 @ pod1/eth0",
      "event": 20,
      "name": "answer",
      "state": Any<String>,
      "timeNs": 6000,
    }
  `,
  );
  expect(await go(client, "k8snet/goToEvent", { event: 2 })).toMatchInlineSnapshot(`"goto @ 2: Went to event 2"`);
  expect(await go(client, "k8snet/goToCheckpoint", { name: "answer" })).toMatchInlineSnapshot(
    `"goto @ 20: Went to checkpoint "answer""`,
  );
  expect((await client.customRequest("k8snet/checkpoints")).body.checkpoints).toHaveLength(1);
  await client.customRequest("k8snet/deleteCheckpoint", { name: "answer" });
  await expect(client.customRequest("k8snet/goToCheckpoint", { name: "answer" })).rejects.toThrow("none is set");
});

test("6. The last change of a variable is gone back to", async () => {
  const { client, threadId } = await runTo("icmp.receive");
  const { container } = await find(client, threadId, "Namespace", "ARP table", "10.244.1.2", "state");
  const args = { variablesReference: container, name: "state" };
  expect(await go(client, "k8snet/lastChange", args)).toMatchInlineSnapshot(
    `"goto @ 13: Last change: added neigh pod2/eth0 10.244.1.2: state STALE; it is changed by arp.receive of #2.1 @ pod2/eth0"`,
  );
  expect(await go(client, "k8snet/lastChange", { name: "arp:pod1/eth0/10.244.1.9" })).toMatchInlineSnapshot(
    `"goto @ 2: Last change: added neigh pod1/eth0 10.244.1.9: 10.244.1.9 dev eth0 INCOMPLETE; it is changed by neigh.output of #1 @ pod1/eth0"`,
  );
});

test("7. Jump to Cursor: to before a statement that ran, or on to one", async () => {
  const { client, threadId } = await runTo("arp.request");
  const source = { path: program };
  const targets = async (line: number) =>
    (await client.customRequest("gotoTargets", { source, line })).body.targets as DebugProtocol.GotoTarget[];
  const [ahead] = await targets(secondStatement);
  expect(ahead.label).toBe("run to it");
  expect(await go(client, "goto", { threadId: 1, targetId: ahead.id })).toMatch(/^goto @ \d+: Ran to the statement$/);
  const [back] = await targets(secondStatement - 1);
  expect(back.label).toBe("back to before it runs (event 0)");
  expect(await go(client, "goto", { threadId, targetId: back.id })).toBe("goto @ 0: Went to before the statement");
  expect(await targets(1)).toEqual([]);
});

test("8. Checkpoints outlive Restart: the same text leads to them again, and another text to a sentence", async () => {
  const text = readFileSync(program, "utf8");
  const edited = dap.program(text, "edited.k8snet");
  const client = await dap.open({ program: edited, stopOnEntry: true, stopAtEnd: true });
  await client.startUntil("stopped");
  for (const event of [20, 40]) {
    await go(client, "k8snet/goToEvent", { event });
    await client.customRequest("k8snet/setCheckpoint", { name: `at ${event}` });
  }
  const restartedWith = async (changed: string) => {
    writeFileSync(edited, changed);
    await client.stopAfter("restart", {});
    return [
      await go(client, "k8snet/goToCheckpoint", { name: "at 20" }),
      await go(client, "k8snet/goToCheckpoint", { name: "at 40" }),
    ];
  };
  const same = [`goto @ 20: Went to checkpoint "at 20"`, `goto @ 40: Went to checkpoint "at 40"`];
  expect(await restartedWith(text)).toEqual(same);
  expect(await restartedWith(`# A comment moves every line.\n${text}`)).toEqual(same);
  expect(await restartedWith(text.replaceAll("pod2", "pod3"))).toMatchInlineSnapshot(`
    [
      "goto @ 20: Went to event 20, but this is not what checkpoint "at 20" was set at: veth.receive of #4 @ pod1/eth0 comes next as it did, and the state of the network is another one",
      "goto @ 40: Went to event 40, but this is not what checkpoint "at 40" was set at: ip.receive of #5 @ pod1 comes next as it did, and the state of the network is another one",
    ]
  `);
  expect(await restartedWith(text.replace(/ping pod1 -> pod2/, "wait 1s"))).toMatchInlineSnapshot(`
    [
      "goto @ 4: The scenario is over after event 4: there is no event 20, where checkpoint "at 20" was set before veth.receive of #4 @ pod1/eth0",
      "goto @ 4: The scenario is over after event 4: there is no event 40, where checkpoint "at 40" was set before ip.receive of #5 @ pod1",
    ]
  `);
});
