import { describe, expect, it } from "vitest";
import { findDeviceByPath, findNetns } from "../../../src/lab/inspect/find.ts";
import * as print from "../../../src/lab/inspect/print.ts";
import type { SetUpCommand } from "../../../src/plan/commands.ts";
import { address, line, prefix, SmallWorld, twoPods } from "./small-world.ts";

function neighbours(lab: SmallWorld, device: string): string[] {
  const { world } = lab;
  const rows = world.neighbours.ofDevice(findDeviceByPath(world, device));
  return rows.map((row) => print.printNeighbour(world, row));
}

describe("Rows read as Linux prints them", () => {
  it("ip neigh: without lladdr until somebody answers", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.3");
    lab.runTo("arp.request");
    expect(neighbours(lab, "pod1/eth0")).toEqual(["10.244.0.3 dev eth0 INCOMPLETE"]);
    lab.runUntil(0.5e9);
    expect(neighbours(lab, "pod1/eth0")).toEqual(["10.244.0.3 dev eth0 lladdr 02:00:0a:f4:00:03 REACHABLE"]);
    expect(neighbours(lab, "pod2/eth0")).toEqual(["10.244.0.2 dev eth0 lladdr 02:00:0a:f4:00:02 DELAY"]);
  });

  it("ip neigh: FAILED after nobody answered", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.99");
    lab.runUntil(5e9);
    expect(neighbours(lab, "pod1/eth0")).toEqual(["10.244.0.99 dev eth0 FAILED"]);
  });

  it("ip neigh: PERMANENT for one that was added by hand", () => {
    const lab = new SmallWorld();
    lab.change({
      do: "neigh add",
      netns: "pod1",
      dev: "eth0",
      address: address("10.244.0.3"),
      mac: 0x02_00_0a_f4_00_03,
      source: line(8),
    });
    lab.step();
    expect(neighbours(lab, "pod1/eth0")).toEqual(["10.244.0.3 dev eth0 lladdr 02:00:0a:f4:00:03 PERMANENT"]);
  });

  it("bridge fdb show: learned entries, and the bridge's and ports' own", () => {
    const lab = new SmallWorld();
    lab.ping("pod1", "10.244.0.3");
    lab.runUntil(0.5e9);
    const { world } = lab;
    const rows = world.fdb.ofBridge(findDeviceByPath(world, "node1/cbr0"));
    expect(rows.map((row) => print.printFdbRow(world, row))).toEqual([
      "02:00:0a:f4:00:01 dev cbr0 master cbr0 permanent",
      "02:ee:0a:f4:00:02 dev veth1 master cbr0 permanent",
      "02:ee:0a:f4:00:03 dev veth2 master cbr0 permanent",
      "02:00:0a:f4:00:02 dev veth1 master cbr0",
      "02:00:0a:f4:00:03 dev veth2 master cbr0",
    ]);
  });

  it("ip route: default, connected, host, blackhole, metric and source", () => {
    const route = { do: "route add", netns: "pod1", type: "unicast", source: line(8) } as const;
    const lab = new SmallWorld([
      ...twoPods(),
      { ...route, destination: prefix("10.96.0.0/16"), via: address("10.244.0.1"), metric: 100 },
      { ...route, destination: prefix("192.0.2.7/32"), dev: "eth0" },
      { ...route, type: "blackhole", destination: prefix("10.9.0.0/16") },
      {
        ...route,
        destination: prefix("10.8.0.0/16"),
        via: address("10.244.0.1"),
        preferredSource: address("10.244.0.2"),
      },
    ]);
    const { world } = lab;
    const rows = world.routes.ofNetns(findNetns(world, "pod1"));
    expect(rows.map((row) => print.printRoute(world, row))).toEqual([
      "default via 10.244.0.1 dev eth0",
      "10.8.0.0/16 via 10.244.0.1 dev eth0 src 10.244.0.2",
      "blackhole 10.9.0.0/16",
      "10.96.0.0/16 via 10.244.0.1 dev eth0 metric 100",
      "10.244.0.0/24 dev eth0 proto kernel scope link src 10.244.0.2",
      "192.0.2.7 dev eth0 scope link",
    ]);
  });

  it("ip link: the peer, the master, and what a link that is down says", () => {
    const lab = new SmallWorld();
    const links = () =>
      ["pod1/lo", "pod1/eth0", "node1/veth1", "node1/cbr0"].map((path) =>
        print.printLink(lab.world, findDeviceByPath(lab.world, path)),
      );
    expect(links()).toEqual([
      "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN",
      "2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP",
      "3: veth1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master cbr0 state UP",
      "2: cbr0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP",
    ]);
    for (const netns of ["pod1", "pod2"])
      lab.change({ do: "link set", netns, dev: "eth0", up: false, source: line(8) }).step();
    expect(links().slice(1)).toEqual([
      "2: eth0@if3: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN",
      "3: veth1@if2: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue master cbr0 state LOWERLAYERDOWN",
      "2: cbr0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN",
    ]);
  });

  it("ss: listeners, connections and the sockets of ping", () => {
    const listen = { do: "listen", netns: "pod2", container: "web", address: 0, source: line(7) } as const;
    const servers: SetUpCommand[] = [
      { ...listen, protocol: "tcp", port: 8080, program: "http" },
      { ...listen, protocol: "udp", port: 53, program: "echo" },
    ];
    const lab = new SmallWorld([...twoPods(), ...servers]);
    const { world } = lab;
    const sockets = (netns: string) =>
      world.sockets.ofNetns(findNetns(world, netns)).map((row) => print.printSocket(world, row));
    lab.ping("pod1", "10.244.0.3");
    lab.runTo("arp.request");
    expect(sockets("pod1")).toEqual(["icmp UNCONN 0.0.0.0:101"]);
    expect(sockets("pod2")).toEqual(["tcp LISTEN 0.0.0.0:8080", "udp UNCONN 0.0.0.0:53"]);
  });

  it("ip addr and sysctl", () => {
    const { world } = new SmallWorld();
    const device = findDeviceByPath(world, "pod1/eth0");
    expect(world.addresses.ofDevice(device).map((row) => print.printAddress(world, row))).toEqual([
      "inet 10.244.0.2/24 scope global eth0",
    ]);
    expect(print.printSysctl("net.ipv4.ip_forward", 1)).toBe("net.ipv4.ip_forward = 1");
  });
});

describe("Names find rows", () => {
  it("by the short name, or with the node", () => {
    const { world } = new SmallWorld();
    expect(findNetns(world, "pod1")).toBeGreaterThan(0);
    expect(findNetns(world, "node1/pod1")).toBe(findNetns(world, "pod1"));
    expect(findDeviceByPath(world, "node1/pod1/eth0")).toBe(findDeviceByPath(world, "pod1/eth0"));
  });

  it("and none for what is not there", () => {
    const { world } = new SmallWorld();
    for (const name of ["", "/", "pod9", "node9/pod1", "pod1/pod2"]) expect(findNetns(world, name)).toBe(0);
    for (const path of ["", "eth0", "pod1/eth9", "pod9/eth0"]) expect(findDeviceByPath(world, path)).toBe(0);
  });
});
