import { describe, expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { shellForm } from "../../src/plan/shell/commands.ts";
import { NamespaceNames } from "../../src/plan/shell/namespace-names.ts";

const scenario = '\nscenario "s" { wait 1s }';

/** What is wrong with a text, as `line:column code: message`. */
function problemsOf(text: string): string[] {
  return compileSync(text + scenario, "test.k8snet").diagnostics.map(
    ({ severity, code, range, message }) =>
      `${range.line}:${range.column}${severity === "error" ? "" : ` (${severity})`} ${code}: ${message}`,
  );
}

/** What an administrator types for a file; of one namespace, without what is done to every one. */
function typed(text: string, netns: string): string[] {
  const { plan, diagnostics } = compileSync(text + scenario, "test.k8snet");
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  const names = new NamespaceNames("");
  return [...plan.setUp()]
    .filter((command) => "netns" in command && (command.netns === netns || command.do === "veth add"))
    .flatMap((command) =>
      shellForm(command, names).commands.flatMap(({ argv, routine }) => (routine ? [] : [argv.join(" ")])),
    )
    .filter((line) => line.includes(` ${netns} `))
    .map((line) => line.replace(new RegExp(`^(ip -n|ip netns exec) ${netns} `), ""))
    .filter((line) => !/ip_forward|ipv6|(all|default)\.rp_filter|bridge-nf|netns add|dev lo/.test(line));
}

const nodes = (cni: string, more = "") => `cluster { cni ${cni} }
node a { address 192.168.1.11/24; podCIDR 10.244.0.0/24; ${more}; pod p }
node b { address 192.168.1.12/24; podCIDR 10.244.1.0/24; ${more}; pod q }`;

describe("cni", () => {
  test("host-gw: a bridge cni0, and a route to the pods of every other node", () => {
    expect(typed(nodes("host-gw"), "a")).toEqual([
      "link add name cni0 address 0a:58:0a:f4:00:01 type bridge mcast_snooping 0",
      "addr add 10.244.0.1/24 dev cni0",
      "link set dev cni0 up",
      "ip -n p link add name eth0 address 0a:58:0a:f4:00:02 type veth peer name veth1 netns a address 02:ee:0a:f4:00:02",
      "link set dev veth1 master cni0 up",
      "link add name eth0 address 02:00:c0:a8:01:0b type veth peer name p1 netns switch address 02:cc:00:00:00:01",
      "addr add 192.168.1.11/24 dev eth0",
      "link set dev eth0 up",
      "route add 10.244.1.0/24 via 192.168.1.12 dev eth0",
    ]);
  });

  test("vxlan: flannel.1 with all it must know of every other node; 50 bytes less for pods", () => {
    expect(typed(nodes("vxlan"), "a")).toEqual([
      "link add name cni0 address 0a:58:0a:f4:00:01 type bridge mcast_snooping 0",
      "addr add 10.244.0.1/24 dev cni0",
      "link set dev cni0 mtu 1450 up",
      "ip -n p link add name eth0 address 0a:58:0a:f4:00:02 type veth peer name veth1 netns a address 02:ee:0a:f4:00:02",
      "link set dev veth1 mtu 1450 master cni0 up",
      "link add name eth0 address 02:00:c0:a8:01:0b type veth peer name p1 netns switch address 02:cc:00:00:00:01",
      "addr add 192.168.1.11/24 dev eth0",
      "link set dev eth0 up",
      "link add name flannel.1 address 02:fa:0a:f4:00:00 type vxlan id 1 local 192.168.1.11 dev eth0 dstport 8472 nolearning",
      "addr add 10.244.0.0/32 dev flannel.1",
      "link set dev flannel.1 mtu 1450 up",
      "neigh add 10.244.1.0 lladdr 02:fa:0a:f4:01:00 dev flannel.1 nud permanent",
      "bridge -n a fdb add 02:fa:0a:f4:01:00 dev flannel.1 dst 192.168.1.12 self",
      "route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink",
    ]);
    expect(typed(nodes("vxlan"), "p")).toContain("link set dev eth0 mtu 1450 up");
  });

  test("routed: no bridge, a route for every pod, felix's sysctls at the host end", () => {
    // The SHA-1 of "default.p" begins so.
    const cali = "calic99f572dd7f";
    const lines = typed(nodes("routed", "gateway 192.168.1.1"), "a");
    expect(lines.map((line) => line.replaceAll(cali, "CALI"))).toEqual([
      "ip -n p link add name eth0 address 0a:58:0a:f4:00:01 type veth peer name CALI netns a address ee:ee:ee:ee:ee:ee",
      "link set dev CALI up",
      "sysctl -qw net.ipv4.conf.CALI.route_localnet=1",
      "sysctl -qw net.ipv4.neigh.CALI.proxy_delay=0",
      "sysctl -qw net.ipv4.conf.CALI.proxy_arp=1",
      "sysctl -qw net.ipv4.conf.CALI.forwarding=1",
      "sysctl -qw net.ipv4.conf.CALI.rp_filter=1",
      "route add 10.244.0.1/32 dev CALI",
      "link add name eth0 address 02:00:c0:a8:01:0b type veth peer name p1 netns switch address 02:cc:00:00:00:01",
      "addr add 192.168.1.11/24 dev eth0",
      "link set dev eth0 up",
      "route add default via 192.168.1.1 dev eth0",
      "route add blackhole 10.244.0.0/24",
      "route add 10.244.1.0/24 via 192.168.1.12 dev eth0",
    ]);
    expect(typed(nodes("routed", "gateway 192.168.1.1"), "p")).toEqual([
      expect.stringContaining("link add name eth0"),
      "addr add 10.244.0.1/32 dev eth0",
      "link set dev eth0 up",
      "route add 169.254.1.1/32 dev eth0",
      "route add default via 169.254.1.1 dev eth0",
    ]);
  });
});

describe("switch, router, host", () => {
  const world = `switch wan { mtu 1400 }
router r { address 192.168.1.1/24; address 203.0.113.1/24 on wan }
host www { address 203.0.113.80/24 on wan mtu 1300; gateway 203.0.113.1 }`;

  test("every address of a router is a card of its own, plugged into the switch that it names", () => {
    expect(typed(world, "r")).toEqual([
      "link add name eth0 address 02:00:c0:a8:01:01 type veth peer name p1 netns switch address 02:cc:00:00:00:01",
      "addr add 192.168.1.1/24 dev eth0",
      "link set dev eth0 up",
      "link add name eth1 address 02:00:cb:00:71:01 type veth peer name p1 netns wan address 02:cc:01:00:00:01",
      "addr add 203.0.113.1/24 dev eth1",
      "link set dev eth1 mtu 1400 up",
    ]);
  });

  test("a host has a default route, and a link as narrow as it says", () => {
    expect(typed(world, "www")).toEqual([
      "link add name eth0 address 02:00:cb:00:71:50 type veth peer name p2 netns wan address 02:cc:01:00:00:02",
      "addr add 203.0.113.80/24 dev eth0",
      "link set dev eth0 mtu 1300 up",
      "route add default via 203.0.113.1 dev eth0",
    ]);
  });

  test("statements name them as they name pods", () => {
    const { diagnostics, plan } = compileSync(`${world}\nscenario "s" { ping www -> r/eth1 }`, "test.k8snet");
    expect(diagnostics).toEqual([]);
    expect(plan.scenarios[0].statements[0]).toMatchObject({ netns: "www", destination: 0xcb007101 });
  });
});

describe("what cannot be", () => {
  test.each([
    [
      "host h { address 10.0.0.2/24 on lna }; switch lan",
      "1:33 unknown-switch: There is no switch lna. Did you mean lan?",
    ],
    ["host h { address 10.0.0.2/24 on lan }", "1:33 unknown-switch: There is no switch lan. Declare it: switch lan."],
    [
      "host h { address 10.0.0.2/24; gateway 10.0.1.1 }",
      "1:39 gateway-out-of-reach: h cannot reach the gateway 10.0.1.1: it is on 10.0.0.0/24 only. If a veth leads there, write route default via 10.0.1.1 dev DEVICE.",
    ],
    [
      "host h[1..3] { address 10.0.0.2/24 }",
      "1:6 range-of-machine: A host is declared one by one; ranges are for nodes and pods.",
    ],
    ["host h { address 10.0.0.2/24 at lan }", '1:30 unknown-option: An address has no option "at".'],
    [
      "cluster { cni host-gw }; node a; node b { address 192.168.1.2/24 }",
      "1:31 no-node-address: With cni host-gw other nodes reach the pods of a by way of its address, and it has none: address 192.168.1.11/24.",
    ],
    [
      "cluster { cni vxlan }; node a",
      "1:29 no-node-address: With cni vxlan other nodes reach the pods of a by way of its address, and it has none: address 192.168.1.11/24.",
    ],
    [
      "cluster { cni vxlan }; node a { address 192.168.1.1/24 }; node b { address 192.168.2.2/24 }",
      "1:76 node-outside-lan: Without a gateway, cni vxlan needs all nodes on one LAN: 192.168.2.2/24 of b is not inside 192.168.1.0/24, the network of a.",
    ],
    [
      "cluster { cni vxlan }; node a { address 192.168.1.1/24 mtu 100 }",
      "1:41 mtu-too-small: VXLAN takes 50 bytes of the MTU of a, and pods would have less than the 68 that IPv4 needs.",
    ],
    [
      "cluster { cni host-gw }; node a { address 192.168.1.1/24 }; node b { address 192.168.2.2/24 }",
      "1:78 node-outside-lan: cni host-gw needs all nodes on one LAN: 192.168.2.2/24 of b is not inside 192.168.1.0/24, the network of a.",
    ],
    [
      "cluster { cni host-gw }; node a { address 192.168.1.1/24 }; node b { address 192.168.1.2/24 on rack }; switch rack",
      "1:96 node-outside-lan: cni host-gw needs all nodes on one LAN: b is plugged into switch rack, a into the switch of all who name none.",
    ],
    [
      "cluster { cni host-gw; podCIDR 10.0.0.0/8 }; node w[1..501] { address 172.16.0.1/16 }",
      "1:51 too-many-nodes: With cni host-gw every node has a route to every other: 250500 routes for 501 nodes. k8snet builds at most 500 such nodes; larger clusters run with cni bridge, which has none.",
    ],
    [
      "node a { address 10.244.1.200/24; podCIDR 10.244.1.0/24 }",
      "1:43 overlapping-pod-cidr: The pod CIDR 10.244.1.0/24 of a and 10.244.1.0/24, the network of its own address, overlap: an address would belong to both.",
    ],
    [
      "cluster { cni routed }; node a { pod p }",
      "1:30 (warning) no-default-route: The pods of a ask for 169.254.1.1, and Linux answers by proxy ARP only for what it has a route to: give the node a default route, such as gateway 192.168.1.1.",
    ],
  ])("%s", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});
