import { expect, test } from "vitest";
import { type UdpClientSpec, udpClient } from "../../src/programs/udp-client.ts";
import { bytes, ip, ms, ProgramRun } from "./program-run.ts";

const spec: UdpClientSpec = {
  program: "udp",
  destination: ip("10.244.0.3"),
  port: 5353,
  sourcePort: 41001,
  count: 1,
  gapNs: 20 * ms,
  timeoutNs: 300 * ms,
  ttl: 64,
};

const refused = { kind: "error", socket: 3, error: "ECONNREFUSED" } as const;

function answer(text: string) {
  const from = { address: spec.destination, port: spec.port };
  return { kind: "datagram", socket: 3, from, data: bytes(text), ttl: 64 } as const;
}

function texts(run: ProgramRun<unknown>): string[] {
  return run.callsOf("send").map((call) => `${call.atNs / ms} ${new TextDecoder().decode(call.data)}`);
}

test("sends from its bound and connected socket and ends with the reply", () => {
  const run = new ProgramRun(udpClient(spec));
  run.wait(ms);
  run.give(answer("echo:ping0"));
  expect(run.calls[0]).toMatchObject({
    kind: "open udp",
    local: { address: 0, port: 41001 },
    remote: { address: spec.destination, port: 5353 },
    ttl: 64,
  });
  expect(texts(run)).toEqual(["0 ping0"]);
  expect(run.output).toBe("echo:ping0\n");
  expect(run.exit).toMatchObject({
    status: 0,
    atNs: ms,
    result: { ok: true, reply: { text: "echo:ping0", timeNs: ms } },
  });
});

test("waits for the reply only once all is sent, and a gap after the last", () => {
  const run = new ProgramRun(udpClient({ ...spec, count: 3 }));
  run.wait(ms);
  run.give(answer("echo:ping0"));
  run.wait(500 * ms);
  expect(texts(run)).toEqual(["0 ping0", "20 ping1", "40 ping2"]);
  expect(run.exit).toMatchObject({ atNs: 60 * ms, result: { sent: 3, received: 1 } });
});

test("a timeout counts from the moment it receives", () => {
  const run = new ProgramRun(udpClient(spec));
  run.wait(1000 * ms);
  expect(run.exit).toMatchObject({ status: 1, atNs: 300 * ms, result: { ok: false, error: "timeout" } });
});

test("a closed port refuses the one datagram at once", () => {
  const run = new ProgramRun(udpClient(spec));
  run.wait(ms);
  run.give(refused);
  expect(run.output).toBe("udp: Connection refused\n");
  expect(run.exit).toMatchObject({ status: 1, atNs: ms, result: { error: "ECONNREFUSED", sent: 1, received: 0 } });
});

test("refusals of earlier datagrams cost a repeated send, not a datagram", () => {
  const run = new ProgramRun(udpClient({ ...spec, count: 10, gapNs: 30 * ms }));
  for (let datagram = 0; datagram < 10; datagram++) {
    if (datagram < 6) run.give(refused);
    run.wait(30 * ms);
  }
  expect(texts(run)).toHaveLength(10);
  run.wait(300 * ms);
  expect(run.exit).toMatchObject({ atNs: 600 * ms, result: { error: "timeout", sent: 10 } });
});

test("a refusal of the last datagram is what receiving reports, even before a reply", () => {
  const run = new ProgramRun(udpClient({ ...spec, count: 2 }));
  run.give(answer("echo:ping0"));
  run.wait(20 * ms);
  run.give(refused);
  run.wait(20 * ms);
  expect(run.exit).toMatchObject({ atNs: 40 * ms, result: { error: "ECONNREFUSED", received: 0 } });
});

test("any other error ends it while it still sends", () => {
  const run = new ProgramRun(udpClient({ ...spec, count: 5 }));
  run.give({ kind: "error", socket: 3, error: "EPERM" });
  expect(run.output).toBe("udp: Operation not permitted\n");
  expect(run.exit?.result.sent).toBe(1);
});

test("a given payload replaces the numbered ones, and no source port leaves the choice to the kernel", () => {
  const run = new ProgramRun(udpClient({ ...spec, sourcePort: undefined, payload: "hello", count: 2 }));
  run.wait(20 * ms);
  expect(texts(run)).toEqual(["0 hello", "20 hello"]);
  expect(run.callsOf("open udp")[0]).not.toHaveProperty("local");
});
