import { describe, expect, it } from "vitest";
import { findDeviceByPath } from "../../../src/lab/inspect/find.ts";
import { scopesFor } from "../../../src/lab/inspect/scopes.ts";
import type { Inspection } from "../../../src/lab/protocol.ts";
import { stage } from "../../../src/linux/stage.ts";
import { tcpClient } from "../../../src/programs/tcp-client.ts";
import { address, line, SmallWorld, twoPods } from "./small-world.ts";
import { scopesHere, scopeText } from "./texts.ts";

function firstPing(): SmallWorld {
  const lab = new SmallWorld();
  lab.ping("pod1", "10.244.0.3");
  return lab;
}

describe("The scopes of a packet", () => {
  it("Packet: an ARP request, layer by layer, and its bytes", () => {
    const lab = firstPing().runTo("bridge.flood");
    expect(scopesHere(lab).map((scope) => scope.name)).toEqual(["Packet", "Here", "Namespace", "Kernel", "Changed"]);
    expect(scopeText(scopesHere(lab), "Packet")).toMatchInlineSnapshot(`
      "Ethernet II: 02:00:0a:f4:00:02 > ff:ff:ff:ff:ff:ff
        eth.dst: ff:ff:ff:ff:ff:ff
        eth.src: 02:00:0a:f4:00:02
        eth.type: 0x0806 (ARP)
        bytes: 14 bytes
      ARP: who-has 10.244.0.3 tell 10.244.0.2
        arp.opcode: 1 (request)
        arp.src.hw_mac: 02:00:0a:f4:00:02
        arp.src.proto_ipv4: 10.244.0.2
        arp.dst.hw_mac: 00:00:00:00:00:00
        arp.dst.proto_ipv4: 10.244.0.3
        arp.isgratuitous: false
        bytes: 28 bytes
      bytes: 42 bytes
        0x0000: ff ff ff ff ff ff 02 00 0a f4 00 02 08 06 00 01  ................
        0x0010: 08 00 06 04 00 01 02 00 0a f4 00 02 0a f4 00 02  ................
        0x0020: 00 00 00 00 00 00 0a f4 00 03                    ..........
      packet: #2
      caused by: #1 IP 10.244.0.2 > 10.244.0.3 ttl=64 DF len=84 ICMP echo-request id=101 seq=1"
    `);
  });

  it("Packet: an echo request in IPv4, before and after it has its link header", () => {
    const lab = firstPing().runTo("neigh.output");
    expect(scopeText(scopesHere(lab), "Packet")).toMatchInlineSnapshot(`
      "IPv4: 10.244.0.2 > 10.244.0.3 ttl=64 DF len=84
        ip.hdr_len: 20
        ip.dsfield: 0x00
        ip.len: 84
        ip.id: 0x0001 (1)
        ip.flags.df: true
        ip.flags.mf: false
        ip.frag_offset: 0
        ip.ttl: 64
        ip.proto: 1 (ICMP)
        ip.checksum: 0x24bc
        ip.src: 10.244.0.2
        ip.dst: 10.244.0.3
        bytes: 20 bytes
      ICMP: echo-request id=101 seq=1
        icmp.type: 8 (echo-request)
        icmp.code: 0
        icmp.checksum: 0x0087
        icmp.ident: 101
        icmp.seq: 1
        bytes: 8 bytes
      Data: 56 bytes
        data.len: 56
        data.text: ................................ !"#$%&'()*+,-./01234567
        data.data: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33 34 35 36 37
        bytes: 56 bytes
      bytes: 84 bytes
        0x0000: 45 00 00 54 00 01 40 00 40 01 24 bc 0a f4 00 02  E..T..@.@.$.....
        0x0010: 0a f4 00 03 08 00 00 87 00 65 00 01 00 01 02 03  .........e......
        0x0020: 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13  ................
        0x0030: 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22 23  ............ !"#
        0x0040: 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33  $%&'()*+,-./0123
        0x0050: 34 35 36 37                                      4567
      packet: #1"
    `);
    lab.runTo("bridge.forward");
    expect(scopeText(scopesHere(lab), "Packet", 0)).toMatchInlineSnapshot(`
      "Ethernet II: 02:00:0a:f4:00:03 > 02:00:0a:f4:00:02
      ARP: reply 10.244.0.3 is-at 02:00:0a:f4:00:03 (to 10.244.0.2 02:00:0a:f4:00:02)
      bytes: 42 bytes
      packet: #4
      caused by: #2.1 ARP who-has 10.244.0.3 tell 10.244.0.2 [02:00:0a:f4:00:02 > ff:ff:ff:ff:ff:ff]"
    `);
  });

  it("Packet: a TCP segment with its options", () => {
    const listen = { do: "listen", netns: "pod2", container: "web", address: 0, source: line(7) } as const;
    const lab = new SmallWorld([...twoPods(), { ...listen, protocol: "tcp", port: 8080, program: "echo" }]);
    lab.run("pod1", tcpClient({ ...tcpSpec, port: 8080 }));
    lab.runTo("tcp.receive");
    expect(scopeText(scopesHere(lab), "Packet").split("\nbytes")[0]).toMatchInlineSnapshot(`
      "Ethernet II: 02:00:0a:f4:00:02 > 02:00:0a:f4:00:03
        eth.dst: 02:00:0a:f4:00:03
        eth.src: 02:00:0a:f4:00:02
        eth.type: 0x0800 (IPv4)
        bytes: 14 bytes
      IPv4: 10.244.0.2 > 10.244.0.3 ttl=64 DF len=60
        ip.hdr_len: 20
        ip.dsfield: 0x00
        ip.len: 60
        ip.id: 0x0001 (1)
        ip.flags.df: true
        ip.flags.mf: false
        ip.frag_offset: 0
        ip.ttl: 64
        ip.proto: 6 (TCP)
        ip.checksum: 0x24cf
        ip.src: 10.244.0.2
        ip.dst: 10.244.0.3
        bytes: 20 bytes
      TCP: 48820 > 8080 [S] seq=3238099751 len=0 mss=1460
        tcp.srcport: 48820
        tcp.dstport: 8080
        tcp.seq_raw: 3238099751
        tcp.ack_raw: 0
        tcp.hdr_len: 40
        tcp.flags: 0x002 [S]
        tcp.flags.fin: false
        tcp.flags.syn: true
        tcp.flags.reset: false
        tcp.flags.push: false
        tcp.flags.ack: false
        tcp.flags.urg: false
        tcp.flags.ece: false
        tcp.flags.cwr: false
        tcp.window_size_value: 64240
        tcp.checksum: 0xe6d2
        tcp.len: 0
        tcp.options.mss_val: 1460
        tcp.options.wscale.shift: 10
        tcp.options.sack_perm: true
        tcp.options.timestamp.tsval: 3819917871
        tcp.options.timestamp.tsecr: 0
        bytes: 40 bytes"
    `);
    expect(scopeText(scopesHere(lab), "Here", 0)).toMatchInlineSnapshot(`
      "socket: tcp LISTEN 0.0.0.0:8080
      sockets: 1 socket"
    `);
  });

  it("Packet: an ICMP error and the packet it quotes", () => {
    const lab = new SmallWorld();
    lab.run("pod1", tcpClient({ ...tcpSpec, port: 8080, destination: address("10.244.0.99") }));
    lab.runTo("drop");
    expect(scopeText(scopesHere(lab), "Here", 0)).toMatchInlineSnapshot(`
      "drop reason: NEIGH_FAILED
      because: nobody answered the ARP requests for the next hop, 10.244.0.99
      next hop: 10.244.0.99 dev eth0
      entry: 10.244.0.99 dev eth0 FAILED
      ARP table: 1 entry
      pod1/eth0: 2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP"
    `);
    lab.step().runTo("icmp.receive");
    expect(scopeText(scopesHere(lab), "Packet", 2).split("\nbytes")[0]).toMatchInlineSnapshot(`
      "Ethernet II: 00:00:00:00:00:00 > 00:00:00:00:00:00
        eth.dst: 00:00:00:00:00:00
        eth.src: 00:00:00:00:00:00
        eth.type: 0x0800 (IPv4)
        bytes: 14 bytes
          0x0000: 00 00 00 00 00 00 00 00 00 00 00 00 08 00        ..............
      IPv4: 10.244.0.2 > 10.244.0.2 ttl=64 tos=0xc0 len=88
        ip.hdr_len: 20
        ip.dsfield: 0xc0
        ip.len: 88
        ip.id: 0x0002 (2)
        ip.flags.df: false
        ip.flags.mf: false
        ip.frag_offset: 0
        ip.ttl: 64
        ip.proto: 1 (ICMP)
        ip.checksum: 0x63f8
        ip.src: 10.244.0.2
        ip.dst: 10.244.0.2
        bytes: 20 bytes
          0x0000: 45 c0 00 58 00 02 00 00 40 01 63 f8 0a f4 00 02  E..X....@.c.....
          0x0010: 0a f4 00 02                                      ....
      ICMP: host-unreachable
        icmp.type: 3 (host-unreachable)
        icmp.code: 1
        icmp.checksum: 0x137a
        quoted packet: IPv4 10.244.0.2 > 10.244.0.99 ttl=64 DF len=60 TCP 48820 > 8080 [S] seq=3238099751 len=0 mss=1460
          IPv4: 10.244.0.2 > 10.244.0.99 ttl=64 DF len=60
          TCP: 48820 > 8080 [S] seq=3238099751 len=0 mss=1460
        bytes: 8 bytes
          0x0000: 03 01 13 7a 00 00 00 00                          ...z...."
    `);
  });

  it("Here: the FDB at a bridge", () => {
    const lab = firstPing().runTo("bridge.receive");
    expect(scopeText(scopesHere(lab), "Here", 0)).toMatchInlineSnapshot(`
      "bridge: node1/cbr0
      eth.dst: ff:ff:ff:ff:ff:ff: to everybody, so it is flooded
      eth.src: 02:00:0a:f4:00:02: not in the FDB
      FDB: 3 entries
      ports: 2 ports"
    `);
  });

  it("Here: the ARP entry where ARP and neighbours are at work", () => {
    const lab = firstPing().runTo("neigh.output");
    expect(scopeText(scopesHere(lab), "Here", 0)).toMatchInlineSnapshot(`
      "next hop: 10.244.0.3 dev eth0
      entry: none for 10.244.0.3
      ARP table: empty"
    `);
    lab.runTo("arp.request");
    expect(scopeText(scopesHere(lab), "Here").split("\nARP table")[0]).toMatchInlineSnapshot(`
      "entry: 10.244.0.3 dev eth0 INCOMPLETE
        state: INCOMPLETE
        lladdr: not known
        dev: eth0
        probes: 4
        confirmed: 60 s ago
        updated: 0 s ago
        used: 0 s ago
        timer: fires in 1 s
        waiting: 1 packet"
    `);
    lab.runTo("arp.receive", "pod2/eth0");
    expect(scopeText(scopesHere(lab), "Here", 0)).toMatchInlineSnapshot(`
      "entry: none for 10.244.0.2
      target: 10.244.0.3: an address of this namespace
      ARP table: empty
      pod2/eth0: 2: eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP"
    `);
  });

  it("Here: the routes, and which one wins", () => {
    const lab = firstPing().runTo("route.output");
    expect(scopeText(scopesHere(lab), "Here")).toMatchInlineSnapshot(`
      "ip.dst: 10.244.0.3
      decision: 10.244.0.0/24 dev eth0 proto kernel scope link src 10.244.0.2
        destination: 10.244.0.0/24
        next hop: dev eth0 proto kernel scope link src 10.244.0.2
      routes: 2 routes
        default: via 10.244.0.1 dev eth0
        10.244.0.0/24: dev eth0 proto kernel scope link src 10.244.0.2
      net.ipv4.ip_forward: 0"
    `);
    lab.runTo("route.input");
    expect(scopeText(scopesHere(lab), "Here", 0).split("\n")[1]).toBe("decision: local: an address of this namespace");
  });

  it("Here: a veth with its peer and counters", () => {
    const lab = firstPing().runTo("veth.transmit");
    expect(scopeText(scopesHere(lab), "Here", 0)).toMatchInlineSnapshot(`
      "pod1/eth0: 2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
      inet: 10.244.0.2/24
      state: UP
      link/ether: 02:00:0a:f4:00:02
      mtu: 1500
      peer: node1/veth1
      RX: 0 packets, 0 bytes
      TX: 0 packets, 0 bytes"
    `);
  });

  it("Namespace and Kernel", () => {
    const lab = firstPing().runTo("arp.request");
    expect(scopeText(scopesHere(lab), "Namespace")).toMatchInlineSnapshot(`
      "name: pod1
      interfaces: 2 interfaces
        lo: 1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN
        eth0: 2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
      routes: 2 routes
        default: via 10.244.0.1 dev eth0
        10.244.0.0/24: dev eth0 proto kernel scope link src 10.244.0.2
      ARP table: 1 entry
        10.244.0.3: dev eth0 INCOMPLETE
      sockets: 1 socket
        icmp UNCONN: 0.0.0.0:101
      sysctls: none set"
    `);
    expect(scopeText(scopesHere(lab), "Kernel", 0)).toMatchInlineSnapshot(`
      "hostname: node1
      neighbour entries: 1 of at most 1024
      net.ipv4.neigh.default.gc_thresh2: 512
      net.ipv4.neigh.default.gc_thresh3: 1024
      namespaces: 3 namespaces"
    `);
  });

  it("Changed: what the last event did", () => {
    const lab = firstPing().runTo("arp.receive", "pod1/eth0");
    expect(scopeText(scopesHere(lab), "Changed")).toBe("nothing: the last step changed no table");
    lab.step();
    expect(scopeText(scopesHere(lab), "Changed")).toMatchInlineSnapshot(`
      "neigh pod1/eth0 10.244.0.3: lladdr none → 02:00:0a:f4:00:03, state INCOMPLETE → REACHABLE
        lladdr: none → 02:00:0a:f4:00:03
        state: INCOMPLETE → REACHABLE"
    `);
  });
});

describe("Where there is no packet", () => {
  it("the scenario has the kernels of all nodes, and what changed", () => {
    const { world } = firstPing();
    const scopes = scopesFor(world, { packet: 0, data: null, stage: stage.statement, device: 0 });
    expect(scopes.map((scope) => scope.name)).toEqual(["Kernel", "Changed"]);
    expect(scopeText(scopes, "Kernel", 0)).toBe("node1: 3 namespaces");
  });

  it("a packet that is gone still shows what it carried", () => {
    const lab = firstPing().runTo("arp.receive", "pod1/eth0");
    const { packets } = lab.world;
    const data = packets.data.get(lab.world.sim.next()!.walker);
    lab.step();
    const scopes = scopesFor(lab.world, { packet: 0, data, stage: 0, device: 0 });
    expect(scopeText(scopes, "Packet", 0)).toMatchInlineSnapshot(`
      "Ethernet II: 02:00:0a:f4:00:03 > 02:00:0a:f4:00:02
      ARP: reply 10.244.0.3 is-at 02:00:0a:f4:00:03 (to 10.244.0.2 02:00:0a:f4:00:02)
      bytes: 42 bytes"
    `);
  });

  it("every stage at every device gives an answer, whatever the packet", () => {
    const lab = firstPing().runUntil(0.5e9);
    const { world } = lab;
    for (const number of Object.values(stage))
      for (const path of ["pod1/eth0", "pod1/lo", "node1/cbr0"]) {
        const target = { packet: 0, data: null, stage: number, device: findDeviceByPath(world, path) };
        for (const scope of scopesFor(world, target)) expect(scope.children().length).toBeGreaterThan(0);
      }
  });
});

describe("Values that expressions can read", () => {
  it("say with which expression", () => {
    const lab = firstPing().runTo("neigh.output");
    lab.step();
    const named = (rows: readonly Inspection[]): string[] =>
      rows.flatMap((row) => [
        ...(row.evaluateName === undefined ? [] : [row.evaluateName]),
        ...(row.children && row.name !== "peer" && row.name !== "master" ? named(row.children()) : []),
      ]);
    const scopes = scopesHere(lab);
    expect(named(scopes.find((scope) => scope.name === "Namespace")!.children())).toEqual([
      'neigh("pod1", "10.244.0.3")',
      'neigh("pod1", "10.244.0.3").state',
      'neigh("pod1", "10.244.0.3").mac',
      'neigh("pod1", "10.244.0.3").dev',
    ]);
    expect(named(scopes.find((scope) => scope.name === "Packet")!.children())).toContain("arp.opcode");
  });
});

const tcpSpec = {
  program: "tcp",
  destination: address("10.244.0.3"),
  payload: "hello",
  timeoutNs: 1e9,
  ttl: 64,
} as const;
