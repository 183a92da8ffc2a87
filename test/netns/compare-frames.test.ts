import { describe, expect, test } from "vitest";
import type { SeenFrame } from "../../src/netns/capture.ts";
import { compareFrames, type FrameComparison } from "../../src/netns/compare-frames.ts";
import { parseIpv4 } from "../../src/wire/address-text.ts";
import { arpPacket } from "../../src/wire/arp.ts";
import { type EthernetFrame, ethernetFrame } from "../../src/wire/ethernet.ts";
import { ipv4Packet } from "../../src/wire/ipv4.ts";
import { broadcastMac } from "../../src/wire/mac-address.ts";
import { noBytes } from "../../src/wire/octets.ts";
import { tcpFlag, tcpSegment } from "../../src/wire/tcp.ts";

const millisecondNs = 1_000_000;
const [macA, macB] = [0x02_00_00_00_00_0a, 0x02_00_00_00_00_0b];

/** One frame at an interface, by default on its way out of a/eth0. */
function seen(frame: EthernetFrame, atMs: number, tap: Partial<SeenFrame> = {}): SeenFrame {
  return { device: "a/eth0", direction: "out", timeNs: atMs * millisecondNs, frame, ...tap };
}

const address = (last: number) => parseIpv4(`10.0.0.${last}`) as number;
/** A broadcast question of .1 about another address. */
const ask = (last: number) => ethernetFrame(broadcastMac, macA, arpPacket(1, macA, address(1), 0, address(last)));
/** A unicast question, as the timer of an entry that is to be verified sends it. */
const probe = (last: number) => ethernetFrame(macB, macA, arpPacket(1, macA, address(1), 0, address(last)));
/** The answer of .1 to another address. */
const answer = (last: number) => ethernetFrame(macB, macA, arpPacket(2, macA, address(1), macB, address(last)));

function compare(
  linux: readonly SeenFrame[],
  simulated: readonly SeenFrame[],
  isParallel = false,
  isWheelKnown = false,
): FrameComparison {
  return compareFrames(linux, simulated, {
    isWheelKnown,
    endNs: 10_000 * millisecondNs,
    isParallel: () => isParallel,
    isSettling: () => false,
    isMentionedPort: () => true,
  });
}

const isEqual = (...sides: Parameters<typeof compare>) => compare(...sides).differences.length === 0;

describe("Frames of both kernels, interface by interface", () => {
  test("the same frames in the same order are equal, whenever they were", () => {
    expect(isEqual([seen(ask(2), 0), seen(ask(3), 1000)], [seen(ask(2), 20), seen(ask(3), 1900)])).toBe(true);
  });

  test("a frame that only Linux sends is shown, with what came before", () => {
    const { differences } = compare([seen(ask(2), 0), seen(ask(3), 5)], [seen(ask(2), 0)]);
    expect(differences).toHaveLength(1);
    expect(differences[0]).toMatchObject({ device: "a/eth0", direction: "out", timeNs: 5 * millisecondNs });
    const [before, here] = differences[0].rows;
    expect(before.linux).toBe(before.simulated);
    expect(here.linux).toContain("who-has 10.0.0.3");
    expect(here.simulated).toBeUndefined();
  });

  test("a frame that only the simulated kernel sends is a difference", () => {
    const { differences } = compare([], [seen(ask(2), 7)]);
    expect(differences[0].rows).toEqual([{ linux: undefined, simulated: expect.stringContaining("10.0.0.2") }]);
  });

  test("order counts", () => {
    expect(isEqual([seen(ask(2), 0), seen(ask(3), 1)], [seen(ask(3), 0), seen(ask(2), 1)])).toBe(false);
  });

  test("each direction and each interface is a sequence of its own", () => {
    const [out, into] = [seen(ask(2), 0), seen(ask(3), 1, { direction: "in" })];
    expect(isEqual([out, into], [into, out])).toBe(true);
    expect(isEqual([out], [seen(ask(2), 0, { device: "b/eth0" })])).toBe(false);
  });

  test("what leaves by lo is not asked for, since no capture shows it", () => {
    expect(isEqual([], [seen(ask(2), 0, { device: "a/lo" })])).toBe(true);
    expect(isEqual([], [seen(ask(2), 0, { device: "a/lo", direction: "in" })])).toBe(false);
  });

  test("a frame of the very last moment may be missing on one side", () => {
    expect(isEqual([seen(ask(2), 9_900)], [])).toBe(true);
    expect(isEqual([], [seen(ask(2), 9_900)])).toBe(true);
    expect(isEqual([seen(ask(2), 9_500)], [])).toBe(false);
  });
});

describe("Races", () => {
  test("probes of one timer slot go in any order", () => {
    expect(isEqual([seen(probe(2), 0), seen(probe(3), 5)], [seen(probe(3), 0), seen(probe(2), 5)])).toBe(true);
    expect(isEqual([seen(probe(2), 0), seen(probe(3), 900)], [seen(probe(3), 0), seen(probe(2), 900)])).toBe(false);
  });

  test("where it is known how the timer wheel stands, probes of different slots do not race", () => {
    const [linux, simulated] = [
      [seen(probe(2), 0), seen(probe(3), 300)],
      [seen(probe(3), 0), seen(probe(2), 300)],
    ];
    expect(isEqual(linux, simulated, false, false)).toBe(true);
    expect(isEqual(linux, simulated, false, true)).toBe(false);
  });

  test("an answer to a probe races with one's own probe of somebody else", () => {
    const asked = seen(ethernetFrame(macA, macB, arpPacket(1, macB, address(3), 0, address(1))), 0, {
      direction: "in",
    });
    const linux = [asked, seen(answer(3), 1), seen(probe(2), 2)];
    const simulated = [seen(probe(2), 0), asked, seen(answer(3), 1)];
    expect(isEqual(linux, simulated)).toBe(true);
  });

  test("statements that run at once race, those one after the other do not", () => {
    const [linux, simulated] = [
      [seen(ask(2), 0), seen(ask(3), 1)],
      [seen(ask(3), 0), seen(ask(2), 1)],
    ];
    expect(isEqual(linux, simulated, true)).toBe(true);
    expect(isEqual(linux, simulated, false)).toBe(false);
  });
});

describe("Programs that answer late", () => {
  const tcp = (sourcePort: number, acknowledgment: number, flags: number, data = noBytes) =>
    ethernetFrame(
      macB,
      macA,
      ipv4Packet({
        ...{ source: address(1), destination: address(2), ttl: 64 },
        payload: tcpSegment({
          sourcePort,
          destinationPort: 1089 - sourcePort,
          sequence: 5,
          acknowledgment,
          flags,
          window: 1,
          data,
        }),
      }),
    );
  const fin = tcpFlag.fin | tcpFlag.ack;
  const heard = seen(tcp(1009, 1, fin, new Uint8Array(3)), 0, { direction: "in" });
  const answered = (atMs: number) => seen(tcp(80, 9, fin), atMs);
  const acknowledged = (atMs: number) => seen(tcp(80, 9, tcpFlag.ack), atMs);

  test("the delayed acknowledgment that its answer would have carried is left out, and counted", () => {
    const comparison = compare([heard, acknowledged(41), answered(50)], [heard, answered(1)]);
    expect(comparison).toMatchObject({ differences: [], lateAcknowledgments: 1 });
  });

  test("one that was sent at once is a difference, and so is one that nothing repeats", () => {
    expect(isEqual([heard, acknowledged(1), answered(50)], [heard, answered(1)])).toBe(false);
    expect(isEqual([heard, acknowledged(41)], [heard])).toBe(false);
  });

  test("a FIN before any data is acknowledged in the next jiffy, if the program has not closed by then", () => {
    const closed = seen(tcp(1009, 1, fin), 0, { direction: "in" });
    expect(isEqual([closed, acknowledged(1), answered(2)], [closed, answered(1)])).toBe(true);
  });
});
