import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { WhyAnswer } from "../../../src/lab/why/api.ts";
import { applyEdits } from "../../../src/lab/why/file-edits.ts";
import { flat } from "../../../src/lab/why/statements.ts";
import { labText, openText, scenariosOf } from "../run-lab.ts";

/** What `why` says of the statement that fails in each lab of the gallery, and what it offers. */
const answers: readonly {
  readonly lab: string;
  /** The statement, or the beginning of its line; the last one that begins so. */
  readonly statement: string;
  /** The first one that begins so. */
  readonly first?: true;
  readonly decides: string;
  readonly tried: string;
  readonly cure: string;
  /** The scenario that has the same cure, by number; what it expects holds in the changed file without its own changes. */
  readonly curedScenario?: number;
}[] = [
  {
    lab: "bridge-nf-off",
    statement: "curl client -> http://web.default/",
    decides: "NO_SOCKET: the socket of tcp port 40001 talks with 10.96.0.10:80, and this comes from 10.244.0.3:8080",
    tried: "a bridge of node1 handed it on without asking netfilter: net.bridge.bridge-nf-call-iptables is 0",
    cure: "In node1: sysctl net.bridge.bridge-nf-call-iptables 1",
    curedScenario: 1,
  },
  {
    lab: "conntrack-table-full",
    statement: "udp client -> 10.96.0.53:53 sourcePort 40003",
    decides: "CONNTRACK_FULL: the table of connections is full",
    tried: "sysctl net.netfilter.nf_conntrack_max — 2",
    cure: 'Before "udp client -> 10.96.0.53:53 sourcePort 40003": sysctl node1 net.netfilter.nf_conntrack_max=4',
  },
  {
    lab: "dns-five-seconds",
    statement: "curl client",
    decides: "--dport 53 -m statistic --mode nth --every 1000 --packet 1 -j DROP",
    tried: "an answer did not come, and the resolver waits for it (timeout of resolv.conf, 5 s)",
    cure: "Take this rule away: iptables -n node1 -I FORWARD -p udp -m udp --dport 53 -m statistic --mode nth --every 1000 --packet 1 -j DROP",
    first: true,
  },
  {
    lab: "dns-race",
    statement: "at 4s curl client",
    decides: "dropped, NO_SOCKET: the socket of udp port",
    tried: "its name was asked for in",
    cure: "In client: options single-request",
    first: true,
  },
  {
    lab: "duplicate-pod-ip",
    statement: "curl client -> http://10.244.0.3/",
    decides: "@ forgotten/eth0: dropped, NO_SOCKET: no socket of forgotten listens on tcp port 80",
    tried: "tcp sockets of forgotten — there are none",
    cure: "In forgotten: listen tcp 80 http",
  },
  {
    lab: "no-route-back",
    statement: "udp client -> 192.168.1.10:53",
    decides:
      "it arrived at server, and the answer cannot be sent: server has no route to 10.9.0.2 (Network is unreachable)",
    tried:
      "route 192.168.1.0/24 dev eth0 proto kernel scope link src 192.168.1.10 — 192.168.1.0/24 does not cover 10.9.0.2",
    cure: "In server: route 10.9.0.0/24 via 192.168.1.1",
    curedScenario: 1,
  },
  {
    lab: "selector-typo",
    statement: "curl client -> http://web/",
    decides: "IP_INNOROUTES: node1 has no route to 10.96.0.10",
    tried: "Service web: selector app=wbe — finds no pod",
    cure: "In web: selector app=web in the place of app=wbe",
    curedScenario: 1,
  },
  {
    lab: "service-wrong-protocol",
    statement: "udp client -> 10.96.0.53:53",
    decides: "IP_INNOROUTES: node1 has no route to 10.96.0.53",
    tried: "Service wrong: port 53 -> 5353 — is TCP's, and this is UDP",
    cure: "In wrong: port 53 -> 5353 udp name udp-53",
  },
  {
    lab: "snat-port-race",
    statement: "udp two -> 192.168.1.100:53",
    decides: "CONNTRACK_CLASH: another connection came first that has the same addresses and ports",
    tried: "sport=53 dport=40000 — came first: answers are its",
    cure: "Line 24: --random-fully in the place of --to-ports 40000",
    curedScenario: 1,
  },
  {
    lab: "vtep-mac-changed",
    statement: "curl client",
    decides: "@ node2/flannel.1: dropped, OTHERHOST",
    tried:
      "neighbour 10.244.1.0 dev flannel.1 lladdr 02:fa:0a:f4:01:00 PERMANENT in node1 — node2/flannel.1 has 02:00:00:00:00:07",
    cure: 'Before "curl client -> http://server/ timeout 1500ms": ip -n node1 neigh replace 10.244.1.0 lladdr 02:00:00:00:00:07 dev flannel.1; bridge -n node1 fdb append 02:00:00:00:00:07 dev flannel.1 dst 192.168.1.12',
  },
  {
    lab: "forward-policy-drop",
    statement: "ping client -> server",
    decides: "NETFILTER_DROP: netfilter dropped it: table filter, FORWARD policy DROP",
    tried: "filter FORWARD policy DROP — the chain has no rule that could accept it",
    cure: "In node1: policy ACCEPT in FORWARD",
    curedScenario: 2,
  },
  {
    lab: "hairpin-off",
    statement: "curl web",
    decides: "BRIDGE_SAME_PORT: its destination is behind veth1, the port it came from, and hairpin mode is off there",
    tried: "hairpin mode of veth1 — off",
    cure: "In node1: interface veth1 { hairpin on }",
    curedScenario: 1,
  },
  {
    lab: "ip-forward-off",
    statement: "ping client -> server",
    decides: "IP_INADDRERRORS: 10.244.1.2 is no address of node1, where net.ipv4.ip_forward is 0",
    tried: "address 192.168.1.11/24 of eth0 — is not 10.244.1.2",
    cure: "In node1: sysctl net.ipv4.ip_forward 1",
    curedScenario: 1,
  },
  {
    lab: "local-policy-without-endpoint",
    statement: "curl client -> http://192.168.1.11:30080/",
    decides: "KUBE-EXTERNAL-SERVICES rule 1",
    tried: "-m tcp --dport 30086: tcp ports 40002 > 30080",
    cure: "Pod web1 is ready",
    curedScenario: 1,
  },
  {
    lab: "missing-masquerade",
    statement: "curl client -> http://203.0.113.80/",
    decides: "IP_INNOROUTES: gateway has no route to 10.244.0.2",
    tried:
      "route 192.168.1.0/24 dev eth0 proto kernel scope link src 192.168.1.1 — 192.168.1.0/24 does not cover 10.244.0.2",
    cure: "Masquerade what leaves the cluster: ipMasq on",
  },
  {
    lab: "mtu-black-hole",
    statement: "ping client -> server size 1472",
    decides: "NETFILTER_DROP: netfilter dropped it: table filter, OUTPUT rule 1: -p icmp -m icmp --icmp-type 3 -j DROP",
    tried: "filter OUTPUT rule 1: -p icmp -m icmp --icmp-type 3 -j DROP — matched",
    cure: "Take this rule away: -A OUTPUT -p icmp -m icmp --icmp-type 3 -j DROP",
    curedScenario: 1,
  },
  {
    lab: "ndots-amplification",
    statement: "curl client",
    decides: 'its name was asked for in 8 questions until "www.example.com" was answered',
    tried: "a name with fewer dots than ndots is tried with every domain of the search list first",
    cure: "A dot at the end of the name: www.example.com.",
  },
  {
    lab: "rp-filter",
    statement: "curl client -> http://database:5432/",
    decides: "IP_RPFILTER: from 192.168.1.9 it came in by eth1, and an answer would leave by eth0",
    tried: "the way back to 192.168.1.9, strict: by eth1 — the route is 192.168.1.0/24 dev eth0",
    cure: "In node1: sysctl net.ipv4.conf.eth1.rp_filter 2",
    curedScenario: 1,
  },
  {
    lab: "neighbour-table-full",
    statement: "ping node1 -> two",
    decides: "NEIGH_CREATEFAIL: the kernel's neighbour table is full (gc_thresh3)",
    tried: "sysctl net.ipv4.neigh.default.gc_thresh3 — 3",
    cure: 'Before "ping node1 -> two timeout 1s": sysctl two net.ipv4.neigh.default.gc_thresh3=6',
  },
  {
    lab: "stale-udp-connection",
    statement: "udp client -> 10.96.0.53:53 sourcePort 40000",
    decides: "NO_SOCKET: no socket of old listens on udp port 5353",
    tried: "node1 led it here by a connection that it keeps: udp",
    cure: 'Before "udp client -> 10.96.0.53:53 sourcePort 40000": conntrack node1 -D -p udp --orig-dst 10.96.0.53',
  },
  {
    lab: "unwanted-masquerade",
    statement: "curl client -> http://server/",
    decides: "a pod's packet to a pod gets another source",
    tried: "nat POSTROUTING rule 1: -s 10.244.0.0/24 ! -o cni0 -j MASQUERADE — matched",
    cure: "The rule leaves out what goes to pods: ! -d 10.244.0.0/16",
    curedScenario: 1,
  },
];

describe.each(answers)("$lab", ({ lab: name, statement, first, decides, tried, cure }) => {
  const text = labText(`gallery/${name}`);

  test("why: the decision, what was tried, and the cure", async () => {
    const answer = await why(text, statement, first);
    expect(answer.text).toContain(decides);
    expect(answer.text).toContain(tried);
    expect(answer.cures[0]?.title).toBe(cure);
  });
});

const cured = answers.filter((one) => one.curedScenario !== undefined);

describe.each(cured)("$lab, cured", ({ lab: name, statement, curedScenario = 0 }) => {
  test("what the cured scenario expects holds", async () => {
    const text = labText(`gallery/${name}`);
    const [first] = (await why(text, statement)).cures;
    const changed = withoutChanges(applyEdits(text, first?.edits ?? []), curedScenario);
    const lab = openText(changed, scenariosOf(changed)[curedScenario]);
    while (lab.run(10_000));
    const failed = lab.takeOutput().filter((row) => row.expectation === "failed");
    expect(failed.map((row) => row.text)).toEqual([]);
    expect(lab.expectations().held).toBeGreaterThan(0);
  });
});

/** Where no single change of the file is a cure, or none that was tried: what is said all the same. */
const withoutCure: readonly {
  readonly lab: string;
  readonly statement: string;
  readonly decides: string;
  readonly tried: readonly string[];
}[] = [
  {
    lab: "duplicate-node-mac",
    statement: "ping one -> two",
    decides: "BRIDGE_SAME_PORT",
    tried: ["FDB of br0: 02:00:00:00:00:07 dev p2 master br0 — that is the port that it came in by"],
  },
  {
    lab: "overlapping-pod-cidr",
    statement: "curl client",
    decides: "it waits for ARP: who has 10.244.0.3?",
    tried: [
      "route 10.244.0.0/24 dev eth0 proto kernel scope link src 10.244.0.2 — covers 10.244.0.3: ARP asks for it behind eth0, and no router is asked",
      "ARP requests by client/eth0 — 3 sent, none answered",
      "heard by node1/cni0 — has inet 10.244.0.1/24 scope global cni0",
      "who has 10.244.0.3 — server has 10.244.0.3, and none of the requests came to it",
    ],
  },
];

test.each(withoutCure)("$lab: the decision, without a cure", async ({ lab: name, statement, decides, tried }) => {
  const answer = await why(labText(`gallery/${name}`), statement);
  expect(answer.text).toContain(decides);
  for (const line of tried) expect(answer.text).toContain(line);
  expect(answer.cures).toEqual([]);
});

test("every lab of the gallery is one of these", () => {
  const labs = readdirSync("test/labs/gallery").map((file) => file.replace(/\.k8snet$/, ""));
  expect([...answers, ...withoutCure].map(({ lab }) => lab).sort()).toEqual(labs.sort());
});

/** Asks about the last statement of the first scenario that begins so, when the scenario is over. */
async function why(text: string, statement: string, isFirst = false): Promise<WhyAnswer> {
  const lab = openText(text, scenariosOf(text)[0]);
  while (lab.run(10_000));
  const asked = flat(lab.scenario.plan.statements).filter((one) => one.text.startsWith(statement));
  const answer = await lab.why.ask(`line ${asked.at(isFirst ? 0 : -1)?.source.line}`, async () => {});
  if ("problem" in answer) throw new Error(answer.problem);
  return answer;
}

/** The file without what a scenario does before and when it changes the world: what is left is what then holds. */
function withoutChanges(text: string, scenario: number): string {
  const { plan } = openText(text, scenariosOf(text)[scenario]).scenario;
  const last = plan.statements.findLast((one) => one.do === "configure");
  const gone = new Set(
    plan.statements.slice(0, plan.statements.indexOf(last as never) + 1).map(({ source }) => source.line),
  );
  const lines = text.split("\n");
  return lines.filter((_, index) => !gone.has(index + 1)).join("\n");
}
