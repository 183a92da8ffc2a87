import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
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
import { isInZone, labelsOf, problemOfName, reverseName, sameName } from "../../src/wire/dns-name.ts";
import { parseType, printData, printDns, printType } from "../../src/wire/dns-text.ts";
import { emitFrame, ethernetFrame } from "../../src/wire/ethernet.ts";
import { printFrame } from "../../src/wire/frame-text.ts";
import { ipv4Packet } from "../../src/wire/ipv4.ts";
import { isMalformed } from "../../src/wire/malformed.ts";
import { pcapngInterface, pcapngPacket, pcapngSection } from "../../src/wire/pcapng.ts";
import { udpDatagram } from "../../src/wire/udp.ts";
import { soa } from "./cluster-zone.ts";

const web = "web.default.svc.cluster.local";
const edns = { udpPayloadSize: 1232, extendedRcode: 0, version: 0, dnssecOk: false, options: new Uint8Array(0) };

function answer(query: DnsMessage, fields: Partial<DnsMessage>): DnsMessage {
  return { ...query, response: true, authoritative: true, ...fields };
}

/** One of each kind that we send. */
const messages: readonly (readonly [string, DnsMessage])[] = [
  ["a query", dnsQuery(0x2a, web, dnsType.A)],
  ["a query with EDNS", { ...dnsQuery(1, web, dnsType.AAAA), edns, authenticData: true }],
  ["the root", dnsQuery(2, "", dnsType.NS)],
  ["an address", answer(dnsQuery(3, web, dnsType.A), { answers: [address(web, 0x0a600001)] })],
  ["no such name", answer(dnsQuery(4, `x.${web}`, dnsType.A), { rcode: 3, authorities: [soa] })],
  ["no data", answer(dnsQuery(5, web, dnsType.AAAA), { authorities: [soa], edns })],
  [
    "an alias",
    answer(dnsQuery(6, web, dnsType.A), {
      answers: [
        { name: web, ttlSeconds: 30, type: dnsType.CNAME, target: "www.example.com" },
        address("www.example.com", 0xcb007150),
      ],
    }),
  ],
  [
    "a service",
    answer(dnsQuery(7, `_http._tcp.${web}`, dnsType.SRV), {
      answers: [
        {
          name: `_http._tcp.${web}`,
          ttlSeconds: 30,
          type: dnsType.SRV,
          priority: 0,
          weight: 100,
          port: 80,
          target: web,
        },
      ],
      additionals: [address(web, 0x0a600001)],
    }),
  ],
  [
    "a pointer",
    answer(dnsQuery(8, "1.0.96.10.in-addr.arpa", dnsType.PTR), {
      answers: [{ name: "1.0.96.10.in-addr.arpa", ttlSeconds: 30, type: dnsType.PTR, target: web }],
    }),
  ],
  [
    "an IPv6 address",
    answer(dnsQuery(9, web, dnsType.AAAA), {
      answers: [
        { name: web, ttlSeconds: 1, type: dnsType.AAAA, octets: Uint8Array.from([0xfd, 0, ...Array(13).fill(0), 1]) },
      ],
    }),
  ],
  ["refused", answer(dnsQuery(10, "example.com", dnsType.A), { authoritative: false, rcode: 5 })],
  [
    "a format error without a question",
    { ...answer(dnsQuery(11, "", 0), { authoritative: false, rcode: 1 }), questions: [] },
  ],
];

function address(name: string, value: number): DnsRecord {
  return { name, ttlSeconds: 30, type: dnsType.A, address: value };
}

test.each(messages)("%s is parsed as it was made, with compressed names and without", (_, message) => {
  expect(parseDns(emitDns(message))).toEqual(message);
  const compressed = emitDns(message, true);
  expect(parseDns(compressed)).toEqual(message);
  expect(compressed.length).toBeLessThanOrEqual(emitDns(message).length);
});

test("RFC 1035, 4.1.4: the end of a name that was there before is a pointer to it", () => {
  const records = [address("F.ISI.ARPA", 1), address("FOO.F.ISI.ARPA", 2), address("ARPA", 3), address("", 4)];
  const bytes = emitDns({ ...dnsQuery(0, "", 1), questions: [], answers: records }, true);
  expect([...bytes.subarray(12, 24)]).toEqual([1, 0x46, 3, 0x49, 0x53, 0x49, 4, 0x41, 0x52, 0x50, 0x41, 0]);
  expect([...bytes.subarray(38, 44)]).toEqual([3, 0x46, 0x4f, 0x4f, 0xc0, 12]);
  expect([...bytes.subarray(58, 60)]).toEqual([0xc0, 18]);
});

test("names: 63 octets in a label, 253 characters in all; with their cases forgotten", () => {
  const long = [63, 63, 63, 61].map((length) => "x".repeat(length)).join(".");
  expect(long).toHaveLength(253);
  expect(problemOfName(long)).toBeUndefined();
  expect(problemOfName(`${long}x`)).toBe("has 254 characters, and a domain name at most 253");
  expect(problemOfName(`${"x".repeat(64)}.com`)).toBe("has a label of 64 characters, and a label has at most 63");
  expect(problemOfName("a..b")).toBe("has an empty label");
  expect(labelsOf("a\\.b.c\\000")).toEqual([Uint8Array.from([0x61, 0x2e, 0x62]), Uint8Array.from([0x63, 0])]);
  expect(sameName("Web.Default", "web.default")).toBe(true);
  expect([isInZone("a.cluster.local", "cluster.local"), isInZone("notcluster.local", "cluster.local")]).toEqual([
    true,
    false,
  ]);
  expect(reverseName(0x0a60000a)).toBe("10.0.96.10.in-addr.arpa");
});

test.each([
  ["too short", [0, 1, 2], "3 bytes, needs 12"],
  ["a question that is not there", header(1), "a name goes on behind the end"],
  ["a label behind the end", [...header(1), 5, 0x61], "a label goes on behind the end"],
  ["a pointer to itself", [...header(1), 0xc0, 12, 0, 1, 0, 1], "a compression pointer to 12, which is not before it"],
  [
    "a ring of pointers",
    [...header(1), 1, 0x61, 0xc0, 12, 0, 1, 0, 1],
    "a compression pointer to 12, which is not before it",
  ],
  ["a label of a type that nobody knows", [...header(1), 0x41, 0x61, 0, 0, 1, 0, 1], "a label of the unknown type 1"],
  ["octets behind the end", [...header(0), 7], "1 octets behind the last record"],
  ["a record cut short", [...header(0, 1), 0, 0, 1, 0, 1, 0, 0], "a record goes on behind the end"],
  [
    "an address of three octets",
    [...header(0, 1), 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 1, 2, 3],
    "the data of a record of type 1 are not 3 octets long",
  ],
])("malformed: %s", (_, octets, reason) => {
  expect(parseDns(Uint8Array.from(octets))).toMatchObject({ kind: "malformed", layer: "dns", reason });
});

function header(questions: number, answers = 0): number[] {
  return [0, 1, 1, 0, 0, questions, 0, answers, 0, 0, 0, 0];
}

test("any octets give a message or what is wrong, and a message is the same again", () => {
  const junk = fc.uint8Array({ maxLength: 120 });
  const damaged = fc
    .tuple(
      fc.constantFrom(...messages),
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { maxLength: 4 }),
      fc.nat(20),
    )
    .map(([[, message], compress, changes, missing]) => {
      const bytes = emitDns(message, compress);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes.subarray(0, bytes.length - missing);
    });
  const property = fc.property(fc.oneof(junk, damaged), (bytes) => {
    const message = parseDns(bytes);
    if (isMalformed(message)) return;
    expect(printDns(message)).not.toContain("undefined");
    for (const record of message.answers) expect(printData(record)).not.toContain("undefined");
    expect(parseDns(emitDns(message))).toEqual(message);
  });
  fc.assert(property, { numRuns: 3000 });
});

test("over TCP the length goes first", () => {
  const bytes = emitDns(dnsQuery(1, web, 1));
  const stream = withLength(bytes);
  expect(firstOfStream(stream)).toEqual(bytes);
  expect(firstOfStream(stream.subarray(0, 20))).toBeUndefined();
});

test("types have names, unknown ones numbers", () => {
  expect([printType(33), printType(1234), parseType("aaaa"), parseType("TYPE1234"), parseType("nothing")]).toEqual([
    ...["SRV", "TYPE1234"],
    ...[28, 1234, undefined],
  ]);
});

test("a datagram of port 53 that is a message is printed as one", () => {
  expect(printFrame(frameOf(emitDns(messages[0][1])))).toContain(
    `UDP 40000 > 53 len=47 DNS Standard query 0x002a A ${web} [`,
  );
  expect(printFrame(frameOf(Uint8Array.from([1, 2, 3])))).toContain("UDP 40000 > 53 len=3 [");
});

function frameOf(data: Uint8Array, isAnswer = false) {
  const [source, destination] = isAnswer ? [53, 40_000] : [40_000, 53];
  const payload = udpDatagram(source, destination, data);
  return ethernetFrame(2, 1, ipv4Packet({ source: 0x0a000001, destination: 0x0a000002, ttl: 64, payload }));
}

const tshark = spawnSync("tshark", ["--version"]).error === undefined;

test.skipIf(!tshark)("tshark reads every message without complaint, and says of it what we say", () => {
  const folder = mkdtempSync(join(tmpdir(), "k8snet-dns-"));
  const path = join(folder, "dns.pcapng");
  const both = messages.flatMap(([, message]) => [false, true].map((compress) => ({ message, compress })));
  const packets = both.map(({ message, compress }, i) =>
    pcapngPacket(0, i, "out", emitFrame(frameOf(emitDns(message, compress), message.response))),
  );
  writeFileSync(path, Buffer.concat([pcapngSection(), pcapngInterface("eth0"), ...packets]));
  const columns = ["_ws.col.Info", "_ws.malformed", "_ws.expert.severity"].flatMap((field) => ["-e", field]);
  const output = execFileSync("tshark", ["-n", "-r", path, "-T", "fields", ...columns], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  rmSync(folder, { recursive: true });
  const rows = output
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t"));
  expect(rows.map(([info]) => `DNS ${info}`)).toEqual(both.map(({ message }) => printDns(message)));
  expect(rows.map(([, malformed]) => malformed).filter((text) => text !== "")).toEqual([]);
});

const senseless: readonly (readonly [string, readonly number[]])[] = [
  ["less than a header", [0, 1, 1, 0]],
  ["a question cut in its name", [...header(1), 3, 0x77]],
  ["a question without type and class", [...header(1), 1, 0x77, 0]],
  ["a ring of pointers", [...header(1), 1, 0x77, 0xc0, 12, 0, 1, 0, 1]],
  ["nine records announced, and none there", [...header(1, 9), 1, 0x77, 0, 0, 1, 0, 1]],
  ["a record cut in its data", [...header(0, 1), 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2]],
];

test.skipIf(!tshark).each(senseless)("tshark complains of what is malformed here: %s", (_, octets) => {
  const data = Uint8Array.from(octets);
  expect(isMalformed(parseDns(data))).toBe(true);
  const folder = mkdtempSync(join(tmpdir(), "k8snet-dns-"));
  const path = join(folder, "dns.pcapng");
  writeFileSync(
    path,
    Buffer.concat([pcapngSection(), pcapngInterface("eth0"), pcapngPacket(0, 0, "out", emitFrame(frameOf(data)))]),
  );
  const output = execFileSync("tshark", ["-n", "-r", path], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  rmSync(folder, { recursive: true });
  expect(output).toMatch(/Malformed Packet|Name contains a pointer that loops/);
});
