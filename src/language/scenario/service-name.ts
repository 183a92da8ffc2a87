import type { ClusterLayout } from "../../kube/layout.ts";
import type { NamespaceRef } from "../../kube/names.ts";
import type { ServiceModel } from "../../kube/service-model.ts";
import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import { defaultDomain } from "../read/dns.ts";
import type { Token } from "../source.ts";
import type { StatementContext } from "./context.ts";

/**
 * The Service that a name means to a client: `web` in the client's own namespace, else `web.NAMESPACE`, which `.svc` and
 * the cluster's domain may follow, as pods' resolv.conf completes it.
 */
export function findService(
  name: string,
  from: NamespaceRef | undefined,
  layout: ClusterLayout,
): ServiceModel | undefined {
  const [service, namespace = ownNamespace(from), ...rest] = name.split(".");
  const domain = rest.join(".");
  const clusterDomain = layout.model.dns?.domain ?? defaultDomain;
  if (domain !== "" && domain !== "svc" && domain !== `svc.${clusterDomain}`) return undefined;
  return layout.services.find((one) => one.name === service && one.namespace === namespace);
}

function ownNamespace(from: NamespaceRef | undefined): string {
  return from?.role === "pod" ? from.pod.namespace : "default";
}

/** The address that clients of a Service send to; undefined, with a problem, where it has none. */
export function readServiceAddress(
  service: ServiceModel,
  token: Token,
  { problems }: StatementContext,
): Ipv4Address | undefined {
  if (service.clusterIP !== undefined) return service.clusterIP;
  const why =
    service.type === "ExternalName"
      ? "it is a name for something outside of the cluster"
      : "it is headless: name one of its pods";
  problems.error("service-without-address", token.range, `The Service ${service.name} has no clusterIP: ${why}.`);
  return undefined;
}

/** A bare name that a pod has as well: whoever reads the file could not know which is meant. */
export function reportPodOrService(service: ServiceModel, token: Token, { problems }: StatementContext): void {
  const newText = `${service.name}.${service.namespace}`;
  const fix = { title: `Change to ${newText}`, range: token.range, newText };
  const message = `"${token.text}" is a Service and also a pod, node or netns: write ${newText} for the Service, or NODE/${token.text} for the pod.`;
  problems.error("ambiguous-name", token.range, message, fix);
}

/** Warns where a Service has no such port: no rule of the proxy then matches. */
export function checkServicePort(
  service: ServiceModel,
  port: number,
  protocol: "tcp" | "udp",
  token: Token,
  { problems }: StatementContext,
): void {
  const own = service.ports.filter((one) => one.protocol.toLowerCase() === protocol).map((one) => one.port);
  if (own.includes(port)) return;
  const has =
    own.length === 0 ? `no ${protocol} port` : `${protocol} ${own.length === 1 ? "port" : "ports"} ${own.join(", ")}`;
  const message = `The Service ${service.name} has ${has}: nothing answers at ${protocol} port ${port}.`;
  problems.warning("unknown-service-port", token.range, message);
}
