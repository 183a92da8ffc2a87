import type { Diagnostic } from "../base/diagnostic.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import type { ClusterModel, ContainerModel, ListenerModel } from "./model.ts";

/** Containers of a pod share its ports: a second listener on one gets EADDRINUSE. */
export function checkListeners(model: ClusterModel): Diagnostic[] {
  const problems: Diagnostic[] = [];
  for (const node of model.nodes) {
    const inNode = node.pods.filter((pod) => pod.hostNetwork).flatMap((pod) => pod.contents.containers);
    checkNamespace([...node.contents.containers, ...inNode], "node", problems);
    for (const pod of node.pods) if (!pod.hostNetwork) checkNamespace(pod.contents.containers, "pod", problems);
  }
  for (const raw of model.namespaces) checkNamespace(raw.contents.containers, "netns", problems);
  return problems;
}

function checkNamespace(containers: readonly ContainerModel[], kind: string, problems: Diagnostic[]): void {
  const byPort = new Map<string, { readonly listener: ListenerModel; readonly container: string }[]>();
  for (const container of containers) {
    for (const listener of container.listeners) {
      const key = `${listener.protocol} ${listener.port}`;
      const others = byPort.get(key) ?? [];
      const other = others.find(({ listener: { address } }) => overlaps(address, listener.address));
      if (other) {
        const where = other.listener.address === 0 ? "every address" : formatIpv4(other.listener.address);
        const message = `${listener.protocol} port ${listener.port} is taken: container ${other.container} listens there on ${where} (line ${other.listener.source.line}), and the containers of a ${kind} share its ports.`;
        problems.push({ severity: "error", code: "duplicate-listener", range: listener.source, message });
      }
      byPort.set(key, [...others, { listener, container: container.name }]);
    }
  }
}

function overlaps(one: number, other: number): boolean {
  return one === other || one === 0 || other === 0;
}
