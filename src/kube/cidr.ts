import type { Diagnostic } from "../base/diagnostic.ts";
import { broadcastAddress, formatPrefix, type Ipv4Prefix, networkAddress } from "../wire/ipv4-address.ts";
import { type ClusterModel, memberCount, memberName, type NodeGroup } from "./model.ts";

/** The pod CIDR of each node, as kube-controller-manager assigns them, and what is wrong with them. */
export interface NodeCidrs {
  /** The block of member `index` of a group; undefined where there was none left. */
  of(group: NodeGroup, index: number): Ipv4Prefix | undefined;
  readonly problems: readonly Diagnostic[];
}

/** Consecutive equal blocks: one per member of a node group. */
interface Run {
  readonly group: NodeGroup;
  readonly first: number;
  readonly last: number;
  readonly length: number;
}

/** Keeps the stated blocks and hands out the next free ones of the cluster's pod CIDR to nodes that state none; with `cni none` nobody hands out any. */
export function assignNodeCidrs(model: ClusterModel): NodeCidrs {
  const problems: Diagnostic[] = [];
  const stated = model.nodes.filter((group) => group.podCidr !== undefined).map(statedRun);
  checkStated(model, stated, problems);
  const runs = new Map<NodeGroup, Run>(stated.map((run) => [run.group, run]));
  const taken = stated.map(({ first, last }) => ({ first, last })).sort((a, b) => a.first - b.first);
  let next = networkAddress(model.podCidr.value);
  for (const group of model.nodes) {
    if (runs.has(group) || model.cni === "none") continue;
    const run = allocate(model, group, next, taken);
    if (run === undefined) {
      problems.push(exhausted(model, group));
      continue;
    }
    runs.set(group, run);
    next = run.last + 1;
  }
  return { of: (group, index) => blockOf(runs.get(group), index), problems };
}

function blockOf(run: Run | undefined, index: number): Ipv4Prefix | undefined {
  if (run === undefined) return undefined;
  return { address: run.first + index * blockSize(run.length), length: run.length };
}

function blockSize(length: number): number {
  return 2 ** (32 - length);
}

function statedRun(group: NodeGroup): Run {
  const prefix = group.podCidr?.value as Ipv4Prefix;
  const first = networkAddress(prefix);
  return { group, first, last: first + memberCount(group.name) * blockSize(prefix.length) - 1, length: prefix.length };
}

function allocate(
  model: ClusterModel,
  group: NodeGroup,
  next: number,
  taken: readonly { first: number; last: number }[],
): Run | undefined {
  const cluster = model.podCidr.value;
  const length = Math.max(model.nodeCidrMaskLength, cluster.length);
  const size = blockSize(length);
  const needed = memberCount(group.name) * size;
  let first = Math.ceil(next / size) * size;
  for (const other of taken) {
    if (other.last >= first && other.first < first + needed) first = Math.ceil((other.last + 1) / size) * size;
  }
  if (first + needed - 1 > broadcastAddress(cluster)) return undefined;
  return { group, first, last: first + needed - 1, length };
}

function checkStated(model: ClusterModel, stated: readonly Run[], problems: Diagnostic[]): void {
  const cluster = model.podCidr.value;
  for (const run of stated) {
    const source = run.group.podCidr?.source ?? run.group.source;
    if (run.first < networkAddress(cluster) || run.last > broadcastAddress(cluster)) {
      problems.push({
        severity: "error",
        code: "pod-cidr-outside-cluster",
        range: source,
        message: `The pod CIDR of ${memberName(run.group.name, 0)} is not inside the cluster's ${formatPrefix(cluster)}.`,
      });
    }
  }
  const sorted = [...stated].sort((a, b) => a.first - b.first);
  for (let i = 1; i < sorted.length; i++) {
    const [before, run] = [sorted[i - 1], sorted[i]];
    if (run.first > before.last) continue;
    problems.push({
      severity: "error",
      code: "overlapping-pod-cidr",
      range: run.group.podCidr?.source ?? run.group.source,
      message: `The pod CIDRs of ${memberName(run.group.name, 0)} and ${memberName(before.group.name, 0)} overlap: a pod address would belong to both nodes.`,
    });
  }
}

function exhausted(model: ClusterModel, group: NodeGroup): Diagnostic {
  return {
    severity: "error",
    code: "pod-cidr-exhausted",
    range: group.name.source,
    message: `The cluster's pod CIDR ${formatPrefix(model.podCidr.value)} has no free /${model.nodeCidrMaskLength} block left for ${memberName(group.name, 0)}.`,
  };
}
