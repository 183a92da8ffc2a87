import type { Diagnostic } from "../../base/diagnostic.ts";
import { lineSeenFrom } from "../../base/source-range.ts";
import { closest } from "../../base/suggest.ts";
import type { ClusterLayout } from "../layout.ts";
import { ownIngresses, portOf } from "./controller.ts";
import type { IngressBackend, IngressModel, IngressPath } from "./model.ts";

/** Ingresses that nobody carries out, that lead nowhere, or that want what another one has. All of it is legal for an API server. */
export function checkIngresses(layout: ClusterLayout): Diagnostic[] {
  const { ingresses } = layout.model;
  if (ingresses.length === 0) return [];
  return [
    ...checkController(layout),
    ...ingresses.flatMap((ingress) =>
      backendsOf(ingress).flatMap((backend) => checkBackend(layout, ingress, backend) ?? []),
    ),
    ...checkDuplicates(ownIngresses(layout.model)),
  ];
}

function checkController({ model }: ClusterLayout): Diagnostic[] {
  const { ingressController: controller, ingresses } = model;
  return ingresses.flatMap((ingress): Diagnostic[] => {
    if (controller === undefined) {
      const message = `Nobody carries out the Ingress ${ingress.name}: declare a controller, cluster { ingressController nginx }.`;
      return [warning("ingress-without-controller", ingress.source, message)];
    }
    const { className } = ingress;
    if (className === undefined || className.value === controller.className) return [];
    const message = `The class ${className.value} is another controller's; the cluster's is ${controller.className}.`;
    return [warning("ingress-of-another-class", className.source, message)];
  });
}

function backendsOf({ rules, defaultBackend }: IngressModel): IngressBackend[] {
  const backends = rules.flatMap(({ paths }) => paths.map(({ backend }) => backend));
  return defaultBackend === undefined ? backends : [...backends, defaultBackend];
}

function checkBackend(
  { services }: ClusterLayout,
  { namespace }: IngressModel,
  backend: IngressBackend,
): Diagnostic | undefined {
  const service = services.find((one) => one.namespace === namespace && one.name === backend.service);
  if (service === undefined) {
    const names = services.filter((one) => one.namespace === namespace).map((one) => one.name);
    const guess = closest(backend.service, names);
    const message = `There is no Service ${backend.service} in the namespace ${namespace}: whoever asks for it gets 503.${guess ? ` Did you mean ${guess}?` : ""}`;
    return warning("unknown-service", backend.source, message);
  }
  if (portOf(service.ports, backend) !== undefined) return undefined;
  const own = service.ports.map(({ name, port }) => (name === "" ? port : `${port} (${name})`)).join(", ");
  const asked =
    backend.port === undefined ? "Say which port" : `The Service ${service.name} has no port ${backend.port}`;
  return warning(
    "unknown-service-port",
    backend.source,
    `${asked}: it has ${own === "" ? "none" : own}. Whoever asks gets 503.`,
  );
}

function checkDuplicates(ingresses: readonly IngressModel[]): Diagnostic[] {
  const known = new Map<string, IngressPath>();
  const found: Diagnostic[] = [];
  for (const { rules } of ingresses) {
    for (const { host = "", paths } of rules) {
      for (const path of paths) {
        const key = `${host} ${path.pathType} ${path.path}`;
        const other = known.get(key);
        known.set(key, other ?? path);
        if (other === undefined) continue;
        const message = `${host}${path.path} is taken already (${lineSeenFrom(other.source, path.source)}): the older one has it.`;
        found.push(warning("duplicate-path", path.source, message));
      }
    }
  }
  return found;
}

function warning(code: string, range: Diagnostic["range"], message: string): Diagnostic {
  return { severity: "warning", code, range, message };
}
