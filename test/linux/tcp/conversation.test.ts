import { expect, test } from "vitest";
import { tcpOptions } from "../../../src/wire/tcp-options.ts";
import { ms, s, TcpPair } from "./wire-pair.ts";

const request = "GET / HTTP/1.0\r\nHost: oracle\r\n\r\n";
const answer = "HTTP/1.0 200 OK\r\nContent-Length: 24\r\n\r\nyou are 127.0.0.1:40001\n";

/** What the traffic programs of the kernel captures do: 50 ms, request, answer, 100 ms, close, 150 ms, close. */
function converse(mss: number): TcpPair {
  const pair = new TcpPair({
    mss,
    onEvent: (self, side, effect) => {
      if (side === "server" && effect.kind === "data") self.send("server", answer);
    },
  });
  pair.connect().wait(50 * ms);
  pair.send("client", request);
  pair.wait(100 * ms);
  pair.close("client");
  pair.wait(150 * ms);
  pair.close("server");
  return pair.wait(s);
}

test("a conversation has the segments of the capture 05-loopback", () => {
  const pair = converse(65495);
  expect(pair.lines()).toEqual([
    "client [S] seq=0 len=0 mss=65495",
    "server [SA] seq=0 ack=1 len=0 mss=65495",
    "client [A] seq=1 ack=1 len=0",
    "client [PA] seq=1 ack=1 len=32",
    "server [A] seq=1 ack=33 len=0",
    "server [PA] seq=1 ack=33 len=63",
    "client [A] seq=33 ack=64 len=0",
    "client [FA] seq=33 ack=64 len=0",
    "server [A] seq=64 ack=34 len=0",
    "server [FA] seq=64 ack=34 len=0",
    "client [A] seq=34 ack=65 len=0",
  ]);
  expect(pair.received).toEqual({ client: answer, server: request });
});

test("the FIN is acknowledged 40 ms later, after which no answer can carry it", () => {
  const pair = converse(1460);
  const [fin, ack] = pair.sent.slice(7, 9);
  expect(ack.atNs - fin.atNs).toBe(40 * ms + 100_000);
});

test("headers are as long as Linux makes them, and windows as the captures have them", () => {
  const options = (pair: TcpPair) => pair.sent.map(({ segment }) => segment.options.length);
  expect(options(converse(1460)).slice(0, 4)).toEqual([20, 20, 12, 12]);
  const windows = (mss: number) =>
    converse(mss)
      .sent.slice(0, 5)
      .map(({ segment }) => segment.window);
  expect(windows(1460)).toEqual([64240, 65160, 63, 63, 64]);
  expect(windows(65495)).toEqual([65495, 65483, 64, 64, 64]);
});

test("timestamps count milliseconds and echo the other end's", () => {
  const [syn, synAck, , data] = converse(1460).sent.map(({ segment }) => tcpOptions(segment).timestamps);
  expect(syn).toEqual({ value: 4_294_967_000, echoReply: 0 });
  expect(synAck).toEqual({ value: 77, echoReply: 4_294_967_000 });
  expect(data).toEqual({ value: 4_294_967_050, echoReply: 77 });
});

test("the end that closes first lingers in TIME-WAIT for a minute, the other is gone at once", () => {
  const pair = converse(1460);
  expect(pair.ends.server).toBeUndefined();
  expect(pair.ends.client?.state).toBe("TIME-WAIT");
  pair.wait(60 * s);
  expect(pair.ends.client).toBeUndefined();
  expect(pair.events.client).toEqual(["connected", "data", "closed"]);
  expect(pair.events.server).toEqual(["connected", "data", "end of stream", "closed"]);
});

test("a port where nobody listens refuses with RST, ACK and sequence 0", () => {
  const pair = new TcpPair({ listening: false }).connect().wait(s);
  expect(pair.lines()).toEqual(["client [S] seq=0 len=0 mss=1460", "server [RA] seq=0 ack=1 len=0"]);
  expect(pair.sent[1].segment.options).toHaveLength(0);
  expect(pair.events.client).toEqual(["ECONNREFUSED", "closed"]);
});

test("a SYN that nobody answers is repeated once a second, then ever more rarely, and given up after 131 s", () => {
  const pair = new TcpPair({ loses: () => true }).connect().wait(200 * s);
  expect(pair.timesMs()).toEqual([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67].map((at) => at * 1000));
  expect(pair.events.client).toEqual(["ETIMEDOUT", "closed"]);
});

test("a SYN,ACK that nobody answers is repeated five times and forgotten without a word", () => {
  const pair = new TcpPair({ loses: (_, segment) => segment.sourcePort === 8080 }).connect();
  pair.wait(900 * ms);
  delete pair.ends.client;
  pair.wait(100 * s);
  const synAcks = pair.sent.filter(({ side }) => side === "server").map(({ atNs }) => Math.round(atNs / s));
  expect(synAcks.slice(0, 6)).toEqual([0, 1, 3, 7, 15, 31]);
});

test("large data goes in whole segments; only the last has PSH", () => {
  const pair = new TcpPair().connect().wait(10 * ms);
  pair.send("client", "x".repeat(4000));
  pair.wait(100 * ms);
  expect(pair.lines().filter((line) => /len=[1-9]/.test(line))).toEqual([
    "client [A] seq=1 ack=1 len=1448",
    "client [A] seq=1449 ack=1 len=1448",
    "client [PA] seq=2897 ack=1 len=1104",
  ]);
  expect(pair.received.server).toHaveLength(4000);
});

test("a second small write waits for the first one's acknowledgment (Nagle)", () => {
  const pair = new TcpPair().connect().wait(10 * ms);
  pair.send("client", "one");
  pair.send("client", "two");
  pair.send("client", "three");
  pair.wait(100 * ms);
  const data = pair.sent.filter(({ segment }) => segment.data.length > 0);
  expect(data.map(({ segment }) => new TextDecoder().decode(segment.data))).toEqual(["one", "twothree"]);
});

test("a FIN rides on data that still waits", () => {
  const pair = new TcpPair().connect().wait(10 * ms);
  pair.send("client", "one");
  pair.send("client", "two");
  pair.close("client");
  pair.wait(100 * ms);
  expect(pair.lines()).toContain("client [FPA] seq=4 ack=1 len=3");
  expect(pair.received.server).toBe("onetwo");
});

test("half closed: who has heard the FIN may still send", () => {
  let heard = "";
  const pair = new TcpPair({
    onEvent: (self, side, effect) => {
      if (side === "client" && effect.kind === "end of stream") {
        self.send("client", "still here");
        heard = self.ends.client?.state ?? "";
      }
    },
  })
    .connect()
    .wait(10 * ms);
  pair.close("server");
  pair.wait(10 * ms);
  expect(heard).toBe("CLOSE-WAIT");
  // Nobody reads at the server any more, so Linux resets.
  expect(pair.lines().at(-1)).toBe("server [R] seq=2 len=0");
  expect(pair.events.client).toEqual(["connected", "end of stream", "ECONNRESET", "closed"]);
});

test("both close at once: CLOSING, then TIME-WAIT at both ends", () => {
  const pair = new TcpPair().connect().wait(10 * ms);
  pair.close("client");
  pair.close("server");
  pair.wait(50_000);
  expect(pair.ends.client?.state).toBe("FIN-WAIT-1");
  pair.wait(100_000);
  expect(pair.ends.client?.state).toBe("CLOSING");
  pair.wait(s);
  expect([pair.ends.client?.state, pair.ends.server?.state]).toEqual(["TIME-WAIT", "TIME-WAIT"]);
  expect(pair.lines().slice(3)).toEqual([
    "client [FA] seq=1 ack=1 len=0",
    "server [FA] seq=1 ack=1 len=0",
    "server [A] seq=2 ack=2 len=0",
    "client [A] seq=2 ack=2 len=0",
  ]);
});

test("data that was written while connecting rides on the handshake's last ACK", () => {
  const pair = new TcpPair().connect();
  pair.send("client", "early");
  pair.wait(10 * ms);
  expect(pair.lines()[2]).toBe("client [PA] seq=1 ack=1 len=5");
  expect(pair.events.server.slice(0, 2)).toEqual(["connected", "data"]);
});
