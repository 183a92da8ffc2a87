import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Motion, MotionResult } from "../../src/lab/api.ts";
import { labText, openText, scenariosOf } from "./run-lab.ts";

/** What each lab of the gallery tells its reader to break on, and what the debugger says when it stops there. */
const finds: readonly {
  readonly lab: string;
  readonly breakAt: string;
  /** Which of the hits; absent: the first. */
  readonly hit?: number;
  readonly says: string;
}[] = [
  {
    lab: "bridge-nf-off",
    breakAt: "drop@client/eth0",
    says: "NO_SOCKET, the socket of tcp port 40001 talks with 10.96.0.10:80, and this comes from 10.244.0.3:8080",
  },
  {
    lab: "dns-five-seconds",
    breakAt: "drop@node1/veth4",
    says: "NETFILTER_DROP, netfilter dropped it: table filter, FORWARD rule 1: -p udp -m udp --dport 53 -m statistic --mode nth --every 1000 --packet 1 -j DROP",
  },
  {
    lab: "dns-race",
    breakAt: "drop@client/eth0",
    says: "NO_SOCKET, the socket of udp port",
  },
  {
    lab: "ndots-amplification",
    breakAt: "udp.receive@client/eth0",
    says: "No such name A www.example.com.default.svc.cluster.local",
  },
  {
    lab: "forward-policy-drop",
    breakAt: "drop@node1/cni0",
    says: "NETFILTER_DROP, netfilter dropped it: table filter, FORWARD policy DROP",
  },
  {
    lab: "hairpin-off",
    breakAt: "drop@node1/cbr0",
    says: "BRIDGE_SAME_PORT, its destination is behind veth1, the port it came from, and hairpin mode is off there",
  },
  {
    lab: "ip-forward-off",
    breakAt: "drop@node1/cni0",
    says: "IP_INADDRERRORS, 10.244.1.2 is no address of node1, where net.ipv4.ip_forward is 0",
  },
  {
    lab: "local-policy-without-endpoint",
    breakAt: "drop@node1/eth0",
    says: 'NETFILTER_DROP, netfilter dropped it: table filter, KUBE-EXTERNAL-SERVICES rule 1: -p tcp -m comment --comment "default/web has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DROP',
  },
  {
    lab: "missing-masquerade",
    breakAt: "drop@gateway/eth1",
    says: "IP_INNOROUTES, gateway has no route to 10.244.0.2",
  },
  {
    lab: "mtu-black-hole",
    breakAt: "drop@node1/cni0",
    hit: 2,
    says: "PKT_TOO_BIG, it has 1500 bytes, the MTU of flannel.1 is 1450, and it must not be fragmented",
  },
  {
    lab: "mtu-black-hole",
    breakAt: "drop@node1/cni0",
    says: "NETFILTER_DROP, netfilter dropped it: table filter, OUTPUT rule 1: -p icmp -m icmp --icmp-type 3 -j DROP",
  },
  {
    lab: "rp-filter",
    breakAt: "drop@node1/eth1",
    says: "IP_RPFILTER, from 192.168.1.9 it came in by eth1, and an answer would leave by eth0 (net.ipv4.conf.eth1.rp_filter is 1)",
  },
  {
    lab: "stale-udp-connection",
    breakAt: "drop@old/eth0",
    says: "NO_SOCKET, no socket of old listens on udp port 5353",
  },
  {
    lab: "stale-udp-connection",
    hit: 2,
    breakAt: "drop@old/eth0",
    says: "nat.translate @ node1\nconntrack.lookup @ node1\nnf.prerouting @ node1",
  },
  {
    lab: "conntrack-table-full",
    breakAt: "drop@node1/cbr0",
    says: "CONNTRACK_FULL, the table of connections is full (net.netfilter.nf_conntrack_max)",
  },
  {
    lab: "duplicate-node-mac",
    breakAt: "drop@switch/br0",
    says: "BRIDGE_SAME_PORT, its destination is behind p2, the port it came from, and hairpin mode is off there",
  },
  {
    lab: "no-route-back",
    breakAt: "drop@server/eth0",
    says: "NO_WAY_BACK, it arrived at server, and the answer cannot be sent: server has no route to 10.9.0.2",
  },
  {
    lab: "selector-typo",
    breakAt: "drop@node1/cni0",
    says: "IP_INNOROUTES, node1 has no route to 10.96.0.10",
  },
  { lab: "duplicate-pod-ip", breakAt: "arp.reply", says: "arp.reply @ forgotten/eth0" },
  {
    lab: "neighbour-table-full",
    breakAt: "drop@two/eth0",
    says: "NEIGH_CREATEFAIL, the kernel's neighbour table is full (gc_thresh3)",
  },
  {
    lab: "overlapping-pod-cidr",
    breakAt: "drop@client/eth0",
    says: "NEIGH_FAILED, nobody answered the ARP requests for the next hop, 10.244.0.3",
  },
  {
    lab: "service-wrong-protocol",
    breakAt: "drop@node1/cbr0",
    says: "IP_INNOROUTES, node1 has no route to 10.96.0.53",
  },
  {
    lab: "snat-port-race",
    breakAt: "drop@node1/eth0",
    says: "CONNTRACK_CLASH, another connection came first that has the same addresses and ports",
  },
  {
    lab: "vtep-mac-changed",
    breakAt: "drop@node2/flannel.1",
    says: "OTHERHOST, the frame's destination MAC address is another machine's",
  },
  { lab: "duplicate-pod-ip", breakAt: "arp.reply", hit: 2, says: "arp.reply @ web/eth0" },
  { lab: "unwanted-masquerade", breakAt: "nat.translate@node1", says: "nf.postrouting · POSTROUTING rule 1 @ node1" },
];

describe.each(finds)("$lab, $breakAt", ({ lab: name, breakAt, hit = 1, says }) => {
  const text = labText(`gallery/${name}`);
  const [fault, ...cures] = scenariosOf(text);

  test("its comment tells the story, and where to break", () => {
    const comment = text.slice(0, text.search(/^[^#\n]/m));
    for (const part of ["What one sees:", "Why:", "In the debugger:", "Cure:"]) expect(comment).toContain(part);
    expect(comment).toContain(`\`${breakAt}\``);
  });

  test("the debugger stops there and says why", () => {
    expect(stopAt(text, fault, breakAt, hit)).toContain(says);
  });

  test("a scenario has the cure", () => {
    expect(cures.length).toBeGreaterThan(0);
  });
});

test("every lab of the gallery is one of these", () => {
  const labs = readdirSync("test/labs/gallery").map((file) => file.replace(/\.k8snet$/, ""));
  expect([...new Set(finds.map(({ lab }) => lab))].sort()).toEqual(labs.sort());
});

/** What the debugger shows at a hit of a function breakpoint: why it stopped, the packet, how it came there. */
function stopAt(text: string, scenario: string, breakAt: string, hit: number): string {
  const lab = openText(text, scenario);
  const [breakpoint] = lab.setFunctionBreakpoints([breakAt]);
  expect(breakpoint.verified, breakpoint.message).toBe(true);
  for (let stop = 1; stop < hit; stop++) run(lab.continue());
  const result = run(lab.continue());
  if (result.kind === "ended") return "nothing: the scenario ended";
  const { description, threadId } = result.stop;
  const thread = lab.threads(100).threads.find(({ id }) => id === threadId);
  const { frames } = lab.stack(threadId, 0, 0);
  return [description, thread?.name, ...frames.map((frame) => frame.name)].join("\n");
}

function run(motion: Motion): Exclude<MotionResult, { readonly kind: "more" }> {
  for (;;) {
    const result = motion.advance(10_000);
    if (result.kind !== "more") return result;
  }
}
