import type { Diagnostic, Severity } from "../base/diagnostic.ts";
import { lineSeenFrom, type SourceRange } from "../base/source-range.ts";
import { closest } from "../base/suggest.ts";
import { parseIpv4 } from "../wire/address-text.ts";
import { broadcastAddress, formatIpv4, formatPrefix, type Ipv4Prefix, networkAddress } from "../wire/ipv4-address.ts";
import { containerPort } from "./endpoint-slices.ts";
import { type ClusterLayout, memberNodeAddress } from "./layout.ts";
import { memberName } from "./model.ts";
import { selectedGroups } from "./selected-pods.ts";
import { hasHealthCheck } from "./service-allocation.ts";
import type { DeclaredService } from "./service-declaration.ts";

/** What an API server would refuse about Services, and what it lets pass though it leads nowhere. */
export function checkServices(layout: ClusterLayout): Diagnostic[] {
  const { services, slices } = layout.model;
  if (services.length + slices.length === 0) return checkBlocks(layout);
  return [
    ...checkNames(services),
    ...services.flatMap((service) => [
      ...checkType(service),
      ...checkPorts(service),
      ...checkSelector(layout, service),
      ...checkEndpoints(layout, service),
    ]),
    ...checkSlices(layout),
    ...checkBlocks(layout),
  ];
}

function checkNames(services: readonly DeclaredService[]): Diagnostic[] {
  const known = new Map<string, DeclaredService>();
  return services.flatMap((service) => {
    const key = `${service.namespace}/${service.name}`;
    const other = known.get(key);
    known.set(key, other ?? service);
    if (other === undefined) return [];
    const place = lineSeenFrom(other.source, service.source);
    const message = `There is already a Service ${service.name} in the namespace ${service.namespace} (${place}).`;
    return [problem("error", "duplicate-name", service.source, message)];
  });
}

/** Settings that the Service's type has no use for, or that it cannot have. */
function checkType(service: DeclaredService): Diagnostic[] {
  const { type, headless, source, externalIPs } = service;
  const severity: Severity = service.stored ? "warning" : "error";
  const found: Diagnostic[] = [];
  const refuse = (code: string, message: string) => found.push(problem(severity, code, source, message));
  const isExternal = type === "NodePort" || type === "LoadBalancer";
  if (headless && isExternal) refuse("headless-with-type", `A headless Service cannot be of type ${type}.`);
  if (headless && service.clusterIP) refuse("headless-with-cluster-ip", "A headless Service has no clusterIP.");
  if (!isExternal && service.externalTrafficPolicy === "Local" && externalIPs.length === 0) {
    refuse("policy-without-outside", "externalTrafficPolicy Local is for Services of type NodePort or LoadBalancer.");
  }
  if (type !== "LoadBalancer" && service.loadBalancerIngress.length > 0) {
    refuse("load-balancer-without-type", "A loadBalancerIP needs type LoadBalancer.");
  }
  if (type !== "LoadBalancer" && service.loadBalancerSourceRanges.length > 0) {
    refuse("source-ranges-without-type", "loadBalancerSourceRanges need type LoadBalancer.");
  }
  if (service.healthCheckNodePort !== 0 && !hasHealthCheck(service)) {
    const message = "A healthCheckNodePort needs type LoadBalancer and externalTrafficPolicy Local.";
    refuse("health-check-without-policy", message);
  }
  const withNodePort = isExternal ? undefined : service.ports.find(({ nodePort }) => nodePort !== 0);
  if (withNodePort) {
    const message = `A nodePort needs type NodePort or LoadBalancer; this Service is of type ${type}.`;
    found.push(problem(severity, "node-port-without-type", withNodePort.source, message));
  }
  return found;
}

/** One port twice, or one name twice. */
function checkPorts({ ports }: DeclaredService): Diagnostic[] {
  return ports.flatMap((port, i) => {
    const before = ports.slice(0, i);
    const samePort = before.find((one) => one.port === port.port && one.protocol === port.protocol);
    if (samePort) {
      const place = lineSeenFrom(samePort.source, port.source);
      const message = `The Service already has the port ${port.port}/${port.protocol} (${place}).`;
      return [problem("error", "duplicate-port", port.source, message)];
    }
    const sameName = port.name === "" ? undefined : before.find(({ name }) => name === port.name);
    if (sameName === undefined) return [];
    const message = `The Service already has a port named ${port.name} (${lineSeenFrom(sameName.source, port.source)}).`;
    return [problem("error", "duplicate-port", port.source, message)];
  });
}

/** A selector that finds nothing is legal: the Service then refuses its clients. A port name that no pod has is, too. */
function checkSelector(layout: ClusterLayout, service: DeclaredService): Diagnostic[] {
  const { namespace, name, selector, selectorSource, ports, source } = service;
  if (service.type === "ExternalName" || service.statedEndpoints || hasSlices(layout, service)) return [];
  if (selector === undefined) {
    const message = `The Service ${name} has neither a selector nor endpoints: its clients are refused.`;
    return [problem("information", "service-without-endpoints", source, message)];
  }
  const groups = selectedGroups(layout.model, namespace, selector);
  if (groups.length === 0) {
    const guess = nearLabels(layout, service);
    const text = `The selector of ${name} finds no pod in the namespace ${namespace}: its clients are refused.${guess}`;
    return [problem("warning", "selector-matches-nothing", selectorSource ?? source, text)];
  }
  return ports.flatMap((port) => {
    const { targetPort } = port;
    if (typeof targetPort === "number") return [];
    const without = groups.find(({ pod }) => containerPort(pod, targetPort) === undefined);
    if (without === undefined) return [];
    const pod = without.pod.name.base;
    const message = `No container of ${pod} has a port named ${targetPort}: listen tcp 8080 http name ${targetPort}.`;
    return [problem("warning", "unknown-target-port", port.source, message)];
  });
}

function hasSlices({ model }: ClusterLayout, { namespace, name }: DeclaredService): boolean {
  return model.slices.some((slice) => slice.namespace === namespace && slice.service === name);
}

/** The label that is meant, where one is misspelt; else a pod of another namespace that has them all. */
function nearLabels({ model }: ClusterLayout, { namespace, selector = {} }: DeclaredService): string {
  const pods = model.nodes.flatMap((group) => group.pods);
  const elsewhere = pods.find((pod) => selectedGroups(model, pod.namespace, selector).length > 0);
  if (elsewhere) return ` The pods that it would find are in the namespace ${elsewhere.namespace}.`;
  const labels = new Set(
    pods
      .filter((pod) => pod.namespace === namespace)
      .flatMap((pod) => Object.entries(pod.labels).map(([key, value]) => `${key}=${value}`)),
  );
  for (const [key, value] of Object.entries(selector)) {
    const guess = labels.has(`${key}=${value}`) ? undefined : closest(`${key}=${value}`, labels);
    if (guess) return ` Did you mean ${guess}?`;
  }
  return "";
}

/** `endpoints` names pods or addresses. */
function checkEndpoints(
  { names, addressesOf }: ClusterLayout,
  { statedEndpoints = [] }: DeclaredService,
): Diagnostic[] {
  return statedEndpoints.flatMap(({ value, source: range }) => {
    if (parseIpv4(value) !== undefined) return [];
    const found = names.resolve(value);
    if (found.kind === "unknown") {
      const guess = closest(value, names.suggestions());
      const fix = guess ? { title: `Change to ${guess}`, range, newText: guess } : undefined;
      const message = `There is no pod "${value}".${guess ? ` Did you mean ${guess}?` : ""}`;
      return [{ ...problem("error", "unknown-name", range, message), ...(fix && { fix }) }];
    }
    if (found.kind === "ambiguous") {
      const message = `"${value}" can mean ${found.candidates.join(", ")}: say in which node.`;
      return [problem("error", "ambiguous-name", range, message)];
    }
    if (addressesOf(found.ref).length > 0) return [];
    return [problem("error", "no-address", range, `${value} has no address.`)];
  });
}

/** Slices of Services that are not there, and of nodes that are not there. */
function checkSlices({ model, names }: ClusterLayout): Diagnostic[] {
  return model.slices.flatMap(({ namespace, service, endpoints, source }) => {
    if (!model.services.some((one) => one.namespace === namespace && one.name === service)) {
      const message = `There is no Service ${service} in the namespace ${namespace}: the slice is nobody's.`;
      return [problem("warning", "slice-without-service", source, message)];
    }
    const stranger = endpoints.find(({ nodeName }) => nodeName && names.resolve(nodeName).kind === "unknown");
    if (stranger === undefined) return [];
    const message = `There is no node ${stranger.nodeName}: its endpoints are local to nobody.`;
    return [problem("information", "unknown-node", source, message)];
  });
}

/** A cluster IP that is also a pod's or a node's would never leave for it, and a node's address that is a pod's neither. */
function checkBlocks({ model, cidrs }: ClusterLayout): Diagnostic[] {
  const { serviceCidr, podCidr } = model;
  const services = formatPrefix(serviceCidr.value);
  const found: Diagnostic[] = [];
  const usesServices = model.services.length > 0 || isStated(serviceCidr.source);
  if (usesServices && overlap(serviceCidr.value, podCidr.value)) {
    const later = serviceCidr.source.line >= podCidr.source.line ? serviceCidr : podCidr;
    const message = `The serviceCIDR ${services} and the podCIDR ${formatPrefix(podCidr.value)} overlap: an address could be a pod's and a Service's.`;
    found.push(problem("error", "overlapping-cidr", later.source, message));
  }
  for (const group of model.nodes) {
    const prefix = memberNodeAddress(group, 0);
    if (prefix === undefined) continue;
    const own = { address: prefix.address, length: 32 };
    const ownPods = cidrs.of(group, 0);
    // That a node's own pods are on its LAN is said elsewhere.
    const isSaid = ownPods !== undefined && overlap(ownPods, prefix);
    const inPods = isSaid ? undefined : podBlock(model, own);
    const block = usesServices && overlap(serviceCidr.value, own) ? `serviceCIDR ${services}` : inPods;
    if (block === undefined) continue;
    const message = `The address ${formatIpv4(prefix.address)} of ${memberName(group.name, 0)} is inside the ${block}.`;
    found.push(problem("error", "overlapping-cidr", group.address?.source ?? group.source, message));
  }
  return found;
}

/** The cluster's block of pods, where an address is inside and a CNI plugin gives the addresses out. */
function podBlock({ cni, podCidr }: ClusterLayout["model"], address: Ipv4Prefix): string | undefined {
  return cni !== "none" && overlap(podCidr.value, address) ? `podCIDR ${formatPrefix(podCidr.value)}` : undefined;
}

/** What a file does not state stands at its beginning, and has no extent. */
function isStated({ line, column, endLine, endColumn }: SourceRange): boolean {
  return endLine > line || endColumn > column;
}

function overlap(one: Ipv4Prefix, other: Ipv4Prefix): boolean {
  return networkAddress(one) <= broadcastAddress(other) && networkAddress(other) <= broadcastAddress(one);
}

function problem(severity: Severity, code: string, range: SourceRange, message: string): Diagnostic {
  return { severity, code, range, message };
}
