import { endpointSlices, noChanges } from "../../kube/endpoint-slices.ts";
import type { ClusterLayout } from "../../kube/layout.ts";
import type { PlacedPod } from "../../kube/selected-pods.ts";
import type { EndpointChanges } from "../../plan/statements.ts";

/** The cluster as the API server has it at this moment of the run, where the layout alone is what the file declares. */
export interface ClusterNow extends ClusterLayout {
  /** Its readiness probe succeeds. */
  isReady(pod: PlacedPod): boolean;
}

export function clusterNow(layout: ClusterLayout, changes: EndpointChanges): ClusterNow {
  return {
    ...layout,
    endpointSlices: () => (changes === noChanges ? layout.endpointSlices() : endpointSlices(layout, changes)),
    isReady: ({ key, pod }) => changes.ready.get(key) ?? pod.ready,
  };
}
