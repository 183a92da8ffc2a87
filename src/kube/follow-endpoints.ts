import type { SourceRange } from "../base/source-range.ts";
import type { NetworkCommand } from "../plan/commands.ts";
import type { EndpointChanges } from "../plan/statements.ts";
import { endpointSlices, withChange } from "./endpoint-slices.ts";
import { informCommands } from "./inform.ts";
import type { ClusterLayout } from "./layout.ts";
import { resyncCommands } from "./resync.ts";

/**
 * What the controllers of a cluster do when endpoints, which have changed so far as `inForce` says, change further: kube-proxy on every
 * node, CoreDNS and the ingress controller. Empty where nothing follows.
 */
export function followEndpoints(
  layout: ClusterLayout,
  inForce: EndpointChanges,
  change: Partial<EndpointChanges>,
  source: SourceRange,
): readonly NetworkCommand[] {
  const before = endpointSlices(layout, inForce);
  const after = endpointSlices(layout, withChange(inForce, change));
  return [...resyncCommands(layout, before, after, source), ...informCommands(layout, before, after, source)];
}
