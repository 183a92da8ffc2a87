import { type Ipv4Packet, protocolNumber } from "../../wire/ipv4.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import { tcpFlag } from "../../wire/tcp.ts";
import type { World } from "../world.ts";
import type { Subject } from "./subject.ts";

/** LOG: a line of the kernel's log (net/netfilter/nf_log_syslog.c). */
export function logPacket(world: World, subject: Subject, { prefix }: { readonly prefix: string }): void {
  const { ip, at, packet, netns } = subject;
  const name = (device: number) => (device === 0 ? "" : world.devices.name.get(device));
  const words = [`${prefix}IN=${name(at.inDevice)}`, `OUT=${name(at.outDevice)}`];
  const bridged = world.packets.bridgeInfo.get(packet);
  if (bridged !== null) {
    if (bridged.inPort !== 0) words.push(`PHYSIN=${name(bridged.inPort)}`);
    if (bridged.outPort !== 0) words.push(`PHYSOUT=${name(bridged.outPort)}`);
  }
  if (at.inDevice !== 0) words.push(`MAC=${macHeader(world, packet)}`);
  const mark = world.packets.mark.get(packet) >>> 0;
  words.push(...headerWords(ip), ...payloadWords(ip), ...(mark === 0 ? [] : [`MARK=0x${mark.toString(16)}`]));
  world.listener.logged(netns, words.join(" "));
}

/** Destination, source and EtherType, where the frame's header is still there. */
function macHeader({ packets }: World, packet: number): string {
  const data = packets.data.get(packet);
  if (data === null || "ttl" in data) return "";
  return `${formatMac(data.destination)}:${formatMac(data.source)}:08:00`;
}

function headerWords(ip: Ipv4Packet): readonly string[] {
  const hex = (value: number) => `0x${value.toString(16).toUpperCase().padStart(2, "0")}`;
  return [
    ...[`SRC=${formatIpv4(ip.source)}`, `DST=${formatIpv4(ip.destination)}`, `LEN=${ip.totalLength}`],
    ...[`TOS=${hex(ip.tos & 0x1e)}`, `PREC=${hex(ip.tos & 0xe0)}`, `TTL=${ip.ttl}`, `ID=${ip.identification}`],
    ...(ip.dontFragment ? ["DF"] : []),
    ...(ip.moreFragments ? ["MF"] : []),
    ...(ip.fragmentOffset === 0 ? [] : [`FRAG:${ip.fragmentOffset / 8}`]),
  ];
}

function payloadWords({ payload }: Ipv4Packet): readonly string[] {
  switch (payload.kind) {
    case "udp":
      return [
        "PROTO=UDP",
        `SPT=${payload.sourcePort}`,
        `DPT=${payload.destinationPort}`,
        `LEN=${payload.data.length + 8}`,
      ];
    case "tcp": {
      const flags = (["cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin"] as const).filter(
        (flag) => (payload.flags & tcpFlag[flag]) !== 0,
      );
      return [
        ...["PROTO=TCP", `SPT=${payload.sourcePort}`, `DPT=${payload.destinationPort}`, `WINDOW=${payload.window}`],
        ...["RES=0x00", ...flags.map((flag) => flag.toUpperCase()), `URGP=${payload.urgentPointer}`],
      ];
    }
    case "icmp-echo":
      return ["PROTO=ICMP", `TYPE=${payload.type}`, "CODE=0", `ID=${payload.identifier}`, `SEQ=${payload.sequence}`];
    case "icmp-error":
    case "icmp-other":
      return ["PROTO=ICMP", `TYPE=${payload.type}`, `CODE=${payload.code}`];
    default:
      return [`PROTO=${protocolNumber(payload)}`];
  }
}
