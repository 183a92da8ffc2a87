import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { confirmPacket } from "../../../src/linux/conntrack/confirm.ts";
import { status } from "../../../src/linux/conntrack/status.ts";
import { attachConnection, trackPacket } from "../../../src/linux/conntrack/track.ts";
import { equalTuples, invertTuple, makeTuple, type Tuple } from "../../../src/linux/conntrack/tuple.ts";
import { icmpEcho } from "../../../src/wire/icmp.ts";
import { makeIcmpError } from "../../../src/wire/icmp-error.ts";
import { ip, s, Tracker, udp } from "./tracker.ts";

const asked = udp("10.0.0.1:1000", "10.0.0.2:53");
const answered = udp("10.0.0.2:53", "10.0.0.1:1000");

describe("UDP", () => {
  test("1. Unanswered: NEW, 30 s, then forgotten", () => {
    const tracker = new Tracker();
    expect(tracker.pass(asked)).toMatch(/^NEW/);
    expect(tracker.pass(asked)).toMatch(/^NEW/);
    expect(tracker.list()).toEqual([
      "src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=53 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=1000",
    ]);
    expect(tracker.timeouts()).toEqual([30]);
    expect(tracker.wait(31 * s).list()).toEqual([]);
  });

  test("2. Answered, and going on for more than two seconds: ASSURED, 120 s", () => {
    const tracker = new Tracker();
    tracker.pass(asked);
    expect(tracker.pass(answered)).toMatch(/^ESTABLISHED/);
    expect(tracker.pass(asked)).toMatch(/^ESTABLISHED/);
    expect(tracker.timeouts()).toEqual([30]);
    tracker.wait(3 * s).pass(asked);
    expect(tracker.timeouts()).toEqual([120]);
    expect(tracker.list()[0]).toMatch(/\[ASSURED\]$/);
  });

  test("3. Timeouts are sysctls", () => {
    const tracker = new Tracker({}, { "net.netfilter.nf_conntrack_udp_timeout": 5 });
    tracker.pass(asked);
    expect(tracker.timeouts()).toEqual([5]);
  });
});

describe("ICMP", () => {
  const ping = ip("10.0.0.1", "10.0.0.2", icmpEcho(8, 7, 1, new Uint8Array(0)));
  const pong = ip("10.0.0.2", "10.0.0.1", icmpEcho(0, 7, 1, new Uint8Array(0)));

  test("4. An echo and its reply are one connection; a reply that nobody asked for is INVALID", () => {
    const tracker = new Tracker();
    expect(tracker.pass(pong)).toMatch(/^INVALID/);
    expect(tracker.pass(ping)).toMatch(/^NEW/);
    expect(tracker.pass(pong)).toMatch(/^ESTABLISHED/);
    expect(tracker.list()).toEqual([
      "src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=7",
    ]);
  });

  test("5. An error is RELATED to the connection that it is about, if it goes to the one who sent the quoted packet", () => {
    const tracker = new Tracker();
    tracker.pass(asked);
    const error = makeIcmpError(3, 3, 0, asked);
    expect(tracker.pass(ip("10.0.0.2", "10.0.0.1", error))).toMatch(/^RELATED/);
    expect(tracker.pass(ip("10.0.0.9", "10.0.0.1", error))).toMatch(/^RELATED/);
    expect(tracker.pass(ip("10.0.0.2", "10.0.0.9", error))).toMatch(/^INVALID/);
    expect(tracker.pass(ip("10.0.0.2", "10.0.0.1", makeIcmpError(3, 3, 0, udp("10.0.0.1:5", "10.0.0.2:6"))))).toMatch(
      /^INVALID/,
    );
  });
});

describe("the table", () => {
  test("6. A packet that is dropped leaves no connection", () => {
    const tracker = new Tracker();
    const packet = tracker.put(asked);
    trackPacket(tracker.world, packet);
    expect(tracker.world.conntrack.table.size).toBe(1);
    tracker.world.packets.remove(packet);
    expect(tracker.world.conntrack.table.size).toBe(0);
  });

  test("7. An answer made here belongs to the connection that it answers, and does not confirm it", () => {
    const { world, put } = bound(new Tracker());
    const packet = put(asked);
    trackPacket(world, packet);
    const answer = put(ip("10.0.0.2", "10.0.0.1", makeIcmpError(3, 3, 0, asked)));
    attachConnection(world, answer, packet);
    expect(confirmPacket(world, answer)).toBe("accept");
    const connection = world.packets.connection.get(packet);
    expect(world.conntrack.has(connection, status.confirmed)).toBe(false);
    expect(world.conntrack.references.get(connection)).toBe(2);
  });

  test("8. Two datagrams that begin one connection at once share it", () => {
    const tracker = new Tracker();
    const { world, put } = bound(tracker);
    const packets = [put(asked), put(asked)];
    for (const packet of packets) trackPacket(world, packet);
    expect(packets.map((packet) => confirmPacket(world, packet))).toEqual(["accept", "accept"]);
    expect(new Set(packets.map((packet) => world.packets.connection.get(packet))).size).toBe(1);
    expect(world.conntrack.table.size).toBe(1);
  });

  test("9. A full table drops what would need a new connection", () => {
    const tracker = new Tracker({}, { "net.netfilter.nf_conntrack_max": 2 });
    const passed = [1, 2, 3].map((port) => tracker.pass(udp(`10.0.0.1:${port}`, "10.0.0.2:53")).split(": ")[1]);
    expect(passed[2]).toBe("CONNTRACK_FULL");
    expect(tracker.list()).toHaveLength(2);
  });
});

const anyPort = fc.integer({ min: 0, max: 65_535 });
const anyAddress = fc.integer({ min: 0, max: 0xffff_ffff });
const queries = fc.constantFrom(8, 0, 13, 14, 15, 16, 17, 18);
const anyTuple: fc.Arbitrary<Tuple> = fc.oneof(
  fc
    .tuple(fc.constantFrom(6, 17, 132), anyAddress, anyAddress, anyPort, anyPort)
    .map(([protocol, from, to, port, other]) => makeTuple(protocol, from, to, port, other)),
  fc
    .tuple(anyAddress, anyAddress, anyPort, queries)
    .map(([from, to, identifier, type]) => makeTuple(1, from, to, identifier, type * 256)),
);

test("10. The inverse of the inverse is the tuple itself, whatever it is", () => {
  fc.assert(
    fc.property(anyTuple, (tuple) => {
      const inverse = invertTuple(tuple) as Tuple;
      expect(inverse.source).toBe(tuple.destination);
      expect(equalTuples(invertTuple(inverse) as Tuple, tuple)).toBe(true);
    }),
  );
});

function bound(tracker: Tracker) {
  return { world: tracker.world, put: (data: Parameters<Tracker["put"]>[0]) => tracker.put(data) };
}
