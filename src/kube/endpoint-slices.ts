import type { EndpointChanges } from "../plan/statements.ts";
import { parseIpv4 } from "../wire/address-text.ts";
import type { ClusterLayout } from "./layout.ts";
import { memberName, type PodGroup } from "./model.ts";
import { type PlacedPod, placedPods, podKey, selectedGroups } from "./selected-pods.ts";
import type { DeclaredService } from "./service-declaration.ts";
import type { EndpointModel, EndpointSliceModel } from "./service-model.ts";

/**
 * The EndpointSlices of all Services: those that manifests state, and for the others what the EndpointSlice controller
 * makes of selectors and pods (pkg/controller/endpointslice). Pods whose containers have different numbers for a named
 * port come into slices of their own.
 */
export function endpointSlices(layout: ClusterLayout, changes: EndpointChanges = noChanges): EndpointSliceModel[] {
  const { services, slices } = layout.model;
  const stated = new Set(slices.map((slice) => `${slice.namespace}/${slice.service}`));
  const derived = services.filter(({ namespace, name }) => !stated.has(`${namespace}/${name}`));
  return [...slices, ...derived.flatMap((service) => derivedSlices(layout, service, changes))];
}

export const noChanges: EndpointChanges = { ready: new Map(), endpoints: new Map() };

/** Both, the later one last. */
export function withChange(before: EndpointChanges, change: Partial<EndpointChanges>): EndpointChanges {
  return {
    ready: new Map([...before.ready, ...(change.ready ?? [])]),
    endpoints: new Map([...before.endpoints, ...(change.endpoints ?? [])]),
  };
}

/** Whether both come to the same, wherever they were written. */
export function isSameChange(one: EndpointChanges, other: EndpointChanges): boolean {
  return one === other || written(one) === written(other);
}

function written({ ready, endpoints }: EndpointChanges): string {
  const stated = [...endpoints].map(([service, backends]) => [service, ...backends.map(({ value }) => value)]);
  return JSON.stringify([[...ready].sort(byName), stated.sort(byName)]);
}

function byName([one]: readonly unknown[], [other]: readonly unknown[]): number {
  return String(one) < String(other) ? -1 : 1;
}

function derivedSlices(
  layout: ClusterLayout,
  declared: DeclaredService,
  changes: EndpointChanges,
): EndpointSliceModel[] {
  const changed = changes.endpoints.get(`${declared.namespace}/${declared.name}`);
  const service = changed ? { ...declared, statedEndpoints: changed } : declared;
  const slices = new Map<
    string,
    { readonly ports: EndpointSliceModel["ports"]; readonly endpoints: EndpointModel[] }
  >();
  for (const { pod, key: name, nodeName, address, podName } of podsOf(layout, service)) {
    if (address === undefined) continue;
    const ports = portsOn(pod, service);
    const key = ports.map(({ port }) => port).join(" ");
    const slice = slices.get(key) ?? { ports, endpoints: [] };
    slices.set(key, slice);
    const ready = changes.ready.get(name ?? "") ?? pod?.ready ?? true;
    const state = conditions(ready, pod?.terminating ?? false, service);
    const hostname = pod?.subdomain === service.name ? (pod.hostname ?? podName) : undefined;
    slice.endpoints.push({
      addresses: [address],
      ...state,
      ...(nodeName && { nodeName }),
      ...(hostname !== undefined && { hostname }),
    });
  }
  const { namespace, name, source } = service;
  return [...slices.values()].map((slice) => ({ namespace, service: name, addressType: "IPv4", ...slice, source }));
}

/** A pod that is not known has neither labels nor containers. */
type Backend = Partial<PlacedPod>;

function* podsOf(layout: ClusterLayout, service: DeclaredService): Generator<Backend> {
  if (service.statedEndpoints) {
    for (const { value } of service.statedEndpoints) yield* statedBackend(layout, value);
    return;
  }
  for (const { group, pod } of selectedGroups(layout.model, service.namespace, service.selector ?? {})) {
    yield* placedPods(layout, group, pod);
  }
}

/** An address, or a pod by its name. */
function* statedBackend(layout: ClusterLayout, text: string): Generator<Backend> {
  const address = parseIpv4(text);
  if (address !== undefined) yield { address };
  const found = address === undefined ? layout.names.resolve(text) : undefined;
  if (found?.kind !== "found") return;
  const [first] = layout.addressesOf(found.ref);
  const { ref } = found;
  const pod = ref.role === "pod" ? ref.pod : undefined;
  const podName = ref.role === "pod" ? memberName(ref.pod.name, ref.podMember) : undefined;
  const key = ref.role === "pod" ? podKey(ref.node, ref.pod, ref.podMember) : undefined;
  yield { pod, podName, key, nodeName: ref.node, address: first?.prefix.address };
}

function conditions(
  serving: boolean,
  terminating: boolean,
  { publishNotReadyAddresses }: DeclaredService,
): Omit<EndpointModel, "addresses" | "nodeName" | "hostname"> {
  return { ready: publishNotReadyAddresses || (serving && !terminating), serving, terminating };
}

/** A port whose name no container of the pod has is left out. */
function portsOn(pod: PodGroup | undefined, { ports }: DeclaredService): EndpointSliceModel["ports"] {
  return ports.flatMap(({ name, protocol, targetPort }) => {
    const port = typeof targetPort === "number" ? targetPort : pod && containerPort(pod, targetPort);
    return port === undefined ? [] : [{ name, protocol, port }];
  });
}

/** The number of a port that a container names. */
export function containerPort(pod: PodGroup, name: string): number | undefined {
  for (const { listeners } of pod.contents.containers) {
    const listener = listeners.find((one) => one.name === name);
    if (listener) return listener.port;
  }
  return undefined;
}
