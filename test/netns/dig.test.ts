import { execFileSync, spawn, spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DigSpec, digProgram } from "../../src/programs/dns/dig.ts";
import { dnsServer } from "../../src/programs/dns/dns-server.ts";
import { type DnsRecord, dnsType, firstOfStream, withLength } from "../../src/wire/dns.ts";
import { parseType, printType } from "../../src/wire/dns-text.ts";
import { ip, ProgramRun } from "../programs/program-run.ts";
import { addressRecord as address, soa } from "../wire/cluster-zone.ts";

/**
 * Our dig beside BIND's: one server answers both, out of a table of queries and answers that our dig and our CoreDNS have made. So
 * BIND's dig gets an answer at all only if it asks in the very same octets.
 */

const version = spawnSync("dig", ["-v"], { encoding: "utf8" });
const isPossible = process.getuid?.() === 0 && `${version.stdout}${version.stderr}`.includes("DiG 9.18.");
if (!isPossible)
  console.warn("dig is not compared with the real one: that needs root and dig 9.18 (Debian's bind9-dnsutils).");

const netns = `k8snet-dig${process.pid}`;
const server = "10.96.0.10";
const client = { address: ip("10.244.0.2"), port: 40_000 };
const web = "web.default.svc.cluster.local";

const records: readonly DnsRecord[] = [
  address(web, "10.96.1.1"),
  address("db.default.svc.cluster.local", "10.244.0.3"),
  address("db.default.svc.cluster.local", "10.244.0.4"),
  address("a.b", "192.0.2.1"),
  { name: "docs.default.svc.cluster.local", ttlSeconds: 30, type: dnsType.CNAME, target: web },
  {
    name: `_http._tcp.${web}`,
    ttlSeconds: 30,
    type: dnsType.SRV,
    priority: 0,
    weight: 100,
    port: 80,
    target: web,
  },
  { name: "1.1.96.10.in-addr.arpa", ttlSeconds: 30, type: dnsType.PTR, target: web },
  ...Array.from({ length: 90 }, (_, i) => address("many.default.svc.cluster.local", `10.244.1.${i}`)),
];
const settings = {
  zones: [
    { apex: "cluster.local", soa, records },
    { apex: "in-addr.arpa", records },
    { apex: "a.b", records },
  ],
  upstreams: [],
};

interface Exchange {
  readonly overTcp: boolean;
  readonly query: Uint8Array;
  /** Several datagrams, or none. */
  readonly answers: readonly Uint8Array[];
}

function spec(name: string, fields: Partial<DigSpec> = {}): DigSpec {
  const given = { program: "dig", name, type: dnsType.A, server: ip(server), identifier: 0x2a2a } as const;
  return { ...given, tcp: false, short: false, timeoutNs: 1e9, tries: 1, ...fields };
}

/** What our dig prints, and what was said between it and who answers. */
function ours(asked: DigSpec, answerTo: (query: Uint8Array, overTcp: boolean) => readonly Uint8Array[]) {
  const run = new ProgramRun(digProgram(asked));
  const exchanges: Exchange[] = [];
  for (let n = 0; run.exit === undefined && n < 10; n++) {
    const opened = run.calls.filter(({ kind }) => kind === "open udp" || kind === "open tcp").at(-1);
    if (opened === undefined || !("socket" in opened) || !("remote" in opened)) break;
    const { socket } = opened;
    const overTcp = opened.kind === "open tcp";
    if (overTcp) run.give({ kind: "connected", socket, local: client });
    const sent = run.callsOf("send").at(-1)?.data as Uint8Array;
    const query = overTcp ? (firstOfStream(sent) as Uint8Array) : sent;
    const answers = answerTo(query, overTcp);
    exchanges.push({ overTcp, query, answers });
    for (const data of answers) {
      if (overTcp) run.give({ kind: "data", socket, data: withLength(data) });
      else run.give({ kind: "datagram", socket, from: { address: ip(server), port: 53 }, data, ttl: 64 });
    }
    if (run.exit === undefined && answers.length === 0) run.wait(1e9);
    else if (run.exit === undefined && run.callsOf("close").length === 0) run.wait(1e9);
  }
  return { text: run.output, exchanges, status: run.exit?.status };
}

function coreDns(query: Uint8Array, overTcp: boolean): readonly Uint8Array[] {
  const local = { address: 0, port: 53 };
  const run = new ProgramRun(dnsServer(overTcp ? "tcp" : "udp", local, settings));
  if (!overTcp) {
    run.give({ kind: "datagram", socket: 3, from: client, data: query, ttl: 64 });
    return run.callsOf("send to").map(({ data }) => data);
  }
  run.give({ kind: "accepted", listener: 3, socket: 1000, from: client });
  run.give({ kind: "data", socket: 1000, data: withLength(query) });
  return run.callsOf("send").map(({ data }) => firstOfStream(data) as Uint8Array);
}

/** Answers queries as the table says, whatever their ids, with the id of the question where the answer had it. */
const tableServer = `
const table = new Map(JSON.parse(process.argv[1]).map(([query, answers]) => [query, answers.map((one) => Buffer.from(one, "hex"))]));
const answersTo = (query, overTcp) => (table.get(overTcp + " " + query.subarray(2).toString("hex")) ?? []).map((answer) => {
  const own = Buffer.from(answer);
  if (own.length >= 2) own.writeUInt16BE((own.readUInt16BE(0) - 0x2a2a + query.readUInt16BE(0)) & 0xffff, 0);
  return own;
});
const udp = require("dgram").createSocket("udp4");
udp.on("message", (query, from) => { for (const answer of answersTo(query, false)) udp.send(answer, from.port, from.address); });
const tcp = require("net").createServer((socket) => socket.on("data", (data) => {
  for (const answer of answersTo(data.subarray(2), true)) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    socket.write(Buffer.concat([length, answer]));
  }
}));
tcp.listen(53, "0.0.0.0", () => udp.bind(53, "0.0.0.0", () => console.log("up")));
`;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** What BIND's dig prints where the same is said. */
async function real(argv: readonly string[], exchanges: readonly Exchange[]) {
  const table = exchanges.map(({ overTcp, query, answers }) => [
    `${overTcp} ${hex(query.subarray(2))}`,
    answers.map(hex),
  ]);
  const inside = ["netns", "exec", netns];
  const child = spawn("ip", [...inside, process.execPath, "-e", tableServer, JSON.stringify(table)]);
  try {
    await new Promise((up) => child.stdout.once("data", up));
    const { stdout, status } = spawnSync("ip", [...inside, "dig", ...argv], { encoding: "utf8" });
    return { text: stdout, status };
  } finally {
    child.kill();
    await new Promise((ended) => child.once("close", ended));
  }
}

/** How the command is typed. */
function argvOf({ name, type, search, tcp, short, timeoutNs, tries }: DigSpec): readonly string[] {
  return [
    `@${server}`,
    name,
    ...(type === dnsType.A ? [] : [printType(type)]),
    ...(search === undefined ? [] : ["+search", ...search.search.map((domain) => `+domain=${domain}`)]),
    ...(tcp ? ["+tcp"] : []),
    "+nocookie",
    ...(short ? ["+short"] : []),
    `+time=${timeoutNs / 1e9}`,
    `+tries=${tries}`,
  ];
}

/** Without version, id, times, and the settings that a statement of ours has no words for on its first line. */
function comparable(text: string): string {
  return text
    .replace(/<<>> DiG \S+ <<>>/g, "<<>> DiG <<>>")
    .replace(/ \+(time|tries|domain)=\S+/g, "")
    .replace(/id: \d+/g, "id: N")
    .replace(/expected ID \d+, got \d+/g, "expected ID N, got M")
    .replace(/^[\da-f]{2} [\da-f]{2} (8[45].{40} {9})../gm, "ID ID $1??")
    .replace(/Query time: \d+ msec/g, "Query time: N msec")
    .replace(/^;; WHEN: .*\n/gm, "");
}

describe.runIf(isPossible)("dig prints what BIND's dig prints", () => {
  beforeAll(() => {
    execFileSync("ip", ["netns", "add", netns]);
    execFileSync("ip", ["-n", netns, "link", "set", "lo", "up"]);
    execFileSync("ip", ["-n", netns, "addr", "add", `${server}/32`, "dev", "lo"]);
  });
  afterAll(() => {
    spawnSync("ip", ["netns", "del", netns]);
  });

  async function compare(asked: DigSpec, answerTo: Parameters<typeof ours>[1]): Promise<string> {
    const own = ours(asked, answerTo);
    const other = await real(argvOf(asked), own.exchanges);
    expect(comparable(own.text)).toBe(comparable(other.text));
    expect(own.status).toBe(other.status);
    return own.text;
  }

  const answered: readonly (readonly [string, DigSpec, RegExp])[] = [
    ["an address", spec(web), /\t10\.96\.1\.1\n/],
    ["a short name: columns by tabs", spec("a.b"), /^a\.b\.\t\t\t30\tIN\tA\t192\.0\.2\.1$/m],
    ["several addresses", spec("db.default.svc.cluster.local"), /ANSWER: 2/],
    ["an alias", spec("docs.default.svc.cluster.local"), /CNAME/],
    ["a port by its name", spec(`_http._tcp.${web}`, { type: dnsType.SRV }), /SRV 0 100 80/],
    ["an address backwards", spec("1.1.96.10.in-addr.arpa", { type: dnsType.PTR }), /PTR\tweb/],
    ["no data", spec(web, { type: dnsType.AAAA }), /AUTHORITY SECTION/],
    ["the zone", spec("cluster.local", { type: dnsType.SOA }), /SOA\tns\.dns/],
    ["a type without a name", spec(web, { type: parseType("TYPE65280") as number }), /TYPE65280/],
    ["no such name", spec("nobody.default.svc.cluster.local"), /status: NXDOMAIN/],
    ["none of its zones", spec("www.example.com"), /status: REFUSED/],
    ["over TCP", spec(web, { tcp: true }), /\(TCP\)/],
    ["too long for a datagram", spec("many.default.svc.cluster.local"), /Truncated, retrying in TCP mode/],
    ["short", spec("db.default.svc.cluster.local", { short: true }), /^10\.244\.0\.\d\n10\.244\.0\.\d\n$/],
    ["short, and there is none", spec("nobody.default.svc.cluster.local", { short: true }), /^$/],
  ];
  test.each(answered)("%s", async (_, asked, shown) => {
    expect(await compare(asked, coreDns)).toMatch(shown);
  });

  /** The question as it was asked, behind a header with these counts, and what comes then. */
  const damaged = (query: Uint8Array, answers: number, rest: readonly number[]): Uint8Array => {
    const question = query.subarray(12, query.length - 11);
    const head = [query[0], query[1], 0x85, 0x80, 0, 1, 0, answers, 0, 0, 0, 0];
    return Uint8Array.from([...head, ...question, ...rest]);
  };
  const record = (type: number, length: number, data: readonly number[]) => {
    return [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 30, 0, length, ...data];
  };
  const broken: readonly (readonly [string, (query: Uint8Array) => Uint8Array, RegExp])[] = [
    ["less than a header", (query) => query.subarray(0, 6), /short \(< header size\)/],
    ["another id", (query) => Uint8Array.from([query[0] ^ 1, ...damaged(query, 0, []).subarray(1)]), /ID mismatch/],
    [
      "another question",
      (query) => Uint8Array.from([...damaged(query, 0, []).subarray(0, 12), 1, 0x78, 0, 0, 1, 0, 1]),
      /Question section mismatch: got x\/A\/IN/,
    ],
    ["cut in the question", (query) => damaged(query, 0, []).subarray(0, 20), /8 extra bytes at end/],
    ["more records announced than there are", (query) => damaged(query, 9, []), /malformed message[\s\S]*ANSWER: 9/],
    ["a record cut in its head", (query) => damaged(query, 1, [0xc0, 12, 0, 1, 0, 1]), /4 extra bytes/],
    ["octets behind the end", (query) => damaged(query, 0, [1, 2, 3]), /3 extra bytes/],
    ["a pointer to itself", (query) => damaged(query, 1, [0xc0, query.length - 11]), /bad compression pointer/],
    ["a label of an unknown type", (query) => damaged(query, 1, [0x80, 1]), /bad label type/],
    [
      "a name too long",
      (query) =>
        damaged(
          query,
          1,
          Array.from({ length: 300 }, (_, i) => (i % 60 === 0 ? 59 : 0x61)),
        ),
      /name too long/,
    ],
    ["an address of three octets", (query) => damaged(query, 1, record(1, 3, [1, 2, 3])), /3 extra bytes/],
    ["an address of five octets", (query) => damaged(query, 1, record(1, 5, [1, 2, 3, 4, 5])), /extra input data/],
    ["a name that goes on behind its record", (query) => damaged(query, 1, record(5, 2, [1, 0x61, 0])), /malformed/],
    ["a record that goes on behind its name", (query) => damaged(query, 1, record(5, 4, [1, 0x61, 0, 7])), /extra/],
    ["an SOA of three octets", (query) => damaged(query, 1, record(6, 3, [0, 0, 1])), /3 extra bytes/],
  ];
  test.each(broken)("malformed: %s", async (_, answer, shown) => {
    expect(await compare(spec(web), (query) => [answer(query)])).toMatch(shown);
  });

  test("junk before the answer itself", async () => {
    const text = await compare(spec(web), (query) => [query.subarray(0, 6), ...coreDns(query, false)]);
    expect(text).toMatch(/short[\s\S]*10\.96\.1\.1/);
  });

  test("nobody answers", async () => {
    expect(await compare(spec(web, { tries: 2 }), () => [])).toMatch(
      /timed out\n.*timed out\n[\s\S]*no servers could be reached/,
    );
  });
});
