import type { SourceRange } from "../base/source-range.ts";
import type { ConntrackDelete } from "../config/conntrack-command.ts";
import type { RuleMark } from "../config/ip-command.ts";
import type { SetChange } from "../config/ipset-command.ts";
import type { TableChange } from "../config/iptables/command.ts";
import type { RuleTable, TableName } from "../config/iptables/rule-set.ts";
import type { NftCommand } from "../config/nft/commands.ts";
import type { Ipv4Address, Ipv4Prefix } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import type { NameServerSettings, ResolvConf } from "./names.ts";
import type { ReverseProxySettings } from "./reverse-proxy.ts";

/** One command of the set-up, or of a change while a scenario runs; `source` is the line that asked for it. */
export type SetUpCommand = NodeAdd | NetnsAdd | HubAdd | StationAdd | NetworkCommand | Listen;

/** A command that changes one existing namespace. */
export type NetworkCommand =
  | VethAdd
  | BridgeAdd
  | VxlanAdd
  | LinkSet
  | AddressCommand
  | RouteCommand
  | NeighbourCommand
  | RuleCommand
  | FdbCommand
  | SysctlSet
  | NetfilterCommand
  | SetCommand
  | ConntrackCommand
  | Inform;

export type NetfilterCommand = IptablesRestore | IptablesChange | NftScript;

/** One machine with one Linux kernel. Its limits, such as `gc_thresh3`, hold for all its namespaces together. */
export interface NodeAdd {
  readonly do: "node add";
  readonly node: string;
  readonly source: SourceRange;
}

/** What a namespace stands for. */
export type NetnsRole = "node" | "pod" | "netns" | "switch" | "router" | "host";

/** `ip netns add`. The namespace named like its node is the node's own (root) namespace. `lo` comes with it, down. */
export interface NetnsAdd {
  readonly do: "netns add";
  readonly netns: string;
  readonly node: string;
  readonly role: NetnsRole;
  /** The /etc/resolv.conf that is mounted for what runs there; absent: the machine's own. */
  readonly resolvConf?: ResolvConf;
  readonly source: SourceRange;
}

/** `ip link add NAME type veth peer name …`: both ends at once, each in its namespace, both down. */
export interface VethAdd {
  readonly do: "veth add";
  readonly netns: string;
  readonly dev: string;
  /** Absent: a locally administered address is derived from the names. */
  readonly mac?: MacAddress;
  readonly peerNetns: string;
  readonly peerDev: string;
  readonly peerMac?: MacAddress;
  readonly source: SourceRange;
  /** The line that declares the peer's end, where it is another one. */
  readonly peerSource?: SourceRange;
}

/** `ip link add NAME type bridge`. */
export interface BridgeAdd {
  readonly do: "bridge add";
  readonly netns: string;
  readonly dev: string;
  readonly mac?: MacAddress;
  /** `ageing_time`; Linux' default is 300 s. */
  readonly ageingTimeNs?: number;
  readonly source: SourceRange;
}

/** `ip link add NAME type vxlan id VNI …` (RFC 7348): a device whose frames travel in UDP datagrams to other VTEPs. */
export interface VxlanAdd {
  readonly do: "vxlan add";
  readonly netns: string;
  readonly dev: string;
  readonly mac?: MacAddress;
  /** VXLAN network identifier, 0 to 16777215. */
  readonly vni: number;
  /** The source address of what it sends; absent: as routes choose. */
  readonly local?: Ipv4Address;
  /** The device below it, whose MTU less 50 becomes its own. */
  readonly underlying?: string;
  /** UDP port; Linux's default, which flannel states, is 8472. */
  readonly port: number;
  /** Learns which VTEP an inner MAC address is behind; flannel's devices do not. */
  readonly learning: boolean;
  /** Of the outer packets; absent: as `net.ipv4.ip_default_ttl` says. */
  readonly ttl?: number;
  readonly source: SourceRange;
}

/** A hub: a repeater that stations share, in half duplex. Linux has no twin of it. */
export interface HubAdd {
  readonly do: "hub add";
  readonly hub: string;
  /** Bits per second. */
  readonly bitRate: number;
  readonly source: SourceRange;
}

/** A network card of a namespace, down, with its cable plugged into a hub. Linux has no twin of it. */
export interface StationAdd {
  readonly do: "station add";
  readonly netns: string;
  readonly dev: string;
  /** Absent: a locally administered address is derived from the names. */
  readonly mac?: MacAddress;
  readonly hub: string;
  /** The length of the cable to the hub. */
  readonly cableMetres: number;
  /** As `ethtool -s DEV duplex` sets it. No hub can do full duplex: that is the fault called duplex mismatch. */
  readonly duplex: "half" | "full";
  readonly source: SourceRange;
}

/** `ip link set DEV …`. */
export interface LinkSet {
  readonly do: "link set";
  readonly netns: string;
  readonly dev: string;
  readonly up?: boolean;
  readonly mtu?: number;
  readonly mac?: MacAddress;
  /** The bridge to join; null leaves it (`nomaster`). */
  readonly master?: string | null;
  /** `bridge link set … hairpin on|off`. */
  readonly hairpin?: boolean;
  readonly learning?: boolean;
  readonly flood?: boolean;
  readonly mcastFlood?: boolean;
  readonly bcastFlood?: boolean;
  readonly isolated?: boolean;
  readonly source: SourceRange;
}

/** `ip addr add|del ADDRESS/LENGTH dev DEV`. */
export interface AddressCommand {
  readonly do: "addr add" | "addr del";
  readonly netns: string;
  readonly dev: string;
  readonly prefix: Ipv4Prefix;
  readonly source: SourceRange;
}

export type RouteType = "unicast" | "blackhole" | "unreachable" | "prohibit";

/** `ip route add|replace|del …`. */
export interface RouteCommand {
  readonly do: "route add" | "route replace" | "route del";
  readonly netns: string;
  readonly type: RouteType;
  /** 0.0.0.0/0 is `default`. */
  readonly destination: Ipv4Prefix;
  readonly via?: Ipv4Address;
  readonly dev?: string;
  /** Preferred source address (`src`). */
  readonly preferredSource?: Ipv4Address;
  readonly metric?: number;
  /** `table N`; absent: main, 254. */
  readonly table?: number;
  /** `onlink`: the gateway is taken to be on the link even if no route says so. */
  readonly onlink?: boolean;
  readonly source: SourceRange;
}

/** `ip neigh add|replace|del ADDRESS lladdr MAC dev DEV [nud permanent]`. */
export interface NeighbourCommand {
  readonly do: "neigh add" | "neigh replace" | "neigh del";
  readonly netns: string;
  readonly dev: string;
  readonly address: Ipv4Address;
  readonly mac?: MacAddress;
  readonly source: SourceRange;
}

/** `ip rule add|del …`. */
export interface RuleCommand {
  readonly do: "rule add" | "rule del";
  readonly netns: string;
  readonly from?: Ipv4Prefix;
  readonly to?: Ipv4Prefix;
  readonly iif?: string;
  readonly fwmark?: RuleMark;
  /** `pref N`; absent: before all others. */
  readonly priority?: number;
  /** `lookup N`. */
  readonly table?: number;
  readonly source: SourceRange;
}

/**
 * `bridge fdb add|append|replace|del MAC dev PORT master static|dynamic|permanent`; for a vxlan device,
 * `bridge fdb … MAC dev DEV dst ADDRESS self`.
 */
export interface FdbCommand {
  readonly do: "fdb add" | "fdb append" | "fdb replace" | "fdb del";
  readonly netns: string;
  readonly dev: string;
  readonly mac: MacAddress;
  /** A bridge takes what is for a `permanent` address itself. Absent with `fdb del`, and for a vxlan device, which then means `permanent`. */
  readonly kind?: "static" | "dynamic" | "permanent";
  /** The device's own table is meant, as vxlan devices have one; otherwise that of the bridge that it is a port of. */
  readonly self?: true;
  /** The VTEP that the address is behind; only with `self`. Absent with `fdb del`: all of them. */
  readonly remote?: Ipv4Address;
  readonly source: SourceRange;
}

/** `sysctl -w KEY=VALUE` inside the namespace. */
export interface SysctlSet {
  readonly do: "sysctl";
  readonly netns: string;
  /** Dotted, such as `net.ipv4.ip_forward`. */
  readonly key: string;
  readonly value: number;
  readonly source: SourceRange;
}

/** `iptables-restore [--noflush] --counters`. */
export interface IptablesRestore {
  readonly do: "iptables-restore";
  readonly netns: string;
  /** Chains that the text does not name stay as they are. */
  readonly noFlush: boolean;
  readonly tables: readonly RuleTable[];
  readonly source: SourceRange;
}

/** `iptables -t TABLE -A CHAIN …` and its like. */
export interface IptablesChange {
  readonly do: "iptables";
  readonly netns: string;
  readonly table: TableName;
  readonly change: TableChange;
  readonly source: SourceRange;
}

/** `nft -f`: a script, of which all is done or nothing. */
export interface NftScript {
  readonly do: "nft";
  readonly netns: string;
  /** What nft reads. */
  readonly text: string;
  /** The same, read. */
  readonly commands: readonly NftCommand[];
  readonly source: SourceRange;
}

/** `ipset create|add|del|flush|destroy …` */
export interface SetCommand {
  readonly do: "ipset";
  readonly netns: string;
  readonly change: SetChange;
  readonly source: SourceRange;
}

/** `conntrack -D …` in a namespace, or `-F`. */
export interface ConntrackCommand extends ConntrackDelete {
  readonly netns: string;
  /** That there is no such connection is no failure. */
  readonly mayFindNone?: boolean;
  readonly source: SourceRange;
}

/** What a container that watches the API server learns from it; for Linux that is nothing. */
export interface Inform {
  readonly do: "inform";
  readonly netns: string;
  readonly container: string;
  readonly names?: NameServerSettings;
  readonly proxy?: ReverseProxySettings;
  readonly source: SourceRange;
}

/** What a listening container does with what it hears. */
export type ServerProgram = "echo" | "http" | "whoami" | "sink" | "dns" | "ingress";

/** Starts a server in a container of the namespace. */
export interface Listen {
  readonly do: "listen";
  readonly netns: string;
  readonly container: string;
  readonly protocol: "tcp" | "udp";
  /** 0 = 0.0.0.0, any local address. */
  readonly address: Ipv4Address;
  readonly port: number;
  readonly program: ServerProgram;
  /** What a server of names knows. */
  readonly names?: NameServerSettings;
  /** What a reverse proxy knows. */
  readonly proxy?: ReverseProxySettings;
  readonly source: SourceRange;
}
