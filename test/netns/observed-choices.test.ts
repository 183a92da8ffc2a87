import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { printTuple } from "../../src/lab/inspect/print-connection.ts";
import { openLab } from "../../src/lab/lab.ts";
import { compileSync } from "../../src/language/compile.ts";
import { makeTuple } from "../../src/linux/conntrack/tuple.ts";
import type { SeenFrame } from "../../src/netns/capture.ts";
import type { ObservedConnection } from "../../src/netns/connection-events.ts";
import { ObservedChoices } from "../../src/netns/observed-choices.ts";
import { parseIpv4 } from "../../src/wire/address-text.ts";
import { ipProtocol } from "../../src/wire/ipv4.ts";

const file = new URL("../labs/service-endpoints.k8snet", import.meta.url);
const { plan } = compileSync(readFileSync(file, "utf8"), file.href);
const { tcp } = ipProtocol;
const ip = (text: string) => parseIpv4(text) as number;
const [client, service] = [ip("10.244.1.2"), ip("10.96.0.10")];

/** Linux was seen to open this connection, and to translate it so. */
function seen(timeNs: number, port: number, endpoint: string): ObservedConnection {
  const original = makeTuple(tcp, client, service, port, 80);
  return { netns: "node1", timeNs, original, answers: makeTuple(tcp, ip(endpoint), client, 8080, port) };
}

function choicesOf(
  connections: readonly ObservedConnection[],
  frames: readonly SeenFrame[] = [],
  bridgeTimersNs: ReadonlyMap<string, number> = new Map(),
): ObservedChoices {
  const reachableTimes = new Map<string, number>();
  return new ObservedChoices({
    frames,
    connections,
    watched: ["node1"],
    reachableTimes,
    bridgeTimersNs,
    statements: [],
    endNs: 0,
    timerWheel: undefined,
  });
}

/** Runs the lab with these choices; the answers of its connections, and what was refused. */
function run(connections: readonly ObservedConnection[], frames: readonly SeenFrame[] = []) {
  const choices = choicesOf(connections, frames);
  const opened = openLab(plan, { choices });
  if ("problems" in opened) throw new Error(opened.problems[0].message);
  const { lab } = opened;
  const sent: SeenFrame[] = [];
  while (lab.run(1000, ({ frame }) => frame !== undefined && sent.push(frame)));
  const { conntrack, namespaces } = lab.world;
  const node = [...namespaces.table.rows()].find((row) => namespaces.name.get(row) === "node1") ?? 0;
  const answers = conntrack.ofNetns(node).map((row) => printTuple(conntrack.reply.get(row)));
  return { answers, sent, refusals: choices.refusals.map(({ linux }) => printTuple(linux)) };
}

/** A first packet of pod client, as its own interface saw it: Linux drew its port. */
function clientFrames(ports: readonly number[]): readonly SeenFrame[] {
  const { sent } = run([]);
  const begins = sent.filter(({ device, direction, frame: { payload } }) => {
    const isSyn = payload.kind === "ipv4" && payload.payload.kind === "tcp" && payload.payload.flags === 2;
    return device === "client/eth0" && direction === "out" && isSyn;
  });
  expect(begins).toHaveLength(ports.length);
  return begins.map((one, index) => {
    const { payload } = one.frame;
    if (payload.kind !== "ipv4" || payload.payload.kind !== "tcp") throw new Error("not a segment");
    const segment = { ...payload.payload, sourcePort: ports[index] };
    return { ...one, frame: { ...one.frame, payload: { ...payload, payload: segment } } };
  });
}

test("a socket gets the port that Linux drew, and its connection the endpoint", () => {
  const frames = clientFrames([40_001, 40_003]);
  const [first, second] = frames.map(({ timeNs }) => timeNs);
  const endpoints = ["10.244.1.3", "10.244.1.4", "10.244.1.5"];
  for (const one of endpoints) {
    for (const other of endpoints) {
      const { answers, refusals } = run([seen(first, 40_001, one), seen(second, 40_003, other)], frames);
      expect(answers).toEqual([
        `src=${one} dst=10.244.1.2 sport=8080 dport=40001`,
        `src=${other} dst=10.244.1.2 sport=8080 dport=40003`,
      ]);
      expect(refusals).toEqual([]);
    }
  }
});

test("an endpoint that no rule leads to cannot be drawn, and is said", () => {
  const frames = clientFrames([40_001, 40_003]);
  const { answers, refusals } = run([seen(frames[0].timeNs, 40_001, "10.244.1.99")], frames);
  expect(answers[0]).toMatch(/^src=10\.244\.1\.[345] dst=10\.244\.1\.2 sport=8080 dport=40001$/);
  expect(refusals).toEqual(["src=10.244.1.99 dst=10.244.1.2 sport=8080 dport=40001"]);
});

test("a port outside net.ipv4.ip_local_port_range is not drawn", () => {
  const { answers } = run([], clientFrames([1024, 40_003]));
  expect(answers.join()).not.toContain("dport=1024");
});

test("ports that are used again are told apart by time", () => {
  const choices = choicesOf([seen(0, 40_001, "10.244.1.3"), seen(60e9, 40_001, "10.244.1.5")]);
  const { original } = seen(0, 40_001, "10.244.1.3");
  expect(choices.answers("node1", original, 0.1e9)?.source).toBe(ip("10.244.1.3"));
  expect(choices.answers("node1", original, 59.9e9)?.source).toBe(ip("10.244.1.5"));
  expect(choices.answers("node2", original, 0)).toBeUndefined();
});

test("an attempt that conntrack never confirmed is taken for one that was to return to its sender", () => {
  const choices = choicesOf([seen(60e9, 40_001, "10.244.1.5")]);
  const { original } = seen(0, 40_001, "10.244.1.5");
  expect(choices.answers("node1", original, 59e9)).toMatchObject({ source: client, sourcePort: 0 });
});

test("unless it was seen on its way out", () => {
  const [begin] = clientFrames([40_001, 40_003]);
  const { payload } = begin.frame;
  if (payload.kind !== "ipv4") throw new Error("not a packet");
  const out = { ...begin.frame, payload: { ...payload, destination: ip("10.244.1.4") } };
  const choices = choicesOf([], [{ ...begin, device: "node1/cbr0", frame: out }]);
  const { original } = seen(0, 40_001, "10.244.1.4");
  expect(choices.answers("node1", original, begin.timeNs)).toMatchObject({ source: ip("10.244.1.4") });
});

test("a bridge first looks for old addresses when its timer says so, which may have run before the scenario began", () => {
  const timers = new Map([
    ["n/br0", 2_600_000_000],
    ["n/br1", -400_000_000],
  ]);
  const choices = choicesOf([], [], timers);
  expect(choices.firstAgeNs("n", "br0", 3_000_000_000)).toBe(2_600_000_000);
  expect(choices.firstAgeNs("n", "br1", 3_000_000_000)).toBe(2_600_000_000);
  expect(choices.firstAgeNs("n", "br2", 3_000_000_000)).toBeUndefined();
});
