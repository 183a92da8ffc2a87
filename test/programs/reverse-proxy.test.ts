import { expect, test } from "vitest";
import { reverseProxy } from "../../src/programs/ingress/reverse-proxy.ts";
import { findUpstream, type ReverseProxySettings } from "../../src/programs/ingress/routes.ts";
import { bytes, ip, ms, ProgramRun, s } from "./program-run.ts";

const local = { address: 0, port: 80 };
const client = { address: ip("203.0.113.80"), port: 40_000 };
const endpoint = (address: string) => ({ address: ip(address), port: 8080 });
const settings: ReverseProxySettings = {
  servers: [
    {
      host: "shop.example.com",
      paths: [
        { path: "/", pathType: "Prefix", upstream: "shop" },
        { path: "/cart", pathType: "Prefix", upstream: "cart" },
        { path: "/cart/", pathType: "Exact", upstream: "exact" },
        { path: "/img", pathType: "ImplementationSpecific", upstream: "img" },
        { path: "/nobody", pathType: "Exact", upstream: "nobody" },
      ],
    },
    { host: "*.example.com", paths: [{ path: "/", pathType: "Prefix", upstream: "any" }] },
    { host: "", paths: [{ path: "/all", pathType: "Prefix", upstream: "all" }] },
  ],
  upstreams: { shop: [endpoint("10.244.0.2"), endpoint("10.244.0.3")], nobody: [] },
};

// https://kubernetes.io/docs/concepts/services-networking/ingress/: path types, several matches, wildcards.
test.each([
  ["shop.example.com", "/", "shop"],
  ["shop.example.com", "/other?x=/cart", "shop"],
  ["shop.example.com", "/cart", "cart"],
  ["shop.example.com", "/cart/1", "cart"],
  ["shop.example.com", "/cartoon", "shop"],
  ["shop.example.com", "/cart/", "exact"],
  ["shop.example.com", "/imgs", "img"],
  ["SHOP.example.com:8080", "/cart", "cart"],
  ["blue.example.com", "/cart", "any"],
  ["a.b.example.com", "/", undefined],
  ["example.com", "/", undefined],
  ["other.org", "/all/1", "all"],
  ["", "/all", "all"],
])("%s%s leads to %s", (host, target, upstream) => {
  expect(findUpstream(settings, host, target)).toBe(upstream);
});

test("what no path takes goes to the default backend, where there is one", () => {
  expect(findUpstream({ ...settings, defaultUpstream: "default" }, "other.org", "/")).toBe("default");
});

function ask(request: string) {
  const run = new ProgramRun(reverseProxy(local, settings));
  run.give({ kind: "accepted", listener: 3, socket: 1000, from: client });
  run.give({ kind: "data", socket: 1000, data: bytes(request) });
  return run;
}

function get(path: string, headers = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: curl/8.5.0\r\n${headers}\r\n`;
}

/** What the client was sent. */
function answers(run: ProgramRun<unknown>): string[] {
  return run
    .callsOf("send")
    .filter(({ socket }) => socket === 1000)
    .map(({ data }) => new TextDecoder().decode(data));
}

const opened = (run: ProgramRun<unknown>) => run.callsOf("open tcp").map(({ socket, remote }) => ({ socket, remote }));

test("asks an endpoint for the client, and says for whom; what the client itself says of that is not believed", () => {
  const run = ask(get("/", "X-Forwarded-For: 6.6.6.6\r\n"));
  const [{ socket, remote }] = opened(run);
  expect(remote).toEqual(endpoint("10.244.0.2"));
  run.give({ kind: "connected", socket, local });
  expect(new TextDecoder().decode(run.callsOf("send")[0].data).split("\r\n")).toEqual([
    "GET / HTTP/1.1",
    "Host: shop.example.com",
    "X-Real-IP: 203.0.113.80",
    "X-Forwarded-For: 203.0.113.80",
    "X-Forwarded-Host: shop.example.com",
    "X-Forwarded-Port: 80",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Scheme: http",
    "X-Scheme: http",
    "User-Agent: curl/8.5.0",
    "",
    "",
  ]);
  run.give({ kind: "data", socket, data: bytes("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhel") });
  expect(answers(run)).toEqual([]);
  run.give({ kind: "data", socket, data: bytes("lo") });
  expect(answers(run)).toEqual(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]);
  expect(run.callsOf("close").map((call) => call.socket)).toEqual([socket]);
});

test("a request with a body waits until that is there, and goes on with it", () => {
  const run = ask("POST / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 4\r\n\r\nab");
  expect(opened(run)).toEqual([]);
  run.give({ kind: "data", socket: 1000, data: bytes("cd") });
  const [{ socket }] = opened(run);
  run.give({ kind: "connected", socket, local });
  expect(new TextDecoder().decode(run.callsOf("send")[0].data)).toMatch(/\r\n\r\nabcd$/);
});

test("two endpoints take turns, and a second request on one connection is answered after the first", () => {
  const run = ask(get("/") + get("/"));
  expect(opened(run)).toHaveLength(1);
  run.give({
    kind: "data",
    socket: opened(run)[0].socket,
    data: bytes("HTTP/1.0 204 No Content\r\nContent-Length: 0\r\n\r\n"),
  });
  expect(opened(run).map(({ remote }) => remote)).toEqual([endpoint("10.244.0.2"), endpoint("10.244.0.3")]);
});

test.each([
  ["no rule", "GET / HTTP/1.1\r\nHost: other.org\r\n\r\n", /^HTTP\/1\.1 404 .*default backend - 404$/s],
  ["no endpoint", get("/nobody"), /^HTTP\/1\.1 503 Service Temporarily Unavailable/],
  ["no HTTP", "hello\r\n\r\n", /^HTTP\/1\.1 400 Bad Request/],
])("%s", (_, request, answer) => {
  expect(answers(ask(request))).toEqual([expect.stringMatching(answer)]);
});

test("an endpoint that refuses: the next one is asked, and when all have, 502", () => {
  const run = ask(get("/"));
  run.give({ kind: "error", socket: opened(run)[0].socket, error: "ECONNREFUSED" });
  expect(opened(run).map(({ remote }) => remote)).toEqual([endpoint("10.244.0.2"), endpoint("10.244.0.3")]);
  expect(answers(run)).toEqual([]);
  run.give({ kind: "error", socket: opened(run)[1].socket, error: "ECONNREFUSED" });
  expect(answers(run)).toEqual([expect.stringMatching(/^HTTP\/1\.1 502 Bad Gateway/)]);
});

test("endpoints that are silent: five seconds for each, and 504", () => {
  const run = ask(get("/"));
  run.wait(10 * s);
  expect(run.callsOf("open tcp").map(({ atNs }) => atNs / s)).toEqual([0, 5]);
  expect(answers(run)).toEqual([expect.stringMatching(/^HTTP\/1\.1 504 Gateway Time-out/)]);
});

test("closes 220 ms after the client, and leaves the endpoint too", () => {
  const run = ask(get("/"));
  run.give({ kind: "end of stream", socket: 1000 });
  run.wait(220 * ms);
  expect(run.callsOf("close").map(({ socket }) => socket)).toEqual([opened(run)[0].socket, 1000]);
});

test("what it learns from the API server holds from then on", () => {
  const run = new ProgramRun(reverseProxy(local, settings));
  run.give({ kind: "informed", proxy: { ...settings, upstreams: { shop: [] } } });
  run.give({ kind: "accepted", listener: 3, socket: 1000, from: client });
  run.give({ kind: "data", socket: 1000, data: bytes(get("/")) });
  expect(answers(run)).toEqual([expect.stringMatching(/^HTTP\/1\.1 503/)]);
});
