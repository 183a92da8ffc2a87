import { performance } from "node:perf_hooks";
import { build } from "../../src/lab/build.ts";
import { buildRing, clusterPlan, frameHops } from "./ring.ts";

const historyBytes = 256 * 1024 * 1024;

function ring(pods: number): void {
  const rounds: number[] = [];
  let events = 0;
  for (let round = 0; round < 3; round++) {
    const world = buildRing(pods, Math.ceil(400_000 / pods), historyBytes);
    world.sim.advance(100_000);
    const hopsBefore = frameHops(world);
    const positionBefore = world.sim.position;
    const start = performance.now();
    while (world.sim.advance(100_000) > 0 && performance.now() - start < 2000);
    const seconds = (performance.now() - start) / 1000;
    rounds.push((frameHops(world) - hopsBefore) / seconds);
    events = (world.sim.position - positionBefore) / (frameHops(world) - hopsBefore);
  }
  rounds.sort((a, b) => a - b);
  console.log(`ring of ${pods} pods: ${millions(rounds[1])} frame-hops/s (${events.toFixed(1)} events per hop)`);
}

function buildCluster(nodes: number, pods: number): void {
  globalThis.gc?.();
  const before = memory();
  const start = performance.now();
  const { world } = build(clusterPlan(nodes, pods, false), { seed: 1, historyBytes });
  const seconds = (performance.now() - start) / 1000;
  globalThis.gc?.();
  const bytes = (memory() - before) / (nodes * pods);
  console.log(
    `build ${nodes * pods} pods: ${seconds.toFixed(2)} s, ${bytes.toFixed(0)} bytes per pod (${world.devices.table.size} devices)`,
  );
}

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function stepBack(): void {
  const world = buildRing(100, 1_000_000, 512 * 1024 * 1024);
  while (world.sim.position < 1_000_000) world.sim.advance(1_000_000 - world.sim.position);
  const back: number[] = [];
  const forth: number[] = [];
  for (let i = 0; i < 1000; i++) {
    let start = performance.now();
    world.sim.stepBack();
    back.push(performance.now() - start);
    start = performance.now();
    world.sim.step();
    forth.push(performance.now() - start);
    world.sim.stepBack();
  }
  back.sort((a, b) => a - b);
  forth.sort((a, b) => a - b);
  const start = performance.now();
  world.sim.goTo(world.sim.earliest);
  const whole = performance.now() - start;
  console.log(
    `at event 1,000,000: step back ${(back[500] * 1000).toFixed(1)} µs median, ${(back[999] * 1000).toFixed(0)} µs worst; step ${(forth[500] * 1000).toFixed(1)} µs; back to the beginning ${whole.toFixed(0)} ms; history ${(world.sim.historySize() / 1e6).toFixed(0)} MB`,
  );
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(2)} M`;
}

for (const pods of [10, 100, 1000]) ring(pods);
buildCluster(1, 1000);
buildCluster(334, 30);
buildCluster(5000, 30);
stepBack();
