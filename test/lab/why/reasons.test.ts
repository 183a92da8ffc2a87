import { describe, expect, it } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import type { WhyAnswer } from "../../../src/lab/why/api.ts";
import { digest } from "../../../src/sim/digest.ts";
import { openText } from "../run-lab.ts";

const noPause = async () => {};

function over(text: string): Lab {
  const lab = openText(text);
  while (lab.run(10_000));
  return lab;
}

async function ask(lab: Lab, subject: string): Promise<WhyAnswer> {
  const answer = await lab.why.ask(subject, noPause);
  if ("problem" in answer) throw new Error(answer.problem);
  return answer;
}

const twoPods = (scenario: string, more = "") => `
node node1 {
  ${more}
  pod a
  pod b
}
scenario "s" {
  ${scenario}
}
`;

describe("why", () => {
  it("1. nobody answered for an address: who was asked, and what they have", async () => {
    const { text } = await ask(over(twoPods("ping a -> 10.244.0.77 timeout 5s")), "ping a -> 10.244.0.77 timeout 5s");
    expect(text).toContain("NEIGH_FAILED");
    expect(text).toContain("ARP requests by a/eth0 — 3 sent, none answered");
    expect(text).toContain("heard by b/eth0 — has inet 10.244.0.3/24 scope global eth0");
    expect(text).toContain("who has 10.244.0.77 — nobody has the address 10.244.0.77");
    expect(text).not.toContain("cure:");
  });

  it("2. a link that is down: it is put up before", async () => {
    const lab = over(twoPods("ip -n b link set eth0 down\n  ping a -> b timeout 5s"));
    const { cures } = await ask(lab, "ping a -> b timeout 5s");
    expect(cures.map(({ title }) => title)).toEqual(['Before "ping a -> b timeout 5s": ip -n b link set eth0 up']);
  });

  it("3. a closed port: the sockets that there are, and a listener to add", async () => {
    const text = twoPods("tcp a -> b:80").replace("pod b", "pod b { container c { listen tcp 8080 echo } }");
    const answer = await ask(over(text), "tcp a -> b:80");
    expect(answer.text).toContain("socket tcp LISTEN 0.0.0.0:8080 — the packet is for port 80");
    expect(answer.cures[0]?.title).toBe("In b: listen tcp 80 echo");
  });

  it("4. a Service that leads to the wrong port: its port is changed", async () => {
    const text = `${twoPods("curl a -> http://web/").replace("pod b", "pod b { labels app=web; container c { listen tcp 8080 http } }")}
service web { clusterIP 10.96.0.10; port 80 -> 8000; selector app=web }
`;
    const answer = await ask(over(text), "curl a -> http://web/");
    expect(answer.cures[0]?.title).toBe("The Service leads to port 8080");
    expect(answer.cures[0]?.edits[0]?.newText).toBe("-> 8080");
  });

  it("5. a failed expectation: judged by whether it then holds", async () => {
    const lab = over(
      twoPods("iptables -n node1 -A FORWARD -s 10.244.0.2 -j REJECT\n  ping a -> b\n  expect reply.received"),
    );
    const [failed] = lab.why.failed();
    const { text, cures } = await ask(lab, String(failed.source.line));
    expect(text).toContain('"expect reply.received"');
    expect(cures[0]?.seen).toBe('with it, "expect reply.received" holds');
  });

  it("6. a route that is missing: the way by a neighbour that knows one", async () => {
    const text = `
netns left { address 10.1.0.2/24 dev eth0 }
netns router { address 10.1.0.1/24 dev eth0; address 10.2.0.1/24 dev eth1; sysctl net.ipv4.ip_forward 1 }
netns right { address 10.2.0.2/24 dev eth0; route default via 10.2.0.1 }
veth left/eth0 <-> router/eth0
veth router/eth1 <-> right/eth0
scenario "s" {
  ping left -> 10.2.0.2
}
`;
    const { text: answer, cures } = await ask(over(text), "ping left -> 10.2.0.2");
    expect(answer).toContain("10.1.0.0/24 does not cover 10.2.0.2");
    expect(cures[0]?.title).toBe("In left: route 10.2.0.0/24 via 10.1.0.1");
  });

  it("7. a packet in flight by its name, and one that is gone; the lab stands where it stood", async () => {
    const lab = openText(twoPods("ping a -> 10.244.0.77 timeout 5s"));
    lab.run(20);
    const { sim } = lab.world;
    const [before, position] = [digest(sim), sim.position];
    expect((await ask(lab, "#1")).text).toContain("it waits for ARP: who has 10.244.0.77?");
    expect(lab.why.explain("#99")).toEqual({ problem: "The recording has no packet #99" });
    expect(digest(sim)).toBe(before);
    expect(sim.position).toBe(position);
    while (lab.run(10_000));
    expect((await ask(lab, "#1")).text).toContain("NEIGH_FAILED");
  });

  it("8. what is no subject, and what has not run, is said so", () => {
    const lab = openText(twoPods("ping a -> b"));
    expect(lab.why.explain("nonsense")).toMatchObject({ problem: expect.stringContaining("no packet (#12.1)") });
    expect(lab.why.explain("ping a -> b")).toMatchObject({ problem: expect.stringContaining("has not run yet") });
    expect(lab.why.explain("")).toMatchObject({ problem: expect.stringContaining("does not stand before a packet") });
  });

  it("9. a change that does not help is not offered", async () => {
    const lab = over(twoPods("iptables -n node1 -P FORWARD DROP\n  ping a -> 10.244.0.77 timeout 5s"));
    const answer = await ask(lab, "ping a -> 10.244.0.77 timeout 5s");
    expect(answer.cures).toEqual([]);
  });

  it.each(["iptables", "nftables"])(
    "10. a Service without endpoints is named, and who would be one: %s",
    async (mode) => {
      const text = `cluster { cni host-gw; proxy ${mode} }
node node1 { address 192.168.1.11/24; gateway 192.168.1.1; pod a; pod b {
  labels app=web
  ready false
  container c { listen tcp 8080 http }
} }
node node2 { address 192.168.1.12/24; pod c { labels app=far; container c { listen tcp 8080 http } } }
router gw { address 192.168.1.1/24 }
service empty { clusterIP 10.96.0.10; port 80 -> 8080 name http; selector app=web }
service near {
  clusterIP 10.96.0.11
  port 80 -> 8080
  selector app=far
  internalTrafficPolicy Local
}
scenario "s" {
  curl a -> http://10.96.0.10/
  curl a -> http://10.96.0.11/ timeout 500ms
}
`;
      const lab = over(text);
      const rejected = await ask(lab, "curl a -> http://10.96.0.10/");
      expect(rejected.text).toContain("default/empty:http has no endpoints");
      expect(rejected.cures[0]?.title).toBe("Pod b is ready");
      const dropped = await ask(lab, "curl a -> http://10.96.0.11/ timeout 500ms");
      expect(dropped.text).toContain("default/near has no local endpoints");
      expect(dropped.cures[0]?.title).toBe("internalTrafficPolicy Cluster");
    },
  );

  const twoVteps = (change: string) => `cluster { cni vxlan }
node node1 { address 192.168.1.11/24; pod a }
node node2 { address 192.168.1.12/24; pod b }
scenario "s" {
  ${change}
  ping a -> b timeout 5s
}
`;

  it.each([
    {
      missing: "the FDB entry",
      change: "bridge -n node1 fdb del 02:fa:0a:f4:01:00 dev flannel.1 dst 192.168.1.12",
      tried: "bridge fdb of flannel.1 — it has no entry",
      cure: "bridge -n node1 fdb append 02:fa:0a:f4:01:00 dev flannel.1 dst 192.168.1.12",
    },
    {
      missing: "the neighbour",
      change: "ip -n node1 neigh del 10.244.1.0 dev flannel.1",
      tried: "neighbour 10.244.1.0 dev flannel.1 INCOMPLETE — no MAC address was entered for it",
      cure: "ip -n node1 neigh replace 10.244.1.0 lladdr 02:fa:0a:f4:01:00 dev flannel.1",
    },
    {
      missing: "both",
      change: `ip -n node1 neigh del 10.244.1.0 dev flannel.1
  bridge -n node1 fdb del 02:fa:0a:f4:01:00 dev flannel.1 dst 192.168.1.12`,
      tried: "bridge fdb of flannel.1 — it has no entry",
      cure: "ip -n node1 neigh replace 10.244.1.0 lladdr 02:fa:0a:f4:01:00 dev flannel.1; bridge -n node1 fdb append 02:fa:0a:f4:01:00 dev flannel.1 dst 192.168.1.12",
    },
  ])("11. a tunnel that lacks what it needs to know of the other end is given it: $missing", async (one) => {
    const { text, cures } = await ask(over(twoVteps(one.change)), "ping a -> b timeout 5s");
    expect(text).toContain("NO_TX_TARGET");
    expect(text).toContain(one.tried);
    expect(cures.map(({ title }) => title)).toEqual([`Before "ping a -> b timeout 5s": ${one.cure}`]);
    expect(cures[0]?.seen).toBe('with it, "ping a -> b timeout 5s" succeeds');
  });

  const routed = (a: number, b: number) => `
netns a { address 10.0.1.2/${a} dev eth0; route default via 10.0.1.1 }
netns b { address 10.0.2.2/${b} dev eth0; route default via 10.0.2.1 }
netns router { address 10.0.1.1/24 dev eth0; address 10.0.2.1/24 dev eth1; sysctl net.ipv4.ip_forward 1 }
veth a/eth0 <-> router/eth0
veth b/eth0 <-> router/eth1
scenario "s" {
  ping a -> 10.0.2.2 timeout 5s
}
`;

  it.each([
    { whose: "the sender's", text: routed(16, 24), cure: "In a: 10.0.1.2/24 in the place of 10.0.1.2/16" },
    { whose: "the answerer's", text: routed(24, 16), cure: "In b: 10.0.2.2/24 in the place of 10.0.2.2/16" },
  ])("12. a network made too wide asks ARP for what is behind a router: $whose", async ({ text, cure }) => {
    const answer = await ask(over(text), "ping a -> 10.0.2.2 timeout 5s");
    expect(answer.text).toContain("route 10.0.0.0/16 dev eth0");
    expect(answer.text).toContain("and no router is asked");
    expect(answer.text).toContain("and none of the requests came to it");
    expect(answer.cures.map(({ title }) => title)).toEqual([cure]);
  });

  it("13. a network made too narrow has no way to its neighbour", async () => {
    const text = `
netns a { address 10.0.1.2/30 dev eth0 }
netns b { address 10.0.1.9/24 dev eth0 }
veth a/eth0 <-> b/eth0
scenario "s" {
  ping a -> 10.0.1.9
}
`;
    const { text: answer, cures } = await ask(over(text), "ping a -> 10.0.1.9");
    expect(answer).toContain("10.0.1.0/30 does not cover 10.0.1.9");
    expect(cures[0]).toMatchObject({
      title: "In a: 10.0.1.2/24 in the place of 10.0.1.2/30",
      edits: [{ newText: "10.0.1.2/24", range: { line: 2 } }],
    });
  });

  it("14. an owner that hears the request and keeps silent is told from one that it never came to", async () => {
    const lab = over(twoPods("sysctl b net.ipv4.conf.all.arp_ignore=8\n  ping a -> b timeout 5s"));
    const { text } = await ask(lab, "ping a -> b timeout 5s");
    expect(text).toContain("who has 10.244.0.3 — b has 10.244.0.3, and kept silent");
  });

  const answering = (left: string, right: string, statement: string) => `
${left}
host right {
  ${right}
  container c { listen tcp 80 http; listen udp 53 echo }
}
scenario "s" {
  ${statement}
}
`;
  const behindRouter = `netns left { address 10.1.0.2/24 dev eth0; route default via 10.1.0.1 }
netns router { address 10.1.0.1/24 dev eth0; address 10.2.0.1/24 dev eth1; sysctl net.ipv4.ip_forward 1 }
veth left/eth0 <-> router/eth0
veth router/eth1 <-> right/eth0 address 10.2.0.2/24`;
  const statements = ["ping left -> 10.2.0.2", "udp left -> 10.2.0.2:53", "tcp left -> 10.2.0.2:80 timeout 5s"];

  it.each(statements)("15. what arrives where no route leads back gets no answer: %s", async (statement) => {
    const lab = over(answering(behindRouter, "", statement));
    const { text, cures } = await ask(lab, statement);
    expect(text).toContain("it arrived at right, and the answer cannot be sent: right has no route to 10.1.0.2");
    expect(text).toContain(
      "route 10.2.0.0/24 dev eth0 proto kernel scope link src 10.2.0.2 — 10.2.0.0/24 does not cover",
    );
    expect(cures.map(({ title, seen }) => [title, seen])).toEqual([
      ["In right: route 10.1.0.0/24 via 10.2.0.1", `with it, "${statement}" succeeds`],
      [`Before "${statement}": ip -n right route add 10.1.0.0/24 via 10.2.0.1`, `with it, "${statement}" succeeds`],
    ]);
  });

  it.each(["ping left -> 10.0.5.2", "udp left -> 10.0.5.2:53", "curl left -> http://10.0.5.2/ timeout 5s"])(
    "16. the answerer's network is too narrow for its neighbour, who sees it as one: %s",
    async (statement) => {
      const lab = over(answering("host left { address 10.0.0.1/16 }", "address 10.0.5.2/24", statement));
      const { text, cures } = await ask(lab, statement);
      expect(text).toContain("the answer cannot be sent: right has no route to 10.0.0.1 (Network is unreachable)");
      expect(cures).toMatchObject([
        { title: "In right: 10.0.5.2/16 in the place of 10.0.5.2/24", edits: [{ newText: "10.0.5.2/16" }] },
      ]);
    },
  );

  it("17. a route back that refuses is taken away", async () => {
    const statement = "udp left -> 10.0.0.2:53";
    const lab = over(
      answering("host left { address 10.0.0.1/24 }", "address 10.0.0.2/24; route blackhole 10.0.0.1/32", statement),
    );
    const { text, cures } = await ask(lab, statement);
    expect(text).toContain("right has a route to 10.0.0.1 that refuses");
    expect(text).toContain("route blackhole 10.0.0.1 — it covers the destination, and refuses");
    expect(cures.map(({ title }) => title)).toEqual([
      `Before "${statement}": ip -n right route del blackhole 10.0.0.1`,
    ]);
  });

  it("18. echo requests that are ignored: the setting, and what turns it off", async () => {
    const text = twoPods("ping a -> b").replace("pod b", "pod b { sysctl net.ipv4.icmp_echo_ignore_all 1 }");
    const answer = await ask(over(text), "ping a -> b");
    expect(answer.text).toContain("ICMP_ECHO_IGNORED: b answers no such echo request");
    expect(answer.cures[0]?.title).toBe("In b: sysctl net.ipv4.icmp_echo_ignore_all 0");
  });

  it("19. a datagram that arrives, has its way back and gets no answer is no such loss", async () => {
    const text = answering("host left { address 10.0.0.1/24 }", "address 10.0.0.2/24", "udp left -> 10.0.0.2:54");
    const answer = await ask(over(text.replace("udp 53 echo", "udp 54 sink")), "udp left -> 10.0.0.2:54");
    expect(answer.text).not.toContain("the answer cannot be sent");
  });

  const threeVteps = (change: string) => `
cluster { cni vxlan }
node node1 { address 192.168.1.11/24; pod a }
node node2 { address 192.168.1.12/24; pod b }
node node3 { address 192.168.1.13/24; pod c }
scenario "s" {
  ${change}
  ping a -> b timeout 5s
}
`;

  it.each([
    { entry: "another node", of: 1, mac: "02:fa:0a:f4:01:00", dst: "192.168.1.13", owner: 2, right: "192.168.1.12" },
    { entry: "nobody", of: 1, mac: "02:fa:0a:f4:01:00", dst: "192.168.1.99", owner: 2, right: "192.168.1.12" },
    {
      entry: "another node, on the way back",
      of: 2,
      mac: "02:fa:0a:f4:00:00",
      dst: "192.168.1.13",
      owner: 1,
      right: "192.168.1.11",
    },
  ])("20. an entry leads frames to the wrong VTEP, $entry: it is given the right one", async (one) => {
    const entry = (dst: string) => `bridge -n node${one.of} fdb replace ${one.mac} dev flannel.1 dst ${dst}`;
    const { text, cures } = await ask(over(threeVteps(entry(one.dst))), "ping a -> b timeout 5s");
    expect(text).toContain(
      `bridge fdb of node${one.of}/flannel.1: ${one.mac} dst ${one.dst} self permanent — ${one.mac} is node${one.owner}/flannel.1, whose VTEP is ${one.right}`,
    );
    expect(cures).toMatchObject([
      {
        title: `In "${entry(one.dst)}": dst ${one.right} in the place of dst ${one.dst}`,
        edits: [{ newText: `dst ${one.right}`, range: { line: 7 } }],
        seen: 'with it, "ping a -> b timeout 5s" succeeds',
      },
      { title: `Before "ping a -> b timeout 5s": ${entry(one.right)}` },
    ]);
  });

  it("21. a bridge's static entry names the wrong port: the port that leads there", async () => {
    const wrong = "bridge -n node1 fdb replace 0a:58:0a:f4:00:03 dev veth3 master static";
    const scenario = `ping a -> b\n  ${wrong}\n  ping a -> b timeout 5s`;
    const lab = over(twoPods(scenario).replace("pod b", "pod b; pod c"));
    const { text, cures } = await ask(lab, "ping a -> b timeout 5s");
    expect(text).toContain("@ c/eth0: dropped, OTHERHOST");
    expect(text).toContain("0a:58:0a:f4:00:03 dev veth3 master cbr0 static — 0a:58:0a:f4:00:03 is behind veth2");
    expect(cures.map(({ title }) => title)).toEqual([
      `In "${wrong}": dev veth2 in the place of dev veth3`,
      'Before "ping a -> b timeout 5s": bridge -n node1 fdb replace 0a:58:0a:f4:00:03 dev veth2 master static',
    ]);
  });

  it("22. copies of a flood that are for others explain nothing", async () => {
    const answer = await ask(
      over(twoPods("ping a -> 10.244.0.77 timeout 5s").replace("pod b", "pod b; pod c")),
      "ping a -> 10.244.0.77 timeout 5s",
    );
    expect(answer.text).toContain("NEIGH_FAILED");
    expect(answer.text).not.toContain("OTHERHOST");
  });

  const selecting = (service: string, more = "") => `
cluster { cni host-gw }
node node1 {
  address 192.168.1.11/24
  ${more}
  pod client
  pod server { labels app=web; container c { listen tcp 8080 http } }
}
service web { ${service} }
scenario "s" { curl client -> http://web/ timeout 3s }
`;

  it("23. a selector that finds no pod: the label that pods have", async () => {
    const { text, cures } = await ask(over(selecting("port 80 -> 8080; selector app=wbe")), "10");
    expect(text).toContain("IP_INNOROUTES");
    expect(text).toContain("Service web: selector app=wbe — finds no pod");
    expect(cures).toMatchObject([
      {
        title: "In web: selector app=web in the place of app=wbe",
        edits: [{ newText: "app=web", range: { line: 9 } }],
      },
    ]);
  });

  it("24. the same where a default route lets kube-proxy refuse it", async () => {
    const lab = over(selecting("port 80 -> 8080; selector app=wbe", "gateway 192.168.1.1"));
    const { text, cures } = await ask(lab, "10");
    expect(text).toContain("default/web has no endpoints");
    expect(cures[0]?.title).toBe("In web: selector app=web in the place of app=wbe");
  });

  it("25. a port that the Service does not have, at an address that was allocated: its number is changed", async () => {
    const { text, cures } = await ask(over(selecting("port 8888 -> 8080; selector app=web")), "10");
    expect(text).toContain("Service web: port 8888 -> 8080 — is not port 80");
    expect(cures[0]?.title).toBe("In web: port 80 -> 8080 in the place of port 8888 -> 8080");
  });

  it("26. a gateway that is no router: the router on the same link", async () => {
    const text = `
host left { address 192.168.1.2/24; route default via 192.168.1.3 }
host other { address 192.168.1.3/24 }
router r { address 192.168.1.1/24; interface eth1 { address 10.2.0.1/24 } }
netns right { address 10.2.0.2/24 dev eth0; route default via 10.2.0.1 }
veth r/eth1 <-> right/eth0
scenario "s" { ping left -> 10.2.0.2 }
`;
    const { text: answer, cures } = await ask(over(text), "ping left -> 10.2.0.2");
    expect(answer).toContain("10.2.0.2 is no address of other, where net.ipv4.ip_forward is 0");
    expect(cures).toMatchObject([
      { title: "In default via 192.168.1.3 dev eth0: the gateway 192.168.1.1, r", edits: [{ newText: "192.168.1.1" }] },
    ]);
  });

  it("27. a ping that is too long for its own device was not sent: it may be cut", async () => {
    const text = twoPods("ping a -> b size 1473");
    const { text: answer, cures } = await ask(over(text), "ping a -> b size 1473");
    expect(answer).toContain("it is longer than what fits, must not be fragmented, and was not sent: Message too long");
    expect(answer).toContain("MTU of a/eth0 — 1500");
    expect(cures.map(({ title }) => title)).toEqual(["The ping may be fragmented: mayFragment"]);
  });

  it("28. a router's word of what fits is dropped: its rule would tell too late for one ping, which may be cut", async () => {
    const text = `
netns left { address 10.1.0.2/24 dev eth0; route default via 10.1.0.1 }
netns router {
  address 10.1.0.1/24 dev eth0
  address 10.2.0.1/24 dev eth1
  interface eth1 { mtu 1400 }
  sysctl net.ipv4.ip_forward 1
}
netns right { address 10.2.0.2/24 dev eth0; route default via 10.2.0.1; interface eth0 { mtu 1400 } }
veth left/eth0 <-> router/eth0
veth router/eth1 <-> right/eth0
scenario "s" {
  iptables -n router -A OUTPUT -p icmp -j DROP
  ping left -> 10.2.0.2 size 1472 timeout 2s
  expect reply.received
}
`;
    const { text: answer, cures } = await ask(over(text), "expect reply.received");
    expect(answer).toContain("ICMP frag-needed mtu=1400");
    expect(cures.map(({ title }) => title)).toEqual(["The ping may be fragmented: mayFragment"]);
  });

  const twoCables = (settings: string) => `netns a
netns r {
  ${settings}
}
veth a/eth0 address 10.1.0.1/24 <-> r/e0 address 10.1.0.2/24
veth a/eth1 address 10.2.0.9/24 <-> r/e1 address 10.2.0.1/24
scenario "s" {
  ping a -> 10.1.0.2 timeout 5s
}
`;

  it.each([
    {
      setting: "sysctl net.ipv4.conf.all.rp_filter 1\n  route 10.1.0.1/32 via 10.2.0.9",
      tried: "the way back to 10.1.0.1, strict: by e0 — the route is 10.1.0.1 via 10.2.0.9 dev e1",
      cure: "In r: sysctl net.ipv4.conf.all.rp_filter 2",
    },
    {
      setting: "sysctl net.ipv4.conf.e0.arp_ignore 8",
      tried: "arp_ignore of e0 — it is 8: the request is not answered here",
      cure: "In r: sysctl net.ipv4.conf.e0.arp_ignore 0",
    },
    {
      setting: "sysctl net.ipv4.conf.e0.arp_filter 1\n  route 10.1.0.1/32 via 10.2.0.9",
      tried: "arp_filter of e0 — it is 1, and what goes to 10.1.0.1 would leave by another interface",
      cure: "In r: sysctl net.ipv4.conf.e0.arp_filter 0",
    },
  ])("29. who has the address heard the request, and may not answer it: $tried", async ({ setting, tried, cure }) => {
    const { text, cures } = await ask(over(twoCables(setting)), "ping a -> 10.1.0.2 timeout 5s");
    expect(text).toContain("who has 10.1.0.2 — r has 10.1.0.2, and kept silent");
    expect(text).toContain(tried);
    expect(cures.map(({ title }) => title)).toContain(cure);
  });

  it("30. a packet that joins a question under way waits for what was asked before it, too", async () => {
    const scenario =
      "parallel {\n    ping a -> 10.244.0.9 timeout 5s\n    ping a -> 10.244.0.9 interval 500ms count 2 timeout 5s\n  }";
    const { text } = await ask(over(twoPods(scenario)), "#3");
    expect(text).toContain("ARP requests by a/eth0 — 3 sent, none answered");
  });
});
