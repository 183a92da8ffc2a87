import { describe, expect, test } from "vitest";
import { build } from "../../../src/lab/build.ts";
import { compileSync } from "../../../src/language/compile.ts";
import type { World } from "../../../src/linux/world.ts";
import { groupEndpoints, shownMembers } from "../../../src/reach/model/classes.ts";
import { type Endpoint, listEndpoints } from "../../../src/reach/model/endpoints.ts";
import { judgePair, protocols } from "../../../src/reach/model/pair.ts";
import { Walker } from "../../../src/reach/model/walker.ts";
import { randomCluster } from "./random-cluster.ts";
import { PairWalks } from "./walk-pair.ts";

const first = Number(process.env.K8SNET_MODEL_SEED ?? 1);
const clusters = Number(process.env.K8SNET_MODEL_CLUSTERS ?? 200);

/** A world with the cluster of a seed and its faults, before any packet. */
function broken(text: string): World {
  const { plan, diagnostics } = compileSync(text, "lab.k8snet");
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  expect(
    errors.map(({ message }) => message),
    text,
  ).toEqual([]);
  const { world, setUp } = build(plan, { seed: 1, historyBytes: 64 * 1024 * 1024 });
  for (const statement of plan.scenarios[0].statements) {
    if (statement.do !== "configure") continue;
    for (const command of statement.commands) setUp.change(command);
  }
  return world;
}

function pairsOf(endpoints: readonly Endpoint[]): readonly (readonly [Endpoint, Endpoint])[] {
  return endpoints.flatMap((from) =>
    endpoints
      .filter((to) => from !== to && (from.role === "pod" || to.role === "pod"))
      .map((to): [Endpoint, Endpoint] => [from, to]),
  );
}

describe("The model check agrees with the simulated kernel", () => {
  test(`for every pair of ${clusters} random clusters`, { timeout: 600_000 }, () => {
    const counted = { pairs: 0, refuted: 0, uncertain: 0, ofProtocols: 0 };
    for (let seed = first; seed < first + clusters; seed++) {
      const text = randomCluster(seed);
      const world = broken(text);
      const endpoints = listEndpoints(world);
      const walker = new Walker(world);
      const pairs = pairsOf(endpoints);
      const verdicts = new Map(
        pairs.map(([from, to]) => [`${from.name} ${to.name}`, judgePair(world, walker, from, to)]),
      );
      const shown = new Map<Endpoint, readonly Endpoint[]>();
      for (const { members } of groupEndpoints(world, endpoints))
        for (const member of members) shown.set(member, members.slice(0, shownMembers));
      const walks = new PairWalks(world);
      for (const [from, to] of pairs) {
        const name = `${from.name} -> ${to.name}`;
        const faults = verdicts.get(`${from.name} ${to.name}`)?.faults ?? [];
        counted.pairs++;
        if (faults.length > 0) counted.refuted++;
        if (faults.some(({ protocols: own }) => own !== undefined)) counted.ofProtocols++;
        if (from.addressRow === 0 || to.addressRow === 0) continue;
        for (const protocol of protocols) {
          const fault = faults.find((one) => one.protocols?.includes(protocol) !== false);
          const told = `seed ${seed}, ${name} by ${protocol}: ${fault?.loss.text ?? "reached"}\n${text}`;
          if (fault?.loss.isUncertain) counted.uncertain++;
          else expect(walks.reaches(from, to, protocol), told).toBe(fault === undefined);
        }
        const [one] = shown.get(from) ?? [];
        const other = shown.get(to)?.find((candidate) => candidate !== one) ?? to;
        const alike = verdicts.get(`${one.name} ${other.name}`)?.faults.map((fault) => fault.protocols);
        expect(alike, `seed ${seed}, ${name} is like ${one.name} -> ${other.name}\n${text}`).toEqual(
          faults.map((fault) => fault.protocols),
        );
      }
    }
    expect(counted.refuted).toBeGreaterThan(counted.pairs / 10);
    expect(counted.ofProtocols).toBeGreaterThan(counted.pairs / 200);
    expect(counted.pairs - counted.refuted).toBeGreaterThan(counted.pairs / 10);
  });
});
