import fc from "fast-check";
import { expect, test } from "vitest";
import { digest } from "../../src/sim/digest.ts";
import { Lane } from "../../src/sim/lane.ts";
import { Simulation } from "../../src/sim/simulation.ts";
import { addTimer, never } from "../../src/sim/timers.ts";

const stages = { knock: 1, ring: 2, pass: 3 };

/** Bells that ring on timers, and balls that are passed through a lane: every kind of event that there is. */
function playground(seed = 1, historyBytes = 1e9) {
  const sim = new Simulation({ seed, historyBytes });
  const balls = sim.addTable("ball");
  const stage = balls.int32("stage");
  const place = balls.int32("place");
  const number = balls.int32("number");
  sim.setWalkers({ table: balls, stage, place, number });
  const lane = sim.addLane(new Lane(sim.log, "air", 10));
  const bells = sim.addTable("bell");
  const rung = bells.int32("rung");
  const timer = addTimer(bells, sim.log, sim.timers, "timer", stages.ring);
  const heard: string[] = [];
  sim.on(stages.ring, (bell) => {
    heard.push(`${sim.nowNs}: bell ${bell}`);
    rung.set(bell, rung.get(bell) + 1);
    if (rung.get(bell) < 4) timer.set(bell, sim.nowNs + 5 + sim.random.below(20));
  });
  sim.on(stages.pass, (ball) => {
    heard.push(`${sim.nowNs}: ball ${ball} at ${place.get(ball)}`);
    place.set(ball, place.get(ball) + 1);
    stage.set(ball, stages.knock);
  });
  sim.on(stages.knock, (ball) => {
    sim.underWay.pop();
    stage.set(ball, stages.pass);
    if (place.get(ball) < 5) lane.push(ball, sim.nowNs);
    else balls.remove(ball);
  });
  const throwBall = (nth: number) => {
    const ball = balls.allocate();
    stage.set(ball, stages.pass);
    place.set(ball, 0);
    number.set(ball, nth);
    balls.link(ball);
    lane.push(ball, sim.nowNs);
  };
  const hang = (dueNs: number) => {
    const bell = bells.allocate();
    rung.set(bell, 0);
    bells.link(bell);
    timer.set(bell, dueNs);
    return bell;
  };
  return { sim, heard, balls, number, throwBall, hang, timer, lane };
}

test("1. What is under way comes first, then what is due: by time, lanes before timers", () => {
  const { sim, heard, throwBall, hang } = playground();
  throwBall(1);
  hang(10);
  hang(3);
  sim.begin();
  sim.advance(5);
  expect(heard.slice(0, 3)).toEqual(["3: bell 2", "10: ball 1 at 0", "10: bell 1"]);
});

test("2. Timers due at the same moment fire in the order of their rows, and a moved timer fires once", () => {
  const { sim, heard, hang, timer } = playground();
  const first = hang(100);
  hang(50);
  hang(50);
  timer.set(first, 40);
  timer.set(first, 60);
  sim.begin();
  sim.advance(3);
  expect(heard).toEqual(["50: bell 2", "50: bell 3", "60: bell 1"]);
});

test("3. A cleared timer does not fire", () => {
  const { sim, hang, timer } = playground();
  timer.set(hang(10), never);
  sim.begin();
  expect(sim.next()).toBeUndefined();
  expect(sim.advance(10)).toBe(0);
});

test("4. An armed stage is not run: the world stands before it", () => {
  const { sim, throwBall, hang } = playground();
  hang(3);
  throwBall(1);
  sim.begin();
  sim.armed[stages.knock] = 1;
  sim.advance(100);
  expect(sim.next()).toMatchObject({ stage: stages.knock, timeNs: 10 });
  expect(sim.step()).toBe(true);
  expect(sim.next()?.stage).not.toBe(stages.knock);
});

test("5. Looking at the next event changes nothing", () => {
  const { sim, throwBall, hang } = playground();
  hang(3);
  throwBall(1);
  sim.begin();
  const before = digest(sim);
  for (let i = 0; i < 5; i++) sim.next();
  expect(digest(sim)).toBe(before);
  expect(sim.position).toBe(0);
});

test("6. Law: at every position, the world is the same whether it got there forwards, backwards or again", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.array(fc.nat(60), { maxLength: 12 }), (seed, jumps) => {
      const { sim, throwBall, hang } = playground(seed);
      for (let i = 0; i < 3; i++) throwBall(i + 1);
      hang(3);
      hang(17);
      sim.begin();
      const digests = [digest(sim)];
      while (sim.step()) digests.push(digest(sim));
      for (const jump of jumps) {
        const target = jump % digests.length;
        sim.goTo(target);
        expect(digest(sim)).toBe(digests[target]);
        expect(sim.position).toBe(target);
      }
    }),
  );
});

test("7. Law: the same seed gives the same events; what was forgotten happens again in the same way", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(60), (seed, cut) => {
      const { sim, heard, throwBall, hang } = playground(seed);
      throwBall(1);
      hang(3);
      hang(3);
      sim.begin();
      while (sim.step());
      const end = digest(sim);
      const story = [...heard];
      sim.goTo(cut % (sim.recorded + 1));
      sim.forgetFuture();
      const known = heard.length;
      while (sim.step());
      expect(digest(sim)).toBe(end);
      expect(heard.slice(known)).toEqual(story.slice(story.length - (heard.length - known)));
    }),
  );
});

test("8. Replaying does not run anything again", () => {
  const { sim, heard, hang } = playground();
  hang(3);
  sim.begin();
  while (sim.step());
  const story = heard.length;
  sim.goTo(0);
  while (sim.step());
  expect(heard.length).toBe(story);
});

test("9. A ring that has wrapped gives back what was overwritten", () => {
  const { sim, throwBall, lane } = playground();
  for (let i = 0; i < 60; i++) throwBall(i + 1);
  sim.begin();
  const before = [...lane.entries()];
  sim.advance(200);
  sim.goTo(0);
  expect([...lane.entries()]).toEqual(before);
});

test("10. History is bounded: the oldest events are dropped, and the earliest position says so", () => {
  const { sim, hang, timer } = playground(1, 1_000_000);
  const bell = hang(3);
  sim.on(stages.ring, () => timer.set(bell, sim.nowNs + 1));
  sim.begin();
  sim.advance(200_000);
  expect(sim.earliest).toBeGreaterThan(100_000);
  expect(sim.historySize()).toBeLessThan(4_000_000);
  const earliest = sim.earliest;
  sim.goTo(earliest);
  const then = digest(sim);
  sim.goTo(200_000);
  sim.goTo(earliest);
  expect(digest(sim)).toBe(then);
  expect(sim.stepBack()).toBe(false);
});

test("11. Law: a walker's events are followed from one to the next, in whatever future they lie, and none is missed", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ back: fc.nat(40), forth: fc.nat(60), isEdit: fc.boolean() })), (moves) => {
      const { sim, balls, number, throwBall, hang } = playground();
      for (const ball of [1, 2, 3]) throwBall(ball);
      hang(3);
      sim.begin();
      let thrown = 3;
      for (const { back, forth, isEdit } of moves) {
        sim.goTo(Math.max(0, sim.position - back));
        if (isEdit) sim.edit(() => throwBall(++thrown));
        for (let i = 0; i < forth; i++) sim.step();
        const before = sim.position;
        const all = Array.from({ length: before }, (_, event) => event).reverse();
        for (let ball = 1; ball <= thrown; ball++) {
          const own = all.filter((event) => sim.events.walker(event) === ball);
          const row = [...balls.rows()].find((one) => number.get(one) === ball);
          expect([...sim.events.ofWalker(ball, row ?? 0, 0, before)]).toEqual(own);
          const late = own.filter((event) => event >= 10);
          expect([...sim.events.ofWalker(ball, row ?? 0, 10, before)]).toEqual(late);
        }
      }
    }),
  );
});

test("among what is due at one time somebody may choose; going back takes the choice back, going on repeats it", () => {
  const { sim, heard, throwBall, hang } = playground();
  for (const ball of [1, 2, 3]) throwBall(ball);
  hang(10);
  hang(10);
  sim.begin();
  const choices = sim.candidates();
  expect(choices.map(({ stage, subject }) => `${stage === stages.ring ? "bell" : "ball"} ${subject}`)).toEqual([
    ...["ball 1", "ball 2", "ball 3", "bell 1", "bell 2"],
  ]);
  sim.step();
  const before = digest(sim);
  for (const first of ["ball 3", "bell 2", "bell 1"]) {
    while (sim.underWay.length > 0) sim.step();
    const left = sim.candidates();
    const wanted = left.find(({ stage, subject }) => `${stage === stages.ring ? "bell" : "ball"} ${subject}` === first);
    if (wanted === undefined) throw new Error(`no ${first}`);
    sim.edit(() => sim.chooseNext(wanted));
    sim.step();
    expect(heard.at(-1)).toContain(first);
  }
  const after = digest(sim);
  const end = sim.position;
  sim.goTo(1);
  expect(digest(sim)).toBe(before);
  sim.goTo(end);
  expect(digest(sim)).toBe(after);
  while (sim.step());
  expect(heard.filter((line) => line.includes("ball 2"))).toHaveLength(5);
});

test("a ball that is due may come before another that is under way", () => {
  const { sim, heard, throwBall } = playground();
  throwBall(1);
  throwBall(2);
  sim.begin();
  sim.step();
  const [, other] = sim.candidates();
  sim.edit(() => sim.chooseNext(other));
  while (sim.underWay.length > 0) sim.step();
  expect(heard.slice(0, 2)).toEqual(["10: ball 1 at 0", "10: ball 2 at 0"]);
  expect(sim.events.walker(1)).toBe(2);
});
