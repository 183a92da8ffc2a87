import { pathToFileURL } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { expect, test } from "vitest";
import { openFakeLab } from "./fake-lab.ts";
import { dapHarness } from "./harness.ts";

const dap = dapHarness(openFakeLab);
const walk = "12 arp.request pod1/eth0\n12 bridge.flood cbr0\nprint hello\n12 bridge.forward cbr0";

/** A whole session, up to the frame in which a breakpoint on the second line stops. */
async function session(initialize: Partial<DebugProtocol.InitializeRequestArguments>, program: string, second: number) {
  const client = await dap.connect();
  await client.initializeRequest({ adapterID: "k8snet", ...initialize });
  await client.launchRequest({ program } as object);
  await client.event("initialized", 0);
  const set = await client.setBreakpointsRequest({ source: { path: program }, breakpoints: [{ line: second }] });
  await client.startUntil("stopped");
  const stack = await client.stackTraceRequest({ threadId: 12 });
  return { client, breakpoint: set.body.breakpoints[0]!, frame: stack.body.stackFrames[0]! };
}

test("lines and columns count from where the client counts them", async () => {
  const program = dap.program(walk);
  const one = await session({}, program, 2);
  expect(one.breakpoint).toMatchObject({ verified: true, line: 2, column: 1 });
  expect(one.frame).toMatchObject({ line: 2, column: 1, endLine: 2, endColumn: 10 });
  const zero = await session({ linesStartAt1: false, columnsStartAt1: false }, program, 1);
  expect(zero.breakpoint).toMatchObject({ verified: true, line: 1, column: 0 });
  expect(zero.frame).toMatchObject({ line: 1, column: 0, endLine: 1, endColumn: 9 });
  const from = zero.client.recorded.length;
  await zero.client.continueRequest({ threadId: 12 });
  expect((await zero.client.event("output", from)).body).toMatchObject({ output: "hello\n", line: 2, column: 0 });
});

test("a document keeps the name that the client gave it: path or URI", async () => {
  const path = dap.program(walk, "two words.k8snet");
  const uri = pathToFileURL(path).href;
  const paths = await session({ pathFormat: "path" }, path, 2);
  expect(paths.frame.source).toEqual({ name: "two words.k8snet", path });
  const uris = await session({ pathFormat: "uri" }, uri, 2);
  expect(uris.frame.source).toEqual({ name: "two%20words.k8snet", path: uri });
});

test("a program launched by URI and edited by path is one document, named as the editor names it", async () => {
  const path = dap.program(walk);
  const client = await dap.open({ program: pathToFileURL(path).href });
  const { body } = await client.setBreakpointsRequest({ source: { path }, breakpoints: [{ line: 2 }] });
  expect(body.breakpoints[0]).toMatchObject({ verified: true, source: { path } });
});

test("another path format is refused", async () => {
  const client = await dap.connect();
  expect(await client.refusal("initialize", { adapterID: "k8snet", pathFormat: "inode" })).toBe(
    'pathFormat must be "path" or "uri", not "inode"',
  );
});
