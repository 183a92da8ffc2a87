import { expect, test } from "vitest";
import { dnsServer } from "../../src/programs/dns/dns-server.ts";
import type { DnsServerSettings } from "../../src/programs/dns/zone-data.ts";
import {
  type DnsMessage,
  type DnsRecord,
  dnsQuery,
  dnsType,
  emitDns,
  firstOfStream,
  parseDns,
  withLength,
} from "../../src/wire/dns.ts";
import { printDns } from "../../src/wire/dns-text.ts";
import { isMalformed } from "../../src/wire/malformed.ts";
import { addressRecord as record, soa } from "../wire/cluster-zone.ts";
import { ip, ProgramRun, s } from "./program-run.ts";

const client = { address: ip("10.244.0.2"), port: 40_000 };
const local = { address: 0, port: 53 };
const settings: DnsServerSettings = {
  zones: [
    {
      apex: "cluster.local",
      soa,
      records: [
        record("web.default.svc.cluster.local", "10.96.0.1"),
        record("db.default.svc.cluster.local", "10.244.0.3"),
        record("db.default.svc.cluster.local", "10.244.0.4"),
        alias("docs.default.svc.cluster.local", "www.example.com"),
        alias("other.default.svc.cluster.local", "web.default.svc.cluster.local"),
        alias("ring.default.svc.cluster.local", "ring.default.svc.cluster.local"),
      ],
      emptyNames: ["kube-system.svc.cluster.local"],
      podNamespaces: ["default"],
    },
  ],
  upstreams: [],
};

function alias(name: string, target: string): DnsRecord {
  return { name, ttlSeconds: 30, type: dnsType.CNAME, target };
}

function start(upstreams: readonly string[] = []) {
  return new ProgramRun(dnsServer("udp", local, { ...settings, upstreams: upstreams.map(ip) }));
}

/** What comes back for some octets; undefined: nothing. */
function answerTo(run: ProgramRun<unknown>, data: Uint8Array): DnsMessage | undefined {
  const before = run.callsOf("send to").length;
  run.give({ kind: "datagram", socket: 3, from: client, data, ttl: 64 });
  const sent = run.callsOf("send to").at(before);
  if (sent === undefined) return undefined;
  expect(sent.to).toEqual(client);
  const message = parseDns(sent.data);
  if (isMalformed(message)) throw new Error(message.reason);
  return message;
}

function ask(name: string, type: number, fields: Partial<DnsMessage> = {}): string {
  const answer = answerTo(start(), emitDns({ ...dnsQuery(0, name, type), ...fields }));
  return answer === undefined ? "nothing" : `${printDns(answer)}${answer.authoritative ? ", authoritative" : ""}`;
}

test.each([
  [
    "a Service",
    "web.default.svc.cluster.local",
    dnsType.A,
    "A web.default.svc.cluster.local A 10.96.0.1, authoritative",
  ],
  [
    "in whatever case",
    "WEB.Default.svc.cluster.local",
    dnsType.A,
    "A WEB.Default.svc.cluster.local A 10.96.0.1, authoritative",
  ],
  [
    "no IPv6",
    "web.default.svc.cluster.local",
    dnsType.AAAA,
    "AAAA web.default.svc.cluster.local SOA ns.dns.cluster.local, authoritative",
  ],
  [
    "no such name",
    "x.default.svc.cluster.local",
    dnsType.A,
    "No such name A x.default.svc.cluster.local SOA ns.dns.cluster.local, authoritative",
  ],
  [
    "a name above others is there",
    "svc.cluster.local",
    dnsType.A,
    "A svc.cluster.local SOA ns.dns.cluster.local, authoritative",
  ],
  [
    "a namespace is there",
    "kube-system.svc.cluster.local",
    dnsType.A,
    "A kube-system.svc.cluster.local SOA ns.dns.cluster.local, authoritative",
  ],
  [
    "an alias inside of the zone",
    "other.default.svc.cluster.local",
    dnsType.A,
    "A other.default.svc.cluster.local CNAME web.default.svc.cluster.local A 10.96.0.1, authoritative",
  ],
  [
    "an alias that leads outside",
    "docs.default.svc.cluster.local",
    dnsType.A,
    "A docs.default.svc.cluster.local CNAME www.example.com, authoritative",
  ],
  [
    "a pod by its address",
    "10-244-0-9.default.pod.cluster.local",
    dnsType.A,
    "A 10-244-0-9.default.pod.cluster.local A 10.244.0.9, authoritative",
  ],
  [
    "in a namespace that is not there",
    "10-244-0-9.nix.pod.cluster.local",
    dnsType.A,
    "No such name A 10-244-0-9.nix.pod.cluster.local SOA ns.dns.cluster.local, authoritative",
  ],
  ["outside of its zones", "www.example.com", dnsType.A, "Refused A www.example.com"],
  ["the zone itself", "cluster.local", dnsType.SOA, "SOA cluster.local SOA ns.dns.cluster.local, authoritative"],
  ["aliases in a ring", "ring.default.svc.cluster.local", dnsType.A, "Server failure A ring.default.svc.cluster.local"],
])("%s", (_, name, type, text) => {
  expect(ask(name, type)).toBe(`DNS Standard query response 0x0000 ${text}`);
});

test.each([
  ["no whole header", [0, 1, 2, 3], undefined],
  ["an answer", [0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0], undefined],
  ["no question", [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1],
  ["two questions", [0, 1, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0], 1],
  ["a question cut short", [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0x77], 1],
  ["a pointer to itself", [...header(1, 0), 0xc0, 12, 0, 1, 0, 1], 1],
  ["a ring of pointers", [...header(1, 0), 1, 0x77, 0xc0, 12, 0, 1, 0, 1], 1],
  ["a pointer behind the end", [...header(1, 0), 0xc0, 200, 0, 1, 0, 1], 1],
  ["a label of an unknown type", [...header(1, 0), 0x80, 0x77, 0, 0, 1, 0, 1], 1],
  [
    "a name of more than 255 octets",
    [
      ...header(1, 0),
      ...Array(5)
        .fill([60, ...Array(60).fill(0x77)])
        .flat(),
      0,
      0,
      1,
      0,
      1,
    ],
    1,
  ],
  ["half a type", [...header(1, 0), 1, 0x77, 0, 0], 1],
  ["ten records", [...header(1, 10), 1, 0x77, 0, 0, 1, 0, 1], 1],
  ["a record cut in its head", [...header(1, 1), 1, 0x77, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1], 1],
  ["a question that is announced and not there", header(1, 0), 2],
  ["an update", [0, 1, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0], 4],
])("octets that are no query: %s", (_, octets, rcode) => {
  const answer = answerTo(start(), Uint8Array.from(octets));
  expect(answer?.rcode).toBe(rcode);
  if (answer !== undefined) expect(answer).toMatchObject({ id: 1, response: true, questions: [], answers: [] });
});

/** An id, RD, and how many questions and additional records are said to follow. */
function header(questions: number, additionals: number): number[] {
  return [0, 1, 1, 0, 0, questions, 0, 0, 0, 0, 0, additionals];
}

const wwwA = [...header(1, 0), 3, 0x77, 0x77, 0x77, 0, 0, 1, 0, 1];

test.each([
  ["octets behind the last record", [...wwwA, 1, 2, 3], [1, 1]],
  ["two additional records that are not there", [...header(1, 2), ...wwwA.slice(12)], [1, 1]],
  ["a question without a class", wwwA.slice(0, -2), [1, 0]],
  ["a question without type and class", wwwA.slice(0, -4), [0, 0]],
])("a query for all that: %s", (_, octets, [type, dnsClass]) => {
  const answer = answerTo(start(), Uint8Array.from(octets));
  expect(answer).toMatchObject({ rcode: 5, questions: [{ name: "www", type, class: dnsClass }] });
});

test("addresses come in an order that the query's id decides", () => {
  const orders = [0, 1].map((id) => {
    const answer = answerTo(start(), emitDns(dnsQuery(id, "db.default.svc.cluster.local", dnsType.A)));
    return answer?.answers.map((one) => (one.type === dnsType.A ? one.address & 0xff : 0));
  });
  expect(orders).toEqual([
    [3, 4],
    [4, 3],
  ]);
});

test("what is too long for a datagram is cut off, and says so; over TCP it is whole", () => {
  const records = Array.from({ length: 60 }, (_, i) => record("many.cluster.local", `10.244.1.${i}`));
  const many = { zones: [{ apex: "cluster.local", soa, records }], upstreams: [] };
  const query = dnsQuery(1, "many.cluster.local", dnsType.A);
  const udp = new ProgramRun(dnsServer("udp", local, many));
  const short = answerTo(udp, emitDns(query));
  expect([short?.truncated, (short?.answers.length ?? 0) < 60]).toEqual([true, true]);
  const edns = { udpPayloadSize: 4096, extendedRcode: 0, version: 0, dnssecOk: false, options: new Uint8Array(0) };
  const long = answerTo(udp, emitDns({ ...query, edns }));
  expect([long?.truncated, long?.answers.length, long?.edns?.udpPayloadSize]).toEqual([false, 60, 4096]);

  const tcp = new ProgramRun(dnsServer("tcp", local, many));
  tcp.give({ kind: "accepted", listener: 3, socket: 1000, from: client });
  const stream = withLength(emitDns(query));
  tcp.give({ kind: "data", socket: 1000, data: stream.subarray(0, 5) });
  expect(tcp.callsOf("send")).toEqual([]);
  tcp.give({ kind: "data", socket: 1000, data: stream.subarray(5) });
  const whole = parseDns(firstOfStream(tcp.callsOf("send")[0].data) as Uint8Array);
  expect(isMalformed(whole) ? 0 : whole.answers.length).toBe(60);
  tcp.give({ kind: "end of stream", socket: 1000 });
  expect(tcp.callsOf("close").map(({ socket }) => socket)).toEqual([1000]);
});

test("names of others are asked for upstream: after two seconds the next one, and in the end SERVFAIL", () => {
  const run = start(["203.0.113.53", "203.0.113.54"]);
  expect(answerTo(run, emitDns(dnsQuery(7, "www.example.com", dnsType.A)))).toBeUndefined();
  run.wait(6 * s - 1);
  const asked = run.callsOf("open udp").slice(1);
  expect(asked.map(({ remote, atNs }) => [remote?.address, atNs / s])).toEqual([
    [ip("203.0.113.53"), 0],
    [ip("203.0.113.54"), 2],
    [ip("203.0.113.53"), 4],
  ]);
  expect(run.callsOf("send to")).toEqual([]);
  run.wait(1);
  const [failed] = run.callsOf("send to");
  expect(printDns(parseDns(failed.data) as DnsMessage)).toBe(
    "DNS Standard query response 0x0007 Server failure A www.example.com",
  );
});

test("the answer from there goes to who asked, behind the alias that led there", () => {
  const run = start(["203.0.113.53"]);
  const query = dnsQuery(7, "docs.default.svc.cluster.local", dnsType.A);
  answerTo(run, emitDns(query));
  const { socket } = run.callsOf("open udp")[1];
  const asked = parseDns(run.callsOf("send")[0].data) as DnsMessage;
  expect(printDns(asked)).toBe("DNS Standard query 0x0007 A www.example.com");
  const from = { address: ip("203.0.113.53"), port: 53 };
  const give = (message: DnsMessage) => run.give({ kind: "datagram", socket, from, data: emitDns(message), ttl: 60 });
  give({ ...asked, id: 8, response: true, answers: [record("www.example.com", "6.6.6.6")] });
  expect(run.callsOf("send to"), "another id").toEqual([]);
  give({ ...asked, response: true, recursionAvailable: true, answers: [record("www.example.com", "203.0.113.80")] });
  const answer = parseDns(run.callsOf("send to")[0].data) as DnsMessage;
  expect(printDns(answer)).toBe(
    "DNS Standard query response 0x0007 A docs.default.svc.cluster.local CNAME www.example.com A 203.0.113.80",
  );
  expect(run.callsOf("close").map((call) => call.socket)).toEqual([socket]);
});

test("what it learns from the API server holds from then on", () => {
  const run = start();
  const query = emitDns(dnsQuery(1, "new.cluster.local", dnsType.A));
  expect(answerTo(run, query)?.rcode).toBe(3);
  const zones = [{ apex: "cluster.local", soa, records: [record("new.cluster.local", "10.96.0.2")] }];
  run.give({ kind: "informed", names: { zones, upstreams: [] } });
  expect(answerTo(run, query)?.answers).toHaveLength(1);
});

test("the upstream that answered is asked first the next time", () => {
  const run = start(["203.0.113.53", "203.0.113.54"]);
  const query = dnsQuery(7, "www.example.com", dnsType.A);
  answerTo(run, emitDns(query));
  run.wait(2 * s);
  const { socket } = run.callsOf("open udp")[2];
  const from = { address: ip("203.0.113.54"), port: 53 };
  run.give({ kind: "datagram", socket, from, data: emitDns({ ...query, response: true }), ttl: 60 });
  answerTo(run, emitDns(query));
  expect(run.callsOf("open udp").at(-1)?.remote?.address).toBe(ip("203.0.113.54"));
});
