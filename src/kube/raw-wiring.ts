import type { SetUpCommand } from "../plan/commands.ts";
import { listenCommand } from "./dns/listen.ts";
import { slotAddress } from "./ipam.ts";
import type { ClusterLayout } from "./layout.ts";
import { macFromNames } from "./mac-derivation.ts";
import type { MemberChoice } from "./member-choice.ts";
import type {
  HubModel,
  InterfaceModel,
  NamespaceContents,
  RuleSetModel,
  VethEnd,
  VethPair,
  VxlanModel,
} from "./model.ts";
import { nodeRuleCommands } from "./node-rules.ts";
import { isOfDevice } from "./sysctls.ts";

/** Veth pairs laid by hand, in file order, so that bridge ports are added in that order. */
export function* rawVethCommands(veths: readonly VethPair[]): Generator<SetUpCommand> {
  for (const { ends, mtu, source } of veths) {
    const [end, peer] = ends;
    yield {
      do: "veth add",
      netns: end.netns,
      dev: end.dev,
      mac: end.mac?.value ?? macFromNames(end.netns, end.dev),
      peerNetns: peer.netns,
      peerDev: peer.dev,
      peerMac: peer.mac?.value ?? macFromNames(peer.netns, peer.dev),
      source,
    };
    yield* endCommands(end, mtu, source);
    yield* endCommands(peer, mtu, source);
  }
}

/** Hubs, each with the cards that are plugged into it. */
export function* hubCommands(hubs: readonly HubModel[]): Generator<SetUpCommand> {
  for (const { name: hub, bitRate, stations, source } of hubs) {
    yield { do: "hub add", hub, bitRate, source };
    for (const station of stations) {
      const { netns, dev, cableMetres, duplex } = station;
      const mac = station.mac?.value ?? macFromNames(netns, dev);
      yield { do: "station add", netns, dev, mac, hub, cableMetres, duplex, source: station.source };
      yield* endCommands(station, undefined, station.source);
    }
  }
}

/** Addresses of devices, static neighbours, routes and servers, when every cable is laid. */
export function* configurationCommands(layout: ClusterLayout, members: MemberChoice): Generator<SetUpCommand> {
  for (const group of layout.model.nodes) {
    const { slots } = layout.nodeLayout(group);
    const wiredByHand = layout.model.cni === "none";
    const pods = slots.filter(({ pod }) => (wiredByHand && pod.address) || hasConfiguration(pod.contents));
    for (const member of members(group)) {
      yield* nodeRuleCommands(layout, group, member);
      yield* contentsCommands(layout, layout.names.nodeName(group, member), group.contents);
      for (const pod of group.pods) {
        if (pod.hostNetwork) yield* contentsCommands(layout, layout.names.nodeName(group, member), pod.contents);
      }
      for (const slot of pods) {
        const { pod } = slot;
        const netns = layout.names.podName(group, member, pod, slot.member);
        const cidr = layout.cidrs.of(group, member);
        const address = slotAddress(slot, cidr);
        if (wiredByHand && pod.address && address !== undefined) {
          const prefix = { address, length: pod.addressLength ?? cidr?.length ?? 32 };
          yield { do: "addr add", netns, dev: "eth0", prefix, source: pod.address.source };
        }
        yield* contentsCommands(layout, netns, pod.contents);
      }
    }
  }
  for (const raw of layout.model.namespaces) yield* contentsCommands(layout, layout.names.rawName(raw), raw.contents);
}

function* endCommands(end: VethEnd, mtu: number | undefined, source: VethPair["source"]): Generator<SetUpCommand> {
  const { netns, dev } = end;
  for (const { value: prefix, source: place } of end.addresses) {
    yield { do: "addr add", netns, dev, prefix, source: place };
  }
  const place = end.master?.source ?? source;
  yield { do: "link set", netns, dev, mtu, master: end.master?.value, up: true, source: place };
}

function hasConfiguration(contents: NamespaceContents): boolean {
  const { interfaces, vxlans, neighbours, routes, rules, containers, sets, ruleSets, sysctls } = contents;
  const lists = [interfaces, vxlans, neighbours, routes, rules, containers, sets, ruleSets];
  return lists.some(({ length }) => length > 0) || sysctls.some(({ key }) => isOfDevice(key));
}

function* contentsCommands(layout: ClusterLayout, netns: string, contents: NamespaceContents): Generator<SetUpCommand> {
  for (const { key, value, source } of contents.sysctls) {
    if (isOfDevice(key)) yield { do: "sysctl", netns, key, value, source };
  }
  for (const device of contents.interfaces) yield* interfaceCommands(netns, device);
  for (const vxlan of contents.vxlans) yield* vxlanCommands(netns, vxlan);
  for (const { address, mac, dev, source } of contents.neighbours) {
    yield { do: "neigh add", netns, dev, address, mac, source };
  }
  for (const route of contents.routes) yield { do: "route add", netns, ...route };
  for (const rule of contents.rules) yield { do: "rule add", netns, ...rule };
  for (const set of contents.sets) yield { do: "ipset", netns, ...set };
  for (const ruleSet of contents.ruleSets) yield ruleSetCommand(netns, ruleSet);
  for (const container of contents.containers) {
    for (const listener of container.listeners) yield listenCommand(layout, netns, container, listener);
  }
}

function ruleSetCommand(netns: string, ruleSet: RuleSetModel): SetUpCommand {
  const { source } = ruleSet;
  if (ruleSet.program === "nft") return { do: "nft", netns, text: ruleSet.text, commands: ruleSet.commands, source };
  return { do: "iptables-restore", netns, noFlush: ruleSet.noFlush, tables: ruleSet.tables, source };
}

/** A VXLAN device with its addresses and the VTEPs that it knows; also what a CNI plugin makes. */
export function* vxlanCommands(netns: string, vxlan: VxlanModel): Generator<SetUpCommand> {
  const { dev, vni, local, port, learning, ttl, source, mtu } = vxlan;
  const underlying = vxlan.underlying?.value;
  const mac = vxlan.mac?.value ?? macFromNames(netns, dev);
  yield { do: "vxlan add", netns, dev, mac, vni, local, underlying, port, learning, ttl, source };
  for (const { value: prefix, source: place } of vxlan.addresses) {
    yield { do: "addr add", netns, dev, prefix, source: place };
  }
  const place = vxlan.master?.source ?? source;
  yield { do: "link set", netns, dev, mtu, master: vxlan.master?.value, up: true, source: place };
  for (const { mac: address, remote, source: line } of vxlan.vteps) {
    yield { do: "fdb append", netns, dev, mac: address, self: true, remote, source: line };
  }
}

function* interfaceCommands(netns: string, device: InterfaceModel): Generator<SetUpCommand> {
  const { dev, source, up, mtu, hairpin } = device;
  for (const { value: prefix, source: place } of device.addresses) {
    yield { do: "addr add", netns, dev, prefix, source: place };
  }
  const [mac, master] = [device.mac?.value, device.master?.value];
  if (!up || mtu !== undefined || mac !== undefined || master !== undefined || hairpin !== undefined) {
    yield { do: "link set", netns, dev, up, mtu, mac, master, hairpin, source: device.master?.source ?? source };
  }
}
