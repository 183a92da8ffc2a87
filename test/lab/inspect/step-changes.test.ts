import { describe, expect, it } from "vitest";
import { findDeviceByPath } from "../../../src/lab/inspect/find.ts";
import { StateTree } from "../../../src/lab/inspect/state-tree.ts";
import { printChange, stepChanges } from "../../../src/lab/inspect/step-changes.ts";
import { stageNames } from "../../../src/linux/stage.ts";
import { address, line, prefix, SmallWorld } from "./small-world.ts";
import { lastChanges } from "./texts.ts";

describe("What an event changed", () => {
  it("tells the whole story of a first ping between two pods", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.3");
    const story: string[] = [];
    const { sim } = lab.world;
    for (let next = sim.next(); next !== undefined && next.timeNs < 7e9; next = sim.next()) {
      lab.step();
      for (const change of lastChanges(lab)) story.push(`${stageNames[next.stage]}: ${change}`);
    }
    expect(story.join("\n")).toMatchInlineSnapshot(`
      "statement: added socket pod1 icmp 0.0.0.0:101: icmp UNCONN 0.0.0.0:101
      neigh.output: added neigh pod1/eth0 10.244.0.3: 10.244.0.3 dev eth0 INCOMPLETE
      bridge.receive: added fdb node1/cbr0 02:00:0a:f4:00:02: 02:00:0a:f4:00:02 dev veth1 master cbr0
      arp.receive: added neigh pod2/eth0 10.244.0.2: 10.244.0.2 dev eth0 lladdr 02:00:0a:f4:00:02 STALE
      bridge.receive: added fdb node1/cbr0 02:00:0a:f4:00:03: 02:00:0a:f4:00:03 dev veth2 master cbr0
      arp.receive: neigh pod1/eth0 10.244.0.3: lladdr none → 02:00:0a:f4:00:03, state INCOMPLETE → REACHABLE
      neigh.output: neigh pod2/eth0 10.244.0.2: state STALE → DELAY
      program.wake: removed socket pod1 icmp 0.0.0.0:101: icmp UNCONN 0.0.0.0:101
      neigh.timer: neigh pod2/eth0 10.244.0.2: state DELAY → PROBE
      arp.receive: neigh pod2/eth0 10.244.0.2: state PROBE → REACHABLE"
    `);
  });

  it("names the fields of an updated row, before and after", () => {
    const lab = new SmallWorld();
    const route = { netns: "pod1", type: "unicast", destination: prefix("0.0.0.0/0"), source: line(8) } as const;
    lab.change({ do: "route replace", ...route, via: address("10.244.0.3") }).step();
    expect(lastChanges(lab)).toEqual(["route pod1 default: via 10.244.0.1 → 10.244.0.3"]);
    lab.change({ do: "sysctl", netns: "node1", key: "net.ipv4.ip_forward", value: 0, source: line(8) }).step();
    expect(lastChanges(lab)).toEqual(["sysctl node1 net.ipv4.ip_forward: value 1 → 0"]);
    lab.change({ do: "link set", netns: "pod1", dev: "eth0", mtu: 1400, source: line(8) }).step();
    expect(lastChanges(lab)).toEqual(["link pod1/eth0: mtu 1500 → 1400"]);
  });

  it("a row that took over the number of a removed one is another row", () => {
    const lab = new SmallWorld();
    lab.change({ do: "link set", netns: "node1", dev: "veth1", mac: 0x02_00_00_00_00_99, source: line(8) }).step();
    expect([...lastChanges(lab)].sort()).toEqual([
      "added fdb node1/cbr0 02:00:00:00:00:99: 02:00:00:00:00:99 dev veth1 master cbr0 permanent",
      "link node1/veth1: link/ether 02:ee:0a:f4:00:02 → 02:00:00:00:00:99",
      "removed fdb node1/cbr0 02:ee:0a:f4:00:02: 02:ee:0a:f4:00:02 dev veth1 master cbr0 permanent",
    ]);
  });

  it("a row that was removed and put in again with the same key is updated", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.3");
    lab.runUntil(0.5e9);
    lab.change({ do: "link set", netns: "node1", dev: "veth2", mac: 0x02_00_0a_f4_00_02, source: line(8) }).step();
    expect(lastChanges(lab)).toContain("fdb node1/cbr0 02:00:0a:f4:00:02: dev veth1 → veth2, permanent no → yes");
  });

  it("what goes down takes its routes and neighbours along, and its peer's carrier", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.3");
    lab.runUntil(0.5e9);
    lab.change({ do: "link set", netns: "pod1", dev: "eth0", up: false, source: line(8) }).step();
    expect([...lastChanges(lab)].sort().join("\n")).toMatchInlineSnapshot(`
      "link node1/veth1: state UP → DOWN
      link pod1/eth0: state UP → DOWN
      port node1/cbr0 veth1: state UP → DOWN
      removed fdb node1/cbr0 02:00:0a:f4:00:02: 02:00:0a:f4:00:02 dev veth1 master cbr0
      removed neigh pod1/eth0 10.244.0.3: 10.244.0.3 dev eth0 lladdr 02:00:0a:f4:00:03 REACHABLE
      removed route pod1 10.244.0.0/24: 10.244.0.0/24 dev eth0 proto kernel scope link src 10.244.0.2
      removed route pod1 default: default via 10.244.0.1 dev eth0"
    `);
  });

  it("counters and timestamps are no changes", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.3");
    lab.runTo("veth.receive", "node1/veth1").step();
    const { devices } = lab.world;
    expect(devices.rxPackets.get(findDeviceByPath(lab.world, "node1/veth1"))).toBe(1);
    expect(lastChanges(lab)).toEqual([]);
  });

  it("of several events is what they changed together", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.3");
    lab.runTo("arp.request").runUntil(0.5e9);
    const { sim } = lab.world;
    const changes = stepChanges(lab.world, 0, sim.position).map(printChange);
    expect([...changes].sort()).toEqual([
      "added fdb node1/cbr0 02:00:0a:f4:00:02: 02:00:0a:f4:00:02 dev veth1 master cbr0",
      "added fdb node1/cbr0 02:00:0a:f4:00:03: 02:00:0a:f4:00:03 dev veth2 master cbr0",
      "added neigh pod1/eth0 10.244.0.3: 10.244.0.3 dev eth0 lladdr 02:00:0a:f4:00:03 REACHABLE",
      "added neigh pod2/eth0 10.244.0.2: 10.244.0.2 dev eth0 lladdr 02:00:0a:f4:00:02 DELAY",
    ]);
    const tree = new StateTree(lab.world);
    expect(tree.children("arp:pod1", 10, 0).map((row) => row.change)).toEqual(["added"]);
    expect(tree.children("arp:pod1", 10).map((row) => row.change)).toEqual([undefined]);
  });

  it("of events that are not in the recording is nothing", () => {
    const { world } = new SmallWorld();
    expect(stepChanges(world, -1)).toEqual([]);
    expect(stepChanges(world, 0)).toEqual([]);
    expect(stepChanges(world, 3, 2)).toEqual([]);
  });

  it("is the same after going back and forth, for old events too, and leaves the world where it stood", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.3");
    const { sim } = lab.world;
    const byPosition: (readonly string[])[] = [[]];
    while (sim.next() !== undefined && sim.position < 40) {
      lab.step();
      byPosition.push(lastChanges(lab));
    }
    for (const position of [39, 3, 17, 16, 0, 40, 12]) {
      sim.goTo(position);
      expect(lastChanges(lab)).toEqual(byPosition[position]);
      expect(sim.position).toBe(position);
    }
  });
});
