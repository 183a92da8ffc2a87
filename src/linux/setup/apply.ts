import type {
  Listen,
  NeighbourCommand,
  NetnsAdd,
  NetworkCommand,
  NodeAdd,
  SetUpCommand,
  StationAdd,
} from "../../plan/commands.ts";
import { never } from "../../sim/timers.ts";
import { deleteConnections } from "../conntrack/delete.ts";
import { create, deleteNeighbour, update } from "../neighbour/neighbour.ts";
import { nud } from "../neighbours.ts";
import { changeSets } from "../netfilter/set-changes.ts";
import { informPrograms } from "../process/inform.ts";
import { startProcess } from "../process/run.ts";
import type { AnyProgram } from "../processes.ts";
import { findDevice } from "../socket/arp-socket.ts";
import type { World } from "../world.ts";
import { addBridge, addLoopback, addVeth, setLink } from "./devices.ts";
import type { CommandFailure } from "./failure.ts";
import { changeFdb } from "./fdb.ts";
import { addHub, addStation } from "./hub.ts";
import { changeNetfilter } from "./netfilter.ts";
import { changeAddress, changeRoute } from "./routes.ts";
import { changeRule } from "./rules.ts";
import { setSysctl } from "./sysctl.ts";
import { addVxlan, changeVtep } from "./vxlan.ts";

/** Makes the program that a listening container runs. */
export type ServerFactory = (command: Listen) => AnyProgram;

/** Applies a plan's commands to a world, by the names that they use. */
export class SetUp {
  private readonly nodes = new Map<string, number>();
  private readonly namespaces = new Map<string, number>();
  private readonly hubs = new Map<string, number>();
  private readonly world: World;
  private readonly serverFor: ServerFactory;

  constructor(world: World, serverFor: ServerFactory) {
    this.world = world;
    this.serverFor = serverFor;
  }

  /** The namespace of that name, or 0. */
  netns(name: string): number {
    return this.namespaces.get(name) ?? 0;
  }

  apply(command: SetUpCommand): CommandFailure {
    switch (command.do) {
      case "node add":
        return this.addNode(command);
      case "netns add":
        return this.addNetns(command);
      case "listen":
        return this.listen(command);
      case "hub add":
        this.hubs.set(command.hub, addHub(this.world, command));
        return undefined;
      case "station add":
        return this.addStation(command);
      default:
        return this.change(command);
    }
  }

  /** A command of the set-up or of a scenario that changes one namespace. */
  change(command: NetworkCommand): CommandFailure {
    const { world } = this;
    const netns = this.netns(command.netns);
    if (netns === 0) return `Cannot open network namespace "${command.netns}": No such file or directory`;
    switch (command.do) {
      case "veth add":
        return this.addVeth(netns, command);
      case "bridge add":
        if (findDevice(world, netns, command.dev) !== 0) return "RTNETLINK answers: File exists";
        return addBridge(world, netns, command) as undefined;
      case "vxlan add":
        return addVxlan(world, netns, command);
      case "rule add":
      case "rule del":
        return changeRule(world, netns, command);
      case "iptables-restore":
      case "iptables":
      case "nft":
        return changeNetfilter(world, netns, command);
      case "ipset":
        return changeSets(world, netns, command.change);
      case "sysctl":
        return setSysctl(world, netns, command.key, command.value);
      case "conntrack delete":
        return deleteConnections(world, netns, command);
      case "inform":
        return informPrograms(world, netns, command) as undefined;
      default:
        return this.changeDevice(netns, command);
    }
  }

  private changeDevice(
    netns: number,
    command: Exclude<
      NetworkCommand,
      {
        do:
          | "veth add"
          | "bridge add"
          | "vxlan add"
          | "rule add"
          | "rule del"
          | "sysctl"
          | "iptables"
          | "iptables-restore"
          | "nft"
          | "ipset"
          | "conntrack delete"
          | "inform";
      }
    >,
  ): CommandFailure {
    const { world } = this;
    const device = command.dev === undefined ? 0 : findDevice(world, netns, command.dev);
    if (device === 0 && command.dev !== undefined) return `Cannot find device "${command.dev}"`;
    switch (command.do) {
      case "link set":
        return this.setLink(netns, device, command);
      case "addr add":
      case "addr del":
        return changeAddress(world, netns, device, command);
      case "fdb add":
      case "fdb append":
      case "fdb replace":
      case "fdb del":
        return command.self ? changeVtep(world, device, command) : changeFdb(world, device, command);
      case "route add":
      case "route replace":
      case "route del":
        return changeRoute(world, netns, device, command);
      default:
        return changeNeighbour(world, device, command);
    }
  }

  private setLink(netns: number, device: number, command: Extract<NetworkCommand, { do: "link set" }>): CommandFailure {
    let master: number | undefined;
    if (command.master === null) master = 0;
    else if (command.master !== undefined) {
      master = findDevice(this.world, netns, command.master);
      if (master === 0) return `Cannot find device "${command.master}"`;
    }
    return setLink(this.world, device, master, command);
  }

  private addNode(command: NodeAdd): CommandFailure {
    const { nodes } = this.world;
    const row = nodes.table.allocate();
    nodes.name.set(row, command.node);
    nodes.source.set(row, command.source);
    nodes.gcThresh1.set(row, 128);
    nodes.gcThresh2.set(row, 512);
    nodes.gcThresh3.set(row, 1024);
    nodes.table.link(row);
    this.nodes.set(command.node, row);
    return undefined;
  }

  private addNetns(command: NetnsAdd): CommandFailure {
    const { namespaces } = this.world;
    const row = namespaces.table.allocate();
    namespaces.name.set(row, command.netns);
    namespaces.role.set(row, command.role);
    namespaces.source.set(row, command.source);
    namespaces.resolvConf.set(row, command.resolvConf ?? null);
    namespaces.node.set(row, this.nodes.get(command.node) ?? 0);
    namespaces.defaultTtl.set(row, 64);
    namespaces.icmpRateLimitMs.set(row, 1000);
    namespaces.table.link(row);
    this.namespaces.set(command.netns, row);
    addLoopback(this.world, row, command.source);
    return undefined;
  }

  private addVeth(netns: number, command: Extract<NetworkCommand, { do: "veth add" }>): CommandFailure {
    const { world } = this;
    const peerNetns = this.netns(command.peerNetns);
    if (peerNetns === 0) return `Cannot open network namespace "${command.peerNetns}": No such file or directory`;
    const isTaken = findDevice(world, netns, command.dev) !== 0 || findDevice(world, peerNetns, command.peerDev) !== 0;
    if (isTaken) return "RTNETLINK answers: File exists";
    addVeth(world, netns, peerNetns, command);
    return undefined;
  }

  private addStation(command: StationAdd): CommandFailure {
    const netns = this.netns(command.netns);
    const hub = this.hubs.get(command.hub) ?? 0;
    if (netns === 0 || hub === 0) return `Cannot plug ${command.netns}/${command.dev} into hub "${command.hub}"`;
    if (findDevice(this.world, netns, command.dev) !== 0) return "RTNETLINK answers: File exists";
    addStation(this.world, netns, hub, command);
    return undefined;
  }

  private listen(command: Listen): CommandFailure {
    const netns = this.netns(command.netns);
    startProcess(this.world, netns, this.serverFor(command), command.container, command.source);
    return undefined;
  }
}

/** `ip neigh add|replace|del`. */
function changeNeighbour(world: World, device: number, command: NeighbourCommand): CommandFailure {
  const { neighbours } = world;
  const existing = neighbours.find(device, command.address);
  if (command.do === "neigh del") {
    if (existing === 0) return "RTNETLINK answers: No such file or directory";
    deleteNeighbour(world, existing);
    return undefined;
  }
  if (command.do === "neigh add" && existing !== 0) return "RTNETLINK answers: File exists";
  const row = existing || create(world, device, command.address);
  if (row === 0) return "RTNETLINK answers: No buffer space available";
  neighbours.timer.set(row, never);
  update(world, row, command.mac ?? 0, nud.permanent, true);
  return undefined;
}
