import { readFileSync } from "node:fs";
import type { DebugProtocol } from "@vscode/debugprotocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DebugEnvironment } from "../../src/debug/environment.ts";
import { createSession } from "../../src/debug/server.ts";
import { openFakeLab } from "./fake-lab.ts";
import { dapHarness } from "./harness.ts";
import type { RecordedClient } from "./recorded-client.ts";

const dap = dapHarness(openFakeLab);
const simulated = dapHarness();
const walk = "12 arp.request pod1/eth0\n13 bridge.flood cbr0\nprint hello\nheld a == b\nrepeat 1000";
const ping = readFileSync(new URL("../labs/same-node-ping.k8snet", import.meta.url), "utf8");

test("unknown requests, and known ones that are not offered, get an error", async () => {
  const client = await dap.open({ program: dap.program(walk) }, { sendsNonsense: true });
  for (const command of ["disassemble", "stepSideways", "k8snet/teleport", "__proto__", "constructor", ""]) {
    expect(await client.refusal(command, {})).toBe(`k8snet does not know the request "${command}"`);
  }
});

test("nothing works before initialize, and nothing works twice that happens once", async () => {
  const client = await dap.connect({ sendsNonsense: true });
  expect(await client.refusal("launch", { program: dap.program(walk) })).toBe("initialize comes first");
  await client.initializeRequest();
  expect(await client.refusal("initialize", { adapterID: "again" })).toBe("The session is initialized already");
  expect(await client.refusal("configurationDone")).toBe("No program is open: launch comes first");
  await client.launchRequest({ program: dap.program(walk), stopOnEntry: true } as object);
  expect(await client.refusal("launch", { program: dap.program(walk) })).toBe("The program is launched already");
  await client.startUntil("stopped");
  expect(await client.refusal("configurationDone")).toBe("The program has started already");
});

test("arguments that are no object are refused, whatever the request", async () => {
  const client = await dap.open({ program: dap.program(walk), stopOnEntry: true }, { sendsNonsense: true });
  for (const command of ["launch", "setBreakpoints", "stackTrace", "k8snet/tree"]) {
    expect(await client.refusal(command, [1])).toBe("arguments must be an object");
  }
});

test("junk between messages is reported, and the session listens on", async () => {
  const client = await dap.open({ program: dap.program(walk), stopOnEntry: true });
  const from = client.recorded.length;
  client.sendRaw("Content-Length: 9\r\n\r\n{not json");
  client.sendRaw("Content-Length: 4\r\n\r\nnull");
  client.sendRaw("X-Other: 1\r\n\r\n");
  await client.startUntil("stopped");
  const lines = dap.transcriptOf(client, from).split("\n");
  expect(lines.filter((line) => line.startsWith("* output"))).toHaveLength(2);
  expect(lines.some((line) => line.startsWith("* stopped"))).toBe(true);
});

describe("1,000 random messages, in and out of order", () => {
  const values = fc.oneof(
    fc.integer({ min: -2, max: 20 }),
    fc.string({ maxLength: 5 }),
    fc.boolean(),
    fc.constant(null),
  );
  // Every other name that some request reads.
  const others = [
    ..."expression value name dataId event do subject text column line offset targetId granularity requestId".split(
      " ",
    ),
    ..."progressId uri data position context memoryReference startModule moduleCount singleThread context".split(" "),
    ..."exceptionOptions filterOptions threadIds format hex device way frame label mode path".split(" "),
  ];
  const args = fc.record(
    {
      threadId: fc.oneof(fc.constantFrom(1, 12, 13), values),
      frameId: fc.oneof(fc.integer({ min: 0, max: 30 }), values),
      variablesReference: fc.oneof(fc.integer({ min: 0, max: 30 }), values),
      startFrame: values,
      levels: values,
      start: values,
      count: values,
      source: fc.oneof(fc.record({ path: fc.oneof(fc.constant("PROGRAM"), values) }), values),
      breakpoints: fc.oneof(
        fc.array(
          fc.record(
            { line: values, name: values, condition: values, hitCondition: values, logMessage: values },
            { requiredKeys: [] },
          ),
        ),
        values,
      ),
      lines: fc.array(values),
      filters: fc.array(values),
      program: fc.oneof(fc.constant("PROGRAM"), values),
      stopOnEntry: fc.boolean(),
      stopAtEnd: fc.constant(true),
      ...Object.fromEntries(others.map((name) => [name, values])),
      name: fc.oneof(fc.constantFrom("ip.ttl", "arp:pod1", "dev:pod1/eth0#mtu"), values),
      data: fc.oneof(fc.constantFrom("arp:pod1/eth0/10.244.1.9#lladdr", "dev:pod1/eth0#mtu", "fdb:node1/cbr0"), values),
      value: values,
      expression: values,
      do: fc.oneof(fc.constantFrom("drop", "duplicate", "hold", "release", "set", "remove", "inject"), values),
      event: fc.oneof(fc.integer({ min: 0, max: 60 }), values),
      line: values,
      targetId: values,
      parentId: values,
      limit: values,
      adapterID: fc.constant("k8snet"),
    },
    { requiredKeys: [] },
  );
  // `disconnect` and `terminate` end a session by right, and have their own tests.
  const offered = createSession({} as DebugEnvironment).commands;
  const commands = [...offered.filter((one) => one !== "disconnect" && one !== "terminate"), "nonsense", ""];
  const messages = fc.array(fc.record({ command: fc.constantFrom(...commands), args: fc.option(args) }), {
    minLength: 1000,
    maxLength: 1000,
  });

  const sequences = fc.sample(messages, { seed: 42, numRuns: 6 });
  const cases = [
    { what: "to a new session, all at once", prepared: false, waits: false },
    { what: "to a launched session, all at once", prepared: true, waits: false },
    { what: "to a launched session, each after the last one's answer", prepared: true, waits: true },
  ].flatMap((one) => [
    { ...one, what: `${one.what} (fake lab)`, server: dap, text: walk },
    { ...one, what: `${one.what} (simulated lab)`, server: simulated, text: ping },
  ]);

  for (const [index, { what, prepared, waits, server, text }] of cases.entries()) {
    test(`${what}: each gets exactly one answer, and the session still works`, async () => {
      const program = server.program(text, "random.k8snet");
      const client = await server.connect({ sendsNonsense: true });
      if (prepared) {
        await client.initializeRequest();
        await client.launchRequest({ program, stopOnEntry: true, stopAtEnd: true } as object);
        await client.startUntil("stopped");
      }
      const answers: Promise<unknown>[] = [];
      for (const { command, args: raw } of sequences[index]!) {
        const args = JSON.parse(JSON.stringify(raw ?? {}).replaceAll('"PROGRAM"', JSON.stringify(program)));
        answers.push(client.customRequest(command, args).catch(() => undefined));
        if (waits) await answers.at(-1);
      }
      await Promise.all(answers);
      expect(answersPerRequest(client)).toEqual(new Set([1]));
      expect(failures(client)).toEqual([]);
      if (prepared) expect((await client.customRequest("k8snet/position")).body.event).toBeGreaterThanOrEqual(0);
    });
  }
});

function answersPerRequest(client: RecordedClient): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const { direction, message } of client.recorded) {
    if (direction === "sent") counts.set(message.seq, counts.get(message.seq) ?? 0);
    if (message.type !== "response") continue;
    const { request_seq } = message as DebugProtocol.Response;
    counts.set(request_seq, (counts.get(request_seq) ?? 0) + 1);
  }
  return new Set(counts.values());
}

function failures(client: RecordedClient): readonly string[] {
  const texts = client.recorded.map(({ message }) => JSON.stringify(message));
  return texts.filter((text) => /\\n\s+at .*:\d+|k8snet failed|k8snet bug/.test(text));
}
