import { describe, expect, it } from "vitest";
import { staleUdpConnections } from "../../../src/kube/proxy/stale-connections.ts";
import type { EndpointModel, ServiceProtocol } from "../../../src/kube/service-model.ts";
import { at, endpointSlice, ipv4, service } from "./objects.ts";

describe("UDP connections that are forgotten when endpoints change", () => {
  it("1. those to an endpoint that is gone", () => {
    expect(staleUdpConnections(dns([at("10.0.1.1"), at("10.0.1.2")]), dns([at("10.0.1.2")]))).toEqual([
      "-D -p udp --orig-dst 172.30.0.10 --orig-port-dst 53 --reply-src 10.0.1.1",
      "-D -p udp --orig-dst 192.168.99.1 --orig-port-dst 53 --reply-src 10.0.1.1",
      "-D -p udp --orig-port-dst 30053 --reply-src 10.0.1.1",
    ]);
  });

  it("2. all of a Service that gets its first endpoint", () => {
    expect(staleUdpConnections(dns([]), dns([at("10.0.1.2")]))).toEqual([
      "-D -p udp --orig-dst 172.30.0.10 --orig-port-dst 53",
      "-D -p udp --orig-dst 192.168.99.1 --orig-port-dst 53",
      "-D -p udp --orig-port-dst 30053",
    ]);
  });

  it("3. none while nobody serves: they are forgotten when somebody does", () => {
    expect(staleUdpConnections(dns([at("10.0.1.1")]), dns([]))).toEqual([]);
  });

  it("4. none to an endpoint that is terminating but still serves", () => {
    const leaving = at("10.0.1.1", undefined, { ready: false, terminating: true });
    expect(staleUdpConnections(dns([at("10.0.1.1"), at("10.0.1.2")]), dns([leaving, at("10.0.1.2")]))).toEqual([]);
  });

  it("5. none of TCP, which notices by itself", () => {
    expect(staleUdpConnections(dns([at("10.0.1.1"), at("10.0.1.2")], "TCP"), dns([at("10.0.1.2")], "TCP"))).toEqual([]);
  });
});

function dns(endpoints: readonly EndpointModel[], protocol: ServiceProtocol = "UDP") {
  return {
    services: [
      service("kube-system/dns", {
        clusterIP: ipv4("172.30.0.10"),
        externalIPs: [ipv4("192.168.99.1")],
        ports: [{ protocol, port: 53, nodePort: 30053 }],
      }),
    ],
    slices: [endpointSlice("kube-system/dns", { ports: [{ name: "", protocol, port: 53 }], endpoints })],
  };
}
