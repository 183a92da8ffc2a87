import { parseIpv4, parsePrefix } from "../../wire/address-text.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { transportOf } from "../../wire/frame-text.ts";
import { type Ipv4Prefix, prefixContains } from "../../wire/ipv4-address.ts";
import { parseMac } from "../../wire/mac-address.ts";
import { Complaint } from "./command.ts";

export type FrameFilter = (frame: EthernetFrame) => boolean;

/** Reads a filter as tcpdump takes it (pcap-filter(7)): protocols, host, net, port, ether host, src and dst, and, or, not, brackets. */
export function captureFilter(words: readonly string[]): FrameFilter {
  if (words.length === 0) return () => true;
  const tokens = words
    .join(" ")
    .replace(/([()!])/g, " $1 ")
    .split(/\s+/)
    .filter(Boolean);
  const reader = new FilterReader(tokens);
  return reader.whole();
}

type Side = "src" | "dst" | "either";

class FilterReader {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  whole(): FrameFilter {
    const filter = this.anyOf();
    if (this.at < this.tokens.length) throw syntaxError();
    return filter;
  }

  private anyOf(): FrameFilter {
    let filter = this.allOf();
    while (this.takeIf("or", "||")) {
      const [one, other] = [filter, this.allOf()];
      filter = (frame) => one(frame) || other(frame);
    }
    return filter;
  }

  private allOf(): FrameFilter {
    let filter = this.single();
    while (this.takeIf("and", "&&")) {
      const [one, other] = [filter, this.single()];
      filter = (frame) => one(frame) && other(frame);
    }
    return filter;
  }

  private single(): FrameFilter {
    if (this.takeIf("not", "!")) {
      const filter = this.single();
      return (frame) => !filter(frame);
    }
    if (this.takeIf("(")) {
      const filter = this.anyOf();
      if (!this.takeIf(")")) throw syntaxError();
      return filter;
    }
    return this.primitive();
  }

  private primitive(): FrameFilter {
    const protocol = protocolFilters[this.tokens[this.at] ?? ""];
    if (protocol === undefined) return this.qualified();
    this.at++;
    const isQualified = /^(src|dst|port|host|net)$/.test(this.tokens[this.at] ?? "");
    if (!isQualified) return protocol;
    const filter = this.qualified();
    return (frame) => protocol(frame) && filter(frame);
  }

  private qualified(): FrameFilter {
    const isEther = this.takeIf("ether");
    const side: Side = this.takeIf("src") ? "src" : this.takeIf("dst") ? "dst" : "either";
    if (isEther) {
      this.takeIf("host");
      return etherFilter(side, this.take());
    }
    if (this.takeIf("port")) return portFilter(side, this.take());
    if (this.takeIf("net")) return hostFilter(side, prefixOf(this.take()));
    this.takeIf("host");
    return hostFilter(side, prefixOf(this.take()));
  }

  private take(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw syntaxError();
    return token;
  }

  private takeIf(...tokens: readonly string[]): boolean {
    if (!tokens.includes(this.tokens[this.at] ?? "")) return false;
    this.at++;
    return true;
  }
}

function syntaxError(): Complaint {
  return new Complaint("tcpdump: can't parse filter expression: syntax error");
}

function kindOf(frame: EthernetFrame): string {
  const { payload } = frame;
  if (payload.kind !== "ipv4") return payload.kind;
  const { kind } = transportOf(payload);
  return kind.startsWith("icmp") ? "icmp" : kind.replace("-head", "");
}

const protocolFilters: Readonly<Record<string, FrameFilter>> = {
  arp: ({ payload }) => payload.kind === "arp",
  ip: ({ payload }) => payload.kind === "ipv4",
  icmp: (frame) => kindOf(frame) === "icmp",
  tcp: (frame) => kindOf(frame) === "tcp",
  udp: (frame) => kindOf(frame) === "udp",
};

function prefixOf(word: string): Ipv4Prefix {
  const address = parseIpv4(word);
  const prefix = address === undefined ? parsePrefix(word) : { address, length: 32 };
  if (prefix === undefined) throw new Complaint(`tcpdump: unknown host '${word}': names are not looked up here.`);
  return prefix;
}

function hostFilter(side: Side, prefix: Ipv4Prefix): FrameFilter {
  return ({ payload }) => {
    if (payload.kind === "other") return false;
    const [source, destination] =
      payload.kind === "arp" ? [payload.senderIp, payload.targetIp] : [payload.source, payload.destination];
    const isSource = prefixContains(prefix, source);
    const isDestination = prefixContains(prefix, destination);
    return side === "src" ? isSource : side === "dst" ? isDestination : isSource || isDestination;
  };
}

function portFilter(side: Side, word: string): FrameFilter {
  const port = Number(word);
  if (!Number.isInteger(port)) throw new Complaint(`tcpdump: unknown port '${word}'`);
  return ({ payload }) => {
    if (payload.kind !== "ipv4" || payload.fragmentOffset > 0) return false;
    const transport = transportOf(payload);
    if (!("sourcePort" in transport)) return false;
    const [isSource, isDestination] = [transport.sourcePort === port, transport.destinationPort === port];
    return side === "src" ? isSource : side === "dst" ? isDestination : isSource || isDestination;
  };
}

function etherFilter(side: Side, word: string): FrameFilter {
  const mac = parseMac(word);
  if (mac === undefined) throw new Complaint(`tcpdump: illegal ether address '${word}'`);
  return ({ source, destination }) =>
    side === "src" ? source === mac : side === "dst" ? destination === mac : source === mac || destination === mac;
}
