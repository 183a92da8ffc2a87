import { describe, expect, it } from "vitest";
import { consoleLab } from "./console-lab.ts";

const lab = consoleLab();

/** What is proposed at the `|` of a line. */
function proposed(line: string): readonly string[] {
  const column = line.indexOf("|");
  const text = line.replace("|", "");
  return lab.console.complete(text, column, { threadId: 1 }).map(({ label, start, end }) => {
    expect(text.slice(start, end).toLowerCase()).toBe(label.slice(0, end - start).toLowerCase());
    return label;
  });
}

describe("completions of the console", () => {
  it("1. begin with commands, statements, names, functions and fields", () => {
    expect(proposed("con|")).toEqual(["conntrack", "conntrack("]);
    expect(proposed("po|")).toEqual(["pod1", "pod2"]);
    expect(proposed("nei|")).toEqual(["neigh("]);
    expect(proposed("tcp.flags.s|")).toEqual(["tcp.flags.syn"]);
    expect(proposed("|").length).toBeGreaterThan(50);
  });

  it("2. know what belongs to a command", () => {
    expect(proposed("ip -n p|")).toEqual(["pod1", "pod2"]);
    expect(proposed("ip -n node1 n|")).toEqual(["neigh", "netns"]);
    expect(proposed("ip -n node1 neigh s|")).toEqual(["show"]);
    expect(proposed("ip -n node1 neigh show dev c|")).toEqual(["cbr0"]);
    expect(proposed("ip -n pod1 route get 10.96|")).toEqual(["10.96.0.10"]);
    expect(proposed("bridge -n node1 fdb show br |")).toContain("cbr0");
    expect(proposed("kubectl exec |")).toEqual(["pod1", "pod2"]);
    expect(proposed("kubectl get no|")).toEqual(["nodes"]);
    expect(proposed("kubectl exec pod1 -- cu|")).toEqual(["curl"]);
    expect(proposed("kubectl exec pod1 -- curl we|")).toEqual(["web.default"]);
    expect(proposed("ip netns exec node1 iptables -t nat -L KUBE-SV|")).toEqual(["KUBE-SVC-LOLE4ISW44XBNF3G"]);
    expect(proposed("ip netns exec node1 sysctl net.ipv4.ip_f|")).toEqual(["net.ipv4.ip_forward"]);
    expect(proposed("tcpdump -n -i pod1/|")).toEqual(["pod1/lo", "pod1/eth0"]);
    expect(proposed("ping pod1 -> po|")).toEqual(["pod1", "pod2"]);
  });

  it("3. know what belongs to an expression", () => {
    expect(proposed('neigh("po|')).toEqual(["pod1", "pod2"]);
    expect(proposed('neigh("pod1", "10.244.1.|')).toContain("10.244.1.9");
    expect(proposed('neigh("pod1", "10.244.1.9").st|')).toEqual(["state"]);
    expect(proposed('fdb("|')).toContain("node1/cbr0");
    expect(proposed('stage == "arp.rep|')).toEqual(["arp.reply"]);
    expect(proposed("ip.ttl > 3 && reply.re|")).toEqual(["reply.received"]);
  });
});
