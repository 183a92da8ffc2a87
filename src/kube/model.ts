import type { SourceRange } from "../base/source-range.ts";
import type { RuleMark } from "../config/ip-command.ts";
import type { SetChange } from "../config/ipset-command.ts";
import type { RuleTable } from "../config/iptables/rule-set.ts";
import type { NftCommand } from "../config/nft/commands.ts";
import type { RouteType, ServerProgram } from "../plan/commands.ts";
import type { ResolvConf } from "../plan/names.ts";
import type { DnsRecord } from "../wire/dns.ts";
import type { DnsName } from "../wire/dns-name.ts";
import type { Ipv4Address, Ipv4Prefix } from "../wire/ipv4-address.ts";
import type { MacAddress } from "../wire/mac-address.ts";
import type { IngressControllerModel, IngressModel } from "./ingress/model.ts";
import type { DeclaredService, ProxySettings } from "./service-declaration.ts";
import type { EndpointSliceModel } from "./service-model.ts";

/**
 * The cluster as it was declared, before it becomes Linux commands. Plain values; every one carries the place that
 * declared it. A declaration with a range (`worker[1..5000]`) stays one group: its members are made when asked for.
 */
export interface ClusterModel {
  readonly uri: string;
  /** Addresses of all pods; nodes without a podCIDR of their own are given blocks of it. */
  readonly podCidr: Sourced<Ipv4Prefix>;
  readonly serviceCidr: Sourced<Ipv4Prefix>;
  readonly cni: Cni;
  /** kube-controller-manager's `--node-cidr-mask-size`. */
  readonly nodeCidrMaskLength: number;
  readonly nodes: readonly NodeGroup[];
  /** Namespaces wired by hand, in and outside nodes. */
  readonly namespaces: readonly RawNamespace[];
  /** Veth pairs laid by hand, in file order: the order in which they join their bridges. */
  readonly veths: readonly VethPair[];
  readonly hubs: readonly HubModel[];
  readonly services: readonly DeclaredService[];
  /** EndpointSlices that manifests state; Services without any get theirs from their selectors. */
  readonly slices: readonly EndpointSliceModel[];
  readonly deployments: readonly DeploymentModel[];
  readonly proxy: ProxySettings;
  /** `dns coredns`: names of Services and pods are answered for in the cluster. */
  readonly dns?: DnsModel;
  readonly ingresses: readonly IngressModel[];
  /** `ingressController nginx`: who carries them out. */
  readonly ingressController?: IngressControllerModel;
  /** flannel's `--ip-masq`: what pods send out of the cluster leaves with the node's address. */
  readonly ipMasq: boolean;
}

/**
 * How pods are attached, and how nodes find each other's: the bridge plugin alone, flannel's `host-gw` and `vxlan`, Calico without
 * a tunnel (`routed`), or not at all (by hand).
 */
export const cnis = ["bridge", "host-gw", "vxlan", "routed", "none"] as const;
export type Cni = (typeof cnis)[number];

/** CoreDNS as kubeadm deploys it. */
export interface DnsModel {
  readonly replicas: number;
  /** kubelet's `--cluster-domain`. */
  readonly domain: DnsName;
  /** Address of its Service, where it is not the tenth of the serviceCIDR. */
  readonly clusterIP?: Sourced<Ipv4Address>;
  /** `forward`: whom it asks about names outside of the cluster. */
  readonly upstreams: readonly Ipv4Address[];
  readonly source: SourceRange;
}

/** What a pod says of its /etc/resolv.conf. https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/ */
export interface PodDns {
  readonly policy: "ClusterFirst" | "ClusterFirstWithHostNet" | "Default" | "None";
  readonly nameservers: readonly Ipv4Address[];
  readonly searches: readonly DnsName[];
  readonly options: ResolverOptions;
}

/** `options` of resolv.conf, as far as they are stated. */
export type ResolverOptions = Partial<Omit<ResolvConf, "nameservers" | "search">>;

/** A value and where it was stated. */
export interface Sourced<Value> {
  readonly value: Value;
  readonly source: SourceRange;
}

/** `NAME` or `NAME[FIRST..LAST]`, whose members are NAME followed by the number. */
export interface GroupName {
  readonly base: string;
  readonly range?: { readonly first: number; readonly last: number };
  /** The name itself, not the whole declaration. */
  readonly source: SourceRange;
}

export interface NodeGroup {
  readonly name: GroupName;
  /** The address of the first member; the next ones count up. */
  readonly address?: Sourced<Ipv4Prefix>;
  readonly mac?: Sourced<MacAddress>;
  /** Of the cable to the switch. */
  readonly mtu?: number;
  /** The switch that it is plugged into, where it is not the one of all who name none. */
  readonly on?: Sourced<string>;
  /** Where its default route goes. */
  readonly gateway?: Sourced<Ipv4Address>;
  /** The block of the first member; the next ones take the following blocks. */
  readonly podCidr?: Sourced<Ipv4Prefix>;
  readonly contents: NamespaceContents;
  readonly pods: readonly PodGroup[];
  readonly source: SourceRange;
}

export interface PodGroup {
  readonly name: GroupName;
  /** The Kubernetes namespace, `default` unless stated. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether its readiness probe succeeds. */
  readonly ready: boolean;
  /** It is being deleted. */
  readonly terminating: boolean;
  /** It runs in the node's own network namespace. */
  readonly hostNetwork: boolean;
  /** `spec.hostname` and `spec.subdomain`: with both it has a name of its own below that Service's. */
  readonly hostname?: string;
  readonly subdomain?: string;
  /** `dnsPolicy` and `dnsConfig`. */
  readonly dns?: PodDns;
  /** The address of the first member; the next ones count up. */
  readonly address?: Sourced<Ipv4Address>;
  /** The prefix length stated with the address; it counts where no pod CIDR gives one (`cni none`). */
  readonly addressLength?: number;
  readonly mac?: Sourced<MacAddress>;
  readonly hostEnd?: HostEnd;
  readonly contents: NamespaceContents;
  readonly source: SourceRange;
}

/** Equal pods that are placed on the nodes in turn: NAME-1 on the first, NAME-2 on the second, and so on. */
export interface DeploymentModel {
  readonly replicas: number;
  /** Every one of its pods; the name is the deployment's. */
  readonly template: PodGroup;
}

/** What a pod's `veth NAME {…}` says about the node's end of its cable. */
export interface HostEnd {
  readonly dev?: Sourced<string>;
  readonly mac?: Sourced<MacAddress>;
  /** The bridge of the node to join, where it is not the first. */
  readonly master?: Sourced<string>;
  readonly source: SourceRange;
}

/** A namespace wired by hand; inside a node it shares that node's kernel, else it is a machine of its own. */
export interface RawNamespace {
  readonly name: GroupName;
  readonly node?: NodeGroup;
  /** It was declared as one of these, and is wired as such. */
  readonly machine?: MachineModel;
  readonly contents: NamespaceContents;
  readonly source: SourceRange;
}

/** A switch has no address of its own; a router forwards between its links; a host is outside the cluster. */
export interface MachineModel {
  readonly role: "switch" | "router" | "host";
  /** `eth0`, `eth1`, … in file order. */
  readonly uplinks: readonly UplinkModel[];
  /** Where its default route goes. */
  readonly gateway?: Sourced<Ipv4Address>;
  /** Of a switch: of every cable to it that states none. */
  readonly mtu?: number;
}

/** `address 192.168.1.1/24 on lan mtu 1400 mac 02:…`: a cable to a switch. */
export interface UplinkModel {
  readonly address: Sourced<Ipv4Prefix>;
  readonly mac?: Sourced<MacAddress>;
  /** Of both ends of the cable. */
  readonly mtu?: number;
  /** The switch; absent: the one of all who name none. */
  readonly on?: Sourced<string>;
  readonly source: SourceRange;
}

/** What can be stated in any namespace. */
export interface NamespaceContents {
  readonly bridges: readonly BridgeModel[];
  readonly interfaces: readonly InterfaceModel[];
  readonly vxlans: readonly VxlanModel[];
  readonly routes: readonly RouteModel[];
  readonly rules: readonly RuleModel[];
  readonly neighbours: readonly NeighbourModel[];
  readonly sysctls: readonly SysctlModel[];
  readonly containers: readonly ContainerModel[];
  /** Made before rules are loaded, which ask for them. */
  readonly sets: readonly SetModel[];
  readonly ruleSets: readonly RuleSetModel[];
}

/** Of a namespace that states nothing. */
export const noContents: NamespaceContents = {
  bridges: [],
  interfaces: [],
  vxlans: [],
  routes: [],
  rules: [],
  neighbours: [],
  sysctls: [],
  containers: [],
  sets: [],
  ruleSets: [],
};

/** A text of rules, as a program reads it. */
export type RuleSetModel = IptablesTextModel | NftTextModel;

/** `ipset …`. */
export interface SetModel {
  readonly change: SetChange;
  readonly source: SourceRange;
}

/** `iptables-restore`. */
export interface IptablesTextModel {
  readonly program: "iptables-restore";
  readonly noFlush: boolean;
  readonly tables: readonly RuleTable[];
  /** The line of the file where the text begins: lines of its rules are counted from there. */
  readonly firstLine: number;
  readonly source: SourceRange;
}

/** `nft -f`. */
export interface NftTextModel {
  readonly program: "nft";
  readonly text: string;
  readonly commands: readonly NftCommand[];
  readonly firstLine: number;
  readonly source: SourceRange;
}

export interface BridgeModel {
  readonly name: string;
  readonly addresses: readonly Sourced<Ipv4Prefix>[];
  readonly mac?: Sourced<MacAddress>;
  readonly ageingTimeNs?: number;
  readonly source: SourceRange;
}

/** Settings of a device that some veth pair makes. */
export interface InterfaceModel {
  readonly dev: string;
  readonly addresses: readonly Sourced<Ipv4Prefix>[];
  readonly mac?: Sourced<MacAddress>;
  readonly mtu?: number;
  readonly master?: Sourced<string>;
  /** False keeps it down; default up. */
  readonly up: boolean;
  readonly hairpin?: boolean;
  readonly source: SourceRange;
}

/** A VXLAN device, made when the device below it is there. */
export interface VxlanModel {
  readonly dev: string;
  readonly vni: number;
  readonly local?: Ipv4Address;
  readonly underlying?: Sourced<string>;
  readonly port: number;
  readonly learning: boolean;
  readonly ttl?: number;
  readonly mac?: Sourced<MacAddress>;
  readonly mtu?: number;
  readonly master?: Sourced<string>;
  readonly addresses: readonly Sourced<Ipv4Prefix>[];
  readonly vteps: readonly VtepModel[];
  readonly source: SourceRange;
}

/** `bridge fdb append MAC dev VXLAN dst VTEP`; 00:00:00:00:00:00 stands for all addresses without an entry. */
export interface VtepModel {
  readonly mac: MacAddress;
  readonly remote: Ipv4Address;
  readonly source: SourceRange;
}

/** `ip rule add`. */
export interface RuleModel {
  readonly from?: Ipv4Prefix;
  readonly to?: Ipv4Prefix;
  readonly iif?: string;
  readonly fwmark?: RuleMark;
  readonly priority?: number;
  readonly table?: number;
  readonly source: SourceRange;
}

export interface RouteModel {
  readonly type: RouteType;
  readonly destination: Ipv4Prefix;
  readonly via?: Ipv4Address;
  readonly dev?: string;
  readonly preferredSource?: Ipv4Address;
  readonly metric?: number;
  readonly table?: number;
  readonly onlink?: boolean;
  readonly source: SourceRange;
}

export interface NeighbourModel {
  readonly address: Ipv4Address;
  readonly mac: MacAddress;
  readonly dev: string;
  readonly source: SourceRange;
}

export interface SysctlModel {
  readonly key: string;
  readonly value: number;
  readonly source: SourceRange;
}

export interface ContainerModel {
  readonly name: string;
  readonly listeners: readonly ListenerModel[];
  /** `record NAME TYPE DATA`: what a server of names in it knows. */
  readonly records?: readonly DnsRecord[];
  readonly source: SourceRange;
}

export interface ListenerModel {
  readonly protocol: "tcp" | "udp";
  /** 0 = any local address. */
  readonly address: Ipv4Address;
  readonly port: number;
  /** As `targetPort` of a Service can name it. */
  readonly name?: string;
  readonly program: ServerProgram;
  /** It is the cluster's own CoreDNS: what it knows follows from the Services. */
  readonly isClusterDns?: true;
  readonly source: SourceRange;
}

export interface VethPair {
  readonly ends: readonly [VethEnd, VethEnd];
  readonly mtu?: number;
  readonly source: SourceRange;
}

export interface VethEnd {
  /** The namespace by its name in the plan. */
  readonly netns: string;
  readonly dev: string;
  readonly mac?: Sourced<MacAddress>;
  readonly master?: Sourced<string>;
  readonly addresses: readonly Sourced<Ipv4Prefix>[];
  readonly source: SourceRange;
}

/** A segment that stations share in half duplex. */
export interface HubModel {
  readonly name: string;
  /** Bits per second. */
  readonly bitRate: number;
  readonly stations: readonly StationModel[];
  readonly source: SourceRange;
}

/** A network card of a namespace, and its cable to the hub. */
export interface StationModel extends VethEnd {
  readonly cableMetres: number;
  readonly duplex: "half" | "full";
}

/** How many members a group has. */
export function memberCount(name: GroupName): number {
  return name.range ? name.range.last - name.range.first + 1 : 1;
}

/** The name of member number `index`, counted from 0. */
export function memberName(name: GroupName, index: number): string {
  return name.range ? `${name.base}${name.range.first + index}` : name.base;
}
