import { expect, test } from "vitest";
import { type TcpClientSpec, tcpClient } from "../../src/programs/tcp-client.ts";
import { bytes, ip, ms, ProgramRun, s } from "./program-run.ts";

const spec: TcpClientSpec = {
  program: "tcp",
  destination: ip("10.244.0.3"),
  port: 8080,
  sourcePort: 41002,
  payload: "GET / HTTP/1.0\r\nHost: oracle\r\n\r\n",
  timeoutNs: 2 * s,
  ttl: 64,
};

const connected = { kind: "connected", socket: 3, local: { address: ip("10.244.0.2"), port: 41002 } } as const;
const answer = "HTTP/1.0 200 OK\r\nContent-Length: 26\r\n\r\nyou are 10.244.0.2:41002\n";

function data(text: string) {
  return { kind: "data", socket: 3, data: bytes(text) } as const;
}

/** `50 send`: the calls with their times in ms. */
function calls(run: ProgramRun<unknown>): string[] {
  return run.calls.map((call) => `${call.atNs / ms} ${call.kind}`);
}

test("connects, waits 50 ms, sends, reads, waits 100 ms, closes first and ends 400 ms later", () => {
  const run = new ProgramRun(tcpClient(spec));
  run.give(connected);
  run.wait(51 * ms);
  run.give(data(answer));
  run.wait(300 * ms);
  run.give({ kind: "end of stream", socket: 3 });
  run.wait(s);
  expect(calls(run)).toEqual(["0 open tcp", "50 send", "151 close"]);
  expect(run.exit).toMatchObject({ status: 0, atNs: 551 * ms });
  expect(run.exit?.result).toMatchObject({
    ok: true,
    sent: 1,
    received: 1,
    reply: { from: spec.destination, text: answer, timeNs: ms },
    response: { status: 200, body: "you are 10.244.0.2:41002\n" },
  });
  expect(run.output).toBe(answer);
});

test("a refusal ends it at once", () => {
  const run = new ProgramRun(tcpClient(spec));
  run.wait(ms);
  run.give({ kind: "error", socket: 3, error: "ECONNREFUSED" });
  expect(run.output).toBe("tcp: Connection refused\n");
  expect(run.exit).toMatchObject({ status: 1, atNs: ms, result: { ok: false, error: "ECONNREFUSED", sent: 0 } });
});

test("the timeout counts for the connection and again for the answer", () => {
  const silent = new ProgramRun(tcpClient(spec));
  silent.wait(10 * s);
  expect(silent.exit).toMatchObject({ atNs: 2 * s, result: { error: "timeout", sent: 0 } });

  const mute = new ProgramRun(tcpClient(spec));
  mute.wait(s);
  mute.give(connected);
  mute.wait(10 * s);
  expect(mute.exit).toMatchObject({ atNs: s + 50 * ms + 2 * s, result: { error: "timeout", sent: 1 } });
});

test("a reset during the first pause is what sending reports", () => {
  const run = new ProgramRun(tcpClient(spec));
  run.give(connected);
  run.give({ kind: "error", socket: 3, error: "ECONNRESET" });
  expect(run.exit).toBeUndefined();
  run.wait(50 * ms);
  expect(run.callsOf("send")).toHaveLength(0);
  expect(run.exit).toMatchObject({ atNs: 50 * ms, result: { error: "ECONNRESET" } });
});

test("a reset after the answer changes nothing", () => {
  const run = new ProgramRun(tcpClient(spec));
  run.give(connected);
  run.wait(50 * ms);
  run.give(data("hi"));
  run.give({ kind: "error", socket: 3, error: "ECONNRESET" });
  run.wait(s);
  expect(run.exit).toMatchObject({ status: 0, result: { ok: true } });
});

test("a peer that closes without an answer has not answered", () => {
  const run = new ProgramRun(tcpClient(spec));
  run.give(connected);
  run.wait(50 * ms);
  run.give({ kind: "end of stream", socket: 3 });
  run.wait(s);
  expect(calls(run).at(-1)).toBe("150 close");
  expect(run.exit).toMatchObject({ status: 1, result: { ok: false, sent: 1, received: 0 } });
});

test("a peer that speaks first has answered before it is asked", () => {
  const run = new ProgramRun(tcpClient(spec));
  run.give(connected);
  run.give(data("220 ready\r\n"));
  run.wait(s);
  expect(calls(run)).toEqual(["0 open tcp", "50 send", "150 close"]);
  expect(run.exit?.result.reply?.text).toBe("220 ready\r\n");
});

test("without a payload it connects and closes only", () => {
  const run = new ProgramRun(tcpClient({ ...spec, payload: undefined }));
  run.give(connected);
  run.wait(s);
  expect(calls(run)).toEqual(["0 open tcp", "50 close"]);
  expect(run.exit).toMatchObject({ status: 0, atNs: 450 * ms, result: { ok: true, sent: 0 } });
});
