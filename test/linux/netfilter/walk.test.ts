import { expect, test } from "vitest";
import { parseRuleSet } from "../../../src/config/iptables/parse-rule-set.ts";
import { Documents } from "../../../src/lab/documents/documents.ts";
import { dropExplanation } from "../../../src/lab/drop-text.ts";
import { printNetfilterRule } from "../../../src/lab/inspect/rules.ts";
import type { Scenario } from "../../../src/lab/scenario.ts";
import { walkOf } from "../../../src/lab/walk.ts";
import { restoreTables } from "../../../src/linux/netfilter/setup.ts";
import { findDevice } from "../../../src/linux/socket/arp-socket.ts";
import { stage, stageNames } from "../../../src/linux/stage.ts";
import { digest } from "../../../src/sim/digest.ts";
import { openText } from "../../lab/run-lab.ts";

const lab = (statements: string) => `
node node1 {
  podCIDR 10.244.0.0/24
  bridge cbr0 { address 10.244.0.1/24 }
  pod pod1 { address 10.244.0.2 }
  pod pod2 { address 10.244.0.3; container web { listen tcp 8080; listen udp 5353 } }
}
scenario "rules" { until 9s; ${statements} }`;

/** Runs statements on a node with these rules: the stages of netfilter and drops, what was printed, the rules with counters. */
function run(statements: string, text: string) {
  const opened = openText(lab(statements));
  const { world } = opened;
  const netns = [...world.namespaces.table.rows()].find((row) => world.namespaces.name.get(row) === "node1") as number;
  const { tables, problems } = parseRuleSet(text);
  expect(problems).toEqual([]);
  expect(restoreTables(world, netns, tables, false)).toBeUndefined();
  const start = digest(world.sim);
  const stages: string[] = [];
  for (let next = world.sim.next(); next !== undefined && world.sim.nowNs < 8.9e9; next = world.sim.next()) {
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
  const rules = [...world.netfilter.rules.rows()].map((row) => printNetfilterRule(world, row));
  return { world, stages, printed: opened.takeOutput().map(({ text: line }) => line), netns, rules };
}

test("a user chain is walked rule by rule, and returns; what no rule decides, the policy does", () => {
  const { stages } = run(
    "at 500ms ping pod1 -> 10.244.0.1 count 1 timeout 1s",
    `*filter
:INPUT DROP [0:0]
:FOO - [0:0]
-A INPUT -j FOO
-A INPUT -p tcp -j ACCEPT
-A FOO
-A FOO -p icmp -j RETURN
-A FOO -j ACCEPT
COMMIT
`,
  );
  expect(stages).toEqual([
    ...["nf.input", "nf.rule INPUT 1", "nf.rule FOO 1", "nf.rule FOO 2", "nf.rule INPUT 2", "drop INPUT 3"],
  ]);
});

test("goto does not come back to its own chain", () => {
  const { stages } = run(
    "at 500ms ping pod1 -> 10.244.0.1 count 1 timeout 1s",
    `*filter
:INPUT ACCEPT [0:0]
:A - [0:0]
:B - [0:0]
-A INPUT -j A
-A INPUT -j DROP
-A A -g B
-A A -j ACCEPT
-A B -p udp
COMMIT
`,
  );
  expect(stages).toEqual([
    ...["nf.input", "nf.rule INPUT 1", "nf.rule A 1", "nf.rule B 1", "nf.rule INPUT 2", "drop INPUT 2"],
  ]);
});

test("a bridged frame passes the hooks of IPv4", () => {
  const { stages } = run(
    "at 500ms udp pod1 -> 10.244.0.3:5353 timeout 1s",
    `*mangle
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -p udp -j DROP
COMMIT
`,
  );
  expect(stages).toEqual(["nf.prerouting", "bridge.netfilter", "nf.forward", "nf.rule FORWARD 1", "drop FORWARD 1"]);
});

test("fragments are put together for rules that ask for connections, and taken apart again behind them", () => {
  const { stages, world, netns, rules } = run(
    `at 500ms udp pod1 -> 10.244.0.3:5353 payload "${"x".repeat(3000)}"`,
    `*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -p udp -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
  );
  expect(stages.slice(0, 5)).toEqual([
    ...["nf.prerouting", "nf.prerouting", "nf.prerouting", "bridge.netfilter", "nf.forward"],
  ]);
  // One rule saw one packet; the port sent three.
  expect(rules).toEqual(["[1:3028] -A FORWARD -p udp -m conntrack --ctstate NEW -j ACCEPT"]);
  expect(world.devices.txPackets.get(findDevice(world, netns, "veth2"))).toBeGreaterThanOrEqual(3);
});

test("what the node sends and a rule drops fails with EPERM", () => {
  const { stages, printed } = run(
    "at 500ms udp node1 -> 10.244.0.3:5353 timeout 1s",
    `*filter
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p udp -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
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
    `*filter
:FORWARD ACCEPT [0:0]
:POLICY - [0:0]
-A FORWARD -p tcp
-A FORWARD -j POLICY
-A POLICY -p udp -j DROP
COMMIT
`,
  );
  const event = [...Array(world.sim.position).keys()].find((at) => world.sim.events.stage(at) === stage.drop) as number;
  world.sim.goTo(event);
  const row = world.sim.next()?.walker as number;
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
  expect(dropExplanation(world, row)).toBe("netfilter dropped it: table filter, POLICY rule 1: -p udp -j DROP");
});

test("matches that remember: every third, a bucket of tokens, who was seen lately", () => {
  const { rules } = run(
    "at 500ms udp pod1 -> 10.244.0.3:5353 count 6 gap 200ms timeout 1s",
    `*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -p udp -m udp --dport 5353 -m statistic --mode nth --every 3 --packet 2
-A FORWARD -p udp -m udp --dport 5353 -m limit --limit 1/sec --limit-burst 2
-A FORWARD -p udp -m udp --dport 5353 -m recent --rcheck --seconds 1 --hitcount 4 --name seen --mask 255.255.255.255 --rsource
-A FORWARD -p udp -m udp --dport 5353 -m recent --set --name seen --mask 255.255.255.255 --rsource
COMMIT
`,
  );
  // Two tokens are there; the next is full just after the last datagram. Four were seen before the fifth and the sixth.
  expect(rules.map((text) => text.slice(0, text.indexOf("]") + 1))).toEqual(["[2:66]", "[2:66]", "[2:66]", "[6:198]"]);
});

test("LOG writes a line of the kernel's log", () => {
  const { printed } = run(
    "at 500ms udp pod1 -> 10.244.0.3:5353 sourcePort 40001 timeout 1s",
    `*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -p udp -m udp --dport 5353 -j LOG --log-prefix "seen: "
COMMIT
`,
  );
  expect(printed[0]).toMatch(
    /^node1 kernel: seen: IN=cbr0 OUT=cbr0 PHYSIN=veth1 PHYSOUT=veth2 MAC=\S+ SRC=10\.244\.0\.2 DST=10\.244\.0\.3 LEN=33 TOS=0x00 PREC=0x00 TTL=64 ID=\d+ DF PROTO=UDP SPT=40001 DPT=5353 LEN=13$/,
  );
});
