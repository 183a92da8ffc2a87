import { expect, test } from "vitest";
import { byName } from "../../src/programs/dns/by-name.ts";
import { nextIdentifier } from "../../src/programs/dns/identifier.ts";
import { candidatesOf, type ResolverSettings } from "../../src/programs/dns/search-list.ts";
import type { Program } from "../../src/programs/program.ts";
import {
  type DnsMessage,
  type DnsRecord,
  dnsQuery,
  dnsType,
  emitDns,
  firstOfStream,
  parseDns,
} from "../../src/wire/dns.ts";
import { printDns } from "../../src/wire/dns-text.ts";
import { formatIpv4 } from "../../src/wire/ipv4-address.ts";
import { ip, ProgramRun, s } from "./program-run.ts";

const pod: ResolverSettings = {
  nameservers: [ip("10.96.0.10")],
  search: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
  ndots: 5,
  timeoutNs: 5 * s,
  attempts: 2,
};
const plain: ResolverSettings = { ...pod, search: [], ndots: 1 };

/** Says what address it was given, and ends. */
function told(address: number, leftNs: number): Program<unknown> {
  const result = { ok: true, sent: 1, received: 1, errors: [] };
  return {
    start: () => ({
      state: null,
      effects: [
        { kind: "print", text: `${formatIpv4(address)} ${leftNs / s}` },
        { kind: "exit", status: 0, result },
      ],
    }),
    handle: (state) => ({ state, effects: [] }),
  };
}

function look(name: string, resolver = plain, timeoutNs = 60 * s) {
  return new ProgramRun(byName({ name, resolver, identifier: 1, program: "curl", timeoutNs }, told));
}

/** What it has sent, each with its time in seconds, its socket, and the server of that. */
function asked(run: ProgramRun<unknown>): string[] {
  return run.callsOf("send").map(({ atNs, socket, data }) => {
    const { id, questions } = parseDns(data) as DnsMessage;
    const [{ name, type }] = questions;
    const open = run.calls.find((call) => call.kind.startsWith("open") && "socket" in call && call.socket === socket);
    const server = open !== undefined && "remote" in open ? formatIpv4(open.remote?.address ?? 0) : "";
    return `${atNs / s} s, ${socket} to ${server}: ${id} ${type === dnsType.A ? "A" : "AAAA"} ${name}`;
  });
}

function answer(run: ProgramRun<unknown>, index: number, fields: Partial<DnsMessage> = {}): void {
  const { socket, data } = run.callsOf("send").at(index) as { socket: number; data: Uint8Array };
  const query = parseDns(data) as DnsMessage;
  const message = emitDns({ ...query, response: true, ...fields });
  run.give({ kind: "datagram", socket, from: { address: pod.nameservers[0], port: 53 }, data: message, ttl: 64 });
}

const web: DnsRecord = { name: "web", ttlSeconds: 30, type: dnsType.A, address: ip("10.96.0.1") };
const nxDomain = { rcode: 3 };
const second = nextIdentifier(1);

test("the search list: with fewer dots than ndots its domains first; a dot at the end leaves the name alone", () => {
  expect(candidatesOf("web", pod)).toEqual([
    "web.default.svc.cluster.local",
    "web.svc.cluster.local",
    "web.cluster.local",
    "web",
  ]);
  expect(candidatesOf("a.b.c.d.e.f", pod)[0]).toBe("a.b.c.d.e.f");
  expect(candidatesOf("www.example.com.", pod)).toEqual(["www.example.com"]);
  expect(candidatesOf("www.example.com", { search: ["x"], ndots: 1 })).toEqual([
    "www.example.com",
    "www.example.com.x",
  ]);
  const long = Array(4).fill("y".repeat(60)).join(".");
  expect(candidatesOf(long, pod), "253 characters are the most").toEqual(
    [`${long}.cluster.local`.length > 253 ? "" : `${long}.cluster.local`, long].filter(Boolean),
  );
});

test("A and AAAA go at once, from one socket; the name is there when both are answered", () => {
  const run = look("web");
  expect(asked(run)).toEqual(["0 s, 100 to 10.96.0.10: 1 A web", `0 s, 100 to 10.96.0.10: ${second} AAAA web`]);
  run.wait(s);
  answer(run, 0, { answers: [web] });
  expect(run.exit).toBeUndefined();
  answer(run, 1);
  expect(run.output).toBe("10.96.0.1 59");
  expect(run.exit?.result.answer).toMatchObject({ status: "NOERROR", name: "web", queries: 2, timeNs: s });
  expect(run.callsOf("close").map(({ socket }) => socket)).toEqual([100]);
});

test("name by name of the search list, each from a socket of its own", () => {
  const run = look("web.default", pod);
  for (const index of [0, 1]) answer(run, index, nxDomain);
  expect(
    asked(run)
      .slice(2)
      .map((line) => line.replace(/: \d+/, ":")),
  ).toEqual([
    "0 s, 101 to 10.96.0.10: A web.default.svc.cluster.local",
    "0 s, 101 to 10.96.0.10: AAAA web.default.svc.cluster.local",
  ]);
  answer(run, 2, { answers: [web] });
  answer(run, 3);
  expect(run.exit?.result.answer).toMatchObject({ name: "web.default.svc.cluster.local", queries: 4 });
});

test("a name that nobody has", () => {
  const run = look("nix", plain);
  for (const index of [0, 1]) answer(run, index, nxDomain);
  expect(run.output).toBe("curl: (6) Could not resolve host: nix\n");
  expect(run.exit?.result).toMatchObject({ ok: false, error: "EAI_NONAME", answer: { status: "NXDOMAIN" } });
});

test("the five seconds: one of two answers is missing, so both are asked for again, one after the other", () => {
  const run = look("web");
  answer(run, 0, { answers: [web] });
  run.wait(5 * s);
  expect(asked(run).slice(2)).toEqual(["5 s, 100 to 10.96.0.10: 1 A web"]);
  answer(run, 2, { answers: [web] });
  expect(asked(run).slice(3)).toEqual([`5 s, 100 to 10.96.0.10: ${second} AAAA web`]);
  answer(run, 3);
  expect(run.output).toBe("10.96.0.1 55");
});

test("and when it is missing again, from another socket; then what there is must do", () => {
  const run = look("web");
  answer(run, 0, { answers: [web] });
  run.wait(5 * s);
  answer(run, 2, { answers: [web] });
  run.wait(5 * s);
  expect(asked(run).slice(4)).toEqual(["10 s, 101 to 10.96.0.10: 1 A web"]);
  answer(run, 4, { answers: [web] });
  expect(asked(run).slice(5)).toEqual([`10 s, 102 to 10.96.0.10: ${second} AAAA web`]);
  run.wait(5 * s);
  expect(run.output).toBe("10.96.0.1 45");
});

test("nobody answers: each nameserver in turn, all of them twice", () => {
  const two = { ...plain, nameservers: [ip("10.96.0.10"), ip("10.96.0.11")] };
  const run = look("web", two);
  run.wait(30 * s);
  const questions = asked(run)
    .filter((line) => line.includes(" A "))
    .map((line) => line.replace(/:.*/, ""));
  expect(questions).toEqual([
    "0 s, 100 to 10.96.0.10",
    "5 s, 101 to 10.96.0.11",
    "10 s, 100 to 10.96.0.10",
    "15 s, 101 to 10.96.0.11",
  ]);
  expect(run.exit).toMatchObject({ status: 6, atNs: 20 * s, result: { error: "EAI_AGAIN" } });
});

test("nobody answers at all: the search is given up, but the name as it stands is tried", () => {
  const run = look("web", pod);
  run.wait(60 * s);
  const names = new Set(asked(run).map((line) => line.split(" ").at(-1)));
  expect([...names]).toEqual(["web.default.svc.cluster.local", "web"]);
  expect(run.exit?.atNs).toBe(20 * s);
});

test("whoever says SERVFAIL or REFUSED is not asked any more: the next one may know", () => {
  const two = { ...plain, nameservers: [ip("10.96.0.10"), ip("10.96.0.11")] };
  const run = look("web", two);
  answer(run, 0, { rcode: 2 });
  answer(run, 1, { rcode: 5 });
  expect(asked(run)[2]).toBe("0 s, 101 to 10.96.0.11: 1 A web");
});

test("a port where nobody listens is as good as a refusal", () => {
  const run = look("web");
  run.give({ kind: "error", socket: 100, error: "ECONNREFUSED" });
  expect(asked(run)).toHaveLength(4);
  run.give({ kind: "error", socket: 101, error: "ECONNREFUSED" });
  expect(run.exit).toMatchObject({ atNs: 0, result: { error: "EAI_AGAIN" } });
});

test("single-request: the second question waits for the first answer; with -reopen it comes from another socket", () => {
  const run = look("web", { ...plain, singleRequest: true });
  expect(asked(run)).toHaveLength(1);
  answer(run, 0, { answers: [web] });
  expect(asked(run)[1]).toContain("0 s, 100 to");
  const other = look("web", { ...plain, singleRequestReopen: true });
  answer(other, 0, { answers: [web] });
  expect(asked(other)[1]).toContain("0 s, 101 to");
});

test("a truncated answer is fetched over TCP, and use-vc begins there", () => {
  const run = look("web");
  answer(run, 0, { truncated: true });
  const open = run.callsOf("open tcp")[0];
  expect(open).toMatchObject({ socket: 101, remote: { port: 53 } });
  run.give({ kind: "connected", socket: 101, local: { address: 0, port: 40_000 } });
  const first = parseDns(firstOfStream(run.callsOf("send")[2].data) as Uint8Array) as DnsMessage;
  expect(printDns(first)).toBe("DNS Standard query 0x0001 A web");
  expect(look("web", { ...plain, useVc: true }).callsOf("open tcp")).toHaveLength(1);
});

test("what is not the answer to a question is not heard", () => {
  const run = look("web");
  const from = { address: pod.nameservers[0], port: 53 };
  const give = (data: Uint8Array) => run.give({ kind: "datagram", socket: 100, from, data, ttl: 64 });
  give(emitDns({ ...dnsQuery(99, "web", dnsType.A), response: true, answers: [web] }));
  give(emitDns({ ...dnsQuery(1, "other", dnsType.A), response: true, answers: [web] }));
  give(emitDns(dnsQuery(1, "web", dnsType.A)));
  expect([asked(run).length, run.exit]).toEqual([2, undefined]);
});

test("a time limit holds for the lookup as well", () => {
  const run = look("web", plain, 3 * s);
  run.wait(3 * s);
  expect(run.output).toBe("curl: (28) Resolving timed out after 3000 milliseconds\n");
  expect(run.callsOf("close").map(({ socket }) => socket)).toEqual([100]);
});
