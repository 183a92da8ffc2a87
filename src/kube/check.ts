import type { Diagnostic } from "../base/diagnostic.ts";
import { checkDevices } from "./check-devices.ts";
import { checkBroadcastDomains } from "./check-domains.ts";
import { checkHubs } from "./check-hubs.ts";
import { checkListeners } from "./check-listeners.ts";
import { checkServices } from "./check-services.ts";
import { checkSets } from "./check-sets.ts";
import { checkUnderlay } from "./check-underlay.ts";
import { listDevices } from "./devices.ts";
import { checkIngresses } from "./ingress/check.ts";
import type { ClusterLayout } from "./layout.ts";
import { memberCount } from "./model.ts";

/** More would not fit into memory with any kernel behind it. */
const mostPods = 1_000_000;

/** Everything about a cluster that is wrong though every line of it can be read. */
export function checkCluster(layout: ClusterLayout): Diagnostic[] {
  const tooMany = checkSize(layout);
  if (tooMany) return [tooMany];
  const names = checkNames(layout);
  if (names.length > 0) return [...names, ...checkListeners(layout.model)];
  const devices = listDevices(layout);
  const raw = new Set(layout.model.namespaces.map((namespace) => layout.names.rawName(namespace)));
  return [
    ...checkListeners(layout.model),
    ...checkServices(layout),
    ...checkIngresses(layout),
    ...checkDeployments(layout.model),
    ...checkSets(layout.model),
    ...checkHubs(layout.model),
    ...checkUnderlay(layout),
    ...checkDevices(devices),
    ...checkBroadcastDomains(devices, (netns) => raw.has(netns)),
  ];
}

function checkSize({ model }: ClusterLayout): Diagnostic | undefined {
  let pods = 0;
  for (const node of model.nodes) {
    const inEach = node.pods.reduce((sum, pod) => sum + memberCount(pod.name), 0);
    pods += memberCount(node.name) * Math.max(1, inEach);
    if (pods <= mostPods) continue;
    const message = `The file declares more than ${mostPods} pods.`;
    return { severity: "error", code: "too-many-pods", range: node.name.source, message };
  }
  return undefined;
}

function checkDeployments({ deployments, nodes }: ClusterLayout["model"]): Diagnostic[] {
  if (nodes.length > 0) return [];
  return deployments.map(({ template: { name } }): Diagnostic => {
    const message = `There is no node for the pods of ${name.base}.`;
    return { severity: "error", code: "no-node", range: name.source, message };
  });
}

function checkNames({ names }: ClusterLayout): Diagnostic[] {
  return [...names.duplicates()].map(({ name, other }) => {
    const message = `The name ${name.base} is already taken (line ${other.source.line}).`;
    return { severity: "error", code: "duplicate-name", range: name.source, message };
  });
}
