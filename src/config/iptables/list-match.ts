import { formatIpv4, formatPrefix, type Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { hex, portsText } from "./print-words.ts";
import type { Inverted, Match, NatRange, PortRange, Target } from "./rule-set.ts";

/** Matches and targets as `iptables -L -n` shows them (iptables 1.8.9): unlike what `-S` prints, each has a form of its own. */

export function listMatch(match: Match): string {
  switch (match.match) {
    case "comment":
      return `/* ${match.text} */`;
    case "addrtype":
      return [
        "ADDRTYPE match",
        ...named("src-type", match.source, (types) => types.join(",")),
        ...named("dst-type", match.destination, (types) => types.join(",")),
        ...(match.limitInterfaceIn ? ["limit-in"] : []),
        ...(match.limitInterfaceOut ? ["limit-out"] : []),
      ].join(" ");
    case "conntrack":
      return conntrack(match);
    case "state":
      return `${before(match.states)}state ${match.states.value.join(",")}`;
    case "mark":
      return `mark match ${match.inverted ? "! " : ""}${masked(match)}`;
    case "connmark":
      return `connmark match ${match.inverted ? "! " : ""} ${masked(match)}`;
    case "multiport":
      return `multiport ${match.which} ${match.inverted ? " !" : ""}${match.ports.map((one) => portsText(one)).join(",")}`;
    case "physdev":
      return [
        "PHYSDEV match",
        ...physdev("--physdev-is-in", match.isIn),
        ...physdev("--physdev-in", match.in),
        ...physdev("--physdev-is-out", match.isOut),
        ...physdev("--physdev-out", match.out),
        ...physdev("--physdev-is-bridged", match.isBridged),
      ].join(" ");
    case "recent":
      return recent(match);
    case "statistic":
      return match.mode === "random"
        ? `statistic mode random${match.inverted ? " !" : ""} probability ${(match.probability31 / 2 ** 31).toFixed(11)}`
        : `statistic mode nth${match.inverted ? " !" : ""} every ${match.every}${match.packet === 0 ? "" : ` packet ${match.packet}`}`;
    case "set":
      return `${match.inverted ? "! " : ""}match-set ${match.name} ${match.sides.join(",")}`;
    case "tcp":
    case "udp":
    case "sctp":
      return transport(match);
    case "icmp":
      return icmp(match);
    case "limit":
      return `limit: avg ${match.average}/${match.per} burst ${match.burst}`;
    case "nfacct":
      return `nfacct-name ${match.name}`;
  }
}

type Of<Name extends Match["match"]> = Extract<Match, { match: Name }>;

function before({ inverted }: { readonly inverted: boolean }): string {
  return inverted ? "! " : "";
}

function named<Value>(
  name: string,
  one: Inverted<Value> | undefined,
  text: (value: Value) => string,
): readonly string[] {
  return one === undefined ? [] : [`${name} ${one.inverted ? "!" : ""}${text(one.value)}`];
}

function masked({ value, mask }: { readonly value: number; readonly mask: number }): string {
  return mask === 0xffff_ffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

function physdev(name: string, one: Inverted<string | true> | undefined): readonly string[] {
  if (one === undefined) return [];
  return [`${before(one)}${name}${one.value === true ? "" : ` ${one.value}`}`];
}

function conntrack(match: Of<"conntrack">): string {
  const asked = <Value>(name: string, one: Inverted<Value> | undefined, text: (value: Value) => string) =>
    one === undefined ? [] : [`${before(one)}${name} ${text(one.value)}`];
  const host = (prefix: Ipv4Prefix) => (prefix.length === 32 ? formatIpv4(prefix.address) : formatPrefix(prefix));
  const ports = (range: PortRange) => portsText(range);
  return [
    ...asked("ctstate", match.states, (states) => states.join(",")),
    ...asked("ctproto", match.protocol, String),
    ...asked("ctorigsrc", match.originalSource, host),
    ...asked("ctorigdst", match.originalDestination, host),
    ...asked("ctreplsrc", match.replySource, host),
    ...asked("ctrepldst", match.replyDestination, host),
    ...asked("ctorigsrcport", match.originalSourcePort, ports),
    ...asked("ctorigdstport", match.originalDestinationPort, ports),
    ...asked("ctreplsrcport", match.replySourcePort, ports),
    ...asked("ctrepldstport", match.replyDestinationPort, ports),
    ...asked("ctstatus", match.status, (names) => names.join(",")),
    ...(match.direction === undefined ? [] : [`ctdir ${match.direction}`]),
  ].join(" ");
}

const operations = { set: "SET", rcheck: "CHECK", update: "UPDATE", remove: "REMOVE" } as const;

function recent(match: Of<"recent">): string {
  return [
    `${before(match)}recent: ${operations[match.operation]}`,
    ...(match.seconds === undefined ? [] : [`seconds: ${match.seconds}`]),
    ...(match.reap ? ["reap"] : []),
    ...(match.hitCount === undefined ? [] : [`hit_count: ${match.hitCount}`]),
    ...(match.ttl ? ["TTL-Match"] : []),
    `name: ${match.name}`,
    `side: ${match.side === "source" ? "source" : "dest"}`,
    `mask: ${formatIpv4(match.mask)}`,
  ].join(" ");
}

function transport(match: Extract<Match, { readonly sourcePorts?: unknown }>): string {
  const words: string[] = [match.match];
  for (const [name, ports] of [["spt", match.sourcePorts] as const, ["dpt", match.destinationPorts] as const])
    if (ports !== undefined) {
      const isOne = ports.value.first === ports.value.last;
      words.push(`${name}${isOne ? "" : "s"}:${ports.inverted ? "!" : ""}${portsText(ports.value)}`);
    }
  if (match.match === "tcp") {
    if (match.option !== undefined) words.push(`option=${match.option.inverted ? "!" : ""}${match.option.value}`);
    if (match.flags !== undefined)
      words.push(`flags:${match.flags.inverted ? "!" : ""}${flagsText(match.flags.value)}`);
  }
  return words.join(" ");
}

function flagsText({ mask, set }: { readonly mask: number; readonly set: number }): string {
  const text = (bits: number) => `0x${bits.toString(16).padStart(2, "0").toUpperCase()}`;
  return `${text(mask)}/${text(set)}`;
}

function icmp({ type, codes, inverted }: Of<"icmp">): string {
  const isAny = codes.first === 0 && codes.last === 255;
  const code = isAny ? "" : codes.first === codes.last ? ` code ${codes.first}` : ` codes ${codes.first}-${codes.last}`;
  return `${inverted ? "!" : ""}icmptype ${type}${code}`;
}

/** What the columns do not say of a target; empty for most. */
export function listTarget(target: Target): string {
  switch (target.target) {
    case "REJECT":
      return `reject-with ${target.with}`;
    case "MARK":
      return `MARK ${markText(target)}`;
    case "CONNMARK":
      return connmark(target);
    case "LOG":
      return [
        `LOG flags ${logFlags(target.options)} level ${target.level}`,
        ...(target.prefix === "" ? [] : [`prefix "${target.prefix}"`]),
      ].join(" ");
    case "DNAT":
    case "SNAT":
      return `to:${natText(target.range)}`;
    case "MASQUERADE":
      return portsAndFlags("masq ports: ", target.range);
    case "REDIRECT":
      return portsAndFlags("redir ports ", target.range);
    case "NOTRACK":
      return target.spelling === "CT" ? "CT notrack" : "NOTRACK";
    default:
      return "";
  }
}

/** Bits of `ipt_log_info.logflags`. */
const logBits: Readonly<Record<string, number>> = {
  "--log-tcp-sequence": 1,
  "--log-tcp-options": 2,
  "--log-ip-options": 4,
  "--log-uid": 8,
  "--log-macdecode": 32,
};

function logFlags(options: readonly string[]): number {
  return options.reduce((bits, option) => bits | (logBits[option] ?? 0), 0);
}

function markText({ value, mask }: { readonly value: number; readonly mask: number }): string {
  if (value === 0) return `and ${hex(~mask >>> 0)}`;
  if (value === mask) return `or ${hex(value)}`;
  if (mask === 0) return `xor ${hex(value)}`;
  return mask === 0xffff_ffff ? `set ${hex(value)}` : `xset ${hex(value)}/${hex(mask)}`;
}

function connmark({ operation, value, packetMask, connectionMask }: Extract<Target, { target: "CONNMARK" }>): string {
  if (operation === "set-xmark") return `CONNMARK ${markText({ value, mask: connectionMask })}`;
  const way = operation === "save-mark" ? "save" : "restore";
  const all = 0xffff_ffff;
  if (packetMask === all && connectionMask === all) return `CONNMARK ${way}`;
  if (packetMask === connectionMask) return `CONNMARK ${way} mask ${hex(packetMask)}`;
  const [one, other] =
    way === "save"
      ? [["nfmask", packetMask] as const, ["ctmask", connectionMask] as const]
      : [["ctmask", connectionMask] as const, ["nfmask", packetMask] as const];
  return `CONNMARK ${way} ${one[0]} ${hex(one[1])} ${other[0]} ~${hex(other[1])}`;
}

function natText(range: NatRange): string {
  const { addresses, ports } = range;
  const address = addresses === undefined ? "" : formatIpv4(addresses.first);
  const last = addresses === undefined || addresses.first === addresses.last ? "" : `-${formatIpv4(addresses.last)}`;
  const port = ports === undefined ? "" : `:${portsText(ports, "-")}`;
  return `${address}${last}${port}${flagsOf(range)}`;
}

function portsAndFlags(title: string, range: NatRange): string {
  const ports = range.ports === undefined ? "" : `${title}${portsText(range.ports, "-")}`;
  return `${ports}${flagsOf(range)}`.trimStart();
}

function flagsOf({ random, randomFully, persistent }: NatRange): string {
  return `${random ? " random" : ""}${randomFully ? " random-fully" : ""}${persistent ? " persistent" : ""}`;
}
