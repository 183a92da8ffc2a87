import { describe, expect, it } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { digest } from "../../../src/sim/digest.ts";
import { say } from "../console/console-lab.ts";
import { openText } from "../run-lab.ts";

/** Two Services, and a scenario that changes one of them when somebody may have changed either. */
const lab = (mode: string, statements: string) => `cluster { cni host-gw; proxy ${mode} }
node node1 {
  address 192.168.1.11/24
  pod client
  pod web1 { labels app=web; container c { listen tcp 8080 http } }
  pod web2 { labels app=web; container c { listen tcp 8080 http } }
  pod web3 { labels app=web; container c { listen tcp 8080 http } }
  pod shop1 { labels app=shop; container c { listen tcp 8080 http } }
}
service web { clusterIP 10.96.0.10; port 80 -> 8080; selector app=web }
service shop { clusterIP 10.96.0.20; port 80 -> 8080; selector app=shop }
scenario "s" {
  ${statements}
}
`;

const rulesOf = { iptables: "ip netns exec node1 iptables-save", nftables: "ip netns exec node1 nft list ruleset" };
type Mode = keyof typeof rulesOf;

/** The addresses that node1's rules lead to, those of web1 to web3 by their names. */
function ledTo(one: Lab, mode: Mode): readonly string[] {
  const found = say(one, rulesOf[mode]).matchAll(/(?:--to-destination|dnat to) ([\d.]+):/g);
  const names: Readonly<Record<string, string>> = { "10.244.0.3": "web1", "10.244.0.4": "web2", "10.244.0.5": "web3" };
  return [...new Set([...found].flatMap(([, address]) => names[address] ?? []))].sort();
}

/** Goes to the beginning and to the end again, and lives the whole once more with its edits: everything is as it was. */
function obeysLaws(one: Lab, text: string): void {
  const { sim } = one.world;
  const [end, state] = [sim.position, digest(sim)];
  sim.goTo(0);
  sim.goTo(end);
  expect(digest(sim), "rewound and gone through again").toBe(state);
  const again = openText(text);
  for (const { position, edit } of one.hand.made) {
    again.run(position - again.world.sim.position);
    expect(again.hand.apply(edit)).toBeUndefined();
  }
  again.run(end - again.world.sim.position);
  expect(digest(again.world.sim), "lived again").toBe(state);
}

describe.each(["iptables", "nftables"] as const)("statements about endpoints take what is in force: %s", (mode) => {
  it("1. what was changed by hand before stays changed", () => {
    const text = lab(mode, "wait 1s; ready web2 false; wait 1s");
    const one = openText(text);
    one.run(1);
    say(one, "ready web1 false");
    expect(ledTo(one, mode)).toEqual(["web2", "web3"]);
    while (one.run(100));
    expect(ledTo(one, mode)).toEqual(["web3"]);
    expect(say(one, "kubectl get endpoints web")).toContain("10.244.0.5:8080");
    obeysLaws(one, text);
  });

  it("2. a statement that changed nothing in the file does so after a change by hand", () => {
    const text = lab(mode, "wait 1s; ready web1 true; wait 1s");
    const one = openText(text);
    one.run(1);
    say(one, "ready web1 false");
    expect(ledTo(one, mode)).toEqual(["web2", "web3"]);
    while (one.run(100));
    expect(ledTo(one, mode)).toEqual(["web1", "web2", "web3"]);
    obeysLaws(one, text);
  });

  it("3. a statement that finds everything done by hand already is an event, and changes no rule", () => {
    const text = lab(mode, "wait 1s; ready web1 false; wait 1s");
    const one = openText(text);
    one.run(1);
    say(one, "ready web1 false");
    const rules = say(one, rulesOf[mode]);
    const events = one.world.sim.position;
    expect(one.scenario.currentStatement?.text).toBe("ready web1 false");
    one.run(1);
    expect(one.world.sim.position).toBe(events + 1);
    expect(say(one, rulesOf[mode])).toBe(rules);
    while (one.run(100));
    obeysLaws(one, text);
  });

  it("4. in a `parallel` block they count in the order in which they run", () => {
    const text = lab(mode, "parallel { at 2s ready web1 false; at 1s ready web2 false }");
    const one = openText(text);
    while (one.run(100));
    expect(ledTo(one, mode)).toEqual(["web3"]);
    obeysLaws(one, text);
  });
});

it("5. rules that were written by hand into other chains stay", () => {
  const text = lab("iptables", "wait 1s; ready web1 false; wait 1s");
  const one = openText(text);
  one.run(1);
  const shop = /^:(KUBE-SVC-\w+)[\s\S]*?-A \1 [^\n]*default\/shop/m;
  const chain = /-A (KUBE-SVC-\w+) [^\n]*default\/shop/.exec(say(one, rulesOf.iptables))?.[1];
  expect(say(one, rulesOf.iptables)).toMatch(shop);
  for (const rule of [
    `-t nat -A ${chain} -s 10.9.9.9 -j RETURN`,
    "-A FORWARD -s 10.9.9.9 -j DROP",
    "-t nat -A KUBE-SERVICES -s 10.9.9.9 -j RETURN",
  ])
    say(one, `ip netns exec node1 iptables ${rule}`);
  while (one.run(100));
  const rules = say(one, rulesOf.iptables);
  expect(rules).toContain(`-A ${chain} -s 10.9.9.9/32 -j RETURN`);
  expect(rules).toContain("-A FORWARD -s 10.9.9.9/32 -j DROP");
  expect(rules).toContain("-A KUBE-SERVICES -s 10.9.9.9/32 -j RETURN");
  expect(ledTo(one, "iptables")).toEqual(["web2", "web3"]);
  obeysLaws(one, text);
});

it("6. a statement about a pod that no Service leads to is an event of the scenario all the same", () => {
  const one = openText(lab("iptables", "ready client false"));
  expect(one.scenario.currentStatement?.text).toBe("ready client false");
  one.run(1);
  expect(say(one, "kubectl get pods")).toMatch(/client +0\/1/);
});
