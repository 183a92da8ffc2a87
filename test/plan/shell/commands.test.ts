import { describe, expect, test } from "vitest";
import type { SourceRange } from "../../../src/base/source-range.ts";
import type { SetUpCommand } from "../../../src/plan/commands.ts";
import { shellForm } from "../../../src/plan/shell/commands.ts";
import { NamespaceNames } from "../../../src/plan/shell/namespace-names.ts";
import { commandLine } from "../../../src/plan/shell/quote.ts";
import { parseIpv4, parsePrefix } from "../../../src/wire/address-text.ts";
import type { Ipv4Prefix } from "../../../src/wire/ipv4-address.ts";
import { parseMac } from "../../../src/wire/mac-address.ts";

const source: SourceRange = { uri: "file:///x.k8snet", line: 1, column: 1, endLine: 1, endColumn: 2 };

function typed(command: SetUpCommand): readonly string[] {
  return shellForm(command, new NamespaceNames("k8snet-x-")).commands.map(({ argv, routine }) =>
    routine === undefined ? commandLine(argv) : `${routine.name} ${routine.args.join(" ")}`,
  );
}

const prefix = (text: string) => parsePrefix(text) as Ipv4Prefix;
const address = (text: string) => parseIpv4(text) as number;
const mac = parseMac("02:00:00:00:00:01");

const cases: readonly (readonly [string, SetUpCommand, readonly string[]])[] = [
  [
    "a namespace begins with the kernel's own defaults, whatever this machine has set",
    { do: "netns add", netns: "pod1", node: "node1", role: "pod", source },
    ["ip netns add k8snet-x-pod1", "kernel_defaults k8snet-x-pod1"],
  ],
  ["a node is no command: all share this machine's kernel", { do: "node add", node: "node1", source }, []],
  [
    "both ends of a veth pair are made inside their namespaces",
    { do: "veth add", netns: "pod1", dev: "eth0", mac, peerNetns: "node1", peerDev: "veth1", source },
    [
      "ip -n k8snet-x-pod1 link add name eth0 address 02:00:00:00:00:01 type veth peer name veth1 netns k8snet-x-node1",
      "without_offloads k8snet-x-pod1 eth0",
      "without_offloads k8snet-x-node1 veth1",
    ],
  ],
  [
    "a bridge, whose ageing time iproute2 takes in hundredths of a second",
    { do: "bridge add", netns: "node1", dev: "cbr0", mac, ageingTimeNs: 30_000_000_000, source },
    [
      "ip -n k8snet-x-node1 link add name cbr0 address 02:00:00:00:00:01 type bridge ageing_time 3000 mcast_snooping 0",
      "without_offloads k8snet-x-node1 cbr0",
    ],
  ],
  [
    "settings of a link, and of a bridge port",
    { do: "link set", netns: "node1", dev: "veth1", mtu: 1400, master: "cbr0", up: true, hairpin: true, source },
    [
      "ip -n k8snet-x-node1 link set dev veth1 mtu 1400 master cbr0 up",
      "bridge -n k8snet-x-node1 link set dev veth1 hairpin on",
    ],
  ],
  [
    "a port leaves its bridge",
    { do: "link set", netns: "node1", dev: "veth1", master: null, source },
    ["ip -n k8snet-x-node1 link set dev veth1 nomaster"],
  ],
  [
    "an address",
    { do: "addr add", netns: "pod1", dev: "eth0", prefix: prefix("10.0.0.2/24"), source },
    ["ip -n k8snet-x-pod1 addr add 10.0.0.2/24 dev eth0"],
  ],
  [
    "the default route",
    {
      do: "route add",
      netns: "pod1",
      type: "unicast",
      destination: prefix("0.0.0.0/0"),
      via: address("10.0.0.1"),
      source,
    },
    ["ip -n k8snet-x-pod1 route add default via 10.0.0.1"],
  ],
  [
    "a route with everything",
    {
      ...{ do: "route replace", netns: "r", type: "unicast", destination: prefix("10.9.0.0/16"), source },
      ...{ via: address("10.0.0.1"), dev: "eth0", preferredSource: address("10.0.0.2"), metric: 100, onlink: true },
    },
    ["ip -n k8snet-x-r route replace 10.9.0.0/16 via 10.0.0.1 dev eth0 src 10.0.0.2 metric 100 onlink"],
  ],
  [
    "a route that refuses",
    { do: "route add", netns: "r", type: "blackhole", destination: prefix("10.9.0.0/16"), source },
    ["ip -n k8snet-x-r route add blackhole 10.9.0.0/16"],
  ],
  [
    "a neighbour by hand is permanent",
    { do: "neigh add", netns: "pod1", dev: "eth0", address: address("10.0.0.9"), mac, source },
    ["ip -n k8snet-x-pod1 neigh add 10.0.0.9 lladdr 02:00:00:00:00:01 dev eth0 nud permanent"],
  ],
  [
    "a neighbour is forgotten",
    { do: "neigh del", netns: "pod1", dev: "eth0", address: address("10.0.0.9"), source },
    ["ip -n k8snet-x-pod1 neigh del 10.0.0.9 dev eth0"],
  ],
  [
    "a sysctl of the namespace",
    { do: "sysctl", netns: "r", key: "net.ipv4.ip_forward", value: 1, source },
    ["ip netns exec k8snet-x-r sysctl -qw net.ipv4.ip_forward=1"],
  ],
];

describe("What an administrator types for a command of the plan", () => {
  test.each(cases)("%s", (_, command, expected) => {
    expect(typed(command)).toEqual(expected);
  });

  test("a sysctl of the whole machine is left alone, and that is said", () => {
    const command = { do: "sysctl", netns: "r", key: "net.ipv4.neigh.default.gc_thresh3", value: 8, source } as const;
    const form = shellForm(command, new NamespaceNames("k8snet-x-"));
    expect(form.commands).toEqual([]);
    expect(form.note).toContain("gc_thresh3");
  });

  test("nothing is done outside the plan's namespaces", () => {
    for (const [, command] of cases) {
      for (const { argv } of shellForm(command, new NamespaceNames("k8snet-x-")).commands) {
        const isInside = ["-n k8snet-x-", "netns exec k8snet-x-", "netns add k8snet-x-"];
        expect(isInside.some((words) => commandLine(argv).slice(3).includes(words))).toBe(true);
      }
    }
  });
});

describe("Names of namespaces", () => {
  test("have the prefix, no slash, and stay the same", () => {
    const names = new NamespaceNames("k8snet-x-");
    expect(names.of("node1/pod1")).toBe("k8snet-x-node1.pod1");
    expect(names.of("node1/pod1")).toBe("k8snet-x-node1.pod1");
  });

  test("two namespaces never share one", () => {
    const names = new NamespaceNames("k8snet-x-");
    expect([names.of("a/b"), names.of("a.b"), names.of("a b")]).toEqual([
      "k8snet-x-a.b",
      "k8snet-x-a.b.2",
      "k8snet-x-a.b.3",
    ]);
  });

  test("fit into a directory entry", () => {
    expect(new NamespaceNames("k8snet-x-").of("n".repeat(400)).length).toBeLessThan(255);
  });
});
