import { icmpNames, tcpFlagNames } from "./names.ts";
import { type Extension, type GivenOptions, present, type RuleProtocol } from "./options.ts";
import type { Inverted, Match, PortRange } from "./rule-set.ts";
import { readPorts, readUnsigned } from "./values.ts";

const inverted = { invertible: true } as const;
const portOptions = {
  "--sport": inverted,
  "--source-port": { is: "--sport", ...inverted },
  "--dport": inverted,
  "--destination-port": { is: "--dport", ...inverted },
} as const;

/** The matches on headers of protocols; `-p tcp` brings `-m tcp` with it where an option of it is written. */
export const transportMatches: Readonly<Record<string, Extension<Match>>> = {
  tcp: {
    options: {
      ...portOptions,
      "--syn": { words: 0, invertible: true },
      "--tcp-flags": { words: 2, invertible: true },
      "--tcp-option": inverted,
    },
    build: buildTcp,
  },
  udp: portMatch("udp", 17),
  sctp: portMatch("sctp", 132),
  icmp: { options: { "--icmp-type": inverted }, build: buildIcmp },
  multiport: {
    options: {
      "--sports": inverted,
      "--source-ports": { is: "--sports", ...inverted },
      "--dports": inverted,
      "--destination-ports": { is: "--dports", ...inverted },
      "--ports": inverted,
    },
    build: buildMultiport,
  },
};

/** Names of matches that an IP protocol brings. */
export const impliedMatches: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 132: "sctp" };

/** Of a header that begins with two ports. */
function portMatch(name: "udp" | "sctp", number: number): Extension<Match> {
  return {
    options: portOptions,
    build(given, protocol) {
      needs(given, protocol, number);
      return present({ match: name, sourcePorts: ports(given, "--sport"), destinationPorts: ports(given, "--dport") });
    },
  };
}

function needs(given: GivenOptions, protocol: RuleProtocol, number: number): void {
  if (protocol.number !== number) given.fail(`-m ${given.name} needs -p ${given.name} before it.`);
}

/** As the kernel keeps a range of ports: all of them is no condition, and all but the lowest ones is a range itself. */
function ports(given: GivenOptions, option: string): Inverted<PortRange> | undefined {
  const what = "a port from 0 to 65535, a service's name, or a range such as 1024:2000";
  const found = given.readInverted(option, what, (text) => readPorts(text));
  if (found === undefined) return undefined;
  const { first, last } = found.value;
  if (first === 0 && last === 65535) return undefined;
  if (found.inverted && first === 0 && last > 0) return { value: { first: last + 1, last: 65535 }, inverted: false };
  return found;
}

function buildTcp(given: GivenOptions, protocol: RuleProtocol): Match {
  needs(given, protocol, 6);
  if (given.has("--syn") && given.has("--tcp-flags")) given.fail("--syn and --tcp-flags exclude each other.", "--syn");
  const syn = { value: { mask: 0x17, set: 0x02 }, inverted: given.inverted("--syn") };
  return present({
    match: "tcp",
    sourcePorts: ports(given, "--sport"),
    destinationPorts: ports(given, "--dport"),
    flags: given.has("--syn") ? syn : flags(given),
    option: given.readInverted("--tcp-option", "a TCP option's number", (text) => readUnsigned(text, 255) || undefined),
  });
}

function flags(given: GivenOptions): Inverted<{ mask: number; set: number }> | undefined {
  const [mask, set] = [0, 1].map((index) => given.text("--tcp-flags", index));
  if (mask === undefined || set === undefined) return undefined;
  const value = { mask: flagBits(given, mask), set: flagBits(given, set) };
  return { value, inverted: given.inverted("--tcp-flags") };
}

function flagBits(given: GivenOptions, text: string): number {
  const name = text.toUpperCase();
  if (name === "ALL") return 0x3f;
  if (name === "NONE") return 0;
  return name.split(",").reduce((bits, word) => {
    const bit = (tcpFlagNames as readonly string[]).indexOf(word);
    if (bit < 0) given.fail(`"${word}" is not a TCP flag: ${tcpFlagNames.join(", ")}, ALL or NONE.`, "--tcp-flags");
    return bits | (1 << bit);
  }, 0);
}

function buildIcmp(given: GivenOptions, protocol: RuleProtocol): Match {
  needs(given, protocol, 1);
  given.required("--icmp-type");
  const found = given.read("--icmp-type", "an ICMP type, such as echo-request, 8 or 3/4", readIcmpType);
  const [type, code] = found ?? [255];
  const codes = code === undefined ? { first: 0, last: 255 } : { first: code, last: code };
  return { match: "icmp", type, codes, inverted: given.inverted("--icmp-type") };
}

function readIcmpType(text: string): readonly [type: number, code?: number] | undefined {
  const lower = text.toLowerCase();
  const name = Object.keys(icmpNames).find((one) => one.toLowerCase() === lower);
  if (name !== undefined) return icmpNames[name];
  const numbers = text.split("/").map((part) => readUnsigned(part, 255));
  const [type, code] = numbers;
  if (numbers.length > 2 || type === undefined || numbers.includes(undefined)) return undefined;
  return code === undefined ? [type] : [type, code];
}

function buildMultiport(given: GivenOptions, protocol: RuleProtocol): Match {
  const hasPorts = [6, 17, 33, 132, 136].includes(protocol.number) && !protocol.inverted;
  if (!hasPorts) given.fail("multiport needs -p tcp, udp, udplite, sctp or dccp.");
  const option = given.one(["--sports", "--dports", "--ports"]);
  const list = given.read(option, "a list of ports, such as 80,443,1000:2000", readPortList) ?? [];
  const places = list.reduce((sum, { first, last }) => sum + (first === last ? 1 : 2), 0);
  if (places > 15) given.fail("multiport has room for 15 ports; a range takes two of them.", option);
  const which = option.slice(2) as "sports" | "dports" | "ports";
  return { match: "multiport", which, ports: list, inverted: given.inverted(option) };
}

function readPortList(text: string): readonly PortRange[] | undefined {
  const list = text.split(",").map((part) => readPorts(part));
  return list.includes(undefined) ? undefined : list.filter((one) => one !== undefined);
}
