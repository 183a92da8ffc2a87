import { expect, test } from "vitest";
import { type CurlSpec, curlProgram } from "../../src/programs/curl.ts";
import { bytes, ip, ms, ProgramRun, s } from "./program-run.ts";

const spec: CurlSpec = {
  program: "curl",
  host: "web.default:8080",
  path: "/",
  destination: ip("10.96.0.10"),
  port: 8080,
  timeoutNs: 3 * s,
};

const connected = { kind: "connected", socket: 3, local: { address: ip("10.244.0.2"), port: 40000 } } as const;
const eof = { kind: "end of stream", socket: 3 } as const;

function begun(): ProgramRun<unknown> {
  const run = new ProgramRun(curlProgram(spec));
  run.wait(ms);
  run.give(connected);
  return run;
}

function data(text: string) {
  return { kind: "data", socket: 3, data: bytes(text) } as const;
}

test("asks as curl does", () => {
  const [send] = begun().callsOf("send");
  expect(new TextDecoder().decode(send.data)).toMatch(
    /^GET \/ HTTP\/1\.1\r\nHost: web\.default:8080\r\nUser-Agent: curl\/\S+\r\nAccept: \*\/\*\r\n\r\n$/,
  );
});

test("prints the body once it is complete, and closes", () => {
  const run = begun();
  run.give(data("HTTP/1.0 200 OK\r\nContent-Length: 6\r\nX-Served-By: pod2\r\n\r\nhel"));
  expect(run.exit).toBeUndefined();
  run.give(data("lo\n"));
  expect(run.output).toBe("hello\n");
  expect(run.callsOf("close")).toHaveLength(1);
  expect(run.exit).toMatchObject({
    status: 0,
    result: { ok: true, response: { status: 200, body: "hello\n", headers: { "x-served-by": "pod2" } } },
  });
});

test("a body of untold length ends with the stream", () => {
  const run = begun();
  run.give(data("HTTP/1.0 404 Not Found\r\n\r\nno such page\n"));
  expect(run.exit).toBeUndefined();
  run.give(eof);
  expect(run.exit).toMatchObject({ status: 0, result: { response: { status: 404, body: "no such page\n" } } });
});

test.each([
  ["ECONNREFUSED", 7, "Failed to connect to web.default port 8080 after 5 ms: Couldn't connect to server"],
  ["EHOSTUNREACH", 7, "Failed to connect to web.default port 8080 after 5 ms: Couldn't connect to server"],
  ["ETIMEDOUT", 28, "Failed to connect to web.default port 8080 after 5 ms: Timeout was reached"],
] as const)("%s while connecting is error %i", (error, status, text) => {
  const run = new ProgramRun(curlProgram(spec));
  run.wait(5 * ms);
  run.give({ kind: "error", socket: 3, error });
  expect(run.output).toBe(`curl: (${status}) ${text}\n`);
  expect(run.exit).toMatchObject({ status, result: { ok: false, error } });
});

test("the maximum time passes while connecting", () => {
  const run = new ProgramRun(curlProgram(spec));
  run.wait(10 * s);
  expect(run.output).toBe("curl: (28) Connection timed out after 3000 milliseconds\n");
  expect(run.exit).toMatchObject({ status: 28, result: { error: "timeout" } });
});

test("the maximum time passes while reading", () => {
  const run = begun();
  run.give(data("HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhel"));
  run.wait(10 * s);
  expect(run.output).toBe("curl: (28) Operation timed out after 3000 milliseconds with 3 out of 6 bytes received\n");
});

test.each([
  ["nothing at all", "", 52, "Empty reply from server"],
  [
    "half a body",
    "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhel",
    18,
    "transfer closed with 3 bytes remaining to read",
  ],
  ["what is not HTTP", "220 ready\r\n\r\n", 1, "Received HTTP/0.9 when not allowed"],
])("%s before the end is an error", (_what, text, status, message) => {
  const run = begun();
  if (text !== "") run.give(data(text));
  run.give(eof);
  expect(run.output).toBe(`curl: (${status}) ${message}\n`);
  expect(run.exit?.status).toBe(status);
});

test("a reset while reading is error 56", () => {
  const run = begun();
  run.give({ kind: "error", socket: 3, error: "ECONNRESET" });
  expect(run.output).toBe("curl: (56) Recv failure: Connection reset by peer\n");
});
