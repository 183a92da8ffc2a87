import fc from "fast-check";
import { expect, test } from "vitest";
import { tcpFlag } from "../../../src/wire/tcp.ts";
import { ms, s, TcpPair } from "./wire-pair.ts";

/** Both ends send and close; who has heard everything closes too. Ends when nothing is left to happen. */
function exchange(loses: (index: number) => boolean, upload: string, download: string, closers: "both" | "client") {
  const pair = new TcpPair({
    loses,
    onEvent: (self, side, effect) => {
      if (side === "server" && effect.kind === "connected") {
        self.send("server", download);
        if (closers === "both") self.close("server");
      }
      if (side === "server" && effect.kind === "end of stream") self.close("server");
    },
  }).connect();
  pair.send("client", upload);
  pair.wait(20 * s);
  pair.close("client");
  return pair.wait(400 * s);
}

test("any three losses are made good: all data once, in order, and nothing is left of either end", () => {
  const losses = fc.uniqueArray(fc.nat(24), { maxLength: 3 });
  const size = fc.oneof(fc.constantFrom(1, 1448, 1449), fc.nat(9000));
  fc.assert(
    fc.property(losses, size, size, (lost, up, down) => {
      const upload = text("u", up);
      const download = text("d", down);
      const pair = exchange((index) => lost.includes(index), upload, download, "client");
      expect(pair.received).toEqual({ client: download, server: upload });
      expect(pair.ends).toEqual({});
      expect([...pair.events.client, ...pair.events.server]).not.toContain("ETIMEDOUT");
    }),
    { numRuns: 300, seed: 1 },
  );
});

test("a heavily losing line delivers late, but exactly", () => {
  const coin = fc.infiniteStream(fc.nat(3));
  fc.assert(
    fc.property(coin, fc.nat(30_000), (coins, size) => {
      const upload = text("u", size);
      const pair = new TcpPair({
        loses: (index) => index < 60 && coins.next().value === 0,
        onEvent: (self, side, effect) => {
          if (side === "client" && effect.kind === "connected") self.close("client");
        },
      }).connect();
      pair.send("client", upload);
      pair.wait(300 * s);
      expect(pair.received.server).toBe(upload);
      expect(pair.events.server.filter((event) => event === "end of stream")).toHaveLength(1);
    }),
    { numRuns: 100, seed: 2 },
  );
});

test("a lost segment is sent again by the loss probe, then at doubling distances", () => {
  const pair = new TcpPair({ loses: (_, segment) => segment.data.length > 0 }).connect().wait(10 * ms);
  pair.send("client", "hello");
  pair.wait(7 * s);
  const first = pair.sent[3].atNs;
  const after = pair.sent.slice(3).map(({ atNs }) => Math.round((atNs - first) / (50 * ms)) * 50);
  expect(after).toEqual([0, 200, 400, 800, 1600, 3200, 6400]);
});

test("a connection whose data is never acknowledged ends after more than fifteen minutes", () => {
  const pair = new TcpPair({ loses: (_, segment) => segment.data.length > 0 }).connect().wait(10 * ms);
  pair.send("client", "hello");
  pair.wait(920 * s);
  expect(pair.ends.client?.state).toBe("ESTAB");
  pair.wait(300 * s);
  expect(pair.events.client).toEqual(["connected", "ETIMEDOUT", "closed"]);
});

test("an end without its program is more impatient", () => {
  const pair = new TcpPair({ loses: (_, segment) => segment.data.length > 0 }).connect().wait(10 * ms);
  pair.send("client", "hello");
  pair.close("client");
  pair.wait(250 * s);
  expect(pair.ends.client).toBeUndefined();
  expect(pair.events.client).toEqual(["connected", "closed"]);
});

test("what comes behind a hole is reported in SACK blocks, and delivered when the hole is filled", () => {
  let index = 0;
  const pair = new TcpPair({ loses: (_, segment) => segment.data.length > 0 && index++ === 0 }).connect().wait(10 * ms);
  pair.send("client", text("u", 1448 * 4));
  pair.wait(s);
  expect(pair.lines().filter((line) => line.includes("sack="))).toEqual([
    "server [A] seq=1 ack=1 len=0 sack=1449-2897",
    "server [A] seq=1 ack=1 len=0 sack=1449-4345",
    "server [A] seq=1 ack=1 len=0 sack=1449-5793",
  ]);
  // Three segments beyond the hole: no time-out is needed.
  expect(pair.lines().filter((line) => line.startsWith("client [A] seq=1 ack=1 len=1448"))).toHaveLength(2);
  expect(pair.sent.at(-1)?.atNs).toBeLessThan(15 * ms);
  expect(pair.received.server).toBe(text("u", 1448 * 4));
});

test("after a time-out one segment is on its way at a time: the FIN waits for what is sent again", () => {
  let isLosing = true;
  const pair = new TcpPair({ loses: (_, segment) => isLosing && segment.data.length > 0 }).connect().wait(10 * ms);
  pair.send("client", "hello");
  pair.wait(500 * ms);
  pair.close("client");
  pair.wait(s);
  const sendsFin = () => pair.lines().some((line) => line.startsWith("client [FA]"));
  expect(sendsFin()).toBe(false);
  isLosing = false;
  pair.wait(2 * s);
  expect(sendsFin()).toBe(true);
  expect(pair.received.server).toBe("hello");
});

test("what a later segment has overtaken is sent again at once (RACK)", () => {
  const pair = new TcpPair({ loses: (_, segment) => segment.data.length > 0 && pair.nowNs < 250 * ms });
  pair.connect().wait(10 * ms);
  pair.send("client", "hello");
  pair.wait(290 * ms);
  pair.close("client");
  pair.wait(20 * ms);
  // Sent, sent again as a probe, and again since the peer has the FIN; no time-out is over.
  expect(pair.lines().slice(3)).toEqual([
    "client [PA] seq=1 ack=1 len=5",
    "client [PA] seq=1 ack=1 len=5",
    "client [FA] seq=6 ack=1 len=0",
    "server [A] seq=1 ack=1 len=0 sack=6-7",
    "client [PA] seq=1 ack=1 len=5",
    "server [A] seq=1 ack=7 len=0",
  ]);
});

test("a segment that another one has overtaken only just is waited for a little", () => {
  let data = 0;
  const pair = new TcpPair({ loses: (_, segment) => segment.data.length > 0 && data++ === 0 }).connect().wait(10 * ms);
  pair.send("client", text("u", 1448 * 2));
  pair.wait(s);
  const [first, , again] = pair.sent.filter(({ segment }) => segment.data.length > 0);
  const waitedMs = (again.atNs - first.atNs) / ms;
  expect(waitedMs).toBeGreaterThan(2);
  expect(waitedMs).toBeLessThan(10);
  expect(pair.received.server).toBe(text("u", 1448 * 2));
});

test("data that comes twice is reported as a duplicate", () => {
  let acknowledgments = 0;
  const pair = new TcpPair({
    loses: (_, segment) => segment.sourcePort === 8080 && segment.flags === tcpFlag.ack && acknowledgments++ === 0,
  })
    .connect()
    .wait(10 * ms);
  pair.send("client", "hello");
  pair.wait(s);
  expect(pair.lines().slice(3)).toEqual([
    "client [PA] seq=1 ack=1 len=5",
    "server [A] seq=1 ack=6 len=0",
    "client [PA] seq=1 ack=1 len=5",
    "server [A] seq=1 ack=6 len=0 sack=1-6",
  ]);
  expect(pair.received.server).toBe("hello");
});

test("a lost FIN is sent again, and a lost last ACK too", () => {
  const lostFins: number[] = [];
  const pair = new TcpPair({
    loses: (index, segment) => (segment.flags & tcpFlag.fin) !== 0 && lostFins.push(index) < 3,
  })
    .connect()
    .wait(10 * ms);
  pair.close("client");
  pair.wait(s);
  pair.close("server");
  pair.wait(s);
  expect(pair.ends.client?.state).toBe("TIME-WAIT");
  expect(pair.ends.server).toBeUndefined();
});

/** Every place of it looks different. */
function text(letter: string, length: number): string {
  return Array.from({ length: Math.ceil(length / 8) }, (_, at) => letter + String(at).padStart(7, "0"))
    .join("")
    .slice(0, length);
}
