import { formatIpv4 } from "../../wire/ipv4-address.ts";
import type { EndpointSliceModel, ServiceModel } from "../service-model.ts";
import { endpointsByPort } from "./endpoints.ts";
import { type ProxiedPort, portKey, proxiedPorts } from "./service-ports.ts";

/** What kube-proxy knows of the cluster at one time. */
export interface ServicesAndSlices {
  readonly services: readonly ServiceModel[];
  readonly slices: readonly EndpointSliceModel[];
}

/**
 * The arguments of `conntrack` with which kube-proxy forgets UDP connections that a change has left behind: rules see
 * only the first packet of a connection, and UDP has no end of one, so a client that keeps its port would go on
 * sending to an endpoint that is gone. As pkg/proxy/conntrack/cleanup.go since 1.32: connections that lead to no
 * serving endpoint, of those Services that have one.
 */
export function staleUdpConnections(before: ServicesAndSlices, after: ServicesAndSlices): readonly string[] {
  const servedBefore = servingAddresses(before);
  const servedAfter = servingAddresses(after);
  return proxiedPorts(after.services)
    .filter(({ port }) => port.protocol === "UDP")
    .flatMap((port) => {
      const former = servedBefore.get(keyOf(port)) ?? noAddresses;
      const current = servedAfter.get(keyOf(port)) ?? noAddresses;
      if (current.size === 0) return [];
      // Without an endpoint, packets went where the route led, and the connections remember that.
      if (former.size === 0) return destinations(port);
      const gone = [...former].filter((address) => !current.has(address));
      return gone.flatMap((address) =>
        destinations(port).map((match) => `${match} --reply-src ${formatIpv4(address)}`),
      );
    });
}

const noAddresses: ReadonlySet<number> = new Set();

function servingAddresses({ slices }: ServicesAndSlices): ReadonlyMap<string, ReadonlySet<number>> {
  const all = [...endpointsByPort(slices, "")];
  return new Map(
    all.map(([key, endpoints]) => [key, new Set(endpoints.filter((it) => it.serving).map((it) => it.address))]),
  );
}

function keyOf({ service, port }: ProxiedPort): string {
  return portKey(service.namespace, service.name, port.name, port.protocol);
}

/** One for each address that clients dial. */
function destinations({ clusterIP, loadBalancerIPs, service, port }: ProxiedPort): readonly string[] {
  const addresses = [clusterIP, ...loadBalancerIPs, ...service.externalIPs];
  return [
    ...addresses.map((address) => `-D -p udp --orig-dst ${formatIpv4(address)} --orig-port-dst ${port.port}`),
    ...(port.nodePort === 0 ? [] : [`-D -p udp --orig-port-dst ${port.nodePort}`]),
  ];
}
