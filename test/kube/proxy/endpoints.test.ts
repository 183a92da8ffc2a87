import { describe, expect, it } from "vitest";
import { endpointsByPort } from "../../../src/kube/proxy/endpoints.ts";
import { proxiedPorts } from "../../../src/kube/proxy/service-ports.ts";
import { usableEndpoints } from "../../../src/kube/proxy/traffic-policy.ts";
import type { EndpointModel, ServiceModel } from "../../../src/kube/service-model.ts";
import { at, endpointSlice, service } from "./objects.ts";

const notReady = { ready: false, serving: false };
const leaving = { ready: false, serving: true, terminating: true };
const gone = { ready: false, serving: false, terminating: true };

describe("Endpoints of several slices", () => {
  it("1. stand in the order of their text, each once", () => {
    const slices = [
      endpointSlice("default/web", { endpoints: [at("10.0.1.10"), at("10.0.1.9")] }),
      endpointSlice("default/web", { endpoints: [at("10.0.1.9"), at("10.0.1.100")] }),
    ];
    const [endpoints] = endpointsByPort(slices, "here").values();
    expect(endpoints.map(({ text }) => text)).toEqual(["10.0.1.100:8080", "10.0.1.10:8080", "10.0.1.9:8080"]);
  });

  it("2. an endpoint is local if one slice says so, and not without a node's name", () => {
    const slices = [
      endpointSlice("default/web", { endpoints: [at("10.0.1.1", "here"), at("10.0.1.2"), at("10.0.1.3", "there")] }),
      endpointSlice("default/web", { endpoints: [at("10.0.1.1"), at("10.0.1.3", "here")] }),
    ];
    const [endpoints] = endpointsByPort(slices, "here").values();
    expect(endpoints.map(({ text, local }) => `${text} ${local}`)).toEqual([
      "10.0.1.1:8080 true",
      "10.0.1.2:8080 false",
      "10.0.1.3:8080 true",
    ]);
  });

  it("3. belong to the port with their name and protocol", () => {
    const ports = [
      { name: "dns", protocol: "UDP", port: 53 },
      { name: "dns-tcp", protocol: "TCP", port: 53 },
    ] as const;
    const slices = [endpointSlice("default/dns", { ports, endpoints: [at("10.0.1.1")] })];
    expect([...endpointsByPort(slices, "here").keys()]).toEqual(["default/dns:dns/UDP", "default/dns:dns-tcp/TCP"]);
  });
});

describe("Who gets connections", () => {
  it("1. who is ready", () => {
    expect(usable([at("10.0.1.1"), at("10.0.1.2", "here", notReady)])).toEqual({ cluster: ["10.0.1.1"], local: [] });
  });

  it("2. where nobody is: who is terminating and still serves", () => {
    const endpoints = [at("10.0.1.1", "here", leaving), at("10.0.1.2", "here", gone), at("10.0.1.3", "here", notReady)];
    expect(usable(endpoints)).toEqual({ cluster: ["10.0.1.1"], local: [] });
  });

  it("3. that is decided for the node and for the cluster, each for itself", () => {
    const web = { type: "NodePort", ports: [{ nodePort: 30080 }], externalTrafficPolicy: "Local" } as const;
    const endpoints = [at("10.0.1.1", "here", leaving), at("10.0.2.1", "there")];
    expect(usable(endpoints, service("default/web", web))).toEqual({ cluster: ["10.0.2.1"], local: ["10.0.1.1"] });
  });

  it("4. policy Local matters only where clients outside can come at all", () => {
    const web = service("default/web", { externalTrafficPolicy: "Local" });
    expect(usable([at("10.0.1.1", "here")], web)).toEqual({ cluster: ["10.0.1.1"], local: [] });
  });

  it("5. with internalTrafficPolicy Local alone, nobody on another node", () => {
    const web = service("default/web", { internalTrafficPolicy: "Local" });
    expect(usable([at("10.0.1.1", "here"), at("10.0.2.1", "there")], web)).toEqual({
      cluster: [],
      local: ["10.0.1.1"],
    });
  });
});

function usable(endpoints: readonly EndpointModel[], web: ServiceModel = service("default/web")) {
  const [all] = endpointsByPort([endpointSlice("default/web", { endpoints })], "here").values();
  const { cluster, local } = usableEndpoints(proxiedPorts([web])[0], all);
  const addresses = (list: typeof all) => list.map(({ text }) => text.split(":")[0]);
  return { cluster: addresses(cluster), local: addresses(local) };
}
