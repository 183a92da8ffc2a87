import { bridge } from "./bridge.ts";
import type { Invocation, Outcome } from "./command.ts";
import { conntrack } from "./conntrack.ts";
import { catFile } from "./files.ts";
import { ip } from "./ip.ts";
import { iptables, iptablesSave } from "./iptables.ts";
import { kubectl } from "./kubectl.ts";
import { nft } from "./nft.ts";
import { arping, curl, dig, netcat, ping, traceroute } from "./sends.ts";
import { ss } from "./ss.ts";
import { sysctl } from "./sysctl.ts";
import { tcpdump } from "./tcpdump.ts";

/** A program that the console knows. */
export interface ConsoleCommand {
  readonly name: string;
  /** What it does, for `help` and completion. */
  readonly summary: string;
  readonly example: string;
  run(invocation: Invocation): Outcome;
}

export const commands: readonly ConsoleCommand[] = [
  {
    name: "ip",
    summary: "links, addresses, routes, rules and neighbours, shown and changed; -j, -br, -s",
    example: "ip -n pod1 neigh",
    run: ip,
  },
  {
    name: "bridge",
    summary: "forwarding databases and ports of bridges",
    example: "bridge -n node1 fdb show br cbr0",
    run: bridge,
  },
  {
    name: "conntrack",
    summary: "connections, listed (-L), counted and forgotten (-D)",
    example: "ip netns exec node1 conntrack -L",
    run: conntrack,
  },
  {
    name: "iptables",
    summary: "rules, listed (-L, -S) and changed (-A, -I, -D, …)",
    example: "ip netns exec node1 iptables -t nat -L -n -v",
    run: iptables,
  },
  {
    name: "iptables-save",
    summary: "all rules as text; -c with counters, -t of one table",
    example: "ip netns exec node1 iptables-save -c",
    run: iptablesSave,
  },
  {
    name: "nft",
    summary: "rules of nftables, listed and changed",
    example: "ip netns exec node1 nft list ruleset",
    run: nft,
  },
  { name: "ss", summary: "sockets: -t, -u, -l, -a", example: "kubectl exec pod2 -- ss -tln", run: ss },
  {
    name: "sysctl",
    summary: "settings, read and written (-w)",
    example: "ip netns exec pod1 sysctl net.ipv4.ip_forward",
    run: sysctl,
  },
  {
    name: "tcpdump",
    summary: "the frames that an interface has seen so far",
    example: "tcpdump -n -i pod1/eth0",
    run: tcpdump,
  },
  {
    name: "cat",
    summary: "files that are made for containers: /etc/resolv.conf, /proc/sys/…",
    example: "kubectl exec pod1 -- cat /etc/resolv.conf",
    run: catFile,
  },
  {
    name: "kubectl",
    summary: "get pods, services, endpointslices, nodes; exec",
    example: "kubectl get pods -o wide",
    run: kubectl,
  },
  {
    name: "ping",
    summary: "sends echo requests, beside what runs",
    example: "kubectl exec pod1 -- ping -c1 10.244.1.9",
    run: ping,
  },
  {
    name: "traceroute",
    summary: "the way there, hop by hop, beside what runs",
    example: "kubectl exec pod1 -- traceroute 10.244.2.9",
    run: traceroute,
  },
  {
    name: "curl",
    summary: "an HTTP GET, beside what runs",
    example: "kubectl exec pod1 -- curl http://web/",
    run: curl,
  },
  {
    name: "arping",
    summary: "asks by ARP, beside what runs",
    example: "kubectl exec pod1 -- arping -c1 -I eth0 10.244.1.9",
    run: arping,
  },
  {
    name: "dig",
    summary: "asks a nameserver, beside what runs",
    example: "kubectl exec pod1 -- dig web.default.svc.cluster.local",
    run: dig,
  },
  {
    name: "nc",
    summary: "a TCP connection or, with -u, a datagram, beside what runs",
    example: "kubectl exec pod1 -- nc -z pod2 8080",
    run: netcat,
  },
];
