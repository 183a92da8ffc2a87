import { Lane } from "../sim/lane.ts";
import { Simulation } from "../sim/simulation.ts";
import type { Choices } from "./choices.ts";
import { Conntrack } from "./conntrack/connections.ts";
import { Devices } from "./devices.ts";
import { RouteExceptions } from "./exceptions.ts";
import { ForwardingDatabase, jiffyNs } from "./fdb.ts";
import { Fragments } from "./fragments.ts";
import { HeldPackets } from "./held.ts";
import { Hubs, Signals, Stations } from "./hubs.ts";
import { IcmpLimits } from "./icmp-limit.ts";
import { Addresses, Namespaces, Nodes, type Sysctls } from "./namespaces.ts";
import type { NeighbourSettings } from "./neighbour/settings.ts";
import { Neighbours } from "./neighbours.ts";
import { NftTables } from "./netfilter/nft/nft-tables.ts";
import { RecentLists } from "./netfilter/recent.ts";
import { Netfilter } from "./netfilter/rules.ts";
import { IpSets } from "./netfilter/sets.ts";
import { Packets } from "./packets.ts";
import { Processes } from "./processes.ts";
import { ProxyArpQueue } from "./proxy-arp.ts";
import { Routes } from "./routes.ts";
import { RoutingRules } from "./rules.ts";
import { Sockets } from "./sockets.ts";
import { stage } from "./stage.ts";
import { jiffyStartNs, wheelExpiryNs } from "./timer-wheel.ts";
import { VtepTable, Vxlans } from "./vxlans.ts";

/** Simulated durations of what Linux does in its own time. Chosen near what the reference captures show. */
const linkDelayNs = 2_000;
const wakeDelayNs = 5_000;
const sendDelayNs = 50_000;

export interface WorldOptions {
  /** Decides everything that chance decides. */
  readonly seed: number;
  /** History may take so many bytes before its oldest part is dropped. */
  readonly historyBytes: number;
  readonly choices?: Choices;
}

/** What the world tells whoever runs it. Called while an event is taken for the first time, never in a replay. */
export interface WorldListener {
  printed(process: number, text: string): void;
  exited(process: number): void;
  /** A line of the kernel's log, from a namespace. */
  logged(netns: number, text: string): void;
}

/** The simulated Linux machines: their tables, and the simulation that changes them. */
export class World {
  readonly sim: Simulation;
  readonly seed: number;
  readonly choices: Choices | undefined;
  readonly nodes: Nodes;
  readonly namespaces: Namespaces;
  readonly devices: Devices;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly rules: RoutingRules;
  readonly neighbours: Neighbours;
  readonly fdb: ForwardingDatabase;
  readonly conntrack: Conntrack;
  readonly packets: Packets;
  readonly held: HeldPackets;
  readonly sockets: Sockets;
  readonly processes: Processes;
  readonly icmpLimits: IcmpLimits;
  readonly fragments: Fragments;
  readonly exceptions: RouteExceptions;
  readonly proxyArp: ProxyArpQueue;
  readonly hubs: Hubs;
  readonly stations: Stations;
  readonly signals: Signals;
  readonly vxlans: Vxlans;
  readonly vteps: VtepTable;
  readonly netfilter: Netfilter;
  readonly nftTables: NftTables;
  readonly recent: RecentLists;
  readonly ipSets: IpSets;
  /** Frames between the two ends of a veth pair, or on `lo`: the receiver's backlog. */
  readonly links: Lane;
  /** Inputs on their way to programs. */
  readonly wakes: Lane;
  /** Packets that a process sends in pieces: what is left of them. */
  readonly sends: Lane;
  /** For each set of sysctls, the sets that came of one more setting: a cache, not part of the world's state. */
  readonly sysctlSuccessors = new WeakMap<Sysctls, Map<string, Sysctls>>();
  /** For each set of sysctls, `Devices.conf` by device name: a cache as well. */
  readonly derivedConf = new WeakMap<Sysctls, Map<string, number>>();
  /** For each set of sysctls, `net.ipv4.neigh` by device name: a cache, too. */
  readonly neighbourSettings = new WeakMap<Sysctls, Map<string, NeighbourSettings>>();
  listener: WorldListener = { printed() {}, exited() {}, logged() {} };

  constructor(options: WorldOptions) {
    const sim = new Simulation(options);
    this.sim = sim;
    this.seed = options.seed;
    this.choices = options.choices;
    this.nodes = new Nodes(sim);
    this.namespaces = new Namespaces(sim);
    this.devices = new Devices(sim);
    this.addresses = new Addresses(sim);
    this.rules = new RoutingRules(sim);
    this.routes = new Routes(sim, this.namespaces);
    this.neighbours = new Neighbours(sim);
    this.fdb = new ForwardingDatabase(sim);
    this.conntrack = new Conntrack(sim);
    this.packets = new Packets(sim, this.conntrack);
    this.held = new HeldPackets(sim);
    this.sockets = new Sockets(sim);
    this.processes = new Processes(sim);
    this.icmpLimits = new IcmpLimits(sim);
    this.fragments = new Fragments(sim);
    this.proxyArp = new ProxyArpQueue(sim);
    this.exceptions = new RouteExceptions(sim);
    this.hubs = new Hubs(sim);
    this.stations = new Stations(sim);
    this.signals = new Signals(sim);
    this.vxlans = new Vxlans(sim);
    this.vteps = new VtepTable(sim);
    this.netfilter = new Netfilter(sim);
    this.nftTables = new NftTables(sim);
    this.recent = new RecentLists(sim);
    this.ipSets = new IpSets(sim);
    this.links = sim.addLane(new Lane(sim.log, "links", linkDelayNs));
    this.sends = sim.addLane(new Lane(sim.log, "sends", sendDelayNs));
    this.wakes = sim.addLane(new Lane(sim.log, "wakes", wakeDelayNs, stage.programWake));
  }

  get nowNs(): number {
    return this.sim.nowNs;
  }

  /** Now, as far as the kernel's `jiffies` tell it. */
  get nowInJiffiesNs(): number {
    const wheel = this.choices?.timerWheel;
    return wheel === undefined ? Math.floor(this.nowNs / jiffyNs) * jiffyNs : jiffyStartNs(wheel, this.nowNs);
  }

  /** When a kernel timer fires that is set now and due then: never in the jiffy in which it is set. */
  timerNs(dueNs: number): number {
    const wheel = this.choices?.timerWheel;
    if (wheel !== undefined) return wheelExpiryNs(wheel, this.nowNs, dueNs);
    return dueNs > this.nowNs ? dueNs : this.nowNs + jiffyNs;
  }
}
