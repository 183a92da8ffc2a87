import { expect, test } from "vitest";
import { openModel } from "../../src/lab/model/open-model.ts";
import type { ModelReport } from "../../src/lab/model/report.ts";
import { compileSync } from "../../src/language/compile.ts";
import { labText, openText } from "./run-lab.ts";

function check(text: string): ModelReport {
  const opened = openModel(compileSync(text, "lab.k8snet"));
  if ("problems" in opened) throw new Error(opened.problems.map(({ message }) => message).join("\n"));
  while (opened.advance(100));
  const outcome = opened.outcome();
  if ("problems" in outcome) throw new Error(outcome.problems.map(({ message }) => message).join("\n"));
  return outcome;
}

function told(text: string): readonly string[] {
  return check(text).findings.map(({ kind, range, message }) => `${range.line}: ${kind}: ${message}`);
}

const twoNodes = (cni: string, node1 = "", pod1 = "") => `cluster { cni ${cni} }
node node1 {
  address 192.168.1.11/24
  ${node1}
  pod pod1 { ${pod1} }
  pod pod2
}
node node2 {
  address 192.168.1.12/24
  pod pod3
}
`;

test.each(["host-gw", "vxlan"])("1. a cluster that nobody has broken: %s", (cni) => {
  expect(check(twoNodes(cni))).toEqual({ holds: true, pods: 3, nodes: 2, pairs: 18, followed: 18, findings: [] });
});

test("2. a rule that drops, at its line", () => {
  const rules = 'iptables-restore """\n*filter\n-A FORWARD -s 10.244.1.2 -j DROP\nCOMMIT\n"""';
  expect(told(twoNodes("host-gw", rules))).toEqual([
    "6: refuted: pod1 does not reach pod3: the answer is lost: at node1/eth0 a rule drops it (-t filter -A FORWARD -s 10.244.1.2/32 -j DROP). 1 more pair is like this one.",
    "6: refuted: pod3 does not reach pod1: at node1/eth0 a rule drops it (-t filter -A FORWARD -s 10.244.1.2/32 -j DROP). 1 more pair is like this one.",
  ]);
});

test("3. a setting, at its line", () => {
  const found = told(twoNodes("host-gw", "sysctl net.ipv4.ip_forward 0"));
  expect(found).toContain(
    "4: refuted: pod1 does not reach pod3: at node1/cni0 10.244.1.2 is no address of node1, which forwards nothing. 1 more pair is like this one.",
  );
  expect(found.every((line) => line.startsWith("4: "))).toBe(true);
});

test("4. a route that leads away", () => {
  const [first] = told(twoNodes("host-gw", "route 10.244.1.0/25 via 192.168.1.99 dev eth0"));
  expect(first).toBe(
    "4: refuted: pod1 does not reach pod3: at node1/eth0 nobody answers when node1/eth0 asks for the MAC address of 192.168.1.99. 1 more pair is like this one.",
  );
});

test("5. a translation, which no ping notices", () => {
  const rules = 'iptables-restore """\n*nat\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n"""';
  const { holds, findings } = check(twoNodes("host-gw", rules));
  expect(holds).toBe(false);
  expect(findings.map(({ kind, from, to, row, reason }) => [kind, from, to, row, reason])).toEqual([
    ["refuted", "pod1", "pod3", "-t nat -A POSTROUTING -o eth0 -j MASQUERADE", "TRANSLATED"],
    ["note", "pod1", "node2", "-t nat -A POSTROUTING -o eth0 -j MASQUERADE", "TRANSLATED"],
  ]);
  expect(findings[0].scenario).toContain("# Break on nat.translate@node1");
});

test("6. nodes that nothing connects", () => {
  const found = told(twoNodes("bridge"));
  expect(found).toContain(
    "2: refuted: pod1 does not reach pod3: at node1/cbr0 node1 has no route to 10.244.1.2. 1 more pair is like this one.",
  );
});

test("7. large packets that vanish do not refute it", () => {
  const { holds, findings } = check(labText("gallery/mtu-black-hole"));
  expect(holds).toBe(true);
  expect(findings.map(({ kind, from, to }) => [kind, from, to])).toEqual([["black-hole", "client", "server"]]);
});

test("8. the scenario that it gives shows it", () => {
  const text = twoNodes("host-gw", "sysctl net.ipv4.ip_forward 0");
  for (const { scenario } of check(text).findings) {
    const lab = openText(`${text}${scenario}\n`);
    while (lab.run(10_000));
    expect(lab.expectations()).toEqual({ held: 0, failed: 1 });
  }
});

test.each(["host-gw", "vxlan", "routed"])("9. 5,000 nodes are like two of them: %s", (cni) => {
  const router = "router gateway { address 172.16.255.254/16 }";
  const cluster = `cluster { podCIDR 10.0.0.0/8; cni ${cni} }\n${router}\n`;
  const nodes = "node worker[1..5000] { address 172.16.0.11/16; gateway 172.16.255.254; pod web[1..30] }\n";
  const { holds, pods, nodes: count, pairs, followed, findings } = check(cluster + nodes);
  expect(findings).toEqual([]);
  expect({ holds, pods, count, pairs }).toEqual({
    holds: true,
    pods: 150_000,
    count: 5000,
    pairs: 150_000 * 149_999 + 2 * 150_000 * 5000,
  });
  expect(followed).toBeLessThan(100);
});

test("10. one of 5,000 nodes that a rule names is not like the others", () => {
  const rules = 'iptables-restore """\n*filter\n-A FORWARD -s 10.3.7.0/24 -j DROP\nCOMMIT\n"""';
  const nodes = `node worker[1..5000] { address 172.16.0.11/16; pod web[1..30]\n ${rules}\n }\n`;
  const { findings } = check(`cluster { podCIDR 10.0.0.0/8; cni host-gw }\n${nodes}`);
  expect(findings.length).toBeGreaterThan(0);
  for (const { from, to } of findings) expect(`${from} ${to}`).toMatch(/^worker776\/| worker776\//);
});

test("11. pods with one MAC address", () => {
  const text = `node node1 {
  podCIDR 10.244.0.0/24
  pod pod1 { interface eth0 { mac 02:00:00:00:00:01 } }
  pod pod2
  pod pod3
}
veth node1/x1 master cbr0 mac 02:00:00:00:00:09 <-> h/eth0 address 10.244.0.99/24 mac 02:00:00:00:00:01
netns h
`;
  expect(told(text)[0]).toContain("have the same MAC address 02:00:00:00:00:01 on one network");
});

test("12. a file without nodes has no model", () => {
  const opened = openModel(compileSync(labText("raw-veth"), "lab.k8snet"));
  expect("problems" in opened && opened.problems.map(({ message }) => message)).toEqual([
    "There are no nodes, so the networking model of Kubernetes says nothing about this file.",
  ]);
});

test("13. pods that are wired by hand are pods: namespaces on a node with a cable to the node's own", () => {
  const { holds, pods, findings } = check(labText("gallery/overlapping-pod-cidr"));
  expect({ holds, pods }).toEqual({ holds: false, pods: 2 });
  const clientToServer = findings.find(({ from, to }) => from === "client" && to === "server");
  expect(clientToServer?.message).toContain("nobody answers when client/eth0 asks for the MAC address of 10.244.0.3");
});

test("14. a router on a node is none, nor is a namespace that only other namespaces are cabled to", () => {
  const text = `node node1 {
  address 192.168.1.11/24
  netns router { sysctl net.ipv4.ip_forward 1; route default via 10.0.0.1 }
  netns behind { route default via 10.1.0.1 }
  pod pod1
}
veth node1/r <-> router/eth0 address 10.0.0.2/24
veth router/eth1 address 10.1.0.1/24 <-> behind/eth0 address 10.1.0.2/24
`;
  expect(check(text).pods).toBe(1);
});

test("15. nothing is proved of a file without pods", () => {
  expect(() => check("node node1 { address 192.168.1.11/24 }\nnode node2 { address 192.168.1.12/24 }\n")).toThrow(
    "There are no pods, so the networking model of Kubernetes says nothing about this file.",
  );
});

const ofTcp = {
  iptables: ['iptables-restore """\n*filter\n-A FORWARD -s 10.244.1.2 -p tcp -j DROP\nCOMMIT\n"""', "-t filter"],
  nftables: [
    'nft """\ntable inet mine {\nchain forward { type filter hook forward priority 0\nmeta l4proto tcp ip saddr 10.244.1.2 drop\n}\n}\n"""',
    "table inet mine",
  ],
};

test.each(["iptables", "nftables"] as const)("16. a rule for TCP alone, in %s: the protocol is named", (program) => {
  const [rules, table] = ofTcp[program];
  const text = twoNodes("host-gw", rules);
  const { holds, findings } = check(text);
  expect(holds).toBe(false);
  expect(findings.map(({ from, to, protocols, direction }) => [from, to, protocols, direction])).toEqual([
    ["pod1", "pod3", ["tcp"], "back"],
    ["pod3", "pod1", ["tcp"], "there"],
  ]);
  expect(findings[1].message).toMatch(/^pod3 does not reach pod1 by TCP: at node1\/eth0 a rule drops it/);
  expect(findings[1].row).toContain(table);
  for (const { scenario } of findings) {
    const lab = openText(`${text}${scenario}\n`);
    while (lab.run(10_000));
    expect(lab.expectations()).toEqual({ held: 0, failed: 1 });
  }
});

test("17. a rule for UDP alone, one for all but ICMP, and one for ICMP alone", () => {
  const protocolsOf = (rule: string) => [
    ...new Set(
      check(twoNodes("host-gw", `iptables-restore """\n*filter\n-A FORWARD ${rule} -j DROP\nCOMMIT\n"""`)).findings.map(
        ({ message }) => / by ([A-Za-z ]+):/.exec(message)?.[1],
      ),
    ),
  ];
  expect(protocolsOf("-p udp")).toEqual(["UDP"]);
  expect(protocolsOf("! -p icmp")).toEqual(["TCP and UDP"]);
  expect(protocolsOf("-p icmp")).toEqual(["ICMP"]);
  expect(protocolsOf("-s 10.244.0.0/16")).toEqual([undefined]);
});

test("18. a rule for one port is a policy, and one for nearly all ports is not", () => {
  const holds = (ports: string) =>
    check(
      twoNodes(
        "host-gw",
        `iptables-restore """\n*filter\n-A FORWARD -p tcp -m tcp --dport ${ports} -j DROP\nCOMMIT\n"""`,
      ),
    ).holds;
  expect(holds("80")).toBe(true);
  expect(holds("1024:65535")).toBe(false);
});
