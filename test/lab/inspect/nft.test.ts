import { expect, test } from "vitest";
import { dropExplanation } from "../../../src/lab/drop-text.ts";
import { ruleInspections } from "../../../src/lab/inspect/rules.ts";
import { StateTree } from "../../../src/lab/inspect/state-tree.ts";
import { printChange, stepChanges } from "../../../src/lab/inspect/step-changes.ts";
import type { Inspection } from "../../../src/lab/protocol.ts";
import { triedRules } from "../../../src/lab/why/rules.ts";
import type { HookPosition } from "../../../src/linux/netfilter/position.ts";
import { stage } from "../../../src/linux/stage.ts";
import { openText } from "../run-lab.ts";

const text = `
node node1 {
  podCIDR 10.244.0.0/24
  bridge cbr0 { address 10.244.0.1/24 }
  pod pod1 { address 10.244.0.2 }
  nft """
    table ip guard {
      set seen { type ipv4_addr; flags dynamic,timeout; timeout 1m; }
      chain input {
        type filter hook input priority filter; policy drop;
        ip protocol icmp counter update @seen { ip saddr } accept
        tcp dport 80 reject
      }
    }
  """
}
scenario "s" { until 5s; ping pod1 -> 10.244.0.1 count 1; udp pod1 -> 10.244.0.1:9 timeout 1s }`;

function opened() {
  const lab = openText(text, "s");
  const { world } = lab;
  const netns = [...world.namespaces.table.rows()].find((row) => world.namespaces.name.get(row) === "node1") as number;
  /** Runs until a packet stands before a stage; gives its row. */
  const until = (wanted: number): number => {
    for (let next = world.sim.next(); next !== undefined; next = world.sim.next()) {
      if (next.stage === wanted) return next.walker;
      if (!lab.run(1)) break;
    }
    throw new Error("never came there");
  };
  return { lab, world, netns, until };
}

function lines({ name, value, children }: Inspection, indent = ""): readonly string[] {
  return [`${indent}${name}: ${value}`, ...(children?.() ?? []).flatMap((child) => lines(child, `${indent}  `))];
}

test("1. the kernel's rules as one opens them: sets with what rules put in, chains with what rules counted", () => {
  const { lab, world, netns } = opened();
  while (world.sim.nowNs < 4e9 && lab.run(1));
  expect(
    ruleInspections(world, netns)
      .flatMap((one) => lines(one))
      .join("\n"),
  ).toMatchInlineSnapshot(`
    "nft ip guard: 1 chain, 1 set
      @seen: 1 element
        1: 10.244.0.2
      input: 2 rules (policy DROP)
        1: input: ip protocol icmp counter packets 1 bytes 84 update @seen { ip saddr } accept
        2: input: tcp dport 80 reject"
  `);
  const tree = new StateTree(world);
  expect(tree.children("rules:node1/ip guard", 10).map(({ label, description }) => `${label}: ${description}`)).toEqual(
    ["input 1: [1] ip protocol icmp counter update @seen { ip saddr } accept", "input 2: tcp dport 80 reject"],
  );
});

test("2. a rule that changes a set is a change that views show; a drop names table, chain and policy", () => {
  const { lab, world, until } = opened();
  until(stage.nfRule);
  lab.run(1);
  expect(stepChanges(world, world.sim.position - 1).map(printChange)).toEqual([
    "rule node1 ip guard input 1: packets 0 → 1",
    "set node1 ip guard @seen: elements none → 10.244.0.2",
  ]);
  const packet = until(stage.drop);
  expect(dropExplanation(world, packet)).toBe("netfilter dropped it: table ip guard, input policy DROP");
});

test("3. why: each rule with the first part that the packet does not fit, and what would let it pass", () => {
  const { world, until } = opened();
  const packet = until(stage.drop);
  const at = world.packets.hookAt.get(packet) as HookPosition;
  expect(triedRules(world, packet, at).map(({ what, missed }) => `${what} — ${missed}`)).toEqual([
    "ip guard input rule 1: ip protocol icmp counter update @seen { ip saddr } accept — ip protocol icmp: ip protocol is udp",
    "ip guard input rule 2: tcp dport 80 reject — tcp dport 80: tcp dport is nothing that this packet has",
  ]);
});
