import { describe, expect, test } from "vitest";
import type { TcpConnection, TcpInput, TcpState } from "../../../src/linux/socket/tcp/connection.ts";
import { mayReplaceTimeWait, tcpInput } from "../../../src/linux/socket/tcp/input.ts";
import { acceptTcp, openTcp } from "../../../src/linux/socket/tcp/open.ts";
import { resetFor } from "../../../src/linux/socket/tcp/reset.ts";
import { type TcpSegment, tcpFlag, tcpSegment } from "../../../src/wire/tcp.ts";
import { emitTcpOptions } from "../../../src/wire/tcp-options.ts";
import { s } from "./wire-pair.ts";

const local = { address: 1, port: 40001 };
const remote = { address: 2, port: 8080 };
/** The connection under test begins at 1000, its peer at 5000. */
const parameters = { local, remote, mss: 1460, initialSequence: 1000, timestampOffset: 0 };
const { syn, ack, fin, rst, psh } = tcpFlag;

function peer(flags: number, sequence: number, acknowledgment = 0, data = "", window = 65535): TcpSegment {
  const options = emitTcpOptions({
    sackPermitted: false,
    ...((flags & syn) !== 0 ? { maximumSegmentSize: 1460 } : {}),
  });
  return tcpSegment({
    sourcePort: remote.port,
    destinationPort: local.port,
    sequence,
    acknowledgment,
    flags,
    window,
    options,
    data: new TextEncoder().encode(data),
  });
}

const segment = (...of: Parameters<typeof peer>): TcpInput => ({ kind: "segment", segment: peer(...of) });
const close: TcpInput = { kind: "close" };
const send = (text: string): TcpInput => ({ kind: "send", data: new TextEncoder().encode(text) });

/** How each state is reached. After ESTAB, the next number of ours is 1001, of the peer 5001. */
const paths: Record<Exclude<TcpState, "CLOSED">, readonly TcpInput[]> = {
  "SYN-SENT": [],
  "SYN-RECV": [segment(syn, 5000)],
  ESTAB: [segment(syn | ack, 5000, 1001)],
  "FIN-WAIT-1": [segment(syn | ack, 5000, 1001), close],
  "FIN-WAIT-2": [segment(syn | ack, 5000, 1001), close, segment(ack, 5001, 1002)],
  CLOSING: [segment(syn | ack, 5000, 1001), close, segment(fin | ack, 5001, 1001)],
  "TIME-WAIT": [segment(syn | ack, 5000, 1001), close, segment(fin | ack, 5001, 1002)],
  "CLOSE-WAIT": [segment(syn | ack, 5000, 1001), segment(fin | ack, 5001, 1001)],
  "LAST-ACK": [segment(syn | ack, 5000, 1001), segment(fin | ack, 5001, 1001), close],
};

function reach(state: Exclude<TcpState, "CLOSED">): TcpConnection {
  const opened = openTcp(parameters, 0).connection;
  const connection = paths[state].reduce((one, input) => tcpInput(one, input, 0).connection, opened);
  expect(connection.state).toBe(state);
  return connection;
}

/** `[FA] 1001 5001`, `ECONNRESET`, `closed`; timers are left out. */
function actions(connection: TcpConnection, input: TcpInput, nowNs = 0): { to: TcpState; does: string } {
  const step = tcpInput(connection, input, nowNs);
  const does = step.effects.flatMap((effect) => {
    if (effect.kind === "transmit") return [show(effect.segment)];
    if (effect.kind === "error") return [effect.error];
    if (effect.kind === "data") return [`data ${new TextDecoder().decode(effect.data)}`];
    return effect.kind === "set timer" || effect.kind === "clear timer" ? [] : [effect.kind];
  });
  return { to: step.connection.state, does: does.join(", ") };
}

function show({ flags, sequence, acknowledgment, data }: TcpSegment): string {
  const letters = [...["F", "S", "R", "P", "A"].entries()].filter(([bit]) => (flags & (1 << bit)) !== 0);
  return `[${letters.map(([, letter]) => letter).join("")}] ${sequence} ${acknowledgment}${data.length > 0 ? ` +${data.length}` : ""}`;
}

describe("from, cause, to, action", () => {
  test.each<[Exclude<TcpState, "CLOSED">, string, TcpInput, TcpState, string]>([
    ["SYN-SENT", "SYN,ACK", segment(syn | ack, 5000, 1001), "ESTAB", "[A] 1001 5001, connected"],
    ["SYN-SENT", "SYN alone: both open at once", segment(syn, 5000), "SYN-RECV", "[SA] 1000 5001"],
    ["SYN-SENT", "RST,ACK of the SYN", segment(rst | ack, 0, 1001), "CLOSED", "ECONNREFUSED, closed"],
    ["SYN-SENT", "RST without ACK", segment(rst, 0), "SYN-SENT", ""],
    ["SYN-SENT", "RST,ACK of something else", segment(rst | ack, 0, 999), "SYN-SENT", ""],
    ["SYN-SENT", "SYN,ACK of something else", segment(syn | ack, 5000, 77), "SYN-SENT", "[R] 77 0"],
    ["SYN-SENT", "ACK without SYN", segment(ack, 5000, 1001), "SYN-SENT", ""],
    ["SYN-SENT", "close", close, "CLOSED", "closed"],
    ["SYN-SENT", "data to send", send("x"), "SYN-SENT", ""],
    ["SYN-RECV", "ACK of our SYN", segment(ack, 5001, 1001), "ESTAB", "connected"],
    ["SYN-RECV", "SYN,ACK of the other opener", segment(syn | ack, 5000, 1001), "ESTAB", "connected, [A] 1001 5001"],
    ["SYN-RECV", "ACK of something else", segment(ack, 5001, 1002), "SYN-RECV", "[R] 1002 0"],
    ["SYN-RECV", "RST", segment(rst, 5001), "CLOSED", "ECONNREFUSED, closed"],
    ["SYN-RECV", "close", close, "FIN-WAIT-1", "[FA] 1001 5001"],
    ["ESTAB", "data", segment(ack | psh, 5001, 1001, "hi"), "ESTAB", "[A] 1001 5003, data hi"],
    ["ESTAB", "FIN", segment(fin | ack, 5001, 1001), "CLOSE-WAIT", "end of stream"],
    ["ESTAB", "data and FIN", segment(fin | ack, 5001, 1001, "hi"), "CLOSE-WAIT", "data hi, end of stream"],
    ["ESTAB", "send", send("abc"), "ESTAB", "[PA] 1001 5001 +3"],
    ["ESTAB", "send of nothing", send(""), "ESTAB", ""],
    ["ESTAB", "close", close, "FIN-WAIT-1", "[FA] 1001 5001"],
    ["ESTAB", "abort", { kind: "reset" }, "CLOSED", "[RA] 1001 5001, closed"],
    ["ESTAB", "RST in place", segment(rst, 5001), "CLOSED", "ECONNRESET, closed"],
    ["ESTAB", "RST in the window: challenged", segment(rst, 5002), "ESTAB", "[A] 1001 5001"],
    ["ESTAB", "RST out of the window", segment(rst, 4000), "ESTAB", ""],
    ["ESTAB", "SYN: challenged", segment(syn, 5001), "ESTAB", "[A] 1001 5001"],
    ["ESTAB", "the SYN,ACK again: challenged", segment(syn | ack, 5000, 1001), "ESTAB", "[A] 1001 5001"],
    ["ESTAB", "segment without ACK", segment(psh, 5001, 0, "hi"), "ESTAB", ""],
    ["ESTAB", "data from long ago", segment(ack, 4000, 1001, "hi"), "ESTAB", "[A] 1001 5001"],
    ["ESTAB", "data beyond the window", segment(ack, 5001 + 70_000, 1001, "hi"), "ESTAB", "[A] 1001 5001"],
    ["ESTAB", "ACK of what was never sent", segment(ack, 5001, 2000), "ESTAB", "[A] 1001 5001"],
    ["FIN-WAIT-1", "ACK of our FIN", segment(ack, 5001, 1002), "FIN-WAIT-2", ""],
    ["FIN-WAIT-1", "FIN that acknowledges ours", segment(fin | ack, 5001, 1002), "TIME-WAIT", "[A] 1002 5002"],
    ["FIN-WAIT-1", "FIN that does not", segment(fin | ack, 5001, 1001), "CLOSING", "[A] 1002 5002"],
    ["FIN-WAIT-1", "data that nobody reads", segment(ack, 5001, 1001, "hi"), "CLOSED", "[R] 1001 0, closed"],
    ["FIN-WAIT-2", "FIN", segment(fin | ack, 5001, 1002), "TIME-WAIT", "[A] 1002 5002"],
    ["FIN-WAIT-2", "a minute without FIN", { kind: "timer", timer: "time wait" }, "CLOSED", "closed"],
    ["FIN-WAIT-2", "RST", segment(rst, 5001), "CLOSED", "closed"],
    ["CLOSING", "ACK of our FIN", segment(ack, 5002, 1002), "TIME-WAIT", ""],
    ["CLOSING", "the FIN again", segment(fin | ack, 5001, 1001), "CLOSING", "[A] 1002 5002"],
    ["TIME-WAIT", "the FIN again", segment(fin | ack, 5001, 1002), "TIME-WAIT", "[A] 1002 5002"],
    ["TIME-WAIT", "a plain ACK", segment(ack, 5002, 1002), "TIME-WAIT", ""],
    ["TIME-WAIT", "RST", segment(rst, 5002), "CLOSED", "closed"],
    ["TIME-WAIT", "a minute", { kind: "timer", timer: "time wait" }, "CLOSED", "closed"],
    ["CLOSE-WAIT", "send", send("abc"), "CLOSE-WAIT", "[PA] 1001 5002 +3"],
    ["CLOSE-WAIT", "close", close, "LAST-ACK", "[FA] 1001 5002"],
    ["CLOSE-WAIT", "RST", segment(rst, 5002), "CLOSED", "ECONNRESET, closed"],
    ["LAST-ACK", "ACK of our FIN", segment(ack, 5002, 1002), "CLOSED", "closed"],
    ["LAST-ACK", "ACK of the data before it", segment(ack, 5002, 1001), "LAST-ACK", ""],
  ])("%s, %s", (from, _cause, input, to, does) => {
    expect(actions(reach(from), input)).toEqual({ to, does });
  });
});

describe("a listener's connection before its handshake is done", () => {
  const accepted = () => acceptTcp({ ...parameters, local, remote }, peer(syn, 5000), 0).connection;

  test.each<[string, TcpInput, TcpState, string]>([
    ["ACK", segment(ack, 5001, 1001), "ESTAB", "connected"],
    ["ACK with data", segment(ack | psh, 5001, 1001, "hi"), "ESTAB", "connected, [A] 1001 5003, data hi"],
    ["the SYN again", segment(syn, 5000), "SYN-RECV", "[SA] 1000 5001"],
    ["RST", segment(rst, 5001), "CLOSED", "closed"],
    ["another SYN", segment(syn, 5001), "CLOSED", "[RA] 0 5002, closed"],
    ["ACK of something else", segment(ack, 5001, 7), "SYN-RECV", "[R] 7 0"],
  ])("%s", (_cause, input, to, does) => {
    expect(actions(accepted(), input)).toEqual({ to, does });
  });
});

describe("the path's complaints", () => {
  const unreachable = (sequence: number, isFinal = true): TcpInput => ({
    kind: "icmp error",
    error: "EHOSTUNREACH",
    sequence,
    isFinal,
  });

  test("an ICMP error about the SYN ends the attempt", () => {
    expect(actions(reach("SYN-SENT"), unreachable(1000)).does).toBe("EHOSTUNREACH, closed");
  });

  test("one about a segment that is not on its way is forged", () => {
    expect(actions(reach("SYN-SENT"), unreachable(3000))).toEqual({ to: "SYN-SENT", does: "" });
  });

  test("later one is only remembered, and told instead of ETIMEDOUT", () => {
    let connection = tcpInput(reach("ESTAB"), send("x"), 0).connection;
    connection = tcpInput(connection, unreachable(1001), 0).connection;
    const timeout: TcpInput = { kind: "timer", timer: "retransmit" };
    let nowNs = 0;
    let does = "";
    for (let expiry = 0; expiry < 30 && connection.state !== "CLOSED"; expiry++) {
      nowNs += 100 * s;
      does = actions(connection, timeout, nowNs).does;
      connection = tcpInput(connection, timeout, nowNs).connection;
    }
    expect(does).toBe("EHOSTUNREACH, closed");
  });

  test("a smaller path MTU cuts what is on its way and sends it again", () => {
    const connection = tcpInput(reach("ESTAB"), send("x".repeat(1400)), 0).connection;
    const smaller: TcpInput = { kind: "path mtu", mtu: 1040, sequence: 1001 };
    expect(actions(connection, smaller).does).toBe("[A] 1001 5001 +1000, [PA] 2001 5001 +400");
  });
});

describe("the peer's window", () => {
  const established = (window: number) =>
    tcpInput(openTcp(parameters, 0).connection, segment(syn | ack, 5000, 1001, "", window), 0).connection;

  test("no more is sent than it holds", () => {
    expect(actions(established(1000), send("x".repeat(1600))).does).toBe("[A] 1001 5001 +1000");
  });

  test("what did not fit follows when it opens", () => {
    const full = tcpInput(established(1000), send("x".repeat(1600)), 0).connection;
    expect(actions(full, segment(ack, 5001, 2001)).does).toBe("[PA] 2001 5001 +600");
  });

  test("a closed one is probed with a sequence number that asks for an answer", () => {
    const closed = tcpInput(reach("ESTAB"), segment(ack, 5001, 1001, "", 0), 0).connection;
    const waiting = tcpInput(closed, send("hello"), 0);
    expect(waiting.effects).toMatchObject([{ kind: "set timer", timer: "retransmit" }]);
    const probed = tcpInput(waiting.connection, { kind: "timer", timer: "retransmit" }, s);
    expect(probed.effects[0]).toMatchObject({ kind: "transmit", segment: { sequence: 1000, flags: ack } });
    expect(actions(probed.connection, segment(ack, 5001, 1001)).does).toBe("[PA] 1001 5001 +5");
  });
});

describe("answers to nonsense", () => {
  test("come at most every 500 ms", () => {
    const challenge = segment(syn, 5001);
    const once = tcpInput(reach("ESTAB"), challenge, 0).connection;
    expect(actions(once, challenge, 0.4 * s).does).toBe("");
    expect(actions(once, challenge, 0.5 * s).does).toBe("[A] 1001 5001");
  });

  test("a segment older than the last timestamp is not believed (PAWS)", () => {
    const connection = tcpInput(openTcp(parameters, 0).connection, stamped(500, syn | ack, 5000, ""), 0).connection;
    expect(actions(connection, stamped(499, ack, 5001, "old")).does).toBe("[A] 1001 5001");
    expect(actions(connection, stamped(500, ack, 5001, "new")).does).toBe("[A] 1001 5004, data new");
  });

  test("the timestamp to echo is not taken from a segment behind a hole", () => {
    let connection = tcpInput(openTcp(parameters, 0).connection, stamped(500, syn | ack, 5000, ""), 0).connection;
    connection = tcpInput(connection, stamped(700, ack, 5004, "end"), 0).connection;
    expect(connection.timestamps?.recent).toBe(500);
    expect(actions(connection, stamped(600, ack, 5001, "the")).does).toBe("[A] 1001 5007, data the, data end");
  });
});

function stamped(value: number, flags: number, sequence: number, data: string): TcpInput {
  const isSyn = (flags & syn) !== 0;
  const options = emitTcpOptions({
    sackPermitted: isSyn,
    timestamps: { value, echoReply: 0 },
    ...(isSyn ? { maximumSegmentSize: 1460 } : {}),
  });
  return { kind: "segment", segment: { ...peer(flags, sequence, 1001, data), options } };
}

describe("a segment without a connection", () => {
  test.each([
    ["SYN", peer(syn, 5000), "[RA] 0 5001"],
    ["SYN with data", peer(syn, 5000, 0, "hello"), "[RA] 0 5006"],
    ["ACK", peer(ack, 5000, 1234), "[R] 1234 0"],
    ["FIN,ACK", peer(fin | ack, 5000, 1234), "[R] 1234 0"],
  ])("%s is reset", (_kind, refused, answer) => {
    const reset = resetFor(refused);
    expect(reset && show(reset)).toBe(answer);
    expect(reset).toMatchObject({ sourcePort: local.port, destinationPort: remote.port, window: 0 });
    expect(reset?.options).toHaveLength(0);
  });

  test("a RST is never answered", () => {
    expect(resetFor(peer(rst, 5000))).toBeUndefined();
  });
});

test("a later SYN may take the place of a connection in TIME-WAIT, an earlier one may not", () => {
  const connection = reach("TIME-WAIT");
  expect(mayReplaceTimeWait(connection, peer(syn, 9000))).toBe(true);
  expect(mayReplaceTimeWait(connection, peer(syn, 4000))).toBe(false);
  expect(mayReplaceTimeWait(reach("ESTAB"), peer(syn, 9000))).toBe(false);
});
