import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

/** A capture of a real kernel in the debugger: `attach` replays it. */
const dap = dapHarness();
const capture = fileURLToPath(import.meta.resolve("../captures/kernel/10a-clusterip-same-node/node1.veth1.pcap"));

async function attach(client: RecordedClient, args: object): Promise<void> {
  await client.initializeRequest();
  await client.attachRequest(args as DebugProtocol.AttachRequestArguments);
}

test("1. stops before the first frame, goes packet by packet, and back", async () => {
  const client = await dap.connect();
  await attach(client, { capture });
  const from = client.recorded.length;
  await client.configurationDoneRequest();
  expect((await client.event("stopped", from)).body.reason).toBe("entry");
  await client.setFunctionBreakpointsRequest({
    breakpoints: [{ name: "veth.*", condition: "tcp.flags.syn && !tcp.flags.ack" }],
  });
  const stop = await client.stopAfter("continue", { threadId: 1 });
  const { threadId = 0 } = stop.body;
  const { stackFrames } = (await client.stackTraceRequest({ threadId })).body;
  expect(stackFrames.map(({ name, line, source }) => `${name} ${source?.name}:${line}`)).toMatchInlineSnapshot(`
    [
      "veth.transmit @ node1.veth1/node1.veth1 node1.veth1.capture:3",
    ]
  `);
  const { threads } = (await client.threadsRequest()).body;
  expect(threads.find(({ id }) => id === threadId)?.name).toMatchInlineSnapshot(
    `"#8 IP 10.244.0.2 > 10.96.0.10 ttl=64 DF len=60 TCP 41002 > 80 [S] seq=1701475764 len=0 mss=1460 [02:00:0a:f4:00:02 > 02:00:0a:f4:00:01] @ node1.veth1/node1.veth1"`,
  );
  expect((await client.stopAfter("stepBack", { threadId })).body.reason).toBe("step");
});

test("2. what is no capture, or is not there, is refused with its name", async () => {
  const client = await dap.connect();
  await client.initializeRequest();
  const text = dap.program("no capture", "trace.pcapng");
  const refusal = (args: object) =>
    client.attachRequest(args as DebugProtocol.AttachRequestArguments).catch((error: Error) => error.message);
  expect(await refusal({ capture: "" })).toBe('attach needs "capture": the path of a pcapng or pcap file');
  expect(await refusal({ capture: text })).toBe(`${text}: This is no capture: neither pcap nor pcapng.`);
  expect(await refusal({ capture: `${text}.gone` })).toContain(`Cannot read ${text}.gone`);
});
