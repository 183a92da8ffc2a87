import { describe, expect, test } from "vitest";
import { direction } from "../../../src/linux/conntrack/status.ts";
import { nextState, segmentKind, tcpState, tcpStateNames } from "../../../src/linux/conntrack/tcp-state.ts";
import { s, Tracker, tcp } from "./tracker.ts";

const client = "10.0.0.1:1000";
const server = "10.0.0.2:80";

interface Step {
  readonly by: "client" | "server";
  readonly flags: string;
  readonly seq: number;
  readonly ack?: number;
  readonly data?: number;
  readonly window?: number;
}

/** Sequence numbers of the client begin at 100, of the server at 500. */
const handshake: readonly Step[] = [
  { by: "client", flags: "S", seq: 100 },
  { by: "server", flags: "SA", seq: 500, ack: 101 },
  { by: "client", flags: "A", seq: 101, ack: 501 },
];

function send(tracker: Tracker, { by, flags, seq, ack = 0, data = 0, window = 1000 }: Step): string {
  const [from, to] = by === "client" ? [client, server] : [server, client];
  const fields = { sequence: seq, acknowledgment: ack, data: new Uint8Array(data), window };
  return tracker.pass(tcp(from, to, flags, fields)).split(":")[0];
}

function stateOf(tracker: Tracker): string {
  const [line] = tracker.list();
  return line === undefined ? "none" : `${line.split(" ")[0]}${line.includes("[ASSURED]") ? " [ASSURED]" : ""}`;
}

function play(steps: readonly Step[], tracker = new Tracker()): readonly string[] {
  return steps.map((step) => {
    const seen = send(tracker, step);
    return `${step.by} ${step.flags}: ${seen}, then ${stateOf(tracker)}${tracker
      .timeouts()
      .map((left) => ` for ${left} s`)
      .join()}`;
  });
}

describe("a connection from its first segment to its last", () => {
  test("1. The client closes first", () => {
    expect(
      play([
        ...handshake,
        { by: "client", flags: "PA", seq: 101, ack: 501, data: 10 },
        { by: "server", flags: "A", seq: 501, ack: 111 },
        { by: "client", flags: "FA", seq: 111, ack: 501 },
        { by: "server", flags: "A", seq: 501, ack: 112 },
        { by: "server", flags: "FA", seq: 501, ack: 112 },
        { by: "client", flags: "A", seq: 112, ack: 502 },
      ]),
    ).toEqual([
      "client S: NEW, then SYN_SENT for 120 s",
      "server SA: ESTABLISHED, then SYN_RECV for 60 s",
      "client A: ESTABLISHED, then ESTABLISHED [ASSURED] for 432000 s",
      "client PA: ESTABLISHED, then ESTABLISHED [ASSURED] for 300 s",
      "server A: ESTABLISHED, then ESTABLISHED [ASSURED] for 432000 s",
      "client FA: ESTABLISHED, then FIN_WAIT [ASSURED] for 120 s",
      "server A: ESTABLISHED, then CLOSE_WAIT [ASSURED] for 60 s",
      "server FA: ESTABLISHED, then LAST_ACK [ASSURED] for 30 s",
      "client A: ESTABLISHED, then TIME_WAIT [ASSURED] for 120 s",
    ]);
  });

  test("2. A closed port: the reset takes the connection away at once", () => {
    expect(play([handshake[0], { by: "server", flags: "RA", seq: 0, ack: 101 }])).toEqual([
      "client S: NEW, then SYN_SENT for 120 s",
      "server RA: ESTABLISHED, then none",
    ]);
  });

  test("3. A reset at the right place closes; one before it is INVALID, one beyond leaves the connection as it is", () => {
    const last = (step: Step) => play([...handshake, step]).at(-1);
    expect(last({ by: "server", flags: "R", seq: 501 })).toBe("server R: ESTABLISHED, then CLOSE [ASSURED] for 10 s");
    expect(last({ by: "server", flags: "R", seq: 400 })).toBe(
      "server R: INVALID, then ESTABLISHED [ASSURED] for 432000 s",
    );
    expect(last({ by: "server", flags: "R", seq: 601 })).toBe(
      "server R: ESTABLISHED, then ESTABLISHED [ASSURED] for 10 s",
    );
  });

  test("4. A repeated SYN does not make the connection live longer", () => {
    const tracker = new Tracker();
    send(tracker, handshake[0]);
    tracker.wait(50 * s);
    send(tracker, handshake[0]);
    expect(tracker.timeouts()).toEqual([70]);
  });

  test("5. The same ports are used again after TIME_WAIT: the old connection makes room for a new one", () => {
    const tracker = new Tracker();
    play(
      [
        ...handshake,
        { by: "client", flags: "FA", seq: 101, ack: 501 },
        { by: "server", flags: "FA", seq: 501, ack: 102 },
        { by: "client", flags: "A", seq: 102, ack: 502 },
      ],
      tracker,
    );
    expect(stateOf(tracker)).toBe("TIME_WAIT [ASSURED]");
    expect(send(tracker, { by: "client", flags: "S", seq: 90_000 })).toBe("NEW");
    expect(tracker.list()).toEqual([
      "SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000",
    ]);
  });
});

describe("segments out of place", () => {
  test("6. Data beyond the window, and acknowledgments of what was never sent, are INVALID", () => {
    const last = (step: Step) =>
      play([...handshake, step])
        .at(-1)
        ?.split(",")[0];
    expect(last({ by: "client", flags: "A", seq: 101 + 100_000, ack: 501 })).toBe("client A: INVALID");
    expect(last({ by: "client", flags: "A", seq: 101, ack: 9999 })).toBe("client A: INVALID");
    expect(last({ by: "client", flags: "A", seq: 101, ack: 501, data: 100 })).toBe("client A: ESTABLISHED");
  });

  test("7. nf_conntrack_tcp_be_liberal lets them be", () => {
    const tracker = new Tracker({}, { "net.netfilter.nf_conntrack_tcp_be_liberal": 1 });
    play(handshake, tracker);
    expect(send(tracker, { by: "client", flags: "A", seq: 101, ack: 9999 })).toBe("ESTABLISHED");
  });

  test("8. A connection is met midway, unless nf_conntrack_tcp_loose forbids it", () => {
    const midway: Step = { by: "client", flags: "A", seq: 7000, ack: 8000, data: 10 };
    expect(play([midway])).toEqual(["client A: NEW, then ESTABLISHED for 300 s"]);
    expect(play([midway], new Tracker({}, { "net.netfilter.nf_conntrack_tcp_loose": 0 }))).toEqual([
      "client A: INVALID, then none",
    ]);
  });

  test("9. What no stack sends begins nothing: SYN and FIN, no flag at all, a lone FIN or RST", () => {
    for (const flags of ["SF", "", "F", "FA", "R", "RA", "SA", "SR"])
      expect(play([{ by: "client", flags, seq: 1 }])).toEqual([`client ${flags}: INVALID, then none`]);
  });

  test("10. Both open at once: two SYNs cross", () => {
    expect(
      play([
        { by: "client", flags: "S", seq: 100 },
        { by: "server", flags: "S", seq: 500 },
        { by: "client", flags: "SA", seq: 100, ack: 501 },
        { by: "server", flags: "SA", seq: 500, ack: 101 },
        { by: "server", flags: "A", seq: 501, ack: 101 },
      ]).map((line) => line.split(" for")[0]),
    ).toEqual([
      "client S: NEW, then SYN_SENT",
      "server S: ESTABLISHED, then SYN_SENT2",
      "client SA: ESTABLISHED, then SYN_RECV",
      "server SA: ESTABLISHED, then SYN_RECV",
      "server A: ESTABLISHED, then ESTABLISHED [ASSURED]",
    ]);
  });
});

/** From, direction, cause, to: the transitions of net/netfilter/nf_conntrack_proto_tcp.c that change a state. */
const transitions: readonly (readonly [string, "original" | "reply", keyof typeof segmentKind, string])[] = [
  ["NONE", "original", "syn", "SYN_SENT"],
  ["NONE", "original", "ack", "ESTABLISHED"],
  ["SYN_SENT", "reply", "synAck", "SYN_RECV"],
  ["SYN_SENT", "reply", "syn", "SYN_SENT2"],
  ["SYN_SENT2", "original", "synAck", "SYN_RECV"],
  ["SYN_RECV", "original", "ack", "ESTABLISHED"],
  ["SYN_RECV", "original", "fin", "FIN_WAIT"],
  ["ESTABLISHED", "original", "fin", "FIN_WAIT"],
  ["ESTABLISHED", "reply", "fin", "FIN_WAIT"],
  ["FIN_WAIT", "reply", "ack", "CLOSE_WAIT"],
  ["FIN_WAIT", "reply", "fin", "LAST_ACK"],
  ["CLOSE_WAIT", "reply", "fin", "LAST_ACK"],
  ["LAST_ACK", "original", "ack", "TIME_WAIT"],
  ["TIME_WAIT", "original", "syn", "SYN_SENT"],
  ["TIME_WAIT", "reply", "syn", "SYN_SENT"],
  ["CLOSE", "original", "syn", "SYN_SENT"],
  ["ESTABLISHED", "reply", "rst", "CLOSE"],
  ["TIME_WAIT", "original", "rst", "CLOSE"],
];

describe("11. The table", () => {
  test.each(transitions)("from %s, %s %s leads to %s", (from, way, kind, to) => {
    const state = tcpStateNames.indexOf(from as (typeof tcpStateNames)[number]);
    expect(tcpStateNames[nextState(direction[way], segmentKind[kind], state)]).toBe(to);
  });

  test("a segment without flags leads nowhere from any state", () => {
    for (const state of Object.values(tcpState))
      for (const way of [direction.original, direction.reply])
        expect(tcpStateNames[nextState(way, segmentKind.none, state)]).toBeUndefined();
  });
});
