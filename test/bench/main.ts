import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { Breakpoints } from "../../src/lab/breakpoints.ts";
import { build } from "../../src/lab/build.ts";
import { DataBreakpoints } from "../../src/lab/data/data-breakpoints.ts";
import { openModel } from "../../src/lab/model/open-model.ts";
import { compileSync } from "../../src/language/compile.ts";
import type { World } from "../../src/linux/world.ts";
import { buildRing, clusterPlan, frameHops } from "./ring.ts";
import { inLockstep, pausedSessions, type Shape, type StepFigures, waiting } from "./scale.ts";

const historyBytes = 256 * 1024 * 1024;
const sliceEvents = 100_000;
const measuredSlices = 30;

/** Frame-hops per second through veth and bridge, recording on: the median of many slices, and the best one. */
function ring(pods: number): void {
  const world = buildRing(pods, 1_000_000, historyBytes);
  resolveNeighbours(world, pods);
  const rates: number[] = [];
  const hopsBefore = frameHops(world);
  const eventsBefore = world.sim.position;
  for (let slice = 0; slice < measuredSlices; slice++) {
    const hops = frameHops(world);
    const start = performance.now();
    world.sim.advance(sliceEvents);
    rates.push((frameHops(world) - hops) / ((performance.now() - start) / 1000));
  }
  rates.sort((a, b) => a - b);
  const eventsPerHop = (world.sim.position - eventsBefore) / (frameHops(world) - hopsBefore);
  const median = rates[rates.length >> 1];
  const best = rates[rates.length - 1];
  print(
    `UDP echo round a ring of ${pods} pods, one bridge`,
    `${millions(median)} frame-hops/s (best slice ${millions(best)}; ${eventsPerHop.toFixed(1)} events per hop)`,
  );
}

/** How much of the speed is left with conditional breakpoints that never stop: the median of slices taken in turn. */
function conditionalBreakpoints(pods: number, count: number): void {
  const world = buildRing(pods, 1_000_000, historyBytes);
  resolveNeighbours(world, pods);
  const { sim } = world;
  const breakpoints = neverMatching(world, count);
  const plain: number[] = [];
  const asking: number[] = [];
  for (let slice = 0; slice < measuredSlices; slice++) {
    sim.armed.fill(0);
    plain.push(microseconds(() => sim.advance(sliceEvents)));
    breakpoints.arm(sim.armed);
    asking.push(microseconds(() => sim.advanceAsking(sliceEvents, (event) => breakpoints.wants(event))));
  }
  const ratio = Number(middle(plain)) / Number(middle(asking));
  print(`${count} conditional breakpoints that never stop`, `${(ratio * 100).toFixed(0)} % of the speed without them`);
}

const neverTrue = [
  'ip.src == "192.0.2.1"',
  "udp.dstport == 53",
  "arp.opcode == 1 && arp.isgratuitous",
  'netns == "nowhere"',
  'ip.ttl < 2 || eth.src == "02:00:00:00:00:01"',
];
const watchedStages = ["veth.transmit", "bridge.forward", "veth.receive", "udp.receive"];

/** As users set them: some at each of the stages that every packet passes. */
function neverMatching(world: World, count: number): Breakpoints {
  const plan = clusterPlan(1, 1, false);
  const unused = undefined as never;
  const breakpoints = new Breakpoints(world, plan, unused, unused, () => undefined);
  const wanted = Array.from({ length: count }, (_, index) => ({
    name: watchedStages[index % watchedStages.length],
    condition: neverTrue[index % neverTrue.length],
  }));
  for (const row of breakpoints.setFunctions(wanted)) if (!row.verified) throw new Error(row.message);
  return breakpoints;
}

/** Until every pod has its neighbours: each of the first broadcasts floods the whole segment. */
function resolveNeighbours(world: World, pods: number): void {
  while (world.neighbours.table.size < pods * 2) world.sim.advance(sliceEvents);
  world.sim.advance(pods * pods * 4 + 2 * sliceEvents);
}

async function buildCluster(nodes: number, podsPerNode: number): Promise<void> {
  const pods = nodes * podsPerNode;
  const before = await usedBytes();
  const start = performance.now();
  const { world } = build(clusterPlan(nodes, podsPerNode, false), { seed: 1, historyBytes });
  const seconds = (performance.now() - start) / 1000;
  const bytesPerPod = ((await usedBytes()) - before) / pods;
  const devices = world.devices.table.size;
  print(
    `build ${pods} pods on ${nodes} nodes`,
    `${seconds.toFixed(2)} s, ${bytesPerPod.toFixed(0)} bytes per pod, ${devices} devices`,
  );
}

/** From the text of a cluster to the proof that every pod reaches every other one. */
function checkModel(cni: string, nodes: number, podsPerNode: number): void {
  const text = `cluster { podCIDR 10.0.0.0/8; cni ${cni} }
router gateway { address 172.16.255.254/16 }
node worker[1..${nodes}] { address 172.16.0.11/16; gateway 172.16.255.254; pod web[1..${podsPerNode}] }
`;
  const start = performance.now();
  const opened = openModel(compileSync(text, "bench"));
  if ("problems" in opened) throw new Error(opened.problems[0]?.message ?? "the file cannot be checked");
  while (opened.advance(10_000));
  const outcome = opened.outcome();
  if ("problems" in outcome || !outcome.holds) throw new Error("the networking model does not hold");
  const seconds = (performance.now() - start) / 1000;
  print(
    `check --model of ${outcome.pods} pods on ${nodes} nodes, ${cni}`,
    `${seconds.toFixed(2)} s for ${outcome.pairs} pairs`,
  );
}

/** What is left when the collector has been given its time: arrays that were outgrown are freed behind its back. */
async function usedBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await setTimeout(50);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** How much of the speed is left with a data breakpoint: on what no packet changes, and on a counter that every packet does. */
function dataBreakpoints(pods: number, dataId: string, what: string): void {
  const world = buildRing(pods, 1_000_000, historyBytes);
  resolveNeighbours(world, pods);
  const { sim } = world;
  const breakpoints = new DataBreakpoints(world, () => undefined);
  const [row] = breakpoints.set([{ dataId, condition: 'data.new == "never"' }]);
  if (!row.verified) throw new Error(row.message);
  const plain: number[] = [];
  const asking: number[] = [];
  sim.armed.fill(0);
  for (let slice = 0; slice < measuredSlices; slice++) {
    plain.push(microseconds(() => sim.advance(sliceEvents)));
    asking.push(microseconds(() => runWatched(sim, breakpoints)));
  }
  const ratio = Number(middle(plain)) / Number(middle(asking));
  print(`a data breakpoint on ${what}`, `${(ratio * 100).toFixed(0)} % of the speed without it`);
}

/** As a motion does. */
function runWatched(sim: World["sim"], breakpoints: DataBreakpoints): void {
  let left = sliceEvents;
  while (left > 0) {
    left -= sim.advanceAsking(left, () => false, breakpoints.watched);
    breakpoints.hitAfter(sim.position - 1, "forward");
  }
}

/** Steps at the end of a long run whose recording is whole. */
async function steps(events: number): Promise<void> {
  const before = await usedBytes();
  const world = buildRing(100, 1_000_000, 2 * historyBytes);
  while (world.sim.position < events) world.sim.advance(events - world.sim.position);
  const memory = (await usedBytes()) - before;
  const back: number[] = [];
  const forth: number[] = [];
  for (let i = 0; i < 1000; i++) {
    back.push(microseconds(() => world.sim.stepBack()));
    forth.push(microseconds(() => world.sim.step()));
    world.sim.stepBack();
  }
  print(`step back at event ${events}`, `${middle(back)} µs median, ${Math.max(...back).toFixed(0)} µs worst of 1,000`);
  print(`step forward at event ${events}`, `${middle(forth)} µs median`);
  const whole = microseconds(() => world.sim.goTo(world.sim.earliest)) / 1000;
  print(`from event ${world.sim.recorded - 1} back to event ${world.sim.earliest}`, `${whole.toFixed(0)} ms`);
  print(
    "the recording of these events",
    `${(world.sim.historySize() / 1e6).toFixed(0)} MB; with the values it refers to and the world, ${(memory / 1e6).toFixed(0)} MB`,
  );
}

/** What a client waits for with many packets in flight, with few, and with as many as the Call Stack lists. */
async function sessions(shape: Shape): Promise<void> {
  const [few, listed, many] = await pausedSessions(shape, [10, 200, 10_000]);
  for (const { inFlight, pauseMs, threadsSent, steps } of [few, listed, many]) {
    print(
      `a session with ${inFlight} packets ${shape.name}`,
      `Pause ${pauseMs.toFixed(0)} ms, ${threadsSent} threads sent; a step, and what the views then ask:`,
    );
    for (const [title, { ms, lookMs, events, simulationMs }] of titled(steps))
      print(
        `  ${title}`,
        `${ms.toFixed(3)} ms for ${events} events, ${((1000 * ms) / events).toFixed(2)} µs each; simulation ${simulationMs.toFixed(3)} ms, debugger ${(ms - simulationMs).toFixed(3)} ms; views ${lookMs.toFixed(3)} ms`,
      );
  }
  for (const fewer of [few, listed])
    print(
      `  ${many.inFlight} to ${fewer.inFlight}, ${shape.name}`,
      titled(many.steps)
        .map(([title, { ms, lookMs }], index) => {
          const less = titled(fewer.steps)[index][1];
          return `${title} ${(ms / less.ms).toFixed(2)} (views ${(lookMs / less.lookMs).toFixed(2)})`;
        })
        .join(", "),
    );
}

function titled(steps: Readonly<Record<string, StepFigures>>): readonly (readonly [string, StepFigures])[] {
  const { stepIn, next, stepBack } = steps;
  return [
    ["Step Into", stepIn],
    ["Step Over", next],
    ["Step Back", stepBack],
  ];
}

function microseconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1000;
}

function middle(values: number[]): string {
  return values.sort((a, b) => a - b)[values.length >> 1].toFixed(1);
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(2)} M`;
}

function print(what: string, figure: string): void {
  console.log(`${what.padEnd(52)} ${figure}`);
}

console.log(
  `Node ${process.version}. Design: 2 M frame-hops/s, 1,024 bytes per idle pod, 150,000 pods in 2 s, 50 ms per step back.`,
);
console.log(
  "The same work elsewhere, one core: ns-3 3.37 does 0.32 / 0.30 / 0.19 M frame-hops/s for 10 / 100 / 1,000 pods;",
);
console.log("Linux 6.18 in network namespaces 1.06 / 0.92 M for 10 / 100 pods.\n");
/** What is measured, by the words that ask for it: `npm run bench -- ring session`. Without any, all. */
const parts: Readonly<Record<string, () => void | Promise<void>>> = {
  async build() {
    await buildCluster(1, 1000);
    await buildCluster(334, 30);
    await buildCluster(5000, 30);
  },
  model() {
    for (const cni of ["host-gw", "vxlan", "routed"]) checkModel(cni, 5000, 30);
  },
  ring() {
    for (const pods of [10, 100, 1000]) ring(pods);
  },
  conditions: () => conditionalBreakpoints(100, 20),
  data() {
    dataBreakpoints(100, "routes:node0", "a node's routes");
    dataBreakpoints(100, "dev:node0/pod1/eth0#TX", "the counter of one of 100 pods");
  },
  history: () => steps(1_000_000),
  async session() {
    await sessions(inLockstep);
    await sessions(waiting);
  },
};
const wanted = process.argv.slice(2);
for (const name of wanted)
  if (parts[name] === undefined) throw new Error(`Parts are ${Object.keys(parts).join(", ")}.`);
for (const name of Object.keys(parts)) if (wanted.length === 0 || wanted.includes(name)) await parts[name]();
