import { expect, test } from "vitest";
import { echoServer } from "../../src/programs/echo-server.ts";
import { httpServer } from "../../src/programs/http-server.ts";
import { sinkServer } from "../../src/programs/sink-server.ts";
import { whoamiServer } from "../../src/programs/whoami-server.ts";
import { bytes, ip, ms, ProgramRun } from "./program-run.ts";

const local = { address: 0, port: 8080 };
const from = { address: ip("10.244.0.2"), port: 41002 };

function accept(run: ProgramRun<unknown>, socket: number): void {
  run.give({ kind: "accepted", listener: 3, socket, from: { ...from, port: from.port + socket - 1000 } });
}

function data(socket: number, text: string) {
  return { kind: "data", socket, data: bytes(text) } as const;
}

/** `1000 text`: what was sent on which connection. */
function sent(run: ProgramRun<unknown>): string[] {
  return run.callsOf("send").map((call) => `${call.socket} ${new TextDecoder().decode(call.data)}`);
}

test("whoami tells each TCP client its address, once, and closes 150 ms after it", () => {
  const run = new ProgramRun(whoamiServer("tcp", local));
  expect(run.calls).toMatchObject([{ kind: "listen tcp", socket: 3, local }]);
  accept(run, 1000);
  accept(run, 1001);
  run.give(data(1001, "second"));
  run.give(data(1000, "first"));
  run.give(data(1000, " and more"));
  expect(sent(run)).toEqual([
    "1001 HTTP/1.0 200 OK\r\nContent-Length: 25\r\n\r\nyou are 10.244.0.2:41003\n",
    "1000 HTTP/1.0 200 OK\r\nContent-Length: 25\r\n\r\nyou are 10.244.0.2:41002\n",
  ]);
  run.wait(100 * ms);
  run.give({ kind: "end of stream", socket: 1000 });
  run.wait(1000 * ms);
  expect(run.callsOf("close")).toMatchObject([{ socket: 1000, atNs: 250 * ms }]);
});

test("whoami sends datagrams back with echo: before them", () => {
  const run = new ProgramRun(whoamiServer("udp", { address: 0, port: 5353 }));
  expect(run.calls).toMatchObject([{ kind: "open udp", socket: 3, local: { address: 0, port: 5353 } }]);
  run.give({ kind: "datagram", socket: 3, from, data: bytes("ping0"), ttl: 64 });
  expect(run.callsOf("send to")).toMatchObject([{ to: from, data: bytes("echo:ping0") }]);
});

test("a connection that is reset is closed, and its timer with it", () => {
  const run = new ProgramRun(whoamiServer("tcp", local));
  accept(run, 1000);
  run.give({ kind: "end of stream", socket: 1000 });
  run.give({ kind: "error", socket: 1000, error: "ECONNRESET" });
  run.wait(1000 * ms);
  expect(run.callsOf("close")).toMatchObject([{ socket: 1000, atNs: 0 }]);
});

test("http greets in its name when the request's head is whole", () => {
  const run = new ProgramRun(httpServer(local, "pod2"));
  accept(run, 1000);
  run.give(data(1000, "GET / HTTP/1.1\r\nHost: web"));
  expect(sent(run)).toEqual([]);
  run.give(data(1000, ".default\r\n\r\n"));
  expect(sent(run)).toEqual([
    "1000 HTTP/1.0 200 OK\r\nContent-Length: 16\r\nX-Served-By: pod2\r\n\r\nhello from pod2\n",
  ]);
});

test("http refuses what is no request", () => {
  const run = new ProgramRun(httpServer(local, "pod2"));
  accept(run, 1000);
  run.give(data(1000, "hello\r\n\r\n"));
  expect(sent(run)[0]).toContain("HTTP/1.0 400 Bad Request\r\n");
});

test("echo sends back streams and datagrams, and closes with the peer", () => {
  const tcp = new ProgramRun(echoServer("tcp", local));
  accept(tcp, 1000);
  tcp.give(data(1000, "hi"));
  tcp.give({ kind: "end of stream", socket: 1000 });
  expect(sent(tcp)).toEqual(["1000 hi"]);
  expect(tcp.callsOf("close")).toMatchObject([{ socket: 1000 }]);

  const udp = new ProgramRun(echoServer("udp", local));
  udp.give({ kind: "datagram", socket: 3, from, data: bytes("hi"), ttl: 64 });
  expect(udp.callsOf("send to")).toMatchObject([{ to: from, data: bytes("hi") }]);
});

test("sink answers nothing", () => {
  const run = new ProgramRun(sinkServer("tcp", local));
  accept(run, 1000);
  run.give(data(1000, "hi"));
  run.give({ kind: "end of stream", socket: 1000 });
  expect(run.calls.map((call) => call.kind)).toEqual(["listen tcp", "close"]);
});

test.each([
  ["whoami", whoamiServer("tcp", local)],
  ["http", httpServer(local, "pod2")],
  ["echo", echoServer("tcp", local)],
  ["sink", sinkServer("tcp", local)],
])("%s ends when its port is taken", (_name, server) => {
  const run = new ProgramRun<unknown>(server);
  run.give({ kind: "error", socket: 3, error: "EADDRINUSE" });
  expect(run.output).toBe("bind: Address already in use\n");
  expect(run.exit).toMatchObject({ status: 1, result: { ok: false, error: "EADDRINUSE" } });
});

test("a datagram that could not be sent does not end a server", () => {
  const run = new ProgramRun(echoServer("udp", local));
  run.give({ kind: "error", socket: 3, error: "ENETUNREACH" });
  expect(run.exit).toBeUndefined();
});
