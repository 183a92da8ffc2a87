import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NatRange } from "../../../src/config/iptables/rule-set.ts";
import { makeIcmpError } from "../../../src/wire/icmp-error.ts";
import { address, ip, Tracker, udp } from "./tracker.ts";

const plain = { random: false, randomFully: false, persistent: false };

function to(first: string, last = first, ports?: { first: number; last: number }): NatRange {
  return { ...plain, addresses: { first: address(first), last: address(last) }, ports };
}

describe("source NAT", () => {
  test("1. The port is kept where it is free; the second client gets another", () => {
    const tracker = new Tracker({ source: to("192.0.2.1") });
    expect(tracker.pass(udp("10.0.0.1:41001", "203.0.113.9:53"))).toBe(
      "NEW: IP 192.0.2.1 > 203.0.113.9 UDP 41001 > 53 len=1",
    );
    expect(tracker.pass(udp("203.0.113.9:53", "192.0.2.1:41001"))).toBe(
      "ESTABLISHED: IP 203.0.113.9 > 10.0.0.1 UDP 53 > 41001 len=1",
    );
    const second = /UDP (\d+) >/.exec(tracker.pass(udp("10.0.0.2:41001", "203.0.113.9:53")))?.[1];
    expect(Number(second)).toBeGreaterThanOrEqual(1024);
    expect(second).not.toBe("41001");
    expect(tracker.pass(udp(`203.0.113.9:53`, `192.0.2.1:${second}`))).toMatch(/> 10\.0\.0\.2 UDP 53 > 41001/);
  });

  test("2. The same port to another destination is free", () => {
    const tracker = new Tracker({ source: to("192.0.2.1") });
    tracker.pass(udp("10.0.0.1:1000", "203.0.113.9:53"));
    expect(tracker.pass(udp("10.0.0.2:1000", "203.0.113.8:53"))).toMatch(/UDP 1000 > 53/);
  });

  test("3. A low port is replaced by a low port", () => {
    for (const [port, least, most] of [
      [500, 1, 511],
      [700, 600, 1023],
    ] as const) {
      const tracker = new Tracker({ source: to("192.0.2.1") });
      tracker.pass(udp(`10.0.0.1:${port}`, "203.0.113.9:53"));
      const chosen = Number(/UDP (\d+) >/.exec(tracker.pass(udp(`10.0.0.2:${port}`, "203.0.113.9:53")))?.[1]);
      expect(chosen).toBeGreaterThanOrEqual(least);
      expect(chosen).toBeLessThanOrEqual(most);
    }
  });

  test("4. A range of ports that is used up: the packet is lost when its connection is confirmed", () => {
    const tracker = new Tracker({ source: to("192.0.2.1", "192.0.2.1", { first: 2000, last: 2001 }) });
    const passed = [1, 2, 3].map((host) => tracker.pass(udp(`10.0.0.${host}:1000`, "203.0.113.9:53")));
    expect(
      passed
        .slice(0, 2)
        .map((text) => /UDP (\d+)/.exec(text)?.[1])
        .sort(),
    ).toEqual(["2000", "2001"]);
    expect(passed[2]).toMatch(/CONNTRACK_CLASH$/);
  });

  test("5. Of several addresses each pair of ends is given its own, as Linux 6.18 chose; with --persistent each client", () => {
    const chosen = (range: NatRange) =>
      [2, 3, 4].map((host) => {
        const text = new Tracker({ source: range }).pass(udp("10.0.0.1:1000", `10.0.0.${host}:53`));
        return /IP (\S+)/.exec(text)?.[1];
      });
    const range = to("192.0.2.1", "192.0.2.9");
    expect(chosen(range)).toEqual(["192.0.2.1", "192.0.2.6", "192.0.2.5"]);
    expect(chosen({ ...range, persistent: true })).toEqual(["192.0.2.3", "192.0.2.3", "192.0.2.3"]);
  });

  test("6. Whoever sends, no two connections have the same answer", () => {
    const client = fc.tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
    );
    fc.assert(
      fc.property(fc.array(client, { maxLength: 40 }), fc.integer({ min: 1, max: 1000 }), (clients, seed) => {
        const tracker = new Tracker({ source: to("192.0.2.1") }, {}, seed);
        for (const [host, port, target] of clients)
          tracker.pass(udp(`10.0.0.${host}:${1000 + port}`, `203.0.113.${target}:53`));
        const { conntrack } = tracker.world;
        const answers = conntrack.ofNetns(tracker.netns).map((row) => JSON.stringify(conntrack.reply.get(row)));
        expect(new Set(answers).size).toBe(answers.length);
        expect(answers.length).toBe(new Set(clients.map(String)).size);
      }),
    );
  });
});

describe("destination NAT", () => {
  const rules = { destination: to("10.0.0.53", "10.0.0.53", { first: 5353, last: 5353 }) };

  test("7. A Service's address becomes its endpoint's; answers come from the Service", () => {
    const tracker = new Tracker(rules);
    expect(tracker.pass(udp("10.0.0.1:1000", "10.96.0.10:53"))).toMatch(
      /IP 10\.0\.0\.1 > 10\.0\.0\.53 UDP 1000 > 5353/,
    );
    expect(tracker.pass(udp("10.0.0.53:5353", "10.0.0.1:1000"))).toMatch(
      /IP 10\.96\.0\.10 > 10\.0\.0\.1 UDP 53 > 1000/,
    );
    expect(tracker.list()).toEqual([
      "src=10.0.0.1 dst=10.96.0.10 sport=1000 dport=53 src=10.0.0.53 dst=10.0.0.1 sport=5353 dport=1000",
    ]);
  });

  test("8. Two Services with one endpoint: a source port that would be mistaken for another's is replaced", () => {
    const tracker = new Tracker(rules);
    tracker.pass(udp("10.0.0.1:1000", "10.96.0.10:53"));
    const second = tracker.pass(udp("10.0.0.1:1000", "10.96.0.11:53"));
    expect(second).toMatch(/IP 10\.0\.0\.1 > 10\.0\.0\.53 UDP \d+ > 5353/);
    expect(second).not.toMatch(/UDP 1000/);
  });

  test("9. Hairpin: both sides are translated, and back", () => {
    const tracker = new Tracker({ ...rules, source: to("10.0.0.254") });
    expect(tracker.pass(udp("10.0.0.53:1000", "10.96.0.10:53"))).toMatch(
      /IP 10\.0\.0\.254 > 10\.0\.0\.53 UDP 1000 > 5353/,
    );
    expect(tracker.pass(udp("10.0.0.53:5353", "10.0.0.254:1000"))).toMatch(
      /IP 10\.96\.0\.10 > 10\.0\.0\.53 UDP 53 > 1000/,
    );
  });

  test("10. An ICMP error about a translated packet quotes what its sender had sent; a redirect is dropped", () => {
    const tracker = new Tracker(rules);
    tracker.pass(udp("10.0.0.1:1000", "10.96.0.10:53"));
    const seen = udp("10.0.0.1:1000", "10.0.0.53:5353");
    const error = ip("10.0.0.53", "10.0.0.1", makeIcmpError(3, 3, 0, seen));
    expect(tracker.pass(error)).toBe(
      "RELATED: IP 10.96.0.10 > 10.0.0.1 ICMP port-unreachable { IP 10.0.0.1 > 10.96.0.10 ttl=64 len=29 UDP 1000 > 53 len=1 }",
    );
    expect(tracker.pass(ip("10.0.0.254", "10.0.0.1", makeIcmpError(5, 1, 1, seen)))).toBe("RELATED: NAT_REDIRECT");
  });
});
