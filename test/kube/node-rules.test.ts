import { expect, test } from "vitest";
import { printRuleSet } from "../../src/config/iptables/print-rule-set.ts";
import { compileSync } from "../../src/language/compile.ts";

/** What is loaded on each node before anything is sent, as `iptables-save` prints it. */
function rulesOf(...lines: string[]): Record<string, string[]> {
  const { plan, diagnostics } = compileSync(lines.join("\n"), "test.k8snet");
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const restored = [...plan.setUp()].filter((command) => command.do === "iptables-restore");
  return Object.fromEntries(restored.map(({ netns, tables }) => [netns, printRuleSet(tables).split("\n")]));
}

const nodes = [
  "cluster { podCIDR 10.244.0.0/16 }",
  "node n1 { address 192.168.1.11/24; podCIDR 10.244.1.0/24; pod a { labels app=web } }",
  "node n2 { address 192.168.1.12/24; podCIDR 10.244.2.0/24; pod b { labels app=web } }",
];

test("without Services nobody writes rules", () => {
  expect(rulesOf(...nodes)).toEqual({});
  expect(rulesOf(...nodes, "service web { port 80; selector app=web }", "cluster { proxy none }")).toEqual({});
});

test("with a Service, kube-proxy does on every node; its endpoints are local where they are", () => {
  const rules = rulesOf(...nodes, "service web { port 80; selector app=web; internalTrafficPolicy Local }");
  const dnat = (node: string) => rules[node].flatMap((line) => /--to-destination (\S+)/.exec(line)?.[1] ?? []);
  expect([dnat("n1"), dnat("n2")]).toEqual([["10.244.1.2:80"], ["10.244.2.2:80"]]);
  expect(rules.n1).toContain('-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES');
});

test("kube-proxy's own chains stand there without Services where it is asked for", () => {
  const { n1 } = rulesOf(...nodes, "cluster { proxy iptables; masqueradeMark 0x8000 }");
  expect(n1).toContain("-A KUBE-MARK-MASQ -j MARK --set-xmark 0x8000/0x8000");
});

test("ipMasq writes flannel's, behind those of kube-proxy", () => {
  const alone = rulesOf(...nodes, "cluster { ipMasq on }").n2;
  expect(alone.filter((line) => line.startsWith("-A FLANNEL") || line.includes("-j FLANNEL"))).toEqual([
    '-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD',
    '-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT',
    '-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT',
    '-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
    '-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN',
    '-A FLANNEL-POSTRTG -s 10.244.2.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN',
    '-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.2.0/24 -m comment --comment "flanneld masq" -j RETURN',
    '-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.2.0/24 -m comment --comment "flanneld masq" -j RETURN',
    '-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE',
    '-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE',
  ]);
  const both = rulesOf(...nodes, "cluster { ipMasq; proxy iptables }").n1;
  const jumps = both.filter((line) => line.startsWith("-A POSTROUTING")).map((line) => line.split(" ").at(-1));
  expect(jumps).toEqual(["KUBE-POSTROUTING", "FLANNEL-POSTRTG"]);
});

test("route_localnet is set where node ports answer on 127.0.0.1", () => {
  const settings = (options: string) =>
    [...compileSync([...nodes, `cluster { proxy iptables; ${options} }`].join("\n"), "t").plan.setUp()].flatMap(
      (one) => (one.do === "sysctl" && one.key.endsWith("route_localnet") ? [`${one.netns} ${one.value}`] : []),
    );
  expect(settings("")).toEqual(["n1 1", "n2 1"]);
  expect(settings("localhostNodePorts false")).toEqual([]);
  expect(settings("nodePortAddresses 192.168.0.0/16")).toEqual([]);
});
