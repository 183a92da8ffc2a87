import type { ReverseProxySettings } from "../../plan/reverse-proxy.ts";
import type { ClusterLayout } from "../layout.ts";
import { type ClusterModel, type DeploymentModel, noContents } from "../model.ts";
import { type DeclaredService, serviceDefaults } from "../service-declaration.ts";
import type { EndpointSliceModel } from "../service-model.ts";
import type { IngressBackend, IngressControllerModel, IngressModel } from "./model.ts";

/** Where the manifests of ingress-nginx put it, and what its Deployment and Service are called there. */
const namespace = "ingress-nginx";
const name = "ingress-nginx-controller";
const labels = { "app.kubernetes.io/name": "ingress-nginx" };
const httpPort = 80;

/** The cluster with its ingress controller: a Deployment, and the Service by which clients from outside reach it. */
export function withIngressController<
  Model extends Pick<ClusterModel, "ingressController" | "services" | "deployments">,
>(model: Model): Model {
  const { ingressController: controller } = model;
  if (controller === undefined) return model;
  const services = [...model.services, controllerService(controller)];
  return { ...model, services, deployments: [...model.deployments, controllerPods(controller)] };
}

function controllerService(controller: IngressControllerModel): DeclaredService {
  const { nodePort = 0, loadBalancerIP: ip, externalTrafficPolicy, source } = controller;
  return {
    ...serviceDefaults,
    namespace,
    name,
    stored: false,
    type: ip === undefined ? "NodePort" : "LoadBalancer",
    externalTrafficPolicy,
    ports: [{ name: "http", protocol: "TCP", port: httpPort, targetPort: "http", nodePort, source }],
    loadBalancerIngress: ip === undefined ? [] : [{ ip, ipMode: "VIP" }],
    selector: labels,
    source,
  };
}

function controllerPods({ replicas, source }: IngressControllerModel): DeploymentModel {
  const listener = { protocol: "tcp", address: 0, port: httpPort, name: "http", program: "ingress", source } as const;
  return {
    replicas,
    template: {
      name: { base: name, source },
      namespace,
      labels,
      ready: true,
      terminating: false,
      hostNetwork: false,
      contents: { ...noContents, containers: [{ name: "controller", listeners: [listener], source }] },
      source,
    },
  };
}

/** Those that the controller takes: of its class, or of none. */
export function ownIngresses({ ingresses, ingressController }: Pick<ClusterModel, "ingresses" | "ingressController">) {
  return ingresses.filter(
    ({ className }) => className === undefined || className.value === ingressController?.className,
  );
}

/** What the controller makes of the Ingresses: hosts and paths, and the endpoints behind them that are ready. */
export function ingressSettings(
  { model, services }: Pick<ClusterLayout, "model" | "services">,
  slices: readonly EndpointSliceModel[],
): ReverseProxySettings {
  const upstreams: Record<string, ReverseProxySettings["upstreams"][string]> = {};
  const upstreamOf = (ingress: IngressModel, backend: IngressBackend): string => {
    const key = `${ingress.namespace}/${backend.service}:${backend.port ?? ""}`;
    upstreams[key] ??= endpointsOf(ingress.namespace, backend, services, slices);
    return key;
  };
  const byHost = new Map<string, ReverseProxySettings["servers"][number]["paths"][number][]>();
  let defaultUpstream: string | undefined;
  for (const ingress of ownIngresses(model)) {
    for (const { host = "", paths } of ingress.rules) {
      const known = byHost.get(host) ?? [];
      for (const { path, pathType, backend } of paths) {
        // The older of two Ingresses keeps a path that both want.
        const isTaken = known.some((one) => one.path === path && one.pathType === pathType);
        if (!isTaken) known.push({ path, pathType, upstream: upstreamOf(ingress, backend) });
      }
      byHost.set(host, known);
    }
    if (ingress.defaultBackend !== undefined) defaultUpstream ??= upstreamOf(ingress, ingress.defaultBackend);
  }
  const servers = [...byHost].map(([host, paths]) => ({ host, paths }));
  return { servers, upstreams, ...(defaultUpstream !== undefined && { defaultUpstream }) };
}

function endpointsOf(
  where: string,
  backend: IngressBackend,
  services: ClusterLayout["services"],
  slices: readonly EndpointSliceModel[],
): ReverseProxySettings["upstreams"][string] {
  const service = services.find((one) => one.namespace === where && one.name === backend.service);
  const port = service && portOf(service.ports, backend);
  if (service === undefined || port === undefined) return [];
  const own = slices.filter((slice) => slice.namespace === where && slice.service === service.name);
  return own.flatMap(({ ports, endpoints }) => {
    const number = ports.find((one) => one.name === port.name && one.protocol === port.protocol)?.port;
    if (number === undefined) return [];
    return endpoints
      .filter(({ ready }) => ready)
      .flatMap(({ addresses }) => addresses.map((address) => ({ address, port: number })));
  });
}

/** The port of a Service that a backend means. */
export function portOf<Port extends { readonly name: string; readonly port: number }>(
  ports: readonly Port[],
  { port }: IngressBackend,
): Port | undefined {
  if (port === undefined) return ports.length === 1 ? ports[0] : undefined;
  return ports.find((one) => (typeof port === "number" ? one.port === port : one.name === port));
}
