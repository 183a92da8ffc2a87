import { expect, test } from "vitest";
import { type ArpingSpec, arpingProgram } from "../../src/programs/arping.ts";
import { broadcastMac, parseMac } from "../../src/wire/mac-address.ts";
import { ip, ProgramRun, s } from "./program-run.ts";

const target = ip("10.244.0.3");
const targetMac = parseMac("02:00:0a:f4:00:03") ?? 0;
const spec: ArpingSpec = {
  program: "arping",
  dev: "eth0",
  target,
  ownAddress: ip("10.244.0.2"),
  count: 2,
  mode: "ask",
  timeoutNs: s,
};
const toMe = { targetIp: ip("10.244.0.2"), isForMyMac: true, isBroadcast: false };
const reply = { kind: "arp", operation: 2, senderIp: target, senderMac: targetMac, ...toMe } as const;

test("asks everybody once, then the one who answered", () => {
  const run = new ProgramRun(arpingProgram(spec));
  run.wait(657_000);
  run.give(reply);
  run.wait(10 * s);
  expect(run.callsOf("send arp")).toMatchObject([
    { atNs: 0, operation: 1, senderIp: "own", targetIp: target, ethernetDestination: broadcastMac },
    { atNs: s, operation: 1, targetMac, ethernetDestination: targetMac },
  ]);
  expect(run.output).toBe(
    "ARPING 10.244.0.3 from 10.244.0.2 eth0\n" +
      "Unicast reply from 10.244.0.3 [02:00:0A:F4:00:03]  0.657ms\n" +
      "Sent 2 probes (1 broadcast(s))\n" +
      "Received 1 response(s)\n",
  );
  expect(run.exit).toMatchObject({
    status: 0,
    atNs: 2 * s,
    result: { ok: true, reply: { text: "02:00:0a:f4:00:03" } },
  });
});

test("without an answer it fails, a second after the last probe", () => {
  const run = new ProgramRun(arpingProgram({ ...spec, count: 3 }));
  run.wait(10 * s);
  expect(run.output).toContain("Sent 3 probes (3 broadcast(s))\nReceived 0 response(s)\n");
  expect(run.exit).toMatchObject({ status: 1, atNs: 3 * s, result: { ok: false, error: "timeout" } });
});

test("others' ARP is not an answer", () => {
  const run = new ProgramRun(arpingProgram(spec));
  run.give({ ...reply, senderIp: ip("10.244.0.9") });
  run.wait(10 * s);
  expect(run.exit?.result.received).toBe(0);
});

test("what the target says to others is not an answer", () => {
  const run = new ProgramRun(arpingProgram(spec));
  run.give({ ...reply, targetIp: ip("10.244.0.9") });
  run.give({ ...reply, isForMyMac: false });
  run.wait(10 * s);
  expect(run.exit?.result.received).toBe(0);
});

test("-A hears its own announcement where a bridge sends it back", () => {
  const run = new ProgramRun(arpingProgram({ ...spec, count: 1, mode: "answer" }));
  run.give({ ...reply, targetIp: target, isBroadcast: true });
  run.wait(10 * s);
  expect(run.output).toMatch(
    /\nBroadcast reply from 10\.244\.0\.3 .*\nSent 1 .*\nReceived 1 response\(s\) \(1 broadcast\(s\)\)\n$/,
  );
});

test("-A sends one gratuitous reply with its own MAC as target and ends a second later", () => {
  const run = new ProgramRun(arpingProgram({ ...spec, count: 1, mode: "answer" }));
  run.wait(10 * s);
  expect(run.callsOf("send arp")).toMatchObject([
    { operation: 2, senderIp: target, targetIp: target, targetMac: "own", ethernetDestination: broadcastMac },
  ]);
  expect(run.output).toMatch(/^ARPING 10\.244\.0\.3 from 10\.244\.0\.3 eth0\n/);
  expect(run.exit).toMatchObject({ status: 0, atNs: s });
});

test("-U sends a gratuitous request to everybody", () => {
  const run = new ProgramRun(arpingProgram({ ...spec, count: 1, mode: "announce" }));
  expect(run.callsOf("send arp")).toMatchObject([
    { operation: 1, senderIp: target, targetIp: target, targetMac: broadcastMac, ethernetDestination: broadcastMac },
  ]);
});

test("a device that is not there is status 2", () => {
  const run = new ProgramRun(arpingProgram(spec));
  run.give({ kind: "error", socket: 3, error: "EINVAL" });
  expect(run.output).toContain('arping: Interface "eth0" is not available\n');
  expect(run.exit?.status).toBe(2);
});

test.each([
  ["down", 'Interface "eth0" is down\n'],
  ["EADDRNOTAVAIL", "arping: bind: Cannot assign requested address\n"],
  ["no source", "ARPING 10.244.0.3 from 10.244.0.2 eth0\narping: no source address in not-DAD mode\n"],
] as const)("%s: it says so and sends nothing", (problem, output) => {
  const run = new ProgramRun(arpingProgram({ ...spec, problem }));
  expect(run.output).toBe(output);
  expect(run.callsOf("send arp")).toEqual([]);
  expect(run.exit).toMatchObject({ status: 2, result: { ok: false, sent: 0 } });
});
