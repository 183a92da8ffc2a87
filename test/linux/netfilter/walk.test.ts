import { expect, test } from "vitest";
import type { RuleTable } from "../../../src/config/iptables/rule-set.ts";
import { Documents } from "../../../src/lab/documents/documents.ts";
import { dropExplanation } from "../../../src/lab/drop-text.ts";
import type { Scenario } from "../../../src/lab/scenario.ts";
import { walkOf } from "../../../src/lab/walk.ts";
import { restoreTables } from "../../../src/linux/netfilter/setup.ts";
import { findDevice } from "../../../src/linux/socket/arp-socket.ts";
import { stage, stageNames } from "../../../src/linux/stage.ts";
import { digest } from "../../../src/sim/digest.ts";
import { openText } from "../../lab/run-lab.ts";
import { icmp, rule, table, tcp, udp } from "./rule-values.ts";

const lab = (statement: string) => `
node node1 {
  podCIDR 10.244.0.0/24
  bridge cbr0 { address 10.244.0.1/24 }
  pod pod1 { address 10.244.0.2 }
  pod pod2 { address 10.244.0.3; container web { listen tcp 8080; listen udp 5353 } }
}
scenario "rules" { until 3s; ${statement} }`;

/** Runs one statement on a node with these rules: the stages of netfilter and drops, the frames, what was printed. */
function run(statement: string, ...tables: readonly RuleTable[]) {
  const opened = openText(lab(statement));
  const { world } = opened;
  const netns = [...world.namespaces.table.rows()].find((row) => world.namespaces.name.get(row) === "node1") as number;
  expect(restoreTables(world, netns, tables, false)).toBeUndefined();
  const start = digest(world.sim);
  const stages: string[] = [];
  while (world.sim.nowNs < 2.9e9) {
    const next = world.sim.next();
    if (next === undefined) break;
    const name = stageNames[next.stage];
    const at = next.walker === 0 ? null : world.packets.hookAt.get(next.walker);
    const chain = at === null || at.chain === 0 ? "" : ` ${world.netfilter.chainName.get(at.chain)} ${at.rule + 1}`;
    if (/^nf|^drop|^ip\.(out|fin|del)|^bridge\.(netf|forward-)/.test(name)) stages.push(`${name}${chain}`);
    if (!opened.run(1)) break;
  }
  const end = digest(world.sim);
  const events = world.sim.position;
  world.sim.goTo(0);
  expect(digest(world.sim), "rewound").toBe(start);
  world.sim.goTo(events);
  expect(digest(world.sim), "and gone through again").toBe(end);
  return { world, stages, printed: opened.takeOutput().map(({ text }) => text), netns };
}

test("a user chain is walked rule by rule, and returns; what no rule decides, the policy does", () => {
  const { stages } = run(
    "at 500ms ping pod1 -> 10.244.0.1 count 1 timeout 1s",
    table("filter", {
      INPUT: {
        policy: "DROP",
        rules: [rule({ target: "jump", chain: "FOO" }), rule({ target: "ACCEPT" }, [], tcp)],
      },
      FOO: { rules: [rule(undefined), rule({ target: "RETURN" }, [], icmp), rule({ target: "ACCEPT" })] },
    }),
  );
  expect(stages).toEqual([
    ...["nf.input", "nf.rule INPUT 1", "nf.rule FOO 1", "nf.rule FOO 2", "nf.rule INPUT 2", "drop INPUT 3"],
  ]);
});

test("a bridged frame passes the hooks of IPv4", () => {
  const { stages } = run(
    "at 500ms udp pod1 -> 10.244.0.3:5353",
    table("filter", { FORWARD: { policy: "ACCEPT", rules: [rule({ target: "DROP" }, [], udp)] } }),
    table("mangle", { PREROUTING: { policy: "ACCEPT" }, POSTROUTING: { policy: "ACCEPT" } }),
  );
  expect(stages).toEqual(["nf.prerouting", "bridge.netfilter", "nf.forward", "nf.rule FORWARD 1", "drop FORWARD 1"]);
});

test("fragments are put together for rules that ask for connections, and taken apart again behind them", () => {
  const { stages, world, netns } = run(
    'at 500ms udp pod1 -> 10.244.0.3:5353 payload "' + "x".repeat(3000) + '"',
    table("filter", {
      FORWARD: {
        policy: "ACCEPT",
        rules: [rule({ target: "ACCEPT" }, [{ match: "conntrack", states: { value: ["NEW"], inverted: false } }], udp)],
      },
    }),
  );
  expect(stages.slice(0, 5)).toEqual([
    ...["nf.prerouting", "nf.prerouting", "nf.prerouting", "bridge.netfilter", "nf.forward"],
  ]);
  // One rule saw one packet; the port sent three.
  const [row] = world.netfilter.rules.rows();
  expect([world.netfilter.rulePackets.get(row), world.netfilter.ruleBytes.get(row)]).toEqual([1, 3028]);
  const port = findDevice(world, netns, "veth2");
  expect(world.devices.txPackets.get(port)).toBeGreaterThanOrEqual(3);
});

test("what the node sends and a rule drops fails with EPERM", () => {
  const { stages, printed } = run(
    "at 500ms udp node1 -> 10.244.0.3:5353",
    table("filter", {
      OUTPUT: { policy: "ACCEPT", rules: [rule({ target: "REJECT", with: "icmp-port-unreachable" }, [], udp)] },
    }),
  );
  // The ICMP error goes first, and passes OUTPUT as well.
  expect(stages).toEqual([
    ...["nf.output", "nf.rule OUTPUT 1", "nf.reject OUTPUT 1"],
    ...["nf.output", "nf.rule OUTPUT 1", "ip.output", "drop OUTPUT 1"],
  ]);
  expect(printed).toEqual(["udp: Operation not permitted\n"]);
});

test("the stack names the rule that a packet is at, and those that it passed", () => {
  const { world } = run(
    "at 500ms udp pod1 -> 10.244.0.3:5353 timeout 1s",
    table("filter", {
      FORWARD: { policy: "ACCEPT", rules: [rule(undefined, [], tcp), rule({ target: "jump", chain: "POLICY" })] },
      POLICY: { rules: [rule({ target: "DROP" }, [], udp)] },
    }),
  );
  const event = [...Array(world.sim.position).keys()].find((at) => world.sim.events.stage(at) === stage.drop) as number;
  world.sim.goTo(event);
  const next = world.sim.next();
  const row = next?.walker as number;
  const { packets } = world;
  const walker = {
    row,
    number: packets.number.get(row),
    bornAt: packets.bornAt.get(row),
    origin: { ...packets.origin.get(row), process: 0 },
    data: packets.data.get(row),
  };
  const names = walkOf(world, new Documents(world), {} as Scenario, walker).map(({ name }) => name);
  expect(names.slice(0, 5)).toEqual([
    "drop @ node1/veth2",
    "nf.forward · POLICY rule 1 @ node1",
    "nf.forward · FORWARD rule 2 @ node1",
    "nf.forward · FORWARD rule 1 @ node1",
    "nf.forward @ node1",
  ]);
  expect(dropExplanation(world, row)).toBe("a rule of netfilter dropped it: table filter, POLICY rule 1");
});
