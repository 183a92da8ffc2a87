import { readFileSync } from "node:fs";
import type { Lab } from "../../../src/lab/lab.ts";
import { openText } from "../run-lab.ts";

export const consoleText = readFileSync(new URL("console.k8snet", import.meta.url), "utf8");

/** The network that all commands are asked about, before anything was sent. */
export function consoleLab(scenario?: string): Lab {
  return openText(consoleText, scenario);
}

/** What a line answers, as somebody sees it; complaints as they are. */
export function say(lab: Lab, line: string, threadId = 1): string {
  const answer = lab.console.run(line, { threadId });
  if (answer.kind === "problem") return `${answer.message}\n`;
  return answer.kind === "text" ? answer.text : `${answer.value.value}\n`;
}

/** Commands that ask, each compared with what the real program says on the same network. */
export const questions: readonly string[] = [
  ...["node1", "pod1"].flatMap((netns) => [
    `ip -n ${netns} addr`,
    `ip -n ${netns} -4 addr show`,
    `ip -n ${netns} -br addr`,
    `ip -n ${netns} -br link`,
    `ip -n ${netns} link`,
    `ip -n ${netns} l sh up`,
    `ip -n ${netns} -j addr`,
    `ip -n ${netns} -j link`,
    `ip -n ${netns} -j -br addr`,
    `ip -n ${netns} -j -br link`,
    `ip -n ${netns} -o a`,
    `ip -n ${netns} addr show dev eth0`,
    `ip -n ${netns} link show nosuch`,
    `ip -n ${netns} route`,
    `ip -n ${netns} -j route`,
    `ip -n ${netns} r show dev eth0`,
    `ip -n ${netns} route show table 100`,
    `ip -n ${netns} route show table local`,
    `ip -n ${netns} route show table all`,
    `ip -n ${netns} -j route show table all`,
    `ip -n ${netns} rule`,
    `ip -n ${netns} -j rule`,
    `ip -n ${netns} neigh`,
    `ip -n ${netns} -j neigh`,
    `ip -n ${netns} neigh show dev eth0`,
    `bridge -n ${netns} fdb`,
    `bridge -n ${netns} fdb show br cbr0`,
    `bridge -n ${netns} fdb show dev eth0`,
    `bridge -n ${netns} link`,
    `bridge -n ${netns} -d link`,
    `bridge -n ${netns} -j fdb show`,
    `bridge -n ${netns} -j link`,
    `ip netns exec ${netns} sysctl net.ipv4.ip_forward`,
    `ip netns exec ${netns} sysctl -n net.ipv4.ip_default_ttl net.ipv4.conf.all.rp_filter`,
    `ip netns exec ${netns} sysctl net.ipv4.nosuch`,
    `ip netns exec ${netns} cat /proc/sys/net/ipv4/ip_forward`,
  ]),
  ..."10.244.1.9|172.16.3.3|172.16.5.5|10.9.0.1|10.10.0.1|8.8.8.8|10.244.1.1|127.0.0.1|10.244.1.255|192.168.1.77"
    .split("|")
    .map((address) => `ip -n node1 route get ${address}`),
  "ip -n node1 route get 10.99.0.1 from 10.244.1.1",
  "ip -n node1 route get 10.99.0.1 from 1.2.3.4",
  "ip -n node1 route get 10.99.0.1 from 10.244.1.2 iif cbr0",
  "ip -n node1 route get 192.168.1.11 from 10.244.1.2 iif cbr0",
  "ip -n node1 route get 192.168.1.77 from 192.168.1.5 iif eth0",
  "ip -n pod1 route get 10.1.1.1 from 10.244.1.9 iif eth0",
  "ip -n node1 route get 8.8.8.8 mark 1",
  "ip -n node1 route get 8.8.8.8 mark 0x101",
  "ip -n node1 -j route get 8.8.8.8 mark 16",
  "ip -n node1 route get 8.8.8.8 mark 2",
  "ip -n node1 route get 8.8.8.8 mark 4294967296",
  "ip -n node1 -j route get 172.16.3.3",
  "ip -n node1 -j route get 10.244.1.1",
  "ip -n node1 link show type bridge",
  "ip -n node1 link show master cbr0",
  "ip -n node1 neigh get 10.244.1.77 dev cbr0",
  "ip -n node1 neigh get 10.244.1.78 dev cbr0",
  "ip -n nosuch link",
  "ip netns exec node1 conntrack -C",
  "ip netns exec node1 iptables -L -n -v",
  "ip netns exec node1 iptables -t nat -nL",
  "ip netns exec node1 iptables -t nat -L KUBE-SERVICES -n -v --line-numbers",
  "ip netns exec node1 iptables -t nat -S",
  "ip netns exec node1 iptables -L NOSUCH -n",
  "ip netns exec node1 iptables -t nosuch -L -n",
  "ip netns exec node1 iptables-save -c",
  "ip netns exec node1 iptables-save -t filter",
];

/** Asked after one ping from pod1 to pod2; what a table lists has no order. */
export const questionsAfterPing: readonly string[] = [
  "ip -n pod1 neigh",
  "ip -n pod2 -j neigh",
  "bridge -n node1 fdb show br cbr0",
  "ip netns exec node1 conntrack -L",
  "ip netns exec node1 conntrack -L -p icmp",
  "ip netns exec node1 conntrack -L -p tcp",
  "ip netns exec node1 iptables-save -c",
  "ip netns exec node1 iptables -L FORWARD -n -v",
  "ip netns exec pod2 ss -tln",
  "ip netns exec pod2 ss -tlnH",
];

/** Without what differs from run to run: identifiers, ages and the comments that tell when. */
export function comparable(text: string): string {
  const lines = text
    .replace(/^#.*\n/gm, "")
    .replace(/\bid=\d+/g, "id=*")
    .replace(/^(icmp +1) \d+/gm, "$1 *")
    .split("\n");
  return lines.map((line) => (line.startsWith("[{") ? sortedJson(line) : line)).join("\n");
}

function sortedJson(line: string): string {
  return (JSON.parse(line) as object[])
    .map((row) => JSON.stringify(row))
    .sort()
    .join("\n");
}
