import { formatIpv4, formatPrefix, type Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { tcpFlagNames } from "./names.ts";
import { hex, portsText, quoted } from "./print-words.ts";
import type { Inverted, Match, PortRange } from "./rule-set.ts";

type Of<Name extends Match["match"]> = Extract<Match, { match: Name }>;

/** `-m NAME …` with its options in the order of iptables 1.8.9. */
export function printMatch(match: Match): string {
  return [`-m ${match.match}`, ...optionsOf(match)].join(" ");
}

function optionsOf(match: Match): readonly string[] {
  switch (match.match) {
    case "comment":
      return [`--comment ${quoted(match.text)}`];
    case "addrtype":
      return [
        ...listed("--src-type", match.source),
        ...listed("--dst-type", match.destination),
        ...(match.limitInterfaceIn ? ["--limit-iface-in"] : []),
        ...(match.limitInterfaceOut ? ["--limit-iface-out"] : []),
      ];
    case "conntrack":
      return conntrack(match);
    case "state":
      return listed("--state", match.states);
    case "mark":
    case "connmark": {
      const mask = match.mask === 0xffffffff ? "" : `/${hex(match.mask)}`;
      return [`${not(match)}--mark ${hex(match.value)}${mask}`];
    }
    case "multiport":
      return [`${not(match)}--${match.which} ${match.ports.map((one) => portsText(one)).join(",")}`];
    case "physdev":
      return [
        ...option("--physdev-is-in", match.isIn),
        ...option("--physdev-in", match.in),
        ...option("--physdev-is-out", match.isOut),
        ...option("--physdev-out", match.out),
        ...option("--physdev-is-bridged", match.isBridged),
      ];
    case "recent":
      return recent(match);
    case "statistic":
      return match.mode === "random"
        ? ["--mode random", `${not(match)}--probability ${(match.probability31 / 2 ** 31).toFixed(11)}`]
        : ["--mode nth", `${not(match)}--every ${match.every}`, `--packet ${match.packet}`];
    case "set":
      return [`${not(match)}--match-set ${match.name} ${match.sides.join(",")}`];
    case "tcp":
    case "udp":
    case "sctp":
      return transport(match);
    case "icmp":
      return [`${not(match)}--icmp-type ${icmpType(match)}`];
    case "limit":
      return [`--limit ${match.average}/${match.per}`, ...(match.burst === 5 ? [] : [`--limit-burst ${match.burst}`])];
    case "nfacct":
      return [`--nfacct-name ${match.name}`];
  }
}

function not({ inverted }: { readonly inverted: boolean }): string {
  return inverted ? "! " : "";
}

function option<Value>(
  name: string,
  condition: Inverted<Value> | undefined,
  text: (value: Value) => string = (value) => (value === true ? "" : String(value)),
): readonly string[] {
  return condition === undefined ? [] : [`${not(condition)}${name} ${text(condition.value)}`.trimEnd()];
}

function listed(name: string, condition: Inverted<readonly string[]> | undefined): readonly string[] {
  return option(name, condition, (names) => names.join(","));
}

function conntrack(match: Of<"conntrack">): readonly string[] {
  const host = (name: string, one: Inverted<Ipv4Prefix> | undefined) => option(name, one, hostText);
  const ports = (name: string, one: Inverted<PortRange> | undefined) => option(name, one, (range) => portsText(range));
  return [
    ...listed("--ctstate", match.states),
    ...option("--ctproto", match.protocol),
    ...host("--ctorigsrc", match.originalSource),
    ...host("--ctorigdst", match.originalDestination),
    ...host("--ctreplsrc", match.replySource),
    ...host("--ctrepldst", match.replyDestination),
    ...ports("--ctorigsrcport", match.originalSourcePort),
    ...ports("--ctorigdstport", match.originalDestinationPort),
    ...ports("--ctreplsrcport", match.replySourcePort),
    ...ports("--ctrepldstport", match.replyDestinationPort),
    ...listed("--ctstatus", match.status),
    ...(match.direction === undefined ? [] : [`--ctdir ${match.direction}`]),
  ];
}

/** Unlike `-s`, conntrack leaves out the length of a single address. */
function hostText(prefix: Ipv4Prefix): string {
  return prefix.length === 32 ? formatIpv4(prefix.address) : formatPrefix(prefix);
}

function recent(match: Of<"recent">): readonly string[] {
  return [
    `${not(match)}--${match.operation}`,
    ...(match.seconds === undefined ? [] : [`--seconds ${match.seconds}`]),
    ...(match.reap ? ["--reap"] : []),
    ...(match.hitCount === undefined ? [] : [`--hitcount ${match.hitCount}`]),
    ...(match.ttl ? ["--rttl"] : []),
    `--name ${match.name}`,
    `--mask ${formatIpv4(match.mask)}`,
    match.side === "source" ? "--rsource" : "--rdest",
  ];
}

function transport(match: Extract<Match, { readonly sourcePorts?: unknown }>): readonly string[] {
  const ports = [
    ...option("--sport", match.sourcePorts, (range) => portsText(range)),
    ...option("--dport", match.destinationPorts, (range) => portsText(range)),
  ];
  if (match.match !== "tcp") return ports;
  const flags = option("--tcp-flags", match.flags, ({ mask, set }) => `${flagNames(mask)} ${flagNames(set)}`);
  return [...ports, ...option("--tcp-option", match.option), ...flags];
}

function flagNames(bits: number): string {
  return tcpFlagNames.filter((_, index) => (bits >> index) & 1).join(",") || "NONE";
}

function icmpType({ type, codes }: Of<"icmp">): string {
  if (type === 255) return "any";
  return codes.first === 0 && codes.last === 255 ? String(type) : `${type}/${portsText(codes)}`;
}
