import { status } from "../../linux/conntrack/status.ts";
import { tcpStateNames } from "../../linux/conntrack/tcp-state.ts";
import type { Tuple } from "../../linux/conntrack/tuple.ts";
import type { World } from "../../linux/world.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { printEvidence } from "./print.ts";

const protocolNames: ReadonlyMap<number, string> = new Map([
  [ipProtocol.icmp, "icmp"],
  [ipProtocol.tcp, "tcp"],
  [ipProtocol.udp, "udp"],
  [132, "sctp"],
]);

/** As `conntrack -L`: `udp      17 29 src=10.244.0.2 dst=10.96.0.53 sport=41001 dport=53 src=… [ASSURED] mark=0 use=1`. */
export function printConnection(world: World, row: number): string {
  const { conntrack, nowNs } = world;
  const { protocol } = conntrack.original.get(row);
  const isConfirmed = conntrack.has(row, status.confirmed);
  const leftNs = isConfirmed ? conntrack.timer.get(row) - nowNs : conntrack.timeoutNs.get(row);
  const seconds = Math.max(0, Math.floor(leftNs / 1e9));
  const words = [
    `${protocolName(protocol).padEnd(8)} ${protocol} ${seconds}`,
    printFlow(world, row),
    `mark=${conntrack.mark.get(row) >>> 0}`,
    `use=${conntrack.references.get(row)}`,
  ];
  return `${words.join(" ")}${printEvidence(conntrack.evidence.get(row))}`;
}

/** What of it does not pass with time: state, both directions, and flags. */
export function printFlow(world: World, row: number): string {
  const { conntrack } = world;
  const isReplied = conntrack.has(row, status.seenReply);
  return [
    ...connectionState(world, row),
    printTuple(conntrack.original.get(row)),
    ...(isReplied ? [] : ["[UNREPLIED]"]),
    printTuple(conntrack.reply.get(row)),
    ...(conntrack.has(row, status.assured) ? ["[ASSURED]"] : []),
  ].join(" ");
}

/** `ESTABLISHED`; nothing for protocols without states. */
function connectionState({ conntrack }: World, row: number): readonly string[] {
  const isTcp = conntrack.original.get(row).protocol === ipProtocol.tcp;
  return isTcp ? [tcpStateNames[conntrack.state.get(row)]] : [];
}

/** `unknown` as there, where the program knows no name. */
export function protocolName(protocol: number): string {
  return protocolNames.get(protocol) ?? "unknown";
}

/** `src=10.244.0.2 dst=10.96.0.53 sport=41001 dport=53`, `src=… dst=… type=8 code=0 id=101`. */
export function printTuple({ protocol, source, destination, sourcePort, destinationPort }: Tuple): string {
  const addresses = `src=${formatIpv4(source)} dst=${formatIpv4(destination)}`;
  if (protocol === ipProtocol.icmp)
    return `${addresses} type=${destinationPort >>> 8} code=${destinationPort & 0xff} id=${sourcePort}`;
  const hasPorts = protocol === ipProtocol.tcp || protocol === ipProtocol.udp || protocol === 132;
  return hasPorts ? `${addresses} sport=${sourcePort} dport=${destinationPort}` : addresses;
}

/** `10.244.0.2:41001`; of ICMP the identifier stands for the port. */
export function printSource({ source, sourcePort }: Tuple): string {
  return `${formatIpv4(source)}:${sourcePort}`;
}

export function printTarget({ protocol, destination, destinationPort }: Tuple): string {
  return protocol === ipProtocol.icmp ? formatIpv4(destination) : `${formatIpv4(destination)}:${destinationPort}`;
}
