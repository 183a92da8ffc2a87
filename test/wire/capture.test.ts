import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Capture } from "../../src/wire/capture.ts";
import { readCapture } from "../../src/wire/capture-reader.ts";
import { emitFrame, ethernetFrame } from "../../src/wire/ethernet.ts";
import { icmpEcho } from "../../src/wire/icmp.ts";
import { type Ipv4Payload, ipv4Packet } from "../../src/wire/ipv4.ts";
import { isMalformed } from "../../src/wire/malformed.ts";
import { pcapngInterface, pcapngPacket, pcapngSection } from "../../src/wire/pcapng.ts";
import { tcpFlag, tcpSegment } from "../../src/wire/tcp.ts";
import { udpDatagram } from "../../src/wire/udp.ts";
import { capturesFolder } from "./kernel-captures.ts";

const echo = frame(icmpEcho(8, 101, 1, new Uint8Array(56)));
const datagram = frame(udpDatagram(41001, 53, new Uint8Array(5)));
const syn = frame(
  tcpSegment({ sourcePort: 40001, destinationPort: 80, sequence: 1, acknowledgment: 0, flags: tcpFlag.syn, window: 9 }),
);

/** Two interfaces, the second one described only after a packet of the first, as when a device is added on the way. */
const sample = joined(
  pcapngSection(),
  pcapngInterface("pod1/eth0"),
  pcapngPacket(0, 500_000_001, "out", echo),
  pcapngInterface("node1/veth1"),
  pcapngPacket(1, 1_700_000_000_000_000_003n, "in", datagram),
  pcapngPacket(0, 2 ** 40, "in", syn),
);

test("a pcapng file made here is read back", () => {
  const capture = read(sample);
  expect(capture.problem).toBeUndefined();
  expect(capture.interfaces).toEqual([
    { name: "pod1/eth0", linkType: 1 },
    { name: "node1/veth1", linkType: 1 },
  ]);
  expect(capture.packets).toEqual([
    { interfaceIndex: 0, timeNs: 500_000_001n, direction: "out", originalLength: 98, bytes: echo },
    { interfaceIndex: 1, timeNs: 1_700_000_000_000_000_003n, direction: "in", originalLength: 47, bytes: datagram },
    { interfaceIndex: 0, timeNs: 2n ** 40n, direction: "in", originalLength: 54, bytes: syn },
  ]);
});

test("Wireshark reads it: names, times, directions, and all checksums right", (context) => {
  if (spawnSync("tshark", ["--version"]).error !== undefined) {
    if (process.env.CI !== undefined) throw new Error("tshark is not on the PATH; install it to run this test");
    context.skip("not run: tshark is not on the PATH");
  }
  const fields = ["frame.interface_name", "frame.time_epoch", "frame.packet_flags_direction", "_ws.col.Protocol"];
  const statuses = ["ip.checksum.status", "udp.checksum.status", "tcp.checksum.status", "icmp.checksum.status"];
  const rows = tshark(sample, [...fields, ...statuses]).map((row) => row.split("\t"));
  expect(rows.map((row) => row.slice(0, 2))).toEqual([
    ["pod1/eth0", "0.500000001"],
    ["node1/veth1", "1700000000.000000003"],
    ["pod1/eth0", "1099.511627776"],
  ]);
  expect(rows.map((row) => Number(row[2]))).toEqual([2, 1, 1]);
  // 1 = good, 0 = bad; of the transports each packet has one.
  expect(rows.map((row) => row.slice(4).filter((status) => status !== ""))).toEqual([
    ["1", "1"],
    ["1", "1"],
    ["1", "1"],
  ]);
});

test("a file that was cut off gives the packets before the end, and says so", () => {
  const capture = read(sample.subarray(0, sample.length - 10));
  expect(capture.packets).toHaveLength(2);
  expect(capture.problem).toMatchObject({ layer: "pcapng", reason: "block cut short" });
});

test("a packet of an interface that was not described is a problem", () => {
  const capture = read(joined(pcapngSection(), pcapngPacket(0, 0, "in", echo)));
  expect(capture.problem?.reason).toBe("packet of an interface that is not described");
});

test("big-endian pcapng, with microseconds, a simple packet and a block of an unknown type", () => {
  const capture = read(bigEndianPcapng());
  expect(capture).toEqual({
    interfaces: [{ name: undefined, linkType: 1 }],
    packets: [
      {
        interfaceIndex: 0,
        timeNs: 5_000_001_000n,
        direction: undefined,
        originalLength: 60,
        bytes: Uint8Array.of(1, 2),
      },
      { interfaceIndex: 0, timeNs: 0n, originalLength: 3, bytes: Uint8Array.of(7, 8, 9) },
    ],
  });
});

test.each([
  ["little-endian, microseconds", 0xa1b2c3d4, true, 7_000n],
  ["big-endian, microseconds", 0xa1b2c3d4, false, 7_000n],
  ["little-endian, nanoseconds", 0xa1b23c4d, true, 7n],
  ["big-endian, nanoseconds", 0xa1b23c4d, false, 7n],
])("classic pcap: %s", (_, magic, littleEndian, fractionNs) => {
  const view = new DataView(new ArrayBuffer(24 + 16 + 2));
  const words = [magic, 0, 0, 0, 65535, 1, 3, 7, 2, 60];
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word, littleEndian);
  view.setUint16(40, 0xabcd);
  expect(read(new Uint8Array(view.buffer))).toEqual({
    interfaces: [{ linkType: 1 }],
    packets: [
      {
        interfaceIndex: 0,
        timeNs: 3_000_000_000n + fractionNs,
        originalLength: 60,
        bytes: Uint8Array.of(0xab, 0xcd),
      },
    ],
  });
});

test("anything else is no capture", () => {
  expect(readCapture(new TextEncoder().encode("node node1 {"))).toMatchObject({
    kind: "malformed",
    reason: "neither pcap nor pcapng",
  });
  expect(readCapture(new Uint8Array(3))).toMatchObject({ kind: "malformed", reason: "no magic number" });
});

test("damaged captures of either kind are read without throwing", () => {
  const pcap = new Uint8Array(readFileSync(join(capturesFolder, "01-same-node-cold", "pod1.eth0.pcap")));
  const damage = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 5 });
  const property = fc.property(
    fc.constantFrom(sample, pcap, bigEndianPcapng()),
    damage,
    fc.nat(300),
    (file, changes, missing) => {
      const bytes = file.slice(0, Math.max(0, file.length - missing));
      for (const [at, value] of changes) bytes[at] = value;
      const capture = readCapture(bytes);
      expect(isMalformed(capture) || Array.isArray(capture.packets)).toBe(true);
    },
  );
  fc.assert(property, { numRuns: 1000 });
});

function frame(payload: Ipv4Payload): Uint8Array {
  const packet = ipv4Packet({ source: 0x0af40002, destination: 0x0af40003, ttl: 64, payload });
  return emitFrame(ethernetFrame(0x02000af40003, 0x02000af40002, packet));
}

function read(bytes: Uint8Array): Capture {
  const capture = readCapture(bytes);
  if (isMalformed(capture)) throw new Error(capture.reason);
  return capture;
}

function tshark(file: Uint8Array, fields: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "k8snet-"));
  const path = join(folder, "sample.pcapng");
  writeFileSync(path, file);
  const checks = ["ip", "udp", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
  const columns = fields.flatMap((field) => ["-e", field]);
  try {
    const output = execFileSync(
      "tshark",
      ["-d", "udp.port==8472,vxlan", "-r", path, ...checks, "-T", "fields", ...columns],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    return output.trimEnd().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Written out word by word: section, interface, unknown block, enhanced packet, simple packet. */
function bigEndianPcapng(): Uint8Array {
  const words = [
    [0x0a0d0d0a, 28, 0x1a2b3c4d, 0x00010000, 0xffffffff, 0xffffffff, 28],
    [1, 20, 0x00010000, 0, 20],
    [0x0bad, 16, 0x12345678, 16],
    [6, 36, 0, 0, 5_000_001, 2, 60, 0x01020000, 36],
    [3, 20, 3, 0x07080900, 20],
  ].flat();
  const view = new DataView(new ArrayBuffer(words.length * 4));
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word);
  return new Uint8Array(view.buffer);
}
