import { expect, test } from "vitest";
import { type TracerouteSpec, tracerouteProgram } from "../../src/programs/traceroute.ts";
import { ip, ms, ProgramRun, s } from "./program-run.ts";

const [router, target] = [ip("10.0.1.1"), ip("10.0.2.2")];
const spec: TracerouteSpec = {
  program: "traceroute",
  destination: target,
  destinationText: "h2",
  maxHops: 4,
  queries: 2,
  timeoutNs: s,
  identifier: 7,
};
const start = (fields: Partial<TracerouteSpec> = {}) => new ProgramRun(tracerouteProgram({ ...spec, ...fields }));
const exceeded = (sequence: number, from = router) =>
  ({ kind: "icmp error", from, type: 11, code: 0, mtu: 0, sequence }) as const;
const unreachable = (sequence: number, code: number, mtu = 0) =>
  ({ kind: "icmp error", from: router, type: 3, code, mtu, sequence }) as const;
const reply = (sequence: number) => ({ kind: "echo reply", from: target, sequence, ttl: 63, sizeBytes: 32 }) as const;
const head = "traceroute to h2 (10.0.2.2), 4 hops max, 60 byte packets\n";

test("one probe after the other, each TTL twice, until the destination has answered as often", () => {
  const run = start();
  run.wait(1.5 * ms);
  run.give(exceeded(1));
  run.give(exceeded(2));
  run.give(reply(3));
  run.give(reply(4));
  expect(run.callsOf("send echo").map(({ sequence, ttl }) => [sequence, ttl])).toEqual([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
  ]);
  expect(run.output).toBe(`${head} 1  10.0.1.1  1.500 ms  0.000 ms\n 2  10.0.2.2  0.000 ms  0.000 ms\n`);
  expect(run.exit).toMatchObject({ status: 0, result: { ok: true, sent: 4, reply: { text: "10.0.1.1 10.0.2.2" } } });
});

test("silence is an asterisk after the time-out, and an answer to a probe that was given up is not looked at", () => {
  const run = start({ maxHops: 2 });
  run.wait(s);
  run.give(exceeded(1));
  run.give(exceeded(2));
  run.give(exceeded(3, ip("10.0.9.1")));
  run.give(exceeded(4));
  expect(run.output).toBe(
    `${head.replace("4 hops", "2 hops")} 1  * 10.0.1.1  0.000 ms\n 2  10.0.9.1  0.000 ms 10.0.1.1  0.000 ms\n`,
  );
  expect(run.exit).toMatchObject({ status: 0, result: { ok: false, error: "timeout", sent: 4, received: 3 } });
});

test.each([
  ["the network", 0, " !N"],
  ["the host", 1, " !H"],
  ["a port, which means that it is there", 3, ""],
  ["a packet too long", 4, " !F-1400"],
  ["what is prohibited", 13, " !X"],
  ["a code of no letter", 42, " !<42>"],
])("who cannot be reached ends it, with why: %s", (_, code, mark) => {
  const run = start({ queries: 1 });
  run.give(unreachable(1, code, 1400));
  expect(run.output).toBe(`${head} 1  10.0.1.1  0.000 ms${mark}\n`);
  expect(run.exit).toMatchObject({ status: 0, result: { ok: false, errors: [{ from: router, type: 3, code }] } });
});

test("without a way out it says so, and nothing else", () => {
  const run = start();
  run.give({ kind: "error", socket: 3, error: "ENETUNREACH" });
  expect(run.output).toBe("connect: Network is unreachable\n");
  expect(run.exit).toMatchObject({ status: 1, result: { ok: false, error: "ENETUNREACH", sent: 0 } });
});
