import type { DeclaredPlace, InterfaceName, ListenerName } from "../plan/plan.ts";
import type { ClusterLayout } from "./layout.ts";
import { memberCount, type NamespaceContents, type NodeGroup, type PodGroup, type RuleSetModel } from "./model.ts";
import { nftPortNames } from "./proxy/nftables/names.ts";
import { type ProxiedPort, proxiedPorts } from "./proxy/service-ports.ts";
import { proxyModeOf } from "./proxy-config.ts";

/**
 * The lines of a cluster that breakpoints bind to. What a line stands for is listed when asked for: the line of
 * `pod web[1..30]` in 5,000 nodes stands for 150,000 namespaces.
 */
export function clusterPlaces(layout: ClusterLayout): DeclaredPlace[] {
  const places: DeclaredPlace[] = [];
  for (const group of layout.model.nodes) {
    const netns = () => nodeNames(layout, group);
    places.push(netnsPlace(group.source, netns));
    const bridge = layout.nodeLayout(group).bridge;
    if (bridge && !bridge.declared && group.podCidr) {
      places.push(bridgePlace(group.podCidr.source, () => onEach(netns(), bridge.name)));
    }
    if (group.address) places.push(interfacePlace(group.address.source, () => onEach(netns(), "eth0")));
    places.push(...contentsPlaces(group.contents, netns));
    for (const pod of group.pods) places.push(...podPlaces(layout, group, pod));
  }
  for (const raw of layout.model.namespaces) {
    const netns = () => [layout.names.rawName(raw)];
    places.push(netnsPlace(raw.source, netns));
    if (raw.machine?.role === "switch") continue;
    places.push(...contentsPlaces(raw.contents, netns));
    for (const [i, { source }] of (raw.machine?.uplinks ?? []).entries())
      places.push(interfacePlace(source, () => onEach(netns(), `eth${i}`)));
  }
  for (const { ends, source } of layout.model.veths) {
    places.push(interfacePlace(source, () => ends.map(({ netns, dev }) => ({ netns, dev }))));
  }
  for (const { name: hub, stations, source } of layout.model.hubs) {
    places.push({ kind: "hub", hub, source });
    for (const { netns, dev, source: place } of stations) places.push(interfacePlace(place, () => [{ netns, dev }]));
  }
  return [...places, ...servicePlaces(layout)];
}

/** The line of each Service, and those of its ports. */
function servicePlaces(layout: ClusterLayout): DeclaredPlace[] {
  const ports = proxiedPorts(layout.services);
  return layout.services.flatMap((service): DeclaredPlace[] => {
    const own = ports.filter((one) => one.service === service);
    const place = (source: Source, list: readonly ProxiedPort[]): DeclaredPlace => ({
      kind: "service",
      service: `${service.namespace}/${service.name}`,
      ports: list.map(({ name }) => name),
      chains: list.flatMap((one) => chainsOf(layout, one)),
      source,
    });
    if (own.length === 0) return [];
    const lines = own.filter(({ port }) => port.source.line !== service.source.line);
    return [place(service.source, own), ...lines.map((one) => place(one.port.source, [one]))];
  });
}

function chainsOf(layout: ClusterLayout, { chains, service, port }: ProxiedPort): readonly string[] {
  const { cluster, local, external, firewall } =
    proxyModeOf(layout) === "nftables" ? nftPortNames(service, port) : chains;
  return [cluster, local, external, firewall];
}

/** Each rule of a text on its own line. */
function rulePlaces(ruleSet: RuleSetModel): DeclaredPlace[] {
  const { firstLine, source } = ruleSet;
  const rules =
    ruleSet.program === "nft"
      ? ruleSet.commands.flatMap((command) => (command.do === "add rule" ? [command.rule] : []))
      : ruleSet.tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
  return rules.map((rule) => {
    const line = firstLine + rule.line - 1;
    return { kind: "rule", rule, source: { uri: source.uri, line, column: 1, endLine: line + 1, endColumn: 1 } };
  });
}

function podPlaces(layout: ClusterLayout, group: NodeGroup, pod: PodGroup): DeclaredPlace[] {
  const netns = () => podNames(layout, group, pod);
  const places = [netnsPlace(pod.source, netns), ...contentsPlaces(pod.contents, netns)];
  if (pod.address) places.push(interfacePlace(pod.address.source, () => onEach(netns(), "eth0")));
  if (pod.hostEnd) places.push(interfacePlace(pod.hostEnd.source, () => hostEnds(layout, group, pod)));
  return places;
}

function contentsPlaces(contents: NamespaceContents, netns: () => readonly string[]): DeclaredPlace[] {
  const places: DeclaredPlace[] = [];
  for (const { name, source } of contents.bridges) places.push(bridgePlace(source, () => onEach(netns(), name)));
  for (const { dev, source } of [...contents.interfaces, ...contents.vxlans])
    places.push(interfacePlace(source, () => onEach(netns(), dev)));
  for (const ruleSet of contents.ruleSets) places.push(...rulePlaces(ruleSet));
  for (const container of contents.containers) {
    for (const listener of container.listeners) places.push(listenPlace(listener.source, netns, [listener]));
    if (container.listeners.length > 0) places.push(listenPlace(container.source, netns, container.listeners));
  }
  return places;
}

function nodeNames(layout: ClusterLayout, group: NodeGroup): string[] {
  return Array.from({ length: memberCount(group.name) }, (_, member) => layout.names.nodeName(group, member));
}

function podNames(layout: ClusterLayout, group: NodeGroup, pod: PodGroup): string[] {
  const names: string[] = [];
  for (let member = 0; member < memberCount(group.name); member++) {
    for (let podMember = 0; podMember < memberCount(pod.name); podMember++) {
      names.push(layout.names.podName(group, member, pod, podMember));
    }
  }
  return names;
}

function hostEnds(layout: ClusterLayout, group: NodeGroup, pod: PodGroup): InterfaceName[] {
  const nodeLayout = layout.nodeLayout(group);
  if (layout.model.cni === "none") return [];
  const slots = nodeLayout.slots.filter((slot) => slot.pod === pod);
  return nodeNames(layout, group).flatMap((netns) => slots.map(({ hostDev: dev }) => ({ netns, dev })));
}

function onEach(netns: readonly string[], dev: string): InterfaceName[] {
  return netns.map((name) => ({ netns: name, dev }));
}

type Source = DeclaredPlace["source"];

function netnsPlace(source: Source, list: () => readonly string[]): DeclaredPlace {
  return {
    kind: "netns",
    source,
    get netns() {
      return list();
    },
  };
}

function interfacePlace(source: Source, list: () => readonly InterfaceName[]): DeclaredPlace {
  return {
    kind: "interface",
    source,
    get interfaces() {
      return list();
    },
  };
}

function bridgePlace(source: Source, list: () => readonly InterfaceName[]): DeclaredPlace {
  return {
    kind: "bridge",
    source,
    get interfaces() {
      return list();
    },
  };
}

function listenPlace(
  source: Source,
  netns: () => readonly string[],
  listeners: readonly { readonly protocol: "tcp" | "udp"; readonly port: number }[],
): DeclaredPlace {
  return {
    kind: "listen",
    source,
    get listeners(): readonly ListenerName[] {
      return netns().flatMap((name) => listeners.map(({ protocol, port }) => ({ netns: name, protocol, port })));
    },
  };
}
