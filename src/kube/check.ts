import type { Diagnostic } from "../base/diagnostic.ts";
import type { ClusterLayout } from "./layout.ts";

/** Everything about a cluster that is wrong though every line of it can be read. */
export function checkCluster(_layout: ClusterLayout): Diagnostic[] {
  return [];
}
