import { describe, expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import type { NetworkPlan } from "../../src/plan/plan.ts";
import type { Statement } from "../../src/plan/statements.ts";
import { formatIpv4, formatPrefix } from "../../src/wire/ipv4-address.ts";
import { formatMac } from "../../src/wire/mac-address.ts";

function planOf(text: string): NetworkPlan {
  const { diagnostics, plan } = compileSync(text, "test.k8snet");
  expect(diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual([]);
  return plan;
}

/** The set-up as an administrator would type it, sysctls and `lo` left out. */
function shell(plan: NetworkPlan): string[] {
  return [...plan.setUp()].flatMap((command): string[] => {
    switch (command.do) {
      case "node add":
        return [`node ${command.node}`];
      case "netns add":
        return [`netns ${command.netns} on ${command.node} (${command.role})`];
      case "bridge add":
        return [`${command.netns}: bridge ${command.dev} ${formatMac(command.mac ?? 0)}`];
      case "veth add": {
        const { netns, dev, mac = 0, peerNetns, peerDev, peerMac = 0 } = command;
        return [`veth ${netns}/${dev} ${formatMac(mac)} <-> ${peerNetns}/${peerDev} ${formatMac(peerMac)}`];
      }
      case "addr add":
        return [`${command.netns}: addr ${formatPrefix(command.prefix)} dev ${command.dev}`];
      case "route add": {
        const via = command.via === undefined ? "" : ` via ${formatIpv4(command.via)}`;
        return [`${command.netns}: route ${formatPrefix(command.destination)}${via}`];
      }
      case "link set":
        return command.master ? [`${command.netns}: ${command.dev} master ${command.master}`] : [];
      case "listen":
        return [
          `${command.netns}: ${command.container} listens on ${command.protocol} ${command.port} ${command.program}`,
        ];
      default:
        return [];
    }
  });
}

/** The statements of one scenario, in a cluster of two pods and a raw namespace. */
function statements(...lines: string[]): readonly Statement[] {
  const pods = "node node1 { podCIDR 10.244.1.0/24; pod pod1; pod pod2 }\nnetns h";
  return planOf(`${pods}\nscenario "s" {\n${lines.join("\n")}\n}`).scenarios[0].statements;
}

describe("a pod expands to what the bridge plugin does", () => {
  test("namespace, cable, address, default route; addresses and MACs as it makes them", () => {
    const plan = planOf("node node1 { podCIDR 10.244.1.0/24; pod pod1 { container c { listen tcp 80 http } } }");
    expect(shell(plan)).toEqual([
      "node node1",
      "netns node1 on node1 (node)",
      "node1: bridge cbr0 0a:58:0a:f4:01:01",
      "node1: addr 10.244.1.1/24 dev cbr0",
      "netns pod1 on node1 (pod)",
      "veth pod1/eth0 0a:58:0a:f4:01:02 <-> node1/veth1 02:ee:0a:f4:01:02",
      "node1: veth1 master cbr0",
      "pod1: addr 10.244.1.2/24 dev eth0",
      "pod1: route 0.0.0.0/0 via 10.244.1.1",
      "pod1: c listens on tcp 80 http",
    ]);
  });

  test("stated addresses are skipped when the next free one is taken; host ends are numbered around stated names", () => {
    const pods = "pod a; pod b { address 10.244.1.3; veth veth1 }; pod c { veth special }; pod d";
    const cables = shell(planOf(`node n { podCIDR 10.244.1.0/24; ${pods} }`)).filter((line) => line.startsWith("veth"));
    expect(cables.map((line) => line.replaceAll(/ [0-9a-f:]{17}/g, ""))).toEqual([
      "veth a/eth0 <-> n/veth2",
      "veth b/eth0 <-> n/veth1",
      "veth c/eth0 <-> n/special",
      "veth d/eth0 <-> n/veth3",
    ]);
    const addresses = shell(planOf(`node n { podCIDR 10.244.1.0/24; ${pods} }`)).filter((line) =>
      line.endsWith("eth0"),
    );
    expect(addresses).toEqual([
      "a: addr 10.244.1.2/24 dev eth0",
      "b: addr 10.244.1.3/24 dev eth0",
      "c: addr 10.244.1.4/24 dev eth0",
      "d: addr 10.244.1.5/24 dev eth0",
    ]);
  });

  test("nodes without a pod CIDR get the cluster's blocks in order, around those that are stated", () => {
    const text =
      "cluster { podCIDR 10.1.0.0/16 }\nnode a { pod p }\nnode b { podCIDR 10.1.1.0/24; pod q }\nnode c { pod r }";
    expect(shell(planOf(text)).filter((line) => line.includes("cbr0") && line.includes("addr"))).toEqual([
      "a: addr 10.1.0.1/24 dev cbr0",
      "b: addr 10.1.1.1/24 dev cbr0",
      "c: addr 10.1.2.1/24 dev cbr0",
    ]);
  });

  test("a pod that joins a second bridge", () => {
    const text = "node n { podCIDR 10.244.1.0/24; bridge cbr0; bridge other; pod p { veth v { master other } } }";
    expect(shell(planOf(text))).toContain("n: v master other");
  });

  test("with cni none, pods are wired by hand", () => {
    const text = `cluster { cni none }
node n { bridge br0 { address 10.0.0.1/24 }; pod p { address 10.0.0.2/24 } }
veth p/eth0 <-> n/p1 master br0`;
    expect(shell(planOf(text)).map((line) => line.replaceAll(/ [0-9a-f:]{17}/g, ""))).toEqual([
      "node n",
      "netns n on n (node)",
      "n: bridge br0",
      "n: addr 10.0.0.1/24 dev br0",
      "netns p on n (pod)",
      "veth p/eth0 <-> n/p1",
      "n: p1 master br0",
      "p: addr 10.0.0.2/24 dev eth0",
    ]);
  });
});

test("nodes with an address are plugged into one switch", () => {
  const lines = shell(planOf("node a { address 192.168.1.11/24 }\nnode b { address 192.168.1.12/24 }"));
  expect(lines).toEqual([
    "node switch",
    "netns switch on switch (switch)",
    "switch: bridge br0 02:cc:00:ff:ff:ff",
    "node a",
    "netns a on a (node)",
    "node b",
    "netns b on b (node)",
    "veth a/eth0 02:00:c0:a8:01:0b <-> switch/p1 02:cc:00:00:00:01",
    "switch: p1 master br0",
    "a: addr 192.168.1.11/24 dev eth0",
    "veth b/eth0 02:00:c0:a8:01:0c <-> switch/p2 02:cc:00:00:00:02",
    "switch: p2 master br0",
    "b: addr 192.168.1.12/24 dev eth0",
  ]);
});

describe("names in the plan", () => {
  const namespaces = (text: string) =>
    [...planOf(text).setUp()].flatMap((c) => (c.do === "netns add" ? [c.netns] : []));

  test("plain where nothing else can have it, else with the node's", () => {
    expect(namespaces("node a { pod p; pod q }\nnode b { pod p }")).toEqual(["a", "a/p", "q", "b", "b/p"]);
    expect(namespaces("node a { pod b }\nnode b")).toEqual(["a", "a/b", "b"]);
    expect(namespaces("node n { netns x; pod web[1..2] }")).toEqual(["n", "n/web1", "n/web2", "x"]);
  });

  test("a pod may have the name of a keyword", () => {
    const text =
      'node node { pod pod; pod bridge { container container }; pod at }\nscenario "s" { ping pod -> bridge; ping at -> node }';
    expect(namespaces(text)).toEqual(["node", "pod", "bridge", "at"]);
    expect(planOf(text).scenarios[0].statements).toHaveLength(2);
  });

  test("the set-up is the same on every call", () => {
    const plan = planOf("node a[1..3] { pod p[1..2] { container c { listen udp 53 } } }");
    expect([...plan.setUp()]).toEqual([...plan.setUp()]);
  });
});

describe("ranges", () => {
  const text =
    'cluster { podCIDR 10.0.0.0/8 }\nnode worker[1..5000] { pod web[1..30] { } }\nscenario "s" { ping worker3/web7 -> worker5000/web30 }';

  test("5,000 nodes of 30 pods: names and addresses without listing them", () => {
    const plan = planOf(text);
    expect(plan.scenarios[0].statements[0]).toMatchObject({
      netns: "worker3/web7",
      destination: ((10 << 24) | (19 << 16) | (135 << 8) | 31) >>> 0,
    });
    const first = plan.setUp()[Symbol.iterator]();
    expect(first.next().value).toMatchObject({ do: "node add", node: "worker1" });
  });

  test("a line of a range stands for all its members, listed when asked for", () => {
    const place = planOf(text).places.find(({ source }) => source.line === 2 && source.column > 5);
    expect(place?.kind).toBe("netns");
    expect(place?.kind === "netns" && place.netns).toHaveLength(150_000);
  });

  test("stated addresses count up", () => {
    const lines = shell(planOf("node n[1..2] { podCIDR 10.244.8.0/24; address 192.168.1.11/24; pod p }"));
    expect(lines).toContain("n2: addr 10.244.9.1/24 dev cbr0");
    expect(lines).toContain("n2: addr 192.168.1.12/24 dev eth0");
  });
});

describe("statements", () => {
  test("ping with everything, and with iputils' defaults", () => {
    expect(
      statements("ping pod1 -> pod2 count 3 interval 200ms size 100 ttl 5 mayFragment timeout 1.5s id 7"),
    ).toMatchObject([
      {
        do: "ping",
        netns: "pod1",
        destinationText: "pod2",
        count: 3,
        intervalNs: 2e8,
        sizeBytes: 100,
        ttl: 5,
        dontFragment: false,
        timeoutNs: 15e8,
        identifier: 7,
      },
    ]);
    expect(statements("ping pod1 -> 10.9.9.9")).toMatchObject([
      {
        destination: 0x0a090909,
        count: 1,
        intervalNs: 1e9,
        sizeBytes: 56,
        ttl: 64,
        dontFragment: true,
        timeoutNs: 1e10,
      },
    ]);
  });

  test("udp, tcp and curl", () => {
    expect(
      statements(
        'udp pod1 -> pod2:9000 payload "a\\r\\n" count 2 gap 1ms sourcePort 4000',
        "tcp pod1 -> pod2 port 80",
        "curl pod1 -> http://pod2:8080/a?b=c",
        "curl pod1 -> pod2",
      ),
    ).toMatchObject([
      { do: "udp", port: 9000, payload: "a\r\n", count: 2, gapNs: 1e6, sourcePort: 4000 },
      { do: "tcp", port: 80, payload: undefined, ttl: undefined },
      { do: "curl", url: "http://pod2:8080/a?b=c", host: "pod2:8080", path: "/a?b=c", port: 8080 },
      { do: "curl", url: "http://pod2", host: "pod2", path: "/", port: 80 },
    ]);
  });

  test("arping leaves by the device that is on the target's network", () => {
    expect(statements("arping pod1 -> pod2", "arping node1 -> 10.244.1.2 count 2 announce")).toMatchObject([
      { do: "arping", dev: "eth0", mode: "ask", count: 1 },
      { do: "arping", dev: "cbr0", mode: "announce", count: 2 },
    ]);
  });

  test("traceroute has the defaults of the real one; a link is changed as ip does it", () => {
    expect(
      statements(
        "traceroute pod1 -> pod2",
        "traceroute pod1 -> pod2 maxHops 4 queries 1 timeout 1s",
        "link pod1/eth0 mtu 1400",
      ),
    ).toMatchObject([
      { do: "traceroute", netns: "pod1", maxHops: 30, queries: 3, timeoutNs: 5e9 },
      { do: "traceroute", maxHops: 4, queries: 1, timeoutNs: 1e9 },
      { do: "configure", commands: [{ do: "link set", netns: "pod1", dev: "eth0", mtu: 1400 }] },
    ]);
    expect(statements("link node1/pod1/eth0 down", "link pod1/eth0 up")).toMatchObject([
      { do: "configure", commands: [{ do: "link set", netns: "pod1", dev: "eth0", up: false }] },
      { do: "configure", commands: [{ do: "link set", netns: "pod1", dev: "eth0", up: true }] },
    ]);
  });

  test("changes of the world carry the namespace and the place", () => {
    expect(
      statements(
        "ip -n pod1 neigh add 10.244.1.99 lladdr 02:00:de:ad:be:ef dev eth0",
        "sysctl h net.ipv4.ip_forward=1",
      ),
    ).toMatchObject([
      {
        do: "configure",
        commands: [{ do: "neigh add", netns: "pod1", dev: "eth0", mac: 0x0200deadbeef, source: { line: 4 } }],
      },
      { do: "configure", commands: [{ do: "sysctl", netns: "h", key: "net.ipv4.ip_forward", value: 1 }] },
    ]);
  });

  test("times, parallel groups, and the text as it stands", () => {
    const [timed, group] = statements(
      "at 1.5s ping pod1 -> pod2   # why",
      "parallel {",
      "ping pod1 -> pod2",
      "at 2s wait 1s",
      "}",
    );
    expect(timed).toMatchObject({ atNs: 15e8, text: "at 1.5s ping pod1 -> pod2" });
    expect(group).toMatchObject({
      do: "parallel",
      text: "parallel",
      statements: [{ do: "ping" }, { do: "wait", atNs: 2e9 }],
    });
  });

  test("an expectation knows where its expression stands", () => {
    expect(statements("at 2s expect reply.ttl == 64 && \"#{;}\" != '}'  # not this")).toMatchObject([
      {
        do: "expect",
        atNs: 2e9,
        expression: "reply.ttl == 64 && \"#{;}\" != '}'",
        expressionSource: { line: 4, column: 14, endColumn: 46 },
      },
    ]);
  });

  test("seed and until are the scenario's", () => {
    expect(planOf('node n\nscenario "s" { seed 42; until 12s; wait 1s }').scenarios[0]).toMatchObject({
      seed: 42,
      untilNs: 12e9,
    });
  });
});

describe("places of line breakpoints", () => {
  const text = `node n {
  podCIDR 10.244.1.0/24
  pod p {
    veth v
    container c {
      listen tcp 80 http
    }
  }
}
netns h { bridge br0 }
veth h/eth0 <-> n/x
scenario "s" {
  ping p -> n
  parallel {
    wait 1s
  }
}`;

  test("every line that a packet can meet", () => {
    const places = planOf(text).places.map(({ source, ...place }) => [
      source.line,
      place.kind,
      Object.values(place).at(-1),
    ]);
    expect(places).toEqual(
      expect.arrayContaining([
        [1, "netns", ["n"]],
        [2, "bridge", [{ netns: "n", dev: "cbr0" }]],
        [3, "netns", ["p"]],
        [4, "interface", [{ netns: "n", dev: "v" }]],
        [5, "listen", [{ netns: "p", protocol: "tcp", port: 80 }]],
        [6, "listen", [{ netns: "p", protocol: "tcp", port: 80 }]],
        [10, "netns", ["h"]],
        [10, "bridge", [{ netns: "h", dev: "br0" }]],
        [
          11,
          "interface",
          [
            { netns: "h", dev: "eth0" },
            { netns: "n", dev: "x" },
          ],
        ],
        [13, "statement", 0],
        [14, "statement", 1],
        [15, "statement", 1],
      ]),
    );
  });
});
