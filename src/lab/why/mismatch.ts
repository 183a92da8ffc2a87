import { printMatch } from "../../config/iptables/print-match.ts";
import { printRule } from "../../config/iptables/print-rule.ts";
import type { Match, Rule } from "../../config/iptables/rule-set.ts";
import { connectionState } from "../../linux/conntrack/state.ts";
import { matchesRule } from "../../linux/netfilter/match.ts";
import { portsOf, type Subject } from "../../linux/netfilter/subject.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { printTuple, protocolName } from "../inspect/print-connection.ts";

/** What asks the kernel's memory or chance, so that asking it again would change the world. */
const remembering: ReadonlySet<Match["match"]> = new Set(["limit", "recent", "statistic"]);

/**
 * The first part of a rule that a packet does not fit, and what the packet has in its place:
 * `-d 10.96.0.10/32: the destination is 10.244.0.3`. For a rule that did not match.
 */
export function firstMismatch(world: World, row: number, rule: Rule, subject: Subject): string {
  const bare: Rule = { matches: [], counters: rule.counters, line: 0 };
  for (const [part, value] of headerParts(world, rule, subject)) {
    const only: Rule = { ...bare, ...part };
    if (!matchesRule(world, row, only, subject)) return `${printRule(only)}: ${value()}`;
  }
  for (const match of rule.matches) {
    if (remembering.has(match.match)) return `${printMatch(match)}: ${memoryText(match)}`;
    if (!matchesRule(world, row, { ...bare, matches: [match] }, subject))
      return `${printMatch(match)}: ${matchValue(world, match, subject)}`;
  }
  return "it matched";
}

type Part = readonly [Partial<Rule>, () => string];

/** In the order in which the kernel asks. */
function headerParts(world: World, rule: Rule, { ip, at }: Subject): readonly Part[] {
  const { source, destination, inInterface, outInterface, protocol, fragment } = rule;
  const device = (row: number) => (row === 0 ? "no interface" : world.devices.name.get(row));
  const parts: Part[] = [
    [{ source }, () => `the source is ${formatIpv4(ip.source)}`],
    [{ destination }, () => `the destination is ${formatIpv4(ip.destination)}`],
    [{ inInterface }, () => `it came in by ${device(at.inDevice)}`],
    [{ outInterface }, () => `it leaves by ${device(at.outDevice)}`],
    [{ protocol }, () => `the protocol is ${kindText(ip)}`],
    [{ fragment }, () => "it is no later fragment"],
  ];
  return parts.filter(([part]) => Object.values(part)[0] !== undefined);
}

function kindText({ payload }: Subject["ip"]): string {
  if (payload.kind === "raw") return protocolName(payload.protocol);
  return payload.kind.startsWith("icmp") ? "icmp" : payload.kind;
}

function memoryText(match: Match): string {
  switch (match.match) {
    case "limit":
      return "more than the limit came, and no token was left";
    case "statistic":
      return match.mode === "nth" ? "it was not the turn of this packet" : "chance decided otherwise";
    default:
      return "the list of recent addresses says otherwise";
  }
}

function matchValue(world: World, match: Match, subject: Subject): string {
  const { ip, packet, netns } = subject;
  const { packets, conntrack, namespaces } = world;
  switch (match.match) {
    case "tcp":
    case "udp":
    case "sctp":
    case "multiport":
      return portText(subject);
    case "icmp":
      return ip.payload.kind.startsWith("icmp") && "type" in ip.payload
        ? `its type is ${ip.payload.type}`
        : `it is ${kindText(ip)}`;
    case "addrtype":
      return `${formatIpv4(ip.source)} > ${formatIpv4(ip.destination)} are not so in ${namespaces.name.get(netns)}`;
    case "mark":
      return `the mark is 0x${packets.mark.get(packet).toString(16)}`;
    case "connmark":
    case "conntrack":
    case "state": {
      const connection = packets.connection.get(packet);
      const state = connectionState(world, packet);
      const own = connection === 0 ? "it has no connection" : printTuple(conntrack.original.get(connection));
      return `the state is ${state}, ${own}`;
    }
    case "physdev":
      return bridgeText(world, packet);
    case "set":
      return `${formatIpv4(ip.source)} > ${formatIpv4(ip.destination)} ${match.inverted ? "are" : "are not"} in the set`;
    default:
      return "the packet is otherwise";
  }
}

function portText({ ip }: Subject): string {
  const ports = portsOf(ip);
  if (ports === undefined) return `it has no ports (${kindText(ip)})`;
  const flags = ip.payload.kind === "tcp" ? `, flags 0x${ip.payload.flags.toString(16)}` : "";
  return `${kindText(ip)} ports ${ports.source} > ${ports.destination}${flags}`;
}

function bridgeText({ packets, devices }: World, packet: number): string {
  const info = packets.bridgeInfo.get(packet);
  if (info === null) return "no bridge handed it over";
  const out = info.outPort === 0 ? "" : ` and leaves by ${devices.name.get(info.outPort)}`;
  return `it came in by the port ${devices.name.get(info.inPort)}${out}`;
}
