import { hooksOfTable, tableNames } from "../../config/iptables/rule-set.ts";
import { findNetns } from "../inspect/find.ts";
import { sysctlKeys } from "../inspect/shown-machines.ts";
import { commands } from "./commands.ts";
import {
  addressesFor,
  type CompletionContext,
  devicesFor,
  namespacesOf,
  type Proposal,
  podsOf,
  proposals,
  servicesOf,
  verbs,
} from "./completion-context.ts";

/** What may stand behind the words of a command, of which the last one is being written. */
export function completeCommand(context: CompletionContext, words: readonly string[]): readonly Proposal[] {
  const { rest, netns } = unwrapped(context, words);
  if (rest.length === 0) return [];
  const [program, ...args] = rest;
  if (args.length === 0) return proposals("command", [...commands.map(({ name }) => name), ...verbs]);
  const before = args[args.length - 2] ?? "";
  const byOption = afterWord(context, program, before, netns);
  if (byOption !== undefined) return byOption;
  return wordsOf(context, program, args, netns);
}

/** As `unwrap`, of a line that is not whole. */
function unwrapped(
  context: CompletionContext,
  words: readonly string[],
): { readonly rest: readonly string[]; readonly netns: number } {
  const named = (name: string | undefined) => (name === undefined ? 0 : findNetns(context.world, name));
  if (words[0] === "sudo" && words.length > 1) return unwrapped(context, words.slice(1));
  if (words[0] === "ip" && words[1] === "netns" && words[2] === "exec" && words.length > 4)
    return { rest: words.slice(4), netns: named(words[3]) };
  const dashes = words.indexOf("--");
  if (words[0] === "kubectl" && words[1] === "exec" && dashes > 2 && words.length > dashes + 1)
    return {
      rest: words.slice(dashes + 1),
      netns: named(words.slice(2, dashes).find((word) => !word.startsWith("-"))),
    };
  const at = words.findIndex((word) => word === "-n" || word === "-netns");
  return { rest: words, netns: named(at < 0 ? undefined : words[at + 1]) || context.here };
}

/** What a word asks for, whatever the command; undefined where it asks for nothing. */
function afterWord(
  context: CompletionContext,
  program: string,
  before: string,
  netns: number,
): readonly Proposal[] | undefined {
  if (before === "exec") return program === "kubectl" ? podsOf(context) : namespacesOf(context);
  const takesNetns = program === "ip" || program === "bridge" || (program === "iptables" && netns === 0);
  if ((before === "-n" || before === "-netns") && takesNetns) return namespacesOf(context);
  if (["dev", "br", "brport", "master", "iif", "-I"].includes(before)) return devicesFor(context, netns);
  if (program === "tcpdump" && before === "-i") return [...devicesFor(context, 0), ...devicesFor(context, netns)];
  if (["get", "from", "to", "via", "src", "host", "-s", "-d", "->"].includes(before) && program !== "kubectl")
    return [...addressesFor(context), ...(before === "->" ? [...namespacesOf(context), ...servicesOf(context)] : [])];
  if (before === "-t" && program.startsWith("iptables")) return proposals("value", tableNames);
  return undefined;
}

const ipWords: Readonly<Record<string, readonly string[]>> = {
  "": ["addr", "link", "neigh", "route", "rule", "netns", "-n", "-j", "-br", "-s", "-4"],
  addr: ["show", "add", "del", "dev"],
  link: ["show", "set", "dev", "up", "down", "master", "mtu", "type"],
  neigh: ["show", "get", "add", "replace", "del", "dev", "lladdr", "nud"],
  route: ["show", "get", "add", "replace", "del", "dev", "via", "table", "from", "iif"],
  rule: ["show", "add", "del", "from", "to", "lookup", "iif", "fwmark", "pref"],
  netns: ["exec", "list"],
};
const bridgeWords: Readonly<Record<string, readonly string[]>> = {
  "": ["fdb", "link", "-n", "-j", "-d"],
  fdb: ["show", "add", "replace", "append", "del", "br", "dev", "master", "static", "dst", "self"],
  link: ["show", "set", "dev", "hairpin", "learning", "flood", "isolated", "on", "off"],
};
const plainWords: Readonly<Record<string, readonly string[]>> = {
  conntrack: ["-L", "-D", "-F", "-C", "-p", "--orig-src", "--orig-dst", "--orig-port-dst", "tcp", "udp", "icmp"],
  iptables: [
    "-L",
    "-S",
    "-A",
    "-I",
    "-D",
    "-F",
    "-P",
    "-N",
    "-X",
    "-Z",
    "-t",
    "-n",
    "-v",
    "--line-numbers",
    "-j",
    "-p",
  ],
  "iptables-save": ["-c", "-t"],
  nft: ["list", "ruleset", "tables", "table", "-s"],
  ss: ["-tln", "-uln", "-tan", "-uan", "-tuln", "-H"],
  tcpdump: ["-n", "-i", "-e", "-c", "-t", "arp", "icmp", "tcp", "udp", "host", "port", "and", "or", "not"],
  ping: ["-c", "-i", "-s", "-t", "-W", "-M"],
  curl: ["-s", "-m", "http://"],
  traceroute: ["-I", "-n", "-m", "-q", "-w"],
  arping: ["-c", "-I", "-U", "-A"],
  dig: ["+short", "+search", "+tcp", "-x", "A", "SRV", "AAAA", "PTR"],
  nc: ["-z", "-u", "-w", "-p"],
  cat: ["/etc/resolv.conf", "/proc/sys/net/ipv4/ip_forward"],
};
const kubectlWords: Readonly<Record<string, readonly string[]>> = {
  "": ["get", "exec"],
  get: ["pods", "services", "endpoints", "endpointslices", "nodes", "-o", "wide", "-A", "-n"],
};
/** Programs that a peer is named to. */
const senders = ["ping", "traceroute", "curl", "arping", "dig", "nc"];

function wordsOf(
  context: CompletionContext,
  program: string,
  args: readonly string[],
  netns: number,
): readonly Proposal[] {
  const of = (table: Readonly<Record<string, readonly string[]>>) => {
    const object = args.slice(0, -1).find((word) => word !== "" && Object.hasOwn(table, word)) ?? "";
    return proposals("command", table[object] ?? []);
  };
  if (program === "ip") return of(ipWords);
  if (program === "bridge") return of(bridgeWords);
  if (program === "kubectl") return of(kubectlWords);
  if (program === "sysctl") return [...proposals("option", ["-w", "-n", "-a"]), ...keysOf(context, netns)];
  const plain = proposals("option", plainWords[program] ?? []);
  if (program === "iptables") return [...plain, ...chainsOf(context, netns, args)];
  const peers = [...addressesFor(context), ...namespacesOf(context), ...servicesOf(context)];
  if (senders.includes(program)) return [...plain, ...peers];
  return verbs.includes(program) && !commands.some(({ name }) => name === program) ? peers : plain;
}

function keysOf({ world }: CompletionContext, netns: number): readonly Proposal[] {
  const always = ["net.ipv4.ip_forward", "net.ipv4.ip_default_ttl", "net.bridge.bridge-nf-call-iptables"];
  return proposals("value", [...always, ...(netns === 0 ? [] : sysctlKeys(world, netns))]);
}

function chainsOf({ world }: CompletionContext, netns: number, args: readonly string[]): readonly Proposal[] {
  const { netfilter } = world;
  const table = tableNames.find((name) => name === args[args.indexOf("-t") + 1]) ?? "filter";
  const own = netns === 0 ? [] : netfilter.chainsOf(netns, table).map((row) => netfilter.chainName.get(row));
  return proposals("value", [...hooksOfTable[table], ...own]);
}
