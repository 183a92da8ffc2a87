import { expect, test } from "vitest";
import { build } from "../../src/lab/build.ts";
import { openModel } from "../../src/lab/model/open-model.ts";
import { compileSync } from "../../src/language/compile.ts";
import { listEndpoints } from "../../src/reach/model/endpoints.ts";
import { judgePair } from "../../src/reach/model/pair.ts";
import { Walker } from "../../src/reach/model/walker.ts";
import { Chance } from "../random/chance.ts";

/** A cluster with a range of nodes, and rules and settings that name some of them. */
function rangedCluster(seed: number): string {
  const chance = new Chance(seed);
  const block = () =>
    chance.pick(["10.244.0.0/22", "10.244.4.0/22", "10.244.2.0/23", "10.244.3.0/24", "10.244.5.0/24", "10.244.6.0/25"]);
  const pod = () => `10.244.${chance.between(0, 6)}.${chance.between(2, 5)}`;
  const node = () => `192.168.1.${chance.between(10, 17)}`;
  const faults = [
    () => `route blackhole ${block()} metric 1`,
    () => `route unreachable ${pod()}/32`,
    () => "sysctl net.ipv4.conf.all.rp_filter 1",
    () => `iptables-restore """\n*filter\n-A FORWARD -s ${block()} -d ${pod()} -j DROP\nCOMMIT\n"""`,
    () => `iptables-restore """\n*filter\n-A FORWARD -s ${block()} -p tcp -j DROP\nCOMMIT\n"""`,
    () => `iptables-restore """\n*filter\n-A INPUT -s ${node()} -j DROP\nCOMMIT\n"""`,
    () => `iptables-restore """\n*nat\n-A POSTROUTING -s ${pod()} -d ${block()} -o eth0 -j MASQUERADE\nCOMMIT\n"""`,
    () => `iptables-restore """\n*filter\n-A FORWARD -i veth2 -j DROP\nCOMMIT\n"""`,
  ];
  const some = () => (chance.is(0.5) ? chance.pick(faults)() : "");
  return `cluster { cni ${chance.pick(["host-gw", "vxlan"])} }
node other { address 192.168.1.9/24; pod one; pod two { ${chance.is(0.3) ? "interface eth0 { mtu 1300 }" : ""} } }
node worker[1..6] {
  address 192.168.1.11/24
  ${some()}
  pod app[1..3]
  pod db { ${chance.is(0.3) ? `route blackhole ${pod()}/32` : ""} }
}
node late[1..2] {
  address 192.168.1.21/24
  ${some()}
  pod app[1..3]
}
`;
}

test("a few nodes and pods say of every range what all of them say", { timeout: 90_000 }, () => {
  let refuted = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const text = rangedCluster(seed);
    const compilation = compileSync(text, "lab.k8snet");
    expect(
      compilation.diagnostics.filter(({ severity }) => severity === "error"),
      text,
    ).toEqual([]);
    const opened = openModel(compilation);
    if ("problems" in opened) throw new Error(opened.problems.map(({ message }) => message).join("\n"));
    while (opened.advance(1000));
    const report = opened.outcome();
    if ("problems" in report) throw new Error(report.problems.map(({ message }) => message).join("\n"));
    const found = report.findings
      .filter(({ kind }) => kind !== "black-hole")
      .reduce((sum, { pairs }) => sum + pairs, 0);
    const all = everyPair(compilation.plan);
    expect({ pairs: report.pairs, found }, `seed ${seed}\n${text}`).toEqual(all);
    refuted += found > 0 ? 1 : 0;
  }
  expect(refuted).toBeGreaterThan(10);
});

function everyPair(plan: Parameters<typeof build>[0]): { readonly pairs: number; readonly found: number } {
  const { world } = build(plan, { seed: 0, historyBytes: 1024 * 1024 });
  const endpoints = listEndpoints(world);
  const walker = new Walker(world);
  let [pairs, found] = [0, 0];
  for (const from of endpoints)
    for (const to of endpoints) {
      if (from === to || (from.role === "node" && to.role === "node")) continue;
      pairs++;
      found += judgePair(world, walker, from, to).faults.length;
    }
  return { pairs, found };
}
