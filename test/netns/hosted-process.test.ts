import { afterEach, describe, expect, test } from "vitest";
import { clientFor, serverFor } from "../../src/lab/programs.ts";
import { HostedProcess } from "../../src/netns/hosted-process.ts";
import type { Listen } from "../../src/plan/commands.ts";
import type { Curl, TcpConnect, UdpSend } from "../../src/plan/statements.ts";
import type { ProgramResult } from "../../src/programs/program.ts";

// Programs on the real sockets of this machine's loopback.

const localhost = 0x7f000001;
const source = { uri: "file:///x.k8snet", line: 1, column: 1, endLine: 1, endColumn: 2 };
/** One that nobody else is likely to use; each test takes its own. */
let nextPort = 20_100 + (process.pid % 1000) * 8;

interface Ended {
  readonly status: number;
  readonly result: ProgramResult;
  readonly output: string;
}

const servers: HostedProcess[] = [];
afterEach(() => {
  // An error of its own socket ends a server and closes the socket.
  for (const server of servers.splice(0)) server.handle({ kind: "error", socket: 3, error: "EADDRINUSE" });
});

function serve(protocol: "tcp" | "udp", program: Listen["program"]): Promise<number> {
  const port = nextPort++;
  const command: Listen = {
    ...{ do: "listen", netns: "here", container: "c", protocol, address: localhost, port, program, source },
  };
  return new Promise((listening, failed) => {
    const server = new HostedProcess(serverFor(command), {
      listening: () => listening(port),
      printed: () => {},
      exited: (_, result) => failed(new Error(result.error)),
      unable: (what) => failed(new Error(what)),
    });
    servers.push(server);
  });
}

function run(statement: UdpSend | TcpConnect | Curl): Promise<Ended> {
  const context = { identifier: () => 0, ownAddress: () => undefined, arpingProblem: () => undefined };
  return new Promise((ended, failed) => {
    let output = "";
    new HostedProcess(clientFor(statement, context), {
      listening: () => {},
      printed: (text) => {
        output += text;
      },
      exited: (status, result) => ended({ status, result, output }),
      unable: (what) => failed(new Error(what)),
    });
  });
}

const base = { source, text: "", netns: "here", destination: localhost, destinationText: "127.0.0.1" };
const second = 1_000_000_000;
const udp = (port: number, more: Partial<UdpSend> = {}): UdpSend => ({
  ...base,
  ...{ do: "udp", port, count: 1, gapNs: second / 50, timeoutNs: second, ttl: 64, payload: "hello" },
  ...more,
});
const tcp = (port: number, more: Partial<TcpConnect> = {}): TcpConnect => ({
  ...base,
  ...{ do: "tcp", port, timeoutNs: second, ttl: 64, payload: "GET / HTTP/1.0\r\n\r\n" },
  ...more,
});

describe("Our programs on real sockets", () => {
  test("a datagram comes back from an echo server", async () => {
    const { result } = await run(udp(await serve("udp", "echo")));
    expect(result).toMatchObject({ ok: true, received: 1, reply: { from: localhost, text: "hello" } });
  });

  test("nobody listens on the UDP port", async () => {
    expect((await run(udp(nextPort++))).result).toMatchObject({ ok: false, error: "ECONNREFUSED" });
  });

  test("every datagram of a burst to a closed port is sent, whatever came back before", async () => {
    const { result } = await run(udp(nextPort++, { count: 4 }));
    expect(result).toMatchObject({ ok: false, error: "ECONNREFUSED", sent: 4 });
  });

  test("an address that cannot be connected to ends the client, and nothing is sent after that", async () => {
    const limitedBroadcast = 0xffff_ffff;
    const { result } = await run(udp(nextPort++, { destination: limitedBroadcast, count: 2 }));
    expect(result).toMatchObject({ ok: false, received: 0 });
  });

  test("a connection, a request, an answer", async () => {
    const { result, output } = await run(tcp(await serve("tcp", "http")));
    expect(result).toMatchObject({ ok: true, response: { status: 200 } });
    expect(output).toContain("hello from here");
  });

  test("the source port is the one asked for", async () => {
    const sourcePort = nextPort++;
    const { output } = await run(tcp(await serve("tcp", "whoami"), { sourcePort }));
    expect(output).toContain(`you are 127.0.0.1:${sourcePort}`);
  });

  test("nobody listens on the TCP port", async () => {
    expect((await run(tcp(nextPort++))).result).toMatchObject({ ok: false, error: "ECONNREFUSED" });
  });

  test("curl", async () => {
    const port = await serve("tcp", "http");
    const curl: Curl = {
      ...{ ...base, do: "curl", port, url: "", host: `127.0.0.1:${port}`, path: "/", timeoutNs: second },
    };
    expect((await run(curl)).result).toMatchObject({ ok: true, response: { status: 200 } });
  });

  test("what Node's sockets cannot do is said", async () => {
    await expect(run(tcp(nextPort++, { ttl: 3 }))).rejects.toThrow("TTL");
  });

  test("a port that is taken ends a server", async () => {
    const port = await serve("tcp", "sink");
    nextPort = port;
    await expect(serve("tcp", "sink")).rejects.toThrow("EADDRINUSE");
    nextPort = port + 1;
  });
});
