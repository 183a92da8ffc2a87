import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import type { EndpointModel, EndpointSliceModel } from "../service-model.ts";
import { portKey } from "./service-ports.ts";

/** Where a connection to a port of a Service may end. */
export interface ProxyEndpoint {
  readonly address: Ipv4Address;
  /** `IP:PORT`. */
  readonly text: string;
  /** On kube-proxy's own node: its `nodeName` says so, whether the pod has an address of its own or the node's. */
  readonly local: boolean;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/**
 * All slices of a Service put together, for each `portKey` (pkg/proxy/endpointslicecache.go): an endpoint named twice
 * counts once, and as local if it is so in any of them. Only an endpoint's first address counts. In the order of
 * their text.
 */
export function endpointsByPort(
  slices: readonly EndpointSliceModel[],
  nodeName: string,
): ReadonlyMap<string, readonly ProxyEndpoint[]> {
  const byPort = new Map<string, Map<string, ProxyEndpoint>>();
  for (const slice of slices) {
    if (slice.addressType !== "IPv4") continue;
    for (const port of slice.ports) {
      if (port.port === 0) continue;
      const key = portKey(slice.namespace, slice.service, port.name, port.protocol);
      const found = byPort.get(key) ?? new Map<string, ProxyEndpoint>();
      byPort.set(key, found);
      for (const endpoint of slice.endpoints) add(found, endpoint, port.port, nodeName);
    }
  }
  return new Map([...byPort].map(([key, found]) => [key, [...found.values()].sort(byText)]));
}

function add(found: Map<string, ProxyEndpoint>, endpoint: EndpointModel, port: number, nodeName: string): void {
  const [address] = endpoint.addresses;
  if (address === undefined) return;
  const text = `${formatIpv4(address)}:${port}`;
  const local = endpoint.nodeName === nodeName;
  if (found.has(text) && !local) return;
  const { ready, serving, terminating } = endpoint;
  found.set(text, { address, text, local, ready, serving, terminating });
}

function byText(left: ProxyEndpoint, right: ProxyEndpoint): number {
  return left.text < right.text ? -1 : left.text > right.text ? 1 : 0;
}
