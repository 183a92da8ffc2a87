import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceRange } from "../base/source-range.ts";
import { closest } from "../base/suggest.ts";
import {
  broadcastAddress,
  formatIpv4,
  formatPrefix,
  type Ipv4Address,
  type Ipv4Prefix,
  networkAddress,
  prefixContains,
} from "../wire/ipv4-address.ts";
import { caliGateway } from "./calico.ts";
import { type ClusterLayout, memberNodeAddress } from "./layout.ts";
import { type ClusterModel, memberCount, memberName, type NodeGroup, type Sourced } from "./model.ts";
import { meshedCnis, mostMeshedNodes } from "./node-routes.ts";
import { podMtu, vxlanHeadroom } from "./pod-mtu.ts";
import { isSwitch } from "./underlay.ts";

/** What lies between the nodes: switches that nobody declared, gateways out of reach, nodes that cannot find each other's pods. */
export function checkUnderlay(layout: ClusterLayout): Diagnostic[] {
  const { model } = layout;
  return [
    ...checkSwitches(model),
    ...checkGateways(model),
    ...model.nodes.flatMap((group) => checkPodCidr(layout, group) ?? []),
    ...(meshedCnis.has(model.cni) ? checkMesh(model) : []),
    ...(model.cni === "routed" ? checkRouted(model) : []),
  ];
}

function error(code: string, range: SourceRange, message: string): Diagnostic {
  return { severity: "error", code, range, message };
}

function checkSwitches(model: ClusterModel): Diagnostic[] {
  const switches = model.namespaces.filter(({ machine }) => machine?.role === "switch").map(({ name }) => name.base);
  const stated = [...model.nodes, ...model.namespaces.flatMap(({ machine }) => machine?.uplinks ?? [])];
  return stated.flatMap(({ on }) => {
    if (on === undefined || isSwitch(model, on)) return [];
    const guess = closest(on.value, switches);
    const message = `There is no switch ${on.value}. ${guess ? `Did you mean ${guess}?` : `Declare it: switch ${on.value}.`}`;
    const fix = guess && { title: `Change to ${guess}`, range: on.source, newText: guess };
    return [{ ...error("unknown-switch", on.source, message), ...(fix && { fix }) }];
  });
}

function checkGateways(model: ClusterModel): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const check = (name: string, networks: readonly Ipv4Prefix[], gateway: Sourced<Ipv4Address> | undefined) => {
    if (gateway === undefined || networks.some((network) => prefixContains(network, gateway.value))) return;
    const text = formatIpv4(gateway.value);
    const where = networks.length === 0 ? "has no address" : `is on ${networks.map(formatNetwork).join(", ")} only`;
    const message = `${name} cannot reach the gateway ${text}: it ${where}. If a veth leads there, write route default via ${text} dev DEVICE.`;
    problems.push(error("gateway-out-of-reach", gateway.source, message));
  };
  for (const { name, address, gateway } of model.nodes) {
    check(memberName(name, 0), address ? [address.value] : [], gateway);
  }
  for (const { name, machine } of model.namespaces) {
    const networks = machine?.uplinks.map(({ address }) => address.value) ?? [];
    check(name.base, networks, machine?.gateway);
  }
  return problems;
}

function formatNetwork(prefix: Ipv4Prefix): string {
  return formatPrefix({ ...prefix, address: networkAddress(prefix) });
}

/** What is on the nodes' own network is never routed to pods. */
function checkPodCidr({ cidrs }: ClusterLayout, group: NodeGroup): Diagnostic | undefined {
  const [first, last] = [cidrs.of(group, 0), cidrs.of(group, memberCount(group.name) - 1)];
  const network = group.address?.value;
  if (first === undefined || last === undefined || network === undefined) return undefined;
  const overlaps =
    networkAddress(first) <= broadcastAddress(network) && networkAddress(network) <= broadcastAddress(last);
  if (!overlaps) return undefined;
  const message = `The pod CIDR ${formatPrefix(first)} of ${memberName(group.name, 0)} and ${formatNetwork(network)}, the network of its own address, overlap: an address would belong to both.`;
  return error("overlapping-pod-cidr", (group.podCidr ?? group.address)?.source ?? group.source, message);
}

/** Nodes that route to each other's pods. */
function checkMesh(model: ClusterModel): Diagnostic[] {
  const { cni, nodes } = model;
  const count = nodes.reduce((sum, { name }) => sum + memberCount(name), 0);
  if (count > mostMeshedNodes) {
    const message = `With cni ${cni} every node has a route to every other: ${count * (count - 1)} routes for ${count} nodes. k8snet builds at most ${mostMeshedNodes} such nodes; larger clusters run with cni bridge, which has none.`;
    return [error("too-many-nodes", nodes[0].name.source, message)];
  }
  if (count < 2 && cni !== "vxlan") return [];
  const problems: Diagnostic[] = [];
  const [first] = nodes.filter(({ address }) => address !== undefined);
  for (const group of nodes) {
    const problem = group.address === undefined ? withoutAddress(cni, group) : outsideLan(cni, group, first);
    if (problem) problems.push(problem);
    const mtu = podMtu(model, group);
    if (mtu !== undefined && mtu < leastMtu) problems.push(tooNarrow(group));
  }
  return problems;
}

/** Of IPv4 (RFC 791, 3.2). */
const leastMtu = 68;

function tooNarrow({ name, address, source }: NodeGroup): Diagnostic {
  const message = `VXLAN takes ${vxlanHeadroom} bytes of the MTU of ${memberName(name, 0)}, and pods would have less than the ${leastMtu} that IPv4 needs.`;
  return error("mtu-too-small", address?.source ?? source, message);
}

function withoutAddress(cni: string, { name }: NodeGroup): Diagnostic {
  const node = memberName(name, 0);
  const message = `With cni ${cni} other nodes reach the pods of ${node} by way of its address, and it has none: address 192.168.1.11/24.`;
  return error("no-node-address", name.source, message);
}

function outsideLan(cni: string, group: NodeGroup, first: NodeGroup): Diagnostic | undefined {
  const [lan, source] = [first.address?.value, group.address?.source ?? group.source];
  const [begin, end] = [group.address?.value, memberNodeAddress(group, memberCount(group.name) - 1)];
  if (lan === undefined || begin === undefined || end === undefined) return undefined;
  const [node, other] = [memberName(group.name, 0), memberName(first.name, 0)];
  if (cni === "vxlan" && [group, first].every(hasWayOut)) return undefined;
  const needs = cni === "vxlan" ? "Without a gateway, cni vxlan" : `cni ${cni}`;
  if (group.on?.value !== first.on?.value) {
    const [here, there] = [group, first].map(({ on }) =>
      on ? `switch ${on.value}` : "the switch of all who name none",
    );
    const message = `${needs} needs all nodes on one LAN: ${node} is plugged into ${here}, ${other} into ${there}.`;
    return error("node-outside-lan", group.on?.source ?? source, message);
  }
  const outside = [begin, end].find(({ address }) => !prefixContains(lan, address));
  if (outside === undefined && begin.length === lan.length) return undefined;
  const message = `${needs} needs all nodes on one LAN: ${formatPrefix(outside ?? begin)} of ${group.name.base} is not inside ${formatNetwork(lan)}, the network of ${other}.`;
  return error("node-outside-lan", source, message);
}

/** The outer packets of VXLAN may go by way of routers. */
function hasWayOut({ gateway, contents }: NodeGroup): boolean {
  return gateway !== undefined || contents.routes.length > 0;
}

/** What pods of Calico rely on without saying so. */
function checkRouted({ nodes }: ClusterModel): Diagnostic[] {
  const problems: Diagnostic[] = [];
  for (const { name, pods, gateway, contents } of nodes) {
    for (const { hostEnd } of pods) {
      if (hostEnd?.master === undefined) continue;
      const message = "With cni routed pods are routed to; their cables join no bridge.";
      problems.push(error("unexpected-master", hostEnd.master.source, message));
    }
    const reaches = contents.routes.some(({ destination }) => prefixContains(destination, caliGateway));
    if (pods.length === 0 || gateway !== undefined || reaches) continue;
    const message = `The pods of ${memberName(name, 0)} ask for ${formatIpv4(caliGateway)}, and Linux answers by proxy ARP only for what it has a route to: give the node a default route, such as gateway 192.168.1.1.`;
    problems.push({ severity: "warning", code: "no-default-route", range: name.source, message });
  }
  return problems;
}
