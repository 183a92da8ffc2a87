import { expect, test } from "vitest";
import { type PingSpec, pingProgram } from "../../src/programs/ping.ts";
import { icmpErrorText, tripTimeText } from "../../src/programs/ping-text.ts";
import { ip, ms, ProgramRun, s } from "./program-run.ts";

const spec: PingSpec = {
  program: "ping",
  destination: ip("10.244.0.3"),
  destinationText: "10.244.0.3",
  count: 1,
  intervalNs: s,
  sizeBytes: 56,
  ttl: 64,
  dontFragment: true,
  timeoutNs: s,
  identifier: 101,
};

function reply(sequence: number) {
  return { kind: "echo reply", from: spec.destination, sequence, ttl: 64, sizeBytes: 56 } as const;
}

function hostUnreachable(sequence: number) {
  return { kind: "icmp error", from: ip("10.244.0.2"), type: 3, code: 1, mtu: 0, sequence } as const;
}

const redirect = { ...hostUnreachable(1), type: 5, code: 1, mtu: ip("10.244.0.9") };
const noRoom = { kind: "error", socket: 3, error: "ENOBUFS" } as const;

test("one reply ends a ping of one, with the text of iputils", () => {
  const run = new ProgramRun(pingProgram(spec));
  run.wait(156_000);
  run.give(reply(1));
  expect(run.output).toBe(
    "PING 10.244.0.3 (10.244.0.3) 56(84) bytes of data.\n" +
      "64 bytes from 10.244.0.3: icmp_seq=1 ttl=64 time=0.156 ms\n" +
      "\n--- 10.244.0.3 ping statistics ---\n" +
      "1 packets transmitted, 1 received, 0% packet loss, time 0ms\n" +
      "rtt min/avg/max/mdev = 0.156/0.156/0.156/0.000 ms\n",
  );
  expect(run.exit).toMatchObject({ status: 0, atNs: 156_000 });
  expect(run.exit?.result).toMatchObject({ ok: true, sent: 1, received: 1, reply: { ttl: 64, timeNs: 156_000 } });
});

test("asks for what the options say", () => {
  const run = new ProgramRun(pingProgram({ ...spec, sizeBytes: 1400, ttl: 2, dontFragment: false }));
  expect(run.calls).toMatchObject([
    { kind: "open ping", identifier: 101 },
    { kind: "send echo", to: spec.destination, sequence: 1, sizeBytes: 1400, ttl: 2, dontFragment: false },
  ]);
  expect(run.output).toBe("PING 10.244.0.3 (10.244.0.3) 1400(1428) bytes of data.\n");
});

test("three unreachable probes end a ping of three at the moment of the third error", () => {
  const run = new ProgramRun(pingProgram({ ...spec, count: 3, timeoutNs: 5 * s }));
  run.wait(3_068 * ms);
  for (const sequence of [1, 2, 3]) run.give(hostUnreachable(sequence));
  expect(run.output).toBe(
    "PING 10.244.0.3 (10.244.0.3) 56(84) bytes of data.\n" +
      "From 10.244.0.2 icmp_seq=1 Destination Host Unreachable\n" +
      "From 10.244.0.2 icmp_seq=2 Destination Host Unreachable\n" +
      "From 10.244.0.2 icmp_seq=3 Destination Host Unreachable\n" +
      "\n--- 10.244.0.3 ping statistics ---\n" +
      "3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2000ms\n" +
      "pipe 3\n",
  );
  expect(run.exit).toMatchObject({ status: 1, atNs: 3_068 * ms });
  expect(run.exit?.result.errors).toHaveLength(3);
});

test("without any answer, -W counts from the last send", () => {
  const run = new ProgramRun(pingProgram({ ...spec, timeoutNs: 300 * ms }));
  run.wait(10 * s);
  expect(run.exit).toMatchObject({ status: 1, atNs: 300 * ms, result: { ok: false, error: "timeout" } });
  expect(run.output).toContain("1 packets transmitted, 0 received, 100% packet loss, time 0ms\n\n");
});

test("after an answer, a missing last one is awaited for one interval, not for -W", () => {
  const run = new ProgramRun(pingProgram({ ...spec, count: 2, timeoutNs: 10 * s }));
  run.wait(ms);
  run.give(reply(1));
  run.wait(20 * s);
  expect(run.exit?.atNs).toBe(2 * s);
  expect(run.output).toContain("2 packets transmitted, 1 received, 50% packet loss, time 1000ms\n");
});

test("a slow path is awaited for twice its largest round trip", () => {
  const run = new ProgramRun(pingProgram({ ...spec, count: 3 }));
  run.wait(1_500 * ms);
  run.give(reply(1));
  run.wait(20 * s);
  expect(run.exit?.atNs).toBe(2 * s + 3 * s);
});

test("a second reply to one probe is a duplicate and does not count", () => {
  const run = new ProgramRun(pingProgram({ ...spec, count: 2 }));
  run.give(reply(1));
  run.wait(ms);
  run.give(reply(1));
  run.wait(s);
  run.give(reply(2));
  expect(run.output).toContain("icmp_seq=1 ttl=64 time=1.00 ms (DUP!)\n");
  expect(run.output).toContain("2 packets transmitted, 2 received, +1 duplicates, 0% packet loss");
});

test("a datagram too large for the device is an error that ends it at its next turn", () => {
  const run = new ProgramRun(pingProgram({ ...spec, sizeBytes: 1473, timeoutNs: 10 * s }));
  run.give({ kind: "error", socket: 3, error: "EMSGSIZE", mtu: 1500 });
  run.wait(2 * s);
  expect(run.exit).toMatchObject({ status: 1, atNs: s, result: { error: "EMSGSIZE" } });
});

test("a datagram too large for the device is an error that ends nothing before -W", () => {
  const run = new ProgramRun(pingProgram({ ...spec, sizeBytes: 1472, timeoutNs: 300 * ms }));
  run.give({ kind: "error", socket: 3, error: "EMSGSIZE", mtu: 1450 });
  expect(run.exit).toBeUndefined();
  run.wait(s);
  expect(run.output).toBe(
    "PING 10.244.0.3 (10.244.0.3) 1472(1500) bytes of data.\n" +
      "ping: local error: message too long, mtu=1450\n" +
      "\n--- 10.244.0.3 ping statistics ---\n" +
      "1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n\n",
  );
  expect(run.exit).toMatchObject({ status: 1, atNs: 300 * ms, result: { error: "EMSGSIZE" } });
});

test("without a route ping gives up with status 2", () => {
  const run = new ProgramRun(pingProgram(spec));
  run.give({ kind: "error", socket: 3, error: "ENETUNREACH" });
  expect(run.output).toContain("ping: connect: Network is unreachable\n");
  expect(run.exit).toMatchObject({ status: 2, result: { ok: false, sent: 0, error: "ENETUNREACH" } });
});

test.each([
  ["EINVAL", "ping: connect: Invalid argument\n"],
  ["EHOSTUNREACH", "ping: connect: No route to host\n"],
  ["EACCES", "ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n"],
] as const)("over a route that refuses (%s) it does not even begin", (error, text) => {
  const run = new ProgramRun(pingProgram(spec));
  run.give({ kind: "error", socket: 3, error });
  expect(run.output).toContain(text);
  expect(run.exit).toMatchObject({ status: 2, result: { ok: false, sent: 0, error } });
});

test("a redirect is told and does not count", () => {
  const run = new ProgramRun(pingProgram(spec));
  run.wait(10 * ms);
  run.give(redirect);
  expect(run.output).toContain("From 10.244.0.2: icmp_seq=1 Redirect Host(New nexthop: 10.244.0.9)\n");
  expect(run.exit).toBeUndefined();
});

test("a redirect that comes while ping sends is read after errors, and not at all where these end it", () => {
  const one = new ProgramRun(pingProgram(spec));
  one.give(redirect);
  one.give(hostUnreachable(1));
  expect(one.exit?.result.errors).toHaveLength(1);
  expect(one.output).not.toContain("Redirect");

  const two = new ProgramRun(pingProgram({ ...spec, count: 2 }));
  two.give(redirect);
  two.give(hostUnreachable(1));
  two.wait(2 * ms);
  expect(two.output.split("\n").slice(1, 3)).toEqual([
    "From 10.244.0.2 icmp_seq=1 Destination Host Unreachable",
    "From 10.244.0.2: icmp_seq=1 Redirect Host(New nexthop: 10.244.0.9)",
  ]);

  const answered = new ProgramRun(pingProgram(spec));
  answered.give(redirect);
  answered.give(reply(1));
  expect(answered.output).toMatch(/Redirect.*\n64 bytes from/);
});

test("without room to send it tries again at its interval, as long as its waits are less than -W in all", () => {
  const run = new ProgramRun(pingProgram({ ...spec, count: 2, timeoutNs: s }));
  run.give(noRoom);
  expect(run.output).not.toContain("sendmsg");
  run.wait(s);
  run.give(noRoom);
  expect(run.output).toContain("ping: sendmsg: No buffer space available\n");
  run.wait(s);
  run.give(noRoom);
  run.wait(s);
  expect(run.calls.filter(({ kind }) => kind === "send echo")).toMatchObject(
    [1, 1, 2].map((sequence) => ({ sequence })),
  );
  expect(run.exit).toMatchObject({ status: 1, result: { error: "ENOBUFS", sent: 2, received: 0 } });
});

test("a probe that could be sent at last begins the count of refusals anew", () => {
  const run = new ProgramRun(pingProgram({ ...spec, count: 2, timeoutNs: s }));
  run.give(noRoom);
  run.wait(2 * s);
  run.give(noRoom);
  expect(run.output).not.toContain("sendmsg");
});

test("a payload without room for a time stamp has no times", () => {
  const run = new ProgramRun(pingProgram({ ...spec, sizeBytes: 8 }));
  run.give({ ...reply(1), sizeBytes: 8 });
  expect(run.output).toContain("16 bytes from 10.244.0.3: icmp_seq=1 ttl=64\n");
  expect(run.output).not.toContain("rtt");
});

test("replies to probes never sent are strays", () => {
  const run = new ProgramRun(pingProgram(spec));
  run.give(reply(7));
  expect(run.exit).toBeUndefined();
});

test.each([
  [43, "0.043 ms"],
  [1_234, "1.23 ms"],
  [9_999, "10.0 ms"],
  [12_345, "12.3 ms"],
  [99_960, "100 ms"],
  [1_017_400, "1017 ms"],
])("%i µs print as %s", (us, text) => {
  expect(tripTimeText(us)).toBe(text);
});

test.each([
  [3, 3, 0, "Destination Port Unreachable"],
  [3, 4, 1450, "Frag needed and DF set (mtu = 1450)"],
  [3, 13, 0, "Packet filtered"],
  [3, 77, 0, "Dest Unreachable, Bad Code: 77"],
  [11, 0, 0, "Time to live exceeded"],
  [11, 1, 0, "Frag reassembly time exceeded"],
])("ICMP type %i code %i reads as iputils puts it", (type, code, rest, text) => {
  expect(icmpErrorText(type, code, rest)).toBe(text);
});
