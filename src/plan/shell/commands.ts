import { conntrackWords } from "../../config/conntrack-command.ts";
import { ruleMarkText } from "../../config/ip-command.ts";
import { setWords } from "../../config/ipset-command.ts";
import { formatIpv4, formatPrefix, type Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { formatMac } from "../../wire/mac-address.ts";
import type {
  BridgeAdd,
  ConntrackCommand,
  FdbCommand,
  LinkSet,
  Listen,
  NeighbourCommand,
  RouteCommand,
  RuleCommand,
  SetUpCommand,
  SysctlSet,
  VethAdd,
  VxlanAdd,
} from "../commands.ts";
import { baselineSysctls, isMachineWide } from "./baseline.ts";
import type { NamespaceNames } from "./namespace-names.ts";
import { netfilterCommands } from "./netfilter.ts";

/** A program's name and its arguments. */
export type Argv = readonly string[];

/** One command, and the routine that stands for it where it would be repeated at length. */
export interface ShellCommand {
  readonly argv: Argv;
  /** What it reads from its standard input. */
  readonly input?: string;
  readonly routine?: { readonly name: RoutineName; readonly args: readonly string[] };
}

/** What an administrator types for one command of a plan. */
export interface ShellForm {
  readonly commands: readonly ShellCommand[];
  /** Why there is nothing to type. */
  readonly note?: string;
}

/** The commands for one step of the set-up, or for one change while a scenario runs. They touch only the plan's namespaces. */
export function shellForm(command: SetUpCommand, names: NamespaceNames): ShellForm {
  switch (command.do) {
    case "node add":
      // One kernel each in the plan; here they share this machine's.
      return { commands: [] };
    case "netns add":
      return netnsAdd(names.of(command.netns));
    case "veth add":
      return vethAdd(command, names);
    case "bridge add":
      return bridgeAdd(command, names.of(command.netns));
    case "vxlan add":
      return vxlanAdd(command, names.of(command.netns));
    case "link set":
      return commands(...linkSet(command, names.of(command.netns)));
    case "addr add":
    case "addr del": {
      const action = command.do === "addr add" ? "add" : "del";
      return commands([
        ...ip(names.of(command.netns), "addr", action),
        formatPrefix(command.prefix),
        "dev",
        command.dev,
      ]);
    }
    case "route add":
    case "route replace":
    case "route del":
      return commands(route(command, names.of(command.netns)));
    case "neigh add":
    case "neigh replace":
    case "neigh del":
      return commands(neighbour(command, names.of(command.netns)));
    case "rule add":
    case "rule del":
      return commands(rule(command, names.of(command.netns)));
    case "fdb add":
    case "fdb append":
    case "fdb replace":
    case "fdb del":
      return commands(fdb(command, names.of(command.netns)));
    case "sysctl":
      return sysctl(command, names.of(command.netns));
    case "iptables-restore":
    case "iptables":
    case "nft":
      return { commands: netfilterCommands(command, names.of(command.netns)) };
    case "ipset":
      return commands(
        ...setWords(command.change).map((words) => inNamespace(names.of(command.netns), ["ipset", ...words])),
      );
    case "conntrack delete":
      return commands(inNamespace(names.of(command.netns), conntrackArgv(command)));
    case "inform":
      return { commands: [], note: `container ${command.container} learns of it from the API server` };
    case "listen":
      return { commands: [], note: listenNote(command) };
    case "hub add":
      return { commands: [], note: `hub ${command.hub}: Linux has no twin of it` };
    case "station add":
      return { commands: [], note: `${command.netns}/${command.dev} is a card on hub ${command.hub}` };
  }
}

/** Runs a program inside a namespace. */
export function inNamespace(name: string, argv: Argv): Argv {
  return ["ip", "netns", "exec", name, ...argv];
}

/** What is done to every namespace and to every device. */
export const routines = {
  /** What a namespace copies from the machine it is made on becomes what the kernel begins with. */
  kernel_defaults: (name: string): Argv =>
    inNamespace(name, ["sysctl", "-qw", ...baselineSysctls.map(([key, value]) => `${key}=${value}`)]),
  /** Otherwise captures show frames that no cable carries: without checksums, or longer than the MTU. */
  without_offloads: (name: string, dev: string): Argv =>
    inNamespace(name, ["ethtool", "-K", dev, ..."rx off tx off tso off gso off gro off".split(" ")]),
} as const;

export type RoutineName = keyof typeof routines;

function commands(...argvs: readonly Argv[]): ShellForm {
  return { commands: argvs.map((argv) => ({ argv })) };
}

function netnsAdd(name: string): ShellForm {
  const defaults = {
    argv: routines.kernel_defaults(name),
    routine: { name: "kernel_defaults", args: [name] },
  } as const;
  return { commands: [{ argv: ["ip", "netns", "add", name] }, defaults] };
}

function ip(name: string, ...words: readonly string[]): string[] {
  return ["ip", "-n", name, ...words];
}

/** Both ends begin their life in their namespaces; nothing passes through the machine's own. */
function vethAdd(command: VethAdd, names: NamespaceNames): ShellForm {
  const { dev, mac, peerDev, peerMac } = command;
  const [name, peerName] = [names.of(command.netns), names.of(command.peerNetns)];
  const add = [
    ...ip(name, "link", "add", "name", dev, ...macWords(mac), "type", "veth"),
    ...["peer", "name", peerDev, "netns", peerName, ...macWords(peerMac)],
  ];
  return { commands: [{ argv: add }, withoutOffloads(name, dev), withoutOffloads(peerName, peerDev)] };
}

/** Without snooping: a snooping bridge reports itself to all others (224.0.0.106), which the plan does not ask for. */
function bridgeAdd({ dev, mac, ageingTimeNs }: BridgeAdd, name: string): ShellForm {
  // iproute2 takes it in hundredths of a second.
  const ageing = ageingTimeNs === undefined ? [] : ["ageing_time", String(Math.round(ageingTimeNs / 10_000_000))];
  const add = [
    ...ip(name, "link", "add", "name", dev, ...macWords(mac)),
    "type",
    "bridge",
    ...ageing,
    "mcast_snooping",
    "0",
  ];
  return { commands: [{ argv: add }, withoutOffloads(name, dev)] };
}

function withoutOffloads(name: string, dev: string): ShellCommand {
  return { argv: routines.without_offloads(name, dev), routine: { name: "without_offloads", args: [name, dev] } };
}

function rule({ do: action, from, to, iif, fwmark, priority, table }: RuleCommand, name: string): Argv {
  return [
    ...ip(name, "rule", action.slice("rule ".length)),
    ...(from === undefined ? [] : ["from", formatPrefix(from)]),
    ...(to === undefined ? [] : ["to", formatPrefix(to)]),
    ...(fwmark === undefined ? [] : ["fwmark", ruleMarkText(fwmark)]),
    ...(iif === undefined ? [] : ["iif", iif]),
    ...(priority === undefined ? [] : ["pref", String(priority)]),
    ...(table === undefined ? [] : ["lookup", String(table)]),
  ];
}

function vxlanAdd(command: VxlanAdd, name: string): ShellForm {
  const { dev, mac, vni, local, underlying, port, learning, ttl } = command;
  const add = [
    ...ip(name, "link", "add", "name", dev, ...macWords(mac), "type", "vxlan", "id", String(vni)),
    ...(local === undefined ? [] : ["local", formatIpv4(local)]),
    ...(underlying === undefined ? [] : ["dev", underlying]),
    ...["dstport", String(port), learning ? "learning" : "nolearning"],
    ...(ttl === undefined ? [] : ["ttl", String(ttl)]),
  ];
  return { commands: [{ argv: add }, withoutOffloads(name, dev)] };
}

function fdb({ do: action, dev, mac, kind, self, remote }: FdbCommand, name: string): Argv {
  return [
    ...["bridge", "-n", name, "fdb", action.slice("fdb ".length), formatMac(mac), "dev", dev],
    ...(remote === undefined ? [] : ["dst", formatIpv4(remote)]),
    self ? "self" : "master",
    ...(kind === undefined ? [] : [kind]),
  ];
}

function linkSet(command: LinkSet, name: string): readonly Argv[] {
  const { dev, up, mtu, mac, master } = command;
  const settings = [
    ...(mtu === undefined ? [] : ["mtu", String(mtu)]),
    ...macWords(mac),
    ...(master === undefined ? [] : master === null ? ["nomaster"] : ["master", master]),
    ...(up === undefined ? [] : [up ? "up" : "down"]),
  ];
  const set = settings.length === 0 ? [] : [[...ip(name, "link", "set", "dev", dev), ...settings]];
  const port = portSettings.flatMap(([word, key]) => {
    const value = command[key];
    return value === undefined ? [] : [word, value ? "on" : "off"];
  });
  return port.length === 0 ? set : [...set, ["bridge", "-n", name, "link", "set", "dev", dev, ...port]];
}

const portSettings = [
  ["hairpin", "hairpin"],
  ["learning", "learning"],
  ["flood", "flood"],
  ["mcast_flood", "mcastFlood"],
  ["bcast_flood", "bcastFlood"],
  ["isolated", "isolated"],
] as const;

function route(command: RouteCommand, name: string): Argv {
  const { type, destination, via, dev, preferredSource, metric, onlink, table } = command;
  return [
    ...ip(name, "route", command.do.slice("route ".length)),
    ...(type === "unicast" ? [] : [type]),
    destinationText(destination),
    ...(via === undefined ? [] : ["via", formatIpv4(via)]),
    ...(dev === undefined ? [] : ["dev", dev]),
    ...(preferredSource === undefined ? [] : ["src", formatIpv4(preferredSource)]),
    ...(metric === undefined ? [] : ["metric", String(metric)]),
    ...(onlink ? ["onlink"] : []),
    ...(table === undefined ? [] : ["table", String(table)]),
  ];
}

function destinationText(prefix: Ipv4Prefix): string {
  return prefix.length === 0 ? "default" : formatPrefix(prefix);
}

function neighbour(command: NeighbourCommand, name: string): Argv {
  const { dev, address, mac } = command;
  const words = [...ip(name, "neigh", command.do.slice("neigh ".length)), formatIpv4(address)];
  if (command.do === "neigh del") return [...words, "dev", dev];
  return [...words, ...(mac === undefined ? [] : ["lladdr", formatMac(mac)]), "dev", dev, "nud", "permanent"];
}

function sysctl({ key, value }: SysctlSet, name: string): ShellForm {
  if (isMachineWide(key))
    return { commands: [], note: `${key} = ${value} belongs to the whole machine: left as it is` };
  return commands(inNamespace(name, ["sysctl", "-qw", `${key}=${value}`]));
}

/** `conntrack -D` exits with 1 where it found none. */
function conntrackArgv(command: ConntrackCommand): Argv {
  const argv = ["conntrack", ...conntrackWords(command, formatIpv4)];
  return command.mayFindNone ? ["sh", "-c", `${argv.join(" ")} || test $? -eq 1`] : argv;
}

function listenNote({ container, protocol, address, port, program }: Listen): string {
  return `container ${container} listens on ${protocol} ${formatIpv4(address)}:${port} (${program})`;
}

function macWords(mac: number | undefined): readonly string[] {
  return mac === undefined ? [] : ["address", formatMac(mac)];
}
