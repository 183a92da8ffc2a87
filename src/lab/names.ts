import { hookStages } from "../linux/netfilter/hook.ts";
import type { HookPosition } from "../linux/netfilter/position.ts";
import type { PacketData } from "../linux/packets.ts";
import { stage, stageNames } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import { printFrame, printIpv4 } from "../wire/frame-text.ts";
import type { Ipv4Payload } from "../wire/ipv4.ts";

/** Stages that happen in a namespace's protocol stack rather than at a device. */
const namespaceStages: ReadonlySet<number> = new Set([
  stage.ipReceive,
  stage.ipForward,
  stage.routeInput,
  stage.routeOutput,
  stage.icmpReceive,
  stage.icmpError,
  stage.udpReceive,
  stage.tcpReceive,
  stage.nfPrerouting,
  stage.nfInput,
  stage.nfForward,
  stage.nfOutput,
  stage.nfPostrouting,
  stage.nfRule,
  stage.nfReject,
  stage.conntrackLookup,
  stage.conntrackNew,
  stage.conntrackConfirm,
  stage.natTranslate,
  stage.ipOutput,
  stage.ipDeliver,
  stage.ipFinish,
]);

/** `pod1/eth0`. */
export function deviceName(world: World, device: number): string {
  const { devices, namespaces } = world;
  return `${namespaces.name.get(devices.netns.get(device))}/${devices.name.get(device)}`;
}

/** The hub that a device is plugged into; empty for any other device. */
export function hubName({ stations, hubs }: World, device: number): string {
  const station = stations.ofDevice(device);
  return station === 0 ? "" : hubs.name.get(stations.hub.get(station));
}

/** Where an event of a packet's walk happens: a device, or the namespace whose protocols are at work. */
export function placeName(world: World, stageNumber: number, device: number): string {
  if (namespaceStages.has(stageNumber)) return world.namespaces.name.get(world.devices.netns.get(device));
  return deviceName(world, device);
}

/** `bridge.flood @ node1/cbr0`. */
export function eventName(world: World, stageNumber: number, device: number): string {
  return `${stageNames[stageNumber]} @ ${placeName(world, stageNumber, device)}`;
}

const payloadProtocols: Readonly<Record<Ipv4Payload["kind"], string>> = {
  tcp: "TCP",
  udp: "UDP",
  "icmp-echo": "ICMP",
  "icmp-error": "ICMP",
  "icmp-other": "ICMP",
  raw: "IPv4",
};

/** The innermost protocol of a packet that is decoded: `ARP`, `TCP`, `UDP`, `ICMP`; else `IPv4` or `Ethernet`. */
export function protocolName(data: PacketData): string {
  const ip = "ttl" in data ? data : data.payload;
  if (ip.kind === "arp") return "ARP";
  return ip.kind === "ipv4" ? payloadProtocols[ip.payload.kind] : "Ethernet";
}

/** The table that a chain is in: `nat`, or `ip kube-proxy` where it is one of nftables. */
export function tableName({ netfilter, nftTables }: World, chain: number): string {
  const table = netfilter.nftTableOf(chain);
  return table === 0 ? netfilter.tableOf(chain) : nftTables.nameOf(table);
}

/** `KUBE-SERVICES rule 3`, counted as `iptables --line-numbers` does; `FORWARD policy` where no rule decides. */
export function ruleName({ netfilter }: World, { chain, rule }: HookPosition): string {
  const name = netfilter.chainName.get(chain);
  return rule < netfilter.chainRules.get(chain).length ? `${name} rule ${rule + 1}` : `${name} policy`;
}

/** `nf.prerouting · KUBE-SERVICES rule 3 @ node1`: a packet before a rule that it is tried on. */
export function ruleEventName(world: World, stageNumber: number, device: number, at: HookPosition): string {
  const name = stageNumber === stage.nfRule ? stageNames[hookStages[at.hook]] : stageNames[stageNumber];
  return `${name} · ${ruleName(world, at)} @ ${placeName(world, stageNumber, device)}`;
}

/** One line that says what a packet carries. */
export function packetText(data: PacketData): string {
  return "ttl" in data ? printIpv4(data) : printFrame(data);
}
