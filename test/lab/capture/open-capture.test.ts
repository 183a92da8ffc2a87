import { describe, expect, it } from "vitest";
import { openCapture } from "../../../src/lab/capture/open-capture.ts";
import { digest } from "../../../src/sim/digest.ts";
import { pcapngSection } from "../../../src/wire/pcapng.ts";
import { captureOf, kernelCapture, open, resume, say, tree } from "./captures.ts";

describe("a capture in the debugger", () => {
  it("1. is a document of its interfaces and frames", () => {
    const lab = open(captureOf("same-node-ping", "first ping"));
    const [document] = lab.generatedDocuments();
    expect(document.uri).toBe("k8snet:/trace.capture");
    expect(document.text).toMatchInlineSnapshot(`
      "# trace: 17 frames of 4 packets

      interface pod1/eth0   veth address 0a:58:0a:f4:01:02 inet 10.244.1.2
      interface node1/veth1 veth port of node1/cbr0
      interface node1/veth2 veth port of node1/cbr0
      interface node1/cbr0  bridge
      interface pod2/eth0   veth address 0a:58:0a:f4:01:09 inet 10.244.1.9

          0.000000 pod1/eth0   out #1 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff]
          0.000002 node1/veth1 in  #1 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff]
          0.000002 node1/veth2 out #1 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff]
          0.000002 node1/cbr0  in  #1 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff]
          0.000004 pod2/eth0   in  #1 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff]
          0.000004 pod2/eth0   out #2 ARP reply 10.244.1.9 is-at 0a:58:0a:f4:01:09 (to 10.244.1.2 0a:58:0a:f4:01:02) [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02]
          0.000006 node1/veth2 in  #2 ARP reply 10.244.1.9 is-at 0a:58:0a:f4:01:09 (to 10.244.1.2 0a:58:0a:f4:01:02) [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02]
          0.000006 node1/veth1 out #2 ARP reply 10.244.1.9 is-at 0a:58:0a:f4:01:09 (to 10.244.1.2 0a:58:0a:f4:01:02) [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02]
          0.000008 pod1/eth0   in  #2 ARP reply 10.244.1.9 is-at 0a:58:0a:f4:01:09 (to 10.244.1.2 0a:58:0a:f4:01:02) [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02]
          0.000008 pod1/eth0   out #3 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 [0a:58:0a:f4:01:02 > 0a:58:0a:f4:01:09]
          0.000010 node1/veth1 in  #3 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 [0a:58:0a:f4:01:02 > 0a:58:0a:f4:01:09]
          0.000010 node1/veth2 out #3 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 [0a:58:0a:f4:01:02 > 0a:58:0a:f4:01:09]
          0.000012 pod2/eth0   in  #3 IP 10.244.1.2 > 10.244.1.9 ttl=64 DF len=84 ICMP echo-request id=58120 seq=1 [0a:58:0a:f4:01:02 > 0a:58:0a:f4:01:09]
          0.000012 pod2/eth0   out #4 IP 10.244.1.9 > 10.244.1.2 ttl=64 len=84 ICMP echo-reply id=58120 seq=1 [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02]
          0.000014 node1/veth2 in  #4 IP 10.244.1.9 > 10.244.1.2 ttl=64 len=84 ICMP echo-reply id=58120 seq=1 [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02]
          0.000014 node1/veth1 out #4 IP 10.244.1.9 > 10.244.1.2 ttl=64 len=84 ICMP echo-reply id=58120 seq=1 [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02]
          0.000016 pod1/eth0   in  #4 IP 10.244.1.9 > 10.244.1.2 ttl=64 len=84 ICMP echo-reply id=58120 seq=1 [0a:58:0a:f4:01:09 > 0a:58:0a:f4:01:02]
      "
    `);
  });

  it("2. a packet is one thread at all the interfaces that saw it, and its stack is its way", () => {
    const lab = open(captureOf("same-node-ping", "first ping"));
    lab.setFunctionBreakpoints(["veth.receive@pod2/eth0"]);
    const { threadId } = resume(lab);
    const { frames } = lab.stack(threadId, 0, 0);
    expect(frames.map(({ name, source }) => `${name} ${source?.line}`)).toMatchInlineSnapshot(`
      [
        "veth.receive @ pod2/eth0 7",
        "bridge.deliver @ node1/cbr0 6",
        "veth.transmit @ node1/veth2 5",
        "veth.receive @ node1/veth1 4",
        "veth.transmit @ pod1/eth0 3",
      ]
    `);
    expect(lab.threads(10).threads.map(({ name }) => name)).toMatchInlineSnapshot(`
      [
        "scenario "trace"",
        "#1 ARP who-has 10.244.1.9 tell 10.244.1.2 [0a:58:0a:f4:01:02 > ff:ff:ff:ff:ff:ff] @ pod2/eth0",
      ]
    `);
  });

  it("3. tables come to hold what the frames tell", () => {
    const lab = open(captureOf("same-node-ping", "first ping"));
    expect(resume(lab).text).toBe("end");
    expect(tree(lab, ["pod1", "pod1", "ARP table"])).toMatchInlineSnapshot(`
      [
        "10.244.1.9 REACHABLE 0a:58:0a:f4:01:09 dev eth0",
      ]
    `);
    expect(tree(lab, ["node1", "node1", "cbr0", "FDB"])).toMatchInlineSnapshot(`
      [
        "0a:58:0a:f4:01:02 dev veth1",
        "0a:58:0a:f4:01:09 dev veth2",
      ]
    `);
  });

  it("4. an interface's line takes breakpoints", () => {
    const lab = open(captureOf("same-node-ping", "first ping"));
    const [document] = lab.generatedDocuments();
    const line = document.text.split("\n").findIndex((text) => text.startsWith("interface node1/cbr0")) + 1;
    expect(lab.setLineBreakpoints(document.uri, [line])[0].verified).toBe(true);
    expect(resume(lab).text).toContain("cbr0");
  });

  it("5. goes back and forth, and cannot be edited", () => {
    const lab = open(captureOf("same-node-ping", "first ping"));
    const { sim } = lab.world;
    const start = digest(sim);
    resume(lab);
    const end = digest(sim);
    sim.goTo(0);
    expect(digest(sim)).toBe(start);
    sim.goTo(sim.recorded);
    expect(digest(sim)).toBe(end);
    expect(lab.hand.apply({ do: "drop", packet: 1 })).toBe("this is a capture: what happened cannot be changed");
  });

  it("6. what a tunnel carries and what NAT rewrites stays the same packet", () => {
    const lab = open(captureOf("cni-vxlan", "pod to pod through the tunnel"));
    lab.setFunctionBreakpoints(["veth.receive@node2/eth0"]);
    const { threadId } = resume(lab);
    expect(lab.stack(threadId, 0, 0).frames.map(({ name }) => name)).toMatchInlineSnapshot(`
      [
        "veth.receive @ node2/eth0",
        "bridge.deliver @ switch/br0",
        "veth.transmit @ switch/p2",
        "veth.receive @ switch/p1",
        "veth.transmit @ node1/eth0",
      ]
    `);
  });

  it("7. a router that loses a packet does not get the address that it was for", () => {
    const interfaces = (scenario: string) =>
      open(kernelCapture(scenario))
        .generatedDocuments()[0]
        .text.split("\n")
        .filter((line) => line.includes(" inet "))
        .map((line) => line.replace(/ +veth| +bridge| +loopback|address \S+ /g, ""));
    expect(interfaces("09-ttl")).toMatchInlineSnapshot(`
      [
        "interface pod1/eth0 inet 10.244.0.2",
        "interface node1/cbr0 inet 10.244.0.1",
        "interface node1/eth0 inet 192.168.50.11",
        "interface node2/eth0 inet 192.168.50.12",
        "interface node2/cbr0 inet 10.244.1.1",
        "interface pod3/eth0 inet 10.244.1.2",
      ]
    `);
    expect(interfaces("14-reject")).toMatchInlineSnapshot(`
      [
        "interface pod1/eth0 inet 10.244.0.2",
        "interface node1/cbr0 inet 10.244.0.1",
        "interface node1/lo inet 192.168.50.11",
      ]
    `);
  });

  it("8. what cannot be read is said", () => {
    expect(openCapture(Buffer.from("no capture"), "f")).toEqual({
      problem: "This is no capture: neither pcap nor pcapng.",
    });
    const whole = captureOf("same-node-ping", "first ping");
    const cut = openCapture(whole.subarray(0, whole.length - 40), "f");
    expect("notes" in cut ? cut.notes : cut).toEqual([
      "The capture ends early: block cut short. What came before is shown.",
    ]);
    expect(openCapture(pcapngSection(), "f")).toEqual({ problem: "This capture holds no Ethernet frame." });
  });
});

describe("the console over a capture", () => {
  it("1. tells what the frames told, and refuses to change or to send", () => {
    const lab = open(captureOf("same-node-ping", "first ping"));
    lab.setFunctionBreakpoints([]);
    resume(lab);
    expect(say(lab, "ip -n pod1 neigh").join("\n")).toContain("10.244.1.9 dev eth0 lladdr 0a:58:0a:f4:01:09");
    expect(say(lab, "tcpdump -nt -i pod1/eth0 arp").join("\n")).toContain("Request who-has 10.244.1.9 tell 10.244.1.2");
    expect(say(lab, "kubectl get pods").join("\n")).toContain("There is no cluster here");
    const before = digest(lab.world.sim);
    for (const line of ["ip -n pod1 neigh del 10.244.1.9 dev eth0", "ip netns exec pod1 ping -c1 10.244.1.9"])
      expect(say(lab, line).join("\n")).toMatch(/replay|capture/i);
    expect(digest(lab.world.sim)).toBe(before);
  });
});
