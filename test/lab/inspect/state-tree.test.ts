import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { StateTree } from "../../../src/lab/inspect/state-tree.ts";
import type { TreeRow } from "../../../src/lab/protocol.ts";
import type { SetUpCommand } from "../../../src/plan/commands.ts";
import { resolverDefaults } from "../../../src/plan/resolv-conf.ts";
import { address, line, SmallWorld } from "./small-world.ts";
import { treeText, wholeTree } from "./texts.ts";

function firstPing(): { lab: SmallWorld; tree: StateTree } {
  const lab = new SmallWorld();
  lab.ping("pod1", "10.244.0.3");
  return { lab, tree: new StateTree(lab.world) };
}

/** Nodes with namespaces and nothing in them. */
function* manyNodes(nodes: number, podsOfEach: number): Generator<SetUpCommand> {
  for (let n = 1; n <= nodes; n++) {
    yield { do: "node add", node: `worker${n}`, source: line(1) };
    yield { do: "netns add", netns: `worker${n}`, node: `worker${n}`, role: "node", source: line(1) };
    for (let p = 1; p <= podsOfEach; p++)
      yield { do: "netns add", netns: `worker${n}/web${p}`, node: `worker${n}`, role: "pod", source: line(2) };
  }
}

describe("The state tree", () => {
  it("shows nodes, their namespaces, and what is in these, open where the lab is small", () => {
    const { lab, tree } = firstPing();
    lab.runUntil(0.5e9);
    expect(treeText(tree, "", (row) => row.open)).toMatchInlineSnapshot(`
      "node1  2 pods  [updated]
        node1  root namespace
          ARP table  empty
          ▸ Routes  1 route
          Sockets  empty
          ▸ Sysctls  1 setting
          ▸ lo
          cbr0  10.244.0.1/24
            FDB  5 entries
              02:00:0a:f4:00:02  dev veth1
              02:00:0a:f4:00:03  dev veth2
              02:00:0a:f4:00:01  dev cbr0 permanent
              02:ee:0a:f4:00:02  dev veth1 permanent
              02:ee:0a:f4:00:03  dev veth2 permanent
            ▸ Ports  2 ports
            10.244.0.1/24  inet
            state  UP
            link/ether  02:00:0a:f4:00:01
            mtu  1500
            RX  1 packet, 42 bytes
            TX  0 packets, 0 bytes
          ▸ veth1  port of cbr0 ↔ pod1/eth0
          ▸ veth2  port of cbr0 ↔ pod2/eth0
        pod1  10.244.0.2  [updated]
          ARP table  1 entry
            10.244.0.3  REACHABLE 02:00:0a:f4:00:03 dev eth0
          ▸ Routes  2 routes
          ▸ Sockets  empty  [updated]
          Sysctls  empty
          ▸ lo  127.0.0.1/8
          ▸ eth0  10.244.0.2/24 ↔ node1/veth1
        pod2  10.244.0.3
          ARP table  1 entry
            10.244.0.2  DELAY 02:00:0a:f4:00:02 dev eth0
          ▸ Routes  2 routes
          Sockets  empty
          Sysctls  empty
          ▸ lo  127.0.0.1/8
          ▸ eth0  10.244.0.3/24 ↔ node1/veth2"
    `);
  });

  it("shows all of an interface, a bridge and the other tables when they are opened", () => {
    const { lab, tree } = firstPing();
    lab.runTo("veth.receive", "node1/veth1");
    expect(treeText(tree, "netns:pod1")).toMatchInlineSnapshot(`
      "ARP table  1 entry
        10.244.0.3  INCOMPLETE dev eth0
      Routes  2 routes
        default  via 10.244.0.1 dev eth0
        10.244.0.0/24  dev eth0 proto kernel scope link src 10.244.0.2
      Sockets  1 socket
        icmp UNCONN  0.0.0.0:101
      Sysctls  empty
      lo  127.0.0.1/8
        127.0.0.1/8  inet
        state  UNKNOWN
        link/ether  00:00:00:00:00:00
        mtu  65536
        RX  0 packets, 0 bytes
        TX  0 packets, 0 bytes
      eth0  10.244.0.2/24 ↔ node1/veth1
        10.244.0.2/24  inet
        state  UP
        link/ether  02:00:0a:f4:00:02
        mtu  1500
        peer  node1/veth1
        RX  0 packets, 0 bytes
        TX  1 packet, 42 bytes"
    `);
    expect(treeText(tree, "dev:node1/cbr0")).toMatchInlineSnapshot(`
      "FDB  3 entries
        02:00:0a:f4:00:01  dev cbr0 permanent
        02:ee:0a:f4:00:02  dev veth1 permanent
        02:ee:0a:f4:00:03  dev veth2 permanent
      Ports  2 ports
        veth1  ↔ pod1/eth0
        veth2  ↔ pod2/eth0
      10.244.0.1/24  inet
      state  UP
      link/ether  02:00:0a:f4:00:01
      mtu  1500
      RX  0 packets, 0 bytes
      TX  0 packets, 0 bytes"
    `);
  });

  it("marks what the last event added, and the rows above it", () => {
    const { lab, tree } = firstPing();
    lab.runTo("bridge.flood");
    const marked = tree.children("fdb:node1/cbr0", 10).filter((row) => row.change !== undefined);
    expect(marked.map((row) => `${row.label} ${row.change}`)).toEqual(["02:00:0a:f4:00:02 added"]);
    const above = ["", "node:node1", "netns:node1", "dev:node1/cbr0"].flatMap((id) => tree.children(id, 100));
    expect(above.filter((row) => row.change === "updated").map((row) => row.id)).toEqual([
      "node:node1",
      "netns:node1",
      "dev:node1/cbr0",
      "fdb:node1/cbr0",
    ]);
  });

  it("loses the mark with the next event, and gets it back with a step back", () => {
    const { lab, tree } = firstPing();
    lab.runTo("arp.receive", "pod1/eth0");
    const entry = () => treeText(tree, "arp:pod1");
    expect(entry()).toBe("10.244.0.3  INCOMPLETE dev eth0");
    lab.step();
    expect(entry()).toBe("10.244.0.3  REACHABLE 02:00:0a:f4:00:03 dev eth0  [updated]");
    lab.step();
    expect(entry()).toBe("10.244.0.3  REACHABLE 02:00:0a:f4:00:03 dev eth0");
    lab.world.sim.goTo(lab.world.sim.position - 1);
    expect(entry()).toBe("10.244.0.3  REACHABLE 02:00:0a:f4:00:03 dev eth0  [updated]");
    lab.world.sim.goTo(lab.world.sim.position - 1);
    expect(entry()).toBe("10.244.0.3  INCOMPLETE dev eth0");
  });

  it("still shows a removed row where it was, until the next event", () => {
    const { lab, tree } = firstPing();
    lab.runUntil(0.5e9);
    lab.change({ do: "neigh del", netns: "pod1", dev: "eth0", address: 0x0af40003, source: line(8) }).step();
    expect(treeText(tree, "arp:pod1")).toBe("10.244.0.3  REACHABLE 02:00:0a:f4:00:03 dev eth0  [removed]");
    expect(tree.children("netns:pod1", 10)[0]).toMatchObject({
      id: "arp:pod1",
      description: "empty",
      change: "updated",
    });
    lab.change({ do: "sysctl", netns: "pod1", key: "net.ipv4.ip_forward", value: 1, source: line(8) }).step();
    expect(treeText(tree, "arp:pod1")).toBe("");
  });

  it("marks the field of an interface that changed", () => {
    const lab = new SmallWorld();
    lab.change({ do: "link set", netns: "pod1", dev: "eth0", mtu: 1400, source: line(8) }).step();
    const rows = new StateTree(lab.world).children("dev:pod1/eth0", 100).filter((row) => row.change !== undefined);
    expect(rows.map((row) => `${row.label} ${row.description}`)).toEqual(["mtu 1400"]);
  });

  it("points to the lines that declared its rows", () => {
    const { lab, tree } = firstPing();
    lab.runTo("arp.request");
    const lines = (id: string) => tree.children(id, 100).map((row) => `${row.label} ${row.source?.line}`);
    expect(lines("node:node1")).toEqual(["node1 1", "pod1 4", "pod2 5"]);
    expect(lines("routes:pod1")).toEqual(["default 4", "10.244.0.0/24 4"]);
    expect(lines("sockets:pod1")).toEqual(["icmp UNCONN 9"]);
  });

  it("is identical whenever the lab stands at the same event, whichever way it came there", () => {
    const { lab, tree } = firstPing();
    const { sim } = lab.world;
    const seen = [wholeTree(tree)];
    while (sim.next() !== undefined && sim.position < 45) {
      lab.step();
      seen.push(wholeTree(tree));
    }
    for (let position = 44; position >= 0; position--) {
      sim.goTo(position);
      expect(wholeTree(tree)).toEqual(seen[position]);
    }
    for (const position of [7, 45, 22, 44]) {
      sim.goTo(position);
      expect(wholeTree(tree)).toEqual(seen[position]);
    }
  });

  it("has ids that are all different", () => {
    const { lab, tree } = firstPing();
    lab.runUntil(0.5e9);
    const ids: string[] = [];
    const collect = (id: string) => {
      for (const row of tree.children(id, 1000)) {
        ids.push(row.id);
        if (row.expandable) collect(row.id);
      }
    };
    collect("");
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("uses icons that there are", () => {
    const { lab, tree } = firstPing();
    lab.runTo("arp.request");
    const css = readFileSync(createRequire(import.meta.url).resolve("@vscode/codicons/dist/codicon.css"), "utf8");
    const rows = (id: string): TreeRow[] =>
      tree.children(id, 1000).flatMap((row) => [row, ...(row.expandable ? rows(row.id) : [])]);
    for (const icon of new Set(rows("").map((row) => row.icon))) expect(css).toContain(`.codicon-${icon}:before`);
  });

  it("has no children for what is not there", () => {
    const { tree } = firstPing();
    for (const id of ["node:x", "netns:x", "dev:pod1/x", "fdb:node1/x", "arp:x", "more:", "x", "x:y", ":"])
      expect(tree.children(id, 10)).toEqual([]);
  });
});

it("shows a pod's resolv.conf with its nameservers, and line by line", () => {
  const nameservers = ["10.96.0.10", "203.0.113.53"].map(address);
  const resolvConf = { ...resolverDefaults, nameservers, search: ["svc.cluster.local", "cluster.local"], ndots: 5 };
  const tree = new StateTree(
    new SmallWorld([
      { do: "node add", node: "node1", source: line(1) },
      { do: "netns add", netns: "pod1", node: "node1", role: "pod", resolvConf, source: line(2) },
    ]).world,
  );
  expect(tree.children("netns:pod1", 10)).toContainEqual(
    expect.objectContaining({ label: "resolv.conf", description: "10.96.0.10 203.0.113.53", source: line(2) }),
  );
  expect(treeText(tree, "resolvconf:pod1", () => true)).toMatchInlineSnapshot(`
    "search  svc.cluster.local cluster.local
    nameserver  10.96.0.10
    nameserver  203.0.113.53
    options  ndots:5"
  `);
});

describe("A large cluster", () => {
  const lab = new SmallWorld(manyNodes(600, 10));
  const tree = new StateTree(lab.world);

  it("is listed up to the limit, with a row that says how many more there are", () => {
    const roots = tree.children("", 250);
    expect(roots.length).toBe(251);
    expect(roots[249]).toMatchObject({ label: "worker250", description: "10 pods", open: false });
    expect(roots[250]).toMatchObject({ kind: "more", label: "350 more" });
    expect(tree.children("node:worker600", 5).map((row) => row.label)).toEqual([
      "worker600",
      "worker600/web1",
      "worker600/web2",
      "worker600/web3",
      "worker600/web4",
      "6 more",
    ]);
  });

  it("reads only what it lists", () => {
    const { name } = lab.world.namespaces;
    const get = name.get.bind(name);
    let reads = 0;
    name.get = (row) => {
      reads++;
      return get(row);
    };
    tree.children("", 250);
    tree.children("node:worker600", 5);
    name.get = get;
    expect(reads).toBeLessThan(100);
  });

  it("marks the row that stands for the rest when something in the rest changed", () => {
    lab.change({ do: "sysctl", netns: "worker600/web3", key: "net.ipv4.ip_forward", value: 1, source: line(3) }).step();
    const roots = tree.children("", 250);
    expect(roots.filter((row) => row.change !== undefined).map((row) => row.id)).toEqual(["more:"]);
  });
});
