import { describe, expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";

/** What is wrong with a text, as `line:column code: message`. */
function problemsOf(text: string): string[] {
  return compileSync(text, "test.k8snet").diagnostics.map(
    ({ severity, code, range, message }) =>
      `${range.line}:${range.column}${severity === "error" ? "" : ` (${severity})`} ${code}: ${message}`,
  );
}

/** The text with the fix of its first diagnostic applied. */
function mended(text: string): string {
  const fix = compileSync(text, "test.k8snet").diagnostics[0]?.fix;
  if (fix === undefined) return "no fix";
  const lines = text.split("\n");
  const line = lines[fix.range.line - 1];
  lines[fix.range.line - 1] = line.slice(0, fix.range.column - 1) + fix.newText + line.slice(fix.range.endColumn - 1);
  return lines.join("\n");
}

/** A cluster of two pods and a scenario of these lines, the first of which is line 2. */
function scenario(...lines: string[]): string {
  const pods = 'node node1 { podCIDR 10.244.1.0/24; pod pod1; pod pod2 }; scenario "s" {';
  return [pods, ...lines, "}"].join("\n");
}

/** A node of these lines, the first of which is line 2. */
function node(...lines: string[]): string {
  return ["node node1 { podCIDR 10.244.1.0/24", ...lines, '}; scenario "s" { wait 1s }'].join("\n");
}

describe("names", () => {
  test("an unknown name, with the one that is meant", () => {
    const text = scenario("ping pod1 -> pdo2");
    expect(problemsOf(text)).toEqual([
      '2:14 unknown-name: There is no pod, node, host or netns "pdo2". Did you mean pod2?',
    ]);
    expect(mended(text)).toBe(scenario("ping pod1 -> pod2"));
  });

  test("a name that several nodes have", () => {
    const text = 'node a { pod web }\nnode b { pod web }\nscenario "s" { ping web -> a }';
    expect(problemsOf(text)).toEqual(['3:21 ambiguous-name: "web" can mean a/web, b/web: say in which node.']);
    expect(problemsOf(mended(text))).toEqual([]);
  });

  test("a member of a range that is not there", () => {
    const text = 'node worker[1..3] { pod web[1..2] }\nscenario "s" { ping worker3/web2 -> worker4/web1 }';
    expect(problemsOf(text)[0]).toMatch(/^2:37 unknown-name: There is no pod, node, host or netns "worker4\/web1"/);
  });

  test("two of one name", () => {
    expect(problemsOf(node("pod a", "pod a"))).toEqual([
      "3:5 duplicate-name: There is already a pod a in this node (line 2).",
    ]);
    expect(problemsOf('node a { pod b }\nnode a { pod c }\nscenario "s" { wait 1s }')).toEqual([
      "2:6 duplicate-name: The name a is already taken (line 1).",
    ]);
    expect(problemsOf(node("pod a {", "container c", "container c", "}"))).toEqual([
      "4:11 duplicate-name: There is already a container c here.",
    ]);
    expect(problemsOf('scenario "s" { wait 1s }\nscenario "s" { wait 1s }')).toEqual([
      '2:1 duplicate-name: There is already a scenario "s" (line 1).',
    ]);
  });

  test("a member of a range, or a namespace, of the name of a pod", () => {
    expect(problemsOf(node("pod web[1..3]", "pod web2"))[0]).toBe(
      "3:5 duplicate-name: The name web2 is already taken (line 2).",
    );
    expect(problemsOf(node("pod x", "netns x"))).toEqual(["3:7 duplicate-name: The name x is already taken (line 2)."]);
  });

  test("a declaration without a name, or with one that cannot be", () => {
    expect(problemsOf(node("pod { }"))).toEqual(["2:1 missing-name: This pod has no name."]);
    expect(problemsOf(node("pod a/b"))[0]).toMatch(/^2:5 bad-name: "a\/b" cannot be a name/);
    expect(problemsOf(node("pod a[5..1]"))).toEqual(["2:5 bad-range: The range ends before it begins."]);
  });
});

describe("addresses", () => {
  test("one address twice on one network", () => {
    expect(problemsOf(node("pod a { address 10.244.1.9 }", "pod b { address 10.244.1.9 }"))).toContain(
      "3:17 duplicate-address: 10.244.1.9 is also the address of a/eth0 (line 2), on the same network.",
    );
  });

  test("one MAC address twice on one network", () => {
    const text = node("pod a { mac 02:00:00:00:00:01 }", "pod b { mac 02:00:00:00:00:01 }");
    expect(problemsOf(text)).toEqual([
      "3:1 duplicate-mac: b/eth0 has the MAC address 02:00:00:00:00:01 of a/eth0 (line 2), on the same network.",
    ]);
  });

  test("the same addresses on networks that do not meet are fine", () => {
    const ends = (a: string, b: string) => `veth ${a}/eth0 address 10.0.0.1/24 <-> ${b}/eth0 address 10.0.0.2/24`;
    const text = `netns a\nnetns b\nnetns c\nnetns d\n${ends("a", "b")}\n${ends("c", "d")}\nscenario "s" { wait 1s }`;
    expect(problemsOf(text)).toEqual([]);
  });

  test("wired by hand, a duplicate address may be meant: a warning", () => {
    const text =
      'netns a\nnetns b\nveth a/eth0 address 10.0.0.1/24 <-> b/eth0 address 10.0.0.1/24\nscenario "s" { wait 1s }';
    expect(problemsOf(text)).toEqual([
      "3:52 (warning) duplicate-address: 10.0.0.1 is also the address of a/eth0 (line 3), on the same network.",
    ]);
  });

  test("an address outside the pod CIDR", () => {
    expect(problemsOf(node("pod a { address 10.244.2.9 }"))).toEqual([
      "2:17 address-outside-pod-cidr: 10.244.2.9 is not inside 10.244.1.0/24, the pod CIDR of node1.",
    ]);
    expect(problemsOf(node("bridge cbr0 { address 10.9.0.1/24 }", "pod a"))[0]).toMatch(
      /^2:23 address-outside-pod-cidr: The bridge's 10.9.0.1 is not inside 10.244.1.0\/24/,
    );
  });

  test("an address that no pod can have", () => {
    expect(problemsOf(node("pod a { address 10.244.1.255 }"))[0]).toMatch(/^2:17 reserved-address/);
  });

  test("a pod CIDR outside the cluster's, or two that overlap", () => {
    const cluster = "cluster { podCIDR 10.244.0.0/16 }";
    expect(problemsOf(`${cluster}\nnode a { podCIDR 10.9.0.0/24; pod p }\nscenario "s" { wait 1s }`)).toEqual([
      "2:18 pod-cidr-outside-cluster: The pod CIDR of a is not inside the cluster's 10.244.0.0/16.",
    ]);
    const two = 'node a { podCIDR 10.244.0.0/23 }\nnode b { podCIDR 10.244.1.0/24 }\nscenario "s" { wait 1s }';
    expect(problemsOf(two)).toEqual([
      "2:18 overlapping-pod-cidr: The pod CIDRs of b and a overlap: a pod address would belong to both nodes.",
    ]);
  });

  test("a pod CIDR that has no address left", () => {
    const text = 'node n { podCIDR 10.244.1.0/29\npod a[1..5]\npod b\n}; scenario "s" { wait 1s }';
    expect(problemsOf(text)).toEqual([
      "3:5 pod-cidr-exhausted: 10.244.1.0/29, the pod CIDR of n, has no address left for b.",
    ]);
    expect(problemsOf('cluster { podCIDR 10.1.0.0/23 }\nnode n[1..3] { pod a }\nscenario "s" { wait 1s }')[0]).toMatch(
      /^2:6 pod-cidr-exhausted: The cluster's pod CIDR 10.1.0.0\/23 has no free \/24 block left for n1/,
    );
  });

  test.each([
    ["pod a { address 10.244.1 }", '2:17 bad-address: "10.244.1" is not an IPv4 address, such as 10.244.1.9.'],
    ["pod a { address 10.244.1.300 }", '2:17 bad-address: "10.244.1.300" is not an IPv4 address, such as 10.244.1.9.'],
    ["address 192.168.1.1", "2:9 bad-prefix: The prefix length is missing: write 192.168.1.1/24."],
    [
      "address 192.168.1.1/33",
      '2:9 bad-prefix: "192.168.1.1/33" is not an address with a prefix length, such as 10.244.1.0/24.',
    ],
    ["pod a { mac 02:00:00:00:01 }", '2:13 bad-mac: "02:00:00:00:01" is not a MAC address, such as 02:00:0a:f4:01:09.'],
    [
      "pod a { mac 01:00:5e:00:00:01 }",
      "2:13 bad-mac: 01:00:5e:00:00:01 is a multicast address; an interface needs a unicast one, with an even first octet.",
    ],
  ])("%s", (line, problem) => {
    expect(problemsOf(node(line))).toEqual([problem]);
  });

  test("the prefix length is offered", () => {
    expect(mended(node("address 192.168.1.1"))).toBe(node("address 192.168.1.1/24"));
  });
});

describe("devices and cables", () => {
  test("a veth with one end", () => {
    expect(problemsOf('netns a\nveth a/eth0\nscenario "s" { wait 1s }')).toEqual([
      "2:1 veth-one-end: A veth has two ends: veth a/eth0 <-> NETNS/DEVICE.",
    ]);
    expect(problemsOf('netns a\nveth a/eth0 <->\nscenario "s" { wait 1s }')[0]).toMatch(/^2:1 veth-one-end/);
  });

  test("the end of a veth that is no device, or of nobody", () => {
    expect(problemsOf('netns a\nveth a <-> a/eth1\nscenario "s" { wait 1s }')).toEqual([
      '2:6 bad-endpoint: "a" is not the end of a veth: write NETNS/DEVICE, such as pod1/eth0.',
    ]);
    expect(problemsOf('netns abc\nveth abd/eth0 <-> abc/eth1\nscenario "s" { wait 1s }')).toEqual([
      '2:6 unknown-name: There is no pod, node, host or netns "abd". Did you mean abc?',
    ]);
  });

  test("a name of 16 characters (IFNAMSIZ is 16, with the zero)", () => {
    expect(problemsOf(node("pod a { veth abcdefghijklmnop }"))).toEqual([
      '2:14 device-name-too-long: "abcdefghijklmnop" has 16 characters; the name of an interface has at most 15 (IFNAMSIZ).',
    ]);
    expect(problemsOf(node("pod a { veth abcdefghijklmno }"))).toEqual([]);
  });

  test("one device made twice", () => {
    expect(problemsOf(node("pod a { veth v }", "pod b { veth v }"))).toContain(
      "3:9 duplicate-name: node1 already has an interface v (line 2).",
    );
  });

  test("settings of a device that nothing makes", () => {
    expect(problemsOf('netns a { address 10.0.0.1/24 dev eth0 }\nscenario "s" { wait 1s }')).toEqual([
      "1:19 unknown-device: Nothing makes an interface eth0 in a: lay a veth to it.",
    ]);
  });

  test("a bridge that is not there", () => {
    const text = 'netns a { bridge br0 }\nnetns b\nveth a/p1 master br1 <-> b/eth0\nscenario "s" { wait 1s }';
    expect(problemsOf(text)).toEqual(["3:18 unknown-bridge: a has no bridge br1. Did you mean br0?"]);
    expect(problemsOf(mended(text))).toEqual([]);
  });

  test("a bridge with more ports than Linux can number", () => {
    expect(problemsOf('node n { podCIDR 10.244.0.0/16; pod a[1..1023] }\nscenario "s" { wait 1s }')).toEqual([]);
    expect(problemsOf('node n { podCIDR 10.244.0.0/16; pod a[1..1024] }\nscenario "s" { wait 1s }')).toEqual([
      "1:33 too-many-ports: n/cbr0 would get more than 1023 ports; Linux refuses the next one.",
    ]);
  });

  test("a range of namespaces is not wired by hand", () => {
    expect(problemsOf('netns a[1..3]\nscenario "s" { wait 1s }')).toEqual([
      "1:7 range-of-netns: A netns is declared one by one; ranges are for nodes and pods.",
    ]);
  });
});

describe("listeners", () => {
  const container = (name: string, ...listen: string[]) => `container ${name} { ${listen.join("; ")} }`;

  test("two containers of a pod on one port", () => {
    const text = node("pod a {", container("c1", "listen tcp 80 http"), container("c2", "listen tcp 80"), "}");
    expect(problemsOf(text)).toEqual([
      "4:16 duplicate-listener: tcp port 80 is taken: container c1 listens there on every address (line 3), and the containers of a pod share its ports.",
    ]);
  });

  test("one address and every address collide; two addresses, and tcp with udp, do not", () => {
    const two = (one: string, other: string) => problemsOf(node("pod a {", container("c", one, other), "}"));
    expect(two("listen tcp 127.0.0.1:80", "listen tcp 80")[0]).toMatch(/duplicate-listener.*on 127.0.0.1/);
    expect(two("listen tcp 127.0.0.1:80", "listen tcp 10.244.1.2:80")).toEqual([]);
    expect(two("listen tcp 80", "listen udp 80")).toEqual([]);
  });

  test.each([
    ["listen tcp 80808", '4:12 bad-port: "80808" is not a port: a number from 1 to 65535.'],
    ["listen icmp 80", "4:8 bad-protocol: A server listens on tcp or udp."],
    [
      "listen tcp 80 htp",
      '4:15 unknown-program: There is no server program "htp"; there are echo, http, whoami, sink, dns. Did you mean http?',
    ],
    ["listen tcp", "4:1 missing-value: Write listen tcp|udp PORT, such as listen tcp 8080 http."],
  ])("%s", (line, problem) => {
    expect(problemsOf(node("pod a {", "container c {", line, "}", "}"))).toEqual([problem]);
  });
});

describe("statements", () => {
  test.each([
    ["pign pod1 -> pod2", '2:1 unknown-statement: There is no statement "pign". Did you mean ping?'],
    ["ping pod1 pod2", "2:11 incomplete-statement: Write who sends and to whom: ping pod1 -> pod2."],
    ["ping pod1 ->", "2:11 incomplete-statement: Write who sends and to whom: ping pod1 -> pod2."],
    ["ping pod1 -> pod2 cuont 3", '2:19 unknown-option: ping has no option "cuont". Did you mean count?'],
    ["ping pod1 -> pod2 count", "2:19 missing-value: The value of count is missing."],
    ["ping pod1 -> pod2 count 0", '2:25 bad-number: "0" is not a number from 1 to 1000000.'],
    ["ping pod1 -> pod2 interval 5", "2:28 bad-duration: The unit is missing: 5s, 5ms?"],
    ["ping pod1 -> pod2 ttl 64 ttl 63", "2:26 repeated-option: The option ttl stands here twice."],
    ["ping pod1 -> 10.0.0", '2:14 bad-address: "10.0.0" is not an IPv4 address, such as 10.244.1.9.'],
    ["udp pod1 -> pod2", "2:13 missing-port: The port is missing: pod2:PORT."],
    ["tcp pod1 -> pod2:0", '2:18 bad-port: "0" is not a port: a number from 1 to 65535.'],
    ["curl pod1 -> https://pod2/", "2:14 bad-url: https is not supported; write http://."],
    ["wait soon", '2:6 bad-duration: "soon" is not a duration, such as 1.5s or 300ms.'],
    [
      "ip link set eth0 down",
      "2:4 incomplete-statement: Say in which namespace: ip -n NAME …, such as ip -n pod1 link set eth0 down.",
    ],
    [
      "ip -n pod1 neihg add 10.0.0.1",
      '2:12 bad-ip-command: "neihg" is not an object of ip: link, addr, route, rule or neigh. Did you mean neigh?',
    ],
    ["sysctl pod1 net.ipv4.ip_forward=on", '2:13 bad-sysctl: "on" is not a whole number.'],
    ["traceroute pod1 pod2", "2:17 incomplete-statement: Write who sends and to whom: traceroute pod1 -> pod2."],
    ["traceroute pod1 -> pod2 queries 11", '2:33 bad-number: "11" is not a number from 1 to 10.'],
    [
      "link pod1/eth0",
      "2:6 incomplete-statement: Write which link, and what becomes of it: link pod1/eth0 down, up, or mtu 1400.",
    ],
    ["link eth0 down", "2:6 bad-link: Write whose link it is, such as pod1/eth0."],
    ["link pod1/eth0 away", '2:16 bad-link: What becomes of a link is one of up, down, mtu, not "away".'],
    ["link pod1/eth0 down now", '2:21 unexpected-words: "now" does not belong here.'],
    ["link pod1/eth0 mtu", "2:16 missing-value: Write how many octets: mtu 1400."],
    ["link pod1/eth0 mtu 60", '2:20 bad-number: "60" is not a number from 68 to 65535.'],
    ["link pod9/eth0 up", '2:6 unknown-name: There is no pod, node, host or netns "pod9". Did you mean pod1?'],
    [
      "link pod1/eth0 loss 5",
      "2:16 link-without-loss: Links that lose or delay are not simulated: k8snet explore --loss 1 tries what a lost packet does, and a packet can be dropped or held by hand.",
    ],
    ["move pod1 node2", '2:1 not-supported-yet: "move" is not supported yet.'],
    ["parallel", "2:1 incomplete-statement: parallel needs a block: parallel { ping a -> b; ping b -> a }."],
    ["at 1s", "2:1 incomplete-statement: The statement is missing after the time."],
  ])("%s", (line, problem) => {
    expect(problemsOf(scenario(line))).toEqual([problem]);
  });

  test("an expression that is not CEL, at the column where it breaks", () => {
    const [problem] = problemsOf(scenario("expect reply.ttl == == 64"));
    expect(problem).toMatch(/^2:21 bad-expression: This is not a CEL expression: /);
  });

  test("a scenario without statements", () => {
    expect(problemsOf('node a\nscenario "s" { seed 1 }')).toEqual([
      "2:1 (warning) empty-scenario: This scenario has no statements: nothing will happen.",
    ]);
  });
});

describe("settings", () => {
  test.each([
    ["podCDIR 10.244.1.0/24", '2:1 unknown-setting: node node1 has no setting "podCDIR". Did you mean podCIDR?'],
    ["pdo web", '2:1 unknown-setting: node node1 has no setting "pdo". Did you mean pod?'],
    ["mac 02:00:00:00:00:01; mac 02:00:00:00:00:02", "2:24 repeated-setting: mac is already set above."],
    ["mac", "2:1 missing-value: The value of mac is missing."],
    ["pod a extra", '2:7 unexpected-words: "extra" does not belong here.'],
    ["sysctl ip_forward 1", '2:8 bad-sysctl: "ip_forward" is not the name of a sysctl, such as net.ipv4.ip_forward.'],
    ["route 10.0.0.0/8", '2:7 bad-route: A route needs "via GATEWAY" or "dev DEVICE".'],
    [
      "neigh 10.0.0.1 lladdr 02:00 dev eth0",
      '2:23 bad-neigh: "02:00" is not a MAC address, such as 02:00:00:00:00:01.',
    ],
    ["pod a { labels web }", '2:16 bad-label: "web" is not a label, such as app=web.'],
  ])("%s", (line, problem) => {
    expect(problemsOf(node(line))).toEqual([problem]);
  });

  test("what is still to come says so", () => {
    const text = 'cluster { proxy iptables }\nnetworkPolicy web { port 80 }\nscenario "s" { wait 1s }';
    expect(problemsOf(text)).toEqual(['2:1 not-supported-yet: "networkPolicy" is not supported yet.']);
    expect(problemsOf('cluster { cni brigde }\nscenario "s" { wait 1s }')).toEqual([
      '1:15 unknown-cni: There is no cni "brigde". Did you mean bridge?',
    ]);
  });
});
