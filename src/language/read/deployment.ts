import type { DeploymentModel } from "../../kube/model.ts";
import type { Deployment, Item } from "../generated/ast.ts";
import { readNumber } from "../values.ts";
import { readPodTemplate } from "./pod.ts";
import { oneWord, type Reading } from "./reading.ts";

/** Ten times what a cluster of Kubernetes' own limits has on a hundred nodes. */
const mostReplicas = 100_000;

/** Reads `deployment NAME { replicas 3; labels app=web; container web {…} }`. */
export function readDeployment(
  node: Deployment,
  reading: Reading,
): { readonly deployment?: DeploymentModel; readonly escaped: readonly Item[] } {
  let replicas = 1;
  const { pod, escaped } = readPodTemplate(node, "deployment", reading, {
    replicas: oneWord(reading, (word) => {
      replicas = readNumber(word, reading.problems, 0, mostReplicas) ?? replicas;
    }),
  });
  if (pod === undefined) return { escaped };
  const { problems } = reading;
  if (pod.name.range) {
    problems.error(
      "range-of-deployments",
      pod.name.source,
      "A deployment is declared by itself: its pods are replicas.",
    );
    return { escaped };
  }
  const own = pod.address ?? pod.mac ?? pod.hostEnd;
  if (own) {
    const message = "The pods of a deployment are alike: none has an address, a MAC or a cable of its own.";
    problems.error("deployment-with-address", own.source, message);
  }
  return { deployment: { replicas, template: pod }, escaped };
}
