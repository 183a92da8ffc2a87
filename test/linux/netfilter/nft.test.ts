import { expect, test } from "vitest";
import { parseScript } from "../../../src/config/nft/parse-script.ts";
import { printNftRuleSet } from "../../../src/config/nft/print-rule-set.ts";
import { printNetfilterRule } from "../../../src/lab/inspect/rules.ts";
import { listedRuleSet, runScript } from "../../../src/linux/netfilter/nft/setup.ts";
import { stageNames } from "../../../src/linux/stage.ts";
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

/** Runs statements on a node with these rules: where packets met a rule or were lost, what was printed, and nft list ruleset at the end. */
function run(statements: string, ...scripts: readonly string[]) {
  const opened = openText(lab(statements));
  const { world } = opened;
  const netns = [...world.namespaces.table.rows()].find((row) => world.namespaces.name.get(row) === "node1") as number;
  for (const text of scripts) {
    const { commands, problems } = parseScript(text);
    expect(problems).toEqual([]);
    expect(runScript(world, netns, commands)).toBeUndefined();
  }
  const start = digest(world.sim);
  const rules: string[] = [];
  for (let next = world.sim.next(); next !== undefined && world.sim.nowNs < 8.9e9; next = world.sim.next()) {
    const name = stageNames[next.stage];
    const at = next.walker === 0 ? null : world.packets.hookAt.get(next.walker);
    const chain = at === null || at.chain === 0 ? "" : ` ${world.netfilter.chainName.get(at.chain)} ${at.rule + 1}`;
    if (/^nf\.(rule|reject)|^drop|^conntrack|^nat/.test(name)) rules.push(`${name}${chain}`);
    if (!opened.run(1)) break;
  }
  const end = digest(world.sim);
  const events = world.sim.position;
  world.sim.goTo(0);
  expect(digest(world.sim), "rewound").toBe(start);
  world.sim.goTo(events);
  expect(digest(world.sim), "and gone through again").toBe(end);
  const listed = printNftRuleSet(listedRuleSet(world, netns));
  return { world, netns, rules, printed: opened.takeOutput().map(({ text }) => text), listed };
}

const ping = "at 500ms ping pod1 -> 10.244.0.1 count 1 timeout 1s";

test("a chain is walked rule by rule, jumps come back, goto does not, and the policy decides at the end", () => {
  const { rules, listed } = run(
    ping,
    `table ip t {
       chain in { type filter hook input priority 0; policy drop;
         ip protocol tcp accept
         jump user
         counter
       }
       chain user { ip saddr 10.244.0.2 goto other; accept; }
       chain other { counter; }
     }`,
  );
  expect(rules).toEqual([
    ...["nf.rule in 1", "nf.rule in 2", "nf.rule user 1", "nf.rule other 1", "nf.rule in 3", "drop in 4"],
  ]);
  expect(listed).toContain("\tchain other {\n\t\tcounter packets 1 bytes 84\n");
});

test("chains of one hook run by priority, what was registered later first among equals; accept ends one, drop all", () => {
  const chain = (name: string, priority: string, verdict: string) =>
    `table ip t { chain ${name} { type filter hook input priority ${priority}; ${verdict}; }; }`;
  const { rules } = run(
    ping,
    chain("first", "10", "accept"),
    chain("second", "10", "accept"),
    chain("early", "-300", "accept"),
    chain("last", "20", "drop"),
    chain("never", "30", "accept"),
  );
  expect(rules).toEqual([
    ...["nf.rule early 1", "nf.rule second 1", "nf.rule first 1", "nf.rule last 1", "drop last 1"],
  ]);
});

const service = `
  add table ip t
  add map ip t services { type ipv4_addr . inet_proto . inet_service : verdict ; }
  add set ip t clients { type ipv4_addr ; flags dynamic,timeout ; timeout 60s ; }
  add chain ip t prerouting { type nat hook prerouting priority dstnat ; }
  add chain ip t postrouting { type nat hook postrouting priority srcnat ; }
  add chain ip t web
  add chain ip t one
  add chain ip t two
  add rule ip t prerouting ip daddr . meta l4proto . th dport vmap @services
  add rule ip t web ip saddr @clients goto two
  add rule ip t web numgen random mod 2 vmap { 0 : goto one, 1 : goto two }
  add rule ip t one update @clients { ip saddr } dnat to 10.244.0.1
  add rule ip t two mark set mark or 0x4000 update @clients { ip saddr } meta l4proto udp dnat to 10.244.0.3:5353
  add rule ip t postrouting mark and 0x4000 == 0 return
  add rule ip t postrouting mark set mark xor 0x4000
  add rule ip t postrouting masquerade fully-random
  add element ip t services { 10.96.0.1 . udp . 53 : goto web }`;

test("a verdict map chooses the Service, a draw the endpoint; NAT and marks are those of iptables, sets keep who came", () => {
  const send =
    "udp pod1 -> 10.96.0.1:53 sourcePort 4000 count 2 gap 100ms timeout 1s; udp pod1 -> 10.96.0.1:53 sourcePort 4001 timeout 1s";
  const { rules, listed } = run(send, service);
  const [drawn] = rules.filter((rule) => rule.startsWith("nf.rule one") || rule.startsWith("nf.rule two"));
  expect(rules.filter((rule) => rule === "nf.rule web 2")).toHaveLength(1);
  expect(rules.filter((rule) => rule.startsWith("nf.rule two"))).toContain("nf.rule two 1");
  expect(drawn).toMatch(/nf\.rule (one|two) 1/);
  // The second connection finds its client in the set.
  expect(rules.filter((rule) => rule === "nf.rule web 1")).toHaveLength(2);
  expect(rules).toContain("nat.translate");
  expect(listed).toMatch(/elements = \{ 10\.244\.0\.2 expires \d+s(\d+ms)? \}/);
});

test("an element whose time is over is not there; a full set takes no more", () => {
  const script = (size: number) => `
    add table ip t
    add set ip t seen { type ipv4_addr ; size ${size} ; flags dynamic,timeout ; timeout 1s ; }
    add chain ip t in { type filter hook input priority 0 ; }
    add rule ip t in ip protocol icmp ip saddr @seen counter
    add rule ip t in ip protocol icmp add @seen { ip saddr } counter`;
  const again =
    "ping pod1 -> 10.244.0.1 count 1; ping pod1 -> 10.244.0.1 count 1; wait 2s; ping pod1 -> 10.244.0.1 count 1";
  const counted = (listed: string) => [...listed.matchAll(/packets (\d+)/g)].map(([, packets]) => packets);
  expect(counted(run(again, script(10)).listed)).toEqual(["1", "3"]);
  const both = "ping pod1 -> 10.244.0.1 count 1; ping pod2 -> 10.244.0.1 count 1";
  expect(counted(run(both, script(1)).listed)).toEqual(["0", "1"]);
});

test("what packets have not, rules do not match: ports of ICMP, marks of connections that are not tracked", () => {
  const { listed } = run(
    ping,
    `table ip t { chain in { type filter hook input priority 0;
       th dport 0-65535 counter
       tcp dport != 80 counter
       meta mark 0 counter
       ct state untracked counter
       ct state invalid,new counter
       icmp type echo-request counter
       fib saddr type local counter
       fib daddr type local counter
       iifname "cbr*" oifname != "eth0" counter
       ip ttl >= 64 meta length 84 ip daddr { 10.244.0.0/24, 10.96.0.0/16 } counter
       ct status dnat counter
       ct direction original ct original ip daddr 10.244.0.1 counter
       numgen inc mod 2 1 counter
       reject with tcp reset
     }; }`,
  );
  expect([...listed.matchAll(/packets (\d+)/g)].map(([, packets]) => packets).join(" ")).toBe(
    "0 0 1 0 1 1 0 1 1 1 0 1 0",
  );
});

test("reject tells the sender, as REJECT of iptables does", () => {
  const { rules, printed } = run(
    "udp pod1 -> 10.244.0.1:5000 timeout 1s; tcp pod1 -> 10.244.0.1:5000 timeout 1s",
    `table ip t { chain in { type filter hook input priority 0;
       ct state new meta l4proto tcp reject with tcp reset
       meta l4proto udp reject
     }; }`,
  );
  expect(rules.filter((rule) => rule.startsWith("nf.reject"))).toEqual(["nf.reject in 2", "nf.reject in 1"]);
  expect(printed.join("\n")).toMatch(/[Cc]onnection refused/);
});

test("a script that cannot be done changes nothing; one that changes a chain keeps the counters of the rules that stay", () => {
  const { world, netns } = run(ping, "table ip t { chain in { type filter hook input priority 0; counter; }; }");
  const text = (script: string) => runScript(world, netns, parseScript(script).commands);
  expect(text("add rule ip t in accept\nadd rule ip t nowhere accept")).toBe(
    "nft: line 2: There is no chain nowhere in the table ip t.",
  );
  expect(text("add rule ip t in accept")).toBeUndefined();
  const rules = [...world.netfilter.rules.rows()].map((row) => printNetfilterRule(world, row));
  expect(rules).toEqual(["in: counter packets 1 bytes 84", "in: accept"]);
  expect(text("delete table ip t")).toBeUndefined();
  expect([...world.netfilter.chains.rows()]).toEqual([]);
});
