import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Segment } from "./segment.ts";

/** Bit times at 10 Mbit/s, in nanoseconds. */
const bit = 100;
/** Two stations with 100 m of cable each hear each other after 1 µs. */
const near = [{}, {}];
/** The numbers of IEEE 802.3, 4.4.2. */
const slot = 512;
const gap = 96;
const jam = 32;
const preamble = 64;
/** From the first bit of the preamble to the last one of the frame check sequence. */
const shortest = preamble + 8 * 64;
const longest = preamble + 8 * 1518;

describe("A frame on a hub", () => {
  it("takes 576 bit times, if it is the shortest, and arrives when it has travelled along both cables", () => {
    const segment = new Segment([{ cableMetres: 100 }, { cableMetres: 40 }]);
    segment.send(0, 5_000 * bit);
    segment.run();
    expect(segment.bitTimes("hub.transmit", 0)).toEqual([5_000]);
    expect(segment.bitTimes("hub.receive", 1)).toEqual([5_000 + shortest + 7]);
  });

  it("is padded to 64 bytes, and of 1,518 at most takes 12,208 bit times", () => {
    for (const [bytes, bits] of [
      [14, shortest],
      [60, shortest],
      [61, shortest + 8],
      [1514, longest],
    ]) {
      const segment = new Segment(near);
      segment.send(0, 1_000 * bit, bytes);
      segment.run();
      expect(segment.bitTimes("hub.receive", 1)).toEqual([1_000 + bits + 10]);
    }
  });

  it("is heard by all stations but its own", () => {
    const segment = new Segment([{}, {}, {}, {}]);
    segment.send(2, bit);
    segment.run();
    const heardBy = segment.seen.filter((one) => one.stage === "hub.receive").map((one) => one.station);
    expect(heardBy.sort()).toEqual([0, 1, 3]);
  });

  it("ends where nobody else is", () => {
    const segment = new Segment([{}]);
    segment.send(0, bit);
    segment.run();
    expect(segment.world.packets.table.size).toBe(0);
  });

  it("is ten times as fast at 100 Mbit/s, on cables as long", () => {
    const segment = new Segment(near, { bitRate: 100_000_000 });
    segment.send(0, 1_000 * bit);
    segment.run();
    expect(segment.bitTimes("hub.receive", 1)).toEqual([1_000 + shortest / 10 + 10]);
  });
});

describe("Deference (4.2.3.2.1)", () => {
  it("a station leaves an interpacket gap of 96 bit times after its own frame", () => {
    const segment = new Segment(near);
    segment.send(0, 1_000 * bit);
    segment.send(0, 1_001 * bit);
    segment.run();
    expect(segment.bitTimes("hub.transmit", 0)).toEqual([1_000, 1_000 + shortest + gap]);
  });

  it("and after the frame of another one, counted from when it has passed", () => {
    const segment = new Segment(near);
    segment.send(0, 1_000 * bit);
    segment.send(1, 1_100 * bit);
    segment.run();
    expect(segment.bitTimes("hub.transmit", 1)).toEqual([1_000 + 10 + shortest + gap]);
    expect(segment.count("hub.collision")).toBe(0);
  });

  it("a frame that comes within the gap waits for its end, one that comes later goes at once", () => {
    const after = 1_000 + 10 + shortest;
    for (const [asked, begun] of [
      [after + 1, after + gap],
      [after + gap - 1, after + gap],
      [after + gap + 1, after + gap + 1],
    ]) {
      const segment = new Segment(near);
      segment.send(0, 1_000 * bit);
      segment.send(1, asked * bit);
      segment.run();
      expect(segment.bitTimes("hub.transmit", 1)).toEqual([begun]);
    }
  });

  /** Station 2 does not listen, and begins so many bit times after station 1 has seen the medium become idle. */
  function disturbed(afterIdle: number): Segment {
    const segment = new Segment([{}, {}, { duplex: "full" }]);
    segment.send(0, 1_000 * bit);
    segment.send(1, 1_100 * bit);
    segment.send(2, (1_000 + shortest + afterIdle) * bit);
    return segment.run(4_000 * bit);
  }

  it("a carrier in the first two thirds of the gap starts the waiting anew", () => {
    const begins = 1_000 + shortest + 63;
    const segment = disturbed(63);
    expect(segment.bitTimes("hub.transmit", 1)).toEqual([begins + 10 + shortest + gap]);
    expect(segment.count("hub.collision")).toBe(0);
  });

  it("a carrier in the last third is no longer looked at: everybody is to have the same chance", () => {
    const segment = disturbed(65);
    const begins = 1_000 + 10 + shortest + gap;
    expect(segment.bitTimes("hub.transmit", 1)[0]).toBe(begins);
    expect(segment.bitTimes("hub.collision", 1)[0]).toBe(begins);
  });

  it("two that wait for the end of one frame begin together, and collide", () => {
    const segment = new Segment([{}, {}, {}]);
    segment.send(0, 1_000 * bit);
    segment.send(1, 1_100 * bit);
    segment.send(2, 1_200 * bit);
    segment.run();
    const begins = 1_000 + 10 + shortest + gap;
    expect(segment.bitTimes("hub.collision", 1)[0]).toBe(begins + 10);
    expect(segment.bitTimes("hub.collision", 2)[0]).toBe(begins + 10);
    expect(segment.count("hub.receive")).toBe(6);
  });
});

describe("A collision", () => {
  it("happens exactly when two begin within the time that a signal travels", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 1, max: 300 }), (offsetNs, cableMetres) => {
        const segment = new Segment([{ cableMetres }, {}]);
        segment.send(0, 100_000);
        segment.send(1, 100_000 + offsetNs);
        segment.run(100_000 + 5_000);
        const travelNs = 5 * (cableMetres + 100);
        // What is heard at the very moment of the beginning was not heard before it.
        if (offsetNs === travelNs) return;
        expect(segment.count("hub.collision") > 0).toBe(offsetNs < travelNs);
      }),
    );
  });

  it("is noticed when the other's signal arrives; the preamble is completed, and a jam of 32 bits follows", () => {
    const segment = new Segment(near);
    segment.send(0, 1_000 * bit);
    segment.send(1, 1_004 * bit);
    segment.run();
    expect(segment.bitTimes("hub.collision", 1)[0]).toBe(1_010);
    expect(segment.bitTimes("hub.collision", 0)[0]).toBe(1_014);
    expect(segment.bitTimes("hub.backoff", 0)[0]).toBe(1_000 + preamble + jam);
    expect(segment.bitTimes("hub.backoff", 1)[0]).toBe(1_004 + preamble + jam);
  });

  it("after the preamble is answered by the jam at once", () => {
    const segment = new Segment([{ cableMetres: 2_000 }, { cableMetres: 2_000 }]);
    segment.send(0, 1_000 * bit);
    segment.send(1, 1_190 * bit);
    segment.run(3_000 * bit);
    expect(segment.bitTimes("hub.collision", 0)[0]).toBe(1_390);
    expect(segment.bitTimes("hub.backoff", 0)[0]).toBe(1_390 + jam);
  });

  it("leaves fragments that no station takes for frames", () => {
    const segment = new Segment([{}, {}, {}]);
    segment.send(0, 1_000 * bit);
    segment.send(1, 1_000 * bit);
    segment.run(1_100 * bit);
    expect(segment.count("hub.collision")).toBe(2);
    expect(segment.count("hub.receive")).toBe(0);
    expect(segment.world.stations.carriers.get(3)).toBe(2);
  });

  it("is late when it comes after a slot time of 512 bit times", () => {
    for (const [begins, late] of [
      [slot - 1, 0],
      [slot + 1, 1],
    ]) {
      const segment = new Segment([{}, { duplex: "full" }]);
      segment.send(0, 1_000 * bit, 1514);
      segment.send(1, (1_000 + begins - 10) * bit);
      segment.run(1_000 * bit + slot * 2 * bit);
      expect(segment.world.stations.collisions.get(1)).toBe(1);
      expect(segment.world.stations.lateCollisions.get(1)).toBe(late);
    }
  });

  it("may go unnoticed where a signal travels longer than a frame lasts: the cables are too long", () => {
    const segment = new Segment([{ cableMetres: 6_000 }, { cableMetres: 6_000 }]);
    segment.send(0, 1_000 * bit);
    segment.send(1, 1_010 * bit);
    segment.run();
    // Each has ceased to speak when it hears the other one, but in the hub the two were mixed.
    expect(segment.count("hub.collision")).toBe(0);
    expect(segment.drops("COLLISION").map((one) => one.station)).toEqual([1, 0]);
    expect(segment.count("hub.receive")).toBe(0);
  });

  it("happens in the hub: frames that miss each other there arrive, though a cable carries both", () => {
    for (const [afterwards, arrived] of [
      [-1, 0],
      [1, 2],
    ]) {
      const segment = new Segment([{}, { cableMetres: 2_000, duplex: "full" }]);
      segment.send(0, 1_000 * bit);
      // The last bit of station 0 is in the hub 5 bit times after it was sent; from station 1 it is 100 to there.
      segment.send(1, (1_000 + shortest + 5 - 100 + afterwards) * bit);
      segment.run();
      expect(segment.count("hub.receive")).toBe(arrived);
    }
  });

  it("does not happen to a station in full duplex, which notices nothing; its frame is lost with that reason", () => {
    const segment = new Segment([{}, { duplex: "full" }, {}]);
    segment.send(0, 1_000 * bit, 1514);
    segment.send(1, 2_000 * bit);
    segment.run();
    expect(segment.bitTimes("hub.collision", 1)).toEqual([]);
    expect(segment.drops("COLLISION").map((one) => one.station)).toEqual([0, 2]);
    const received = segment.seen.filter((one) => one.stage === "hub.receive");
    expect(received.map((one) => `${one.packet.slice(0, 2)} ${one.station}`).sort()).toEqual(["#1 1", "#1 2"]);
  });
});

/** A long frame of station 0, into which station 1 speaks a word every millisecond without listening. */
function hopeless(seed: number, frames = 1): Segment {
  const segment = new Segment([{}, { duplex: "full" }], { seed });
  for (let n = 0; n < frames; n++) segment.send(0, 100_000, 1514);
  for (let ms = 0; ms < 420; ms++) segment.send(1, ms * 1_000_000 + 150_000);
  return segment;
}

describe("Truncated binary exponential backoff (4.2.3.2.5)", () => {
  /** What was drawn before attempts 2 to 16, over many seeds. */
  function draws(seeds: number): readonly number[][] {
    const drawn: number[][] = Array.from({ length: 16 }, () => []);
    for (let seed = 1; seed <= seeds; seed++) {
      const segment = hopeless(seed);
      const { stations, sim } = segment.world;
      sim.begin();
      let attempts = 0;
      for (let next = sim.next(); next !== undefined && stations.excessiveCollisions.get(1) === 0; next = sim.next()) {
        const isBackoff = next.walker !== 0 && stations.state.get(1) === 4 && stations.attempts.get(1) > attempts;
        sim.step();
        if (!isBackoff) continue;
        attempts = stations.attempts.get(1);
        drawn[attempts].push(stations.backoffSlots.get(1));
      }
    }
    return drawn;
  }

  it("waits from 0 to 2^min(n, 10) - 1 slots after collision n, all of them alike", () => {
    const seeds = 200;
    const drawn = draws(seeds);
    for (let n = 1; n <= 15; n++) {
      const limit = 2 ** Math.min(n, 10);
      expect(drawn[n], `after collision ${n}`).toHaveLength(seeds);
      expect(Math.min(...drawn[n])).toBeGreaterThanOrEqual(0);
      expect(Math.max(...drawn[n])).toBeLessThan(limit);
      const mean = drawn[n].reduce((sum, slots) => sum + slots, 0) / seeds;
      const deviation = Math.sqrt((limit ** 2 - 1) / 12 / seeds);
      expect(Math.abs(mean - (limit - 1) / 2), `mean after collision ${n}`).toBeLessThan(4 * deviation);
      // Each quarter of the range has its share: of 200 draws no fewer than 25 (expected: 50).
      for (let quarter = 0; quarter < 4 && limit >= 4; quarter++) {
        const share = drawn[n].filter((slots) => Math.floor((4 * slots) / limit) === quarter).length;
        expect(share, `quarter ${quarter} after collision ${n}`).toBeGreaterThan(25);
      }
    }
    expect(new Set(drawn[1])).toEqual(new Set([0, 1]));
    expect(new Set(drawn[2])).toEqual(new Set([0, 1, 2, 3]));
  });

  it("counts the slots from the end of the jam; with 0 slots it only leaves the gap", () => {
    const begins = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const segment = new Segment(near, { seed });
      segment.send(0, 1_000 * bit);
      segment.send(1, 1_000 * bit);
      segment.run();
      // Both hear the other's jam 10 bit times after their own has ended.
      const silent = 1_000 + preamble + jam;
      for (const station of [0, 1]) {
        const [, second] = segment.bitTimes("hub.transmit", station);
        if (second < silent + slot + gap) begins.add(second - silent);
      }
    }
    expect([...begins].sort((a, b) => a - b)).toEqual([10 + gap, slot]);
  });

  it("gives the frame up after 16 attempts, and begins the next one with the first", () => {
    const segment = hopeless(3, 2);
    segment.run();
    const given = segment.drops("EXCESSIVE_COLLISIONS");
    expect(given.map((one) => one.packet)).toContain("#1");
    const ofFirst = (name: string) => segment.seen.filter((one) => one.packet === "#1" && one.stage === name).length;
    expect([ofFirst("hub.transmit"), ofFirst("hub.collision"), ofFirst("hub.backoff")]).toEqual([16, 16, 15]);
    expect(segment.world.stations.excessiveCollisions.get(1)).toBe(given.length);
    const attemptsOfSecond = segment.seen.filter((one) => one.packet === "#2" && one.stage === "hub.transmit");
    expect(attemptsOfSecond.length).toBeGreaterThan(0);
  });

  it("is the same with the same seed, and another one with another", () => {
    const [one, same, other] = [hopeless(5), hopeless(5), hopeless(6)].map((segment) => segment.run());
    expect(same.seen).toEqual(one.seen);
    expect(same.digest()).toBe(one.digest());
    expect(other.seen).not.toEqual(one.seen);
  });
});

describe("An interface that is set down", () => {
  it("falls silent in the middle of its frame, loses what waited, and may speak again later", () => {
    const segment = new Segment(near);
    segment.send(0, 1_000 * bit, 1514);
    segment.send(0, 1_001 * bit);
    segment.setUpOrDown(0, 3_000 * bit, false);
    segment.send(1, 3_050 * bit);
    segment.setUpOrDown(0, 4_000 * bit, true);
    segment.send(0, 5_000 * bit);
    segment.run();
    expect(segment.drops("DEV_READY").filter((one) => one.station === 0)).toHaveLength(3);
    expect(segment.bitTimes("hub.transmit", 1)).toEqual([3_010 + gap]);
    expect(segment.bitTimes("hub.receive", 1)).toEqual([5_000 + shortest + 10]);
  });
});

describe("Whatever the traffic", () => {
  const traffic = fc.array(
    fc.record({
      station: fc.nat(3),
      atNs: fc.integer({ min: 1, max: 2_000_000 }),
      bytes: fc.integer({ min: 14, max: 1514 }),
    }),
    { minLength: 1, maxLength: 25 },
  );

  it("each frame reaches all others once, or its sender knows that it gave it up; and the recording keeps its laws", () => {
    fc.assert(
      fc.property(
        traffic,
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 4, maxLength: 4 }),
        (sends, cables) => {
          const segment = new Segment(cables.map((cableMetres) => ({ cableMetres })));
          for (const { station, atNs, bytes } of sends) segment.send(station, atNs, bytes);
          const { sim, packets, signals } = segment.world;
          sim.begin();
          const start = segment.digest();
          segment.run();
          const end = segment.digest();
          const lost = segment.drops("EXCESSIVE_COLLISIONS").length;
          expect(segment.drops("COLLISION")).toEqual([]);
          expect(segment.count("hub.receive")).toBe(3 * (sends.length - lost));
          expect([packets.table.size, signals.table.size]).toEqual([0, 0]);
          const events = sim.position;
          sim.goTo(0);
          expect(segment.digest()).toBe(start);
          sim.goTo(events);
          expect(segment.digest()).toBe(end);
          sim.goTo(Math.floor(events / 2));
          sim.forgetFuture();
          expect(segment.run().digest()).toBe(end);
        },
      ),
      { numRuns: 60 },
    );
  });
});
