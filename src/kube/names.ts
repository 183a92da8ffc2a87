import type { SourceRange } from "../base/source-range.ts";
import {
  type ClusterModel,
  type GroupName,
  memberCount,
  memberName,
  type NodeGroup,
  type PodGroup,
  type RawNamespace,
} from "./model.ts";

/** One namespace of the plan and the declaration it comes from. */
export type NamespaceRef = {
  /** Its name in the plan: the plain name where nothing else can have it, else `node/name`. */
  readonly netns: string;
  /** The node whose kernel it lives in, by its name in the plan. */
  readonly node: string;
  readonly source: SourceRange;
} & (
  | { readonly role: "node"; readonly group: NodeGroup; readonly member: number }
  | {
      readonly role: "pod";
      readonly group: NodeGroup;
      /** Which member of the node's group. */
      readonly member: number;
      readonly pod: PodGroup;
      /** Which member of the pod's group. */
      readonly podMember: number;
    }
  | { readonly role: "netns"; readonly raw: RawNamespace }
);

export type Resolution =
  | { readonly kind: "found"; readonly ref: NamespaceRef }
  /** The paths that the name could mean; `more` counts those not listed. */
  | { readonly kind: "ambiguous"; readonly candidates: readonly string[]; readonly more: number }
  | { readonly kind: "unknown" };

/** All names of a cluster; members of ranges are found without listing them. */
export interface ClusterNames {
  /** `node1`, `pod1`, `node1/pod1`, `worker3/web7`. */
  resolve(path: string): Resolution;
  nodeName(group: NodeGroup, member: number): string;
  /** The node's own where the pod has no namespace of its own (`hostNetwork`). */
  podName(group: NodeGroup, member: number, pod: PodGroup, podMember: number): string;
  rawName(raw: RawNamespace): string;
  /** Names that two declarations of one scope have: the file, or a node. */
  duplicates(): Iterable<{ readonly name: GroupName; readonly other: GroupName }>;
  /** Names to suggest for one that is not known: first members stand for their range. */
  suggestions(): Iterable<string>;
}

/** A declared group, in the node where it stands. */
type Declared =
  | { readonly role: "node"; readonly name: string; readonly group: NodeGroup }
  | { readonly role: "pod"; readonly name: string; readonly group: NodeGroup; readonly pod: PodGroup }
  | { readonly role: "netns"; readonly name: string; readonly raw: RawNamespace };

type NamedModel = Pick<ClusterModel, "nodes" | "namespaces">;

interface Match {
  readonly declared: Declared;
  /** Which member of the declared group. */
  readonly member: number;
}

/** Reads only what has a name. */
export function indexNames(model: NamedModel): ClusterNames {
  return new NameIndex(model);
}

/** How many candidates of an ambiguous name are listed. */
const listedCandidates = 4;

class NameIndex implements ClusterNames {
  readonly #model: NamedModel;
  readonly #byBase = new Map<string, Declared[]>();

  constructor(model: NamedModel) {
    this.#model = model;
    for (const group of model.nodes) {
      this.#add({ role: "node", name: group.name.base, group });
      for (const pod of group.pods) this.#add({ role: "pod", name: pod.name.base, group, pod });
    }
    for (const raw of model.namespaces) this.#add({ role: "netns", name: raw.name.base, raw });
  }

  #add(declared: Declared): void {
    const list = this.#byBase.get(declared.name);
    if (list) list.push(declared);
    else this.#byBase.set(declared.name, [declared]);
  }

  resolve(path: string): Resolution {
    const slash = path.indexOf("/");
    if (slash >= 0) return this.#resolveInNode(path.slice(0, slash), path.slice(slash + 1));
    const matches = this.#matches(path);
    if (matches.length === 0) return { kind: "unknown" };
    const [first] = matches;
    const copies = matches.reduce((sum, match) => sum + copiesOf(match.declared), 0);
    if (copies === 1) return { kind: "found", ref: this.#ref(first, 0) };
    return this.#ambiguous(path, matches, copies);
  }

  #resolveInNode(nodePath: string, rest: string): Resolution {
    const node = this.#matches(nodePath).find((match) => match.declared.role === "node");
    if (node?.declared.role !== "node") return { kind: "unknown" };
    const group = node.declared.group;
    const inside = this.#matches(rest).find((match) => nodeOf(match.declared) === group);
    return inside ? { kind: "found", ref: this.#ref(inside, node.member) } : { kind: "unknown" };
  }

  /** Every declaration that has a member of that name, whatever node it stands in. */
  #matches(name: string): Match[] {
    const matches: Match[] = [];
    for (const declared of this.#byBase.get(name) ?? []) {
      if (rangeOf(declared) === undefined) matches.push({ declared, member: 0 });
    }
    for (let split = name.length - 1; split > 0 && isDigit(name.charCodeAt(split)); split--) {
      if (name[split] === "0" && split < name.length - 1) continue;
      const number = Number(name.slice(split));
      for (const declared of this.#byBase.get(name.slice(0, split)) ?? []) {
        const range = rangeOf(declared);
        if (range && number >= range.first && number <= range.last) {
          matches.push({ declared, member: number - range.first });
        }
      }
    }
    return matches;
  }

  /** Asked for every pod, so that a name which many nodes have must not cost a list of them. */
  #isUnique(name: string): boolean {
    return (this.#byBase.get(name)?.length ?? 0) < 2 && this.#matches(name).length === 1;
  }

  #ref({ declared, member }: Match, nodeMember: number): NamespaceRef {
    switch (declared.role) {
      case "node": {
        const netns = memberName(declared.group.name, member);
        return { role: "node", netns, node: netns, source: declared.group.source, group: declared.group, member };
      }
      case "pod":
        return {
          role: "pod",
          netns: this.podName(declared.group, nodeMember, declared.pod, member),
          node: memberName(declared.group.name, nodeMember),
          source: declared.pod.source,
          group: declared.group,
          member: nodeMember,
          pod: declared.pod,
          podMember: member,
        };
      case "netns": {
        const netns = this.rawName(declared.raw);
        const node = declared.raw.node ? memberName(declared.raw.node.name, 0) : netns;
        return { role: "netns", netns, node, source: declared.raw.source, raw: declared.raw };
      }
    }
  }

  #ambiguous(path: string, matches: readonly Match[], copies: number): Resolution {
    const candidates: string[] = [];
    for (const match of matches) {
      const group = nodeOf(match.declared);
      const count = Math.min(copiesOf(match.declared), listedCandidates - candidates.length);
      for (let i = 0; i < count; i++) {
        candidates.push(group && match.declared.role !== "node" ? `${memberName(group.name, i)}/${path}` : path);
      }
    }
    return { kind: "ambiguous", candidates, more: copies - candidates.length };
  }

  nodeName(group: NodeGroup, member: number): string {
    return memberName(group.name, member);
  }

  podName(group: NodeGroup, member: number, pod: PodGroup, podMember: number): string {
    if (pod.hostNetwork) return memberName(group.name, member);
    const name = memberName(pod.name, podMember);
    if (!group.name.range && !pod.name.range && this.#isUnique(name)) return name;
    return `${memberName(group.name, member)}/${name}`;
  }

  rawName(raw: RawNamespace): string {
    if (raw.node === undefined || this.#isUnique(raw.name.base)) return raw.name.base;
    return `${memberName(raw.node.name, 0)}/${raw.name.base}`;
  }

  *duplicates(): Iterable<{ readonly name: GroupName; readonly other: GroupName }> {
    for (const list of this.#byBase.values()) {
      for (const declared of list) {
        if (rangeOf(declared)) continue;
        const others = this.#matches(declared.name).filter((match) => scopeOf(match.declared) === scopeOf(declared));
        const before = others.find(({ declared: other }) => other !== declared && isBefore(other, declared));
        const ranged = others.find(({ declared: other }) => rangeOf(other));
        const other = before ?? ranged;
        if (other) yield { name: groupName(declared), other: groupName(other.declared) };
      }
    }
  }

  *suggestions(): Iterable<string> {
    for (const group of this.#model.nodes) {
      yield memberName(group.name, 0);
      for (const pod of group.pods) {
        const name = memberName(pod.name, 0);
        yield group.name.range ? `${memberName(group.name, 0)}/${name}` : name;
      }
    }
    for (const raw of this.#model.namespaces) yield raw.name.base;
  }
}

function nodeOf(declared: Declared): NodeGroup | undefined {
  return declared.role === "netns" ? declared.raw.node : declared.group;
}

/** Where its name must be unique: in its node, or in the file. */
function scopeOf(declared: Declared): NodeGroup | undefined {
  return declared.role === "node" ? undefined : nodeOf(declared);
}

function groupName(declared: Declared): GroupName {
  if (declared.role === "netns") return declared.raw.name;
  return declared.role === "node" ? declared.group.name : declared.pod.name;
}

function isBefore(one: Declared, other: Declared): boolean {
  const [a, b] = [groupName(one).source, groupName(other).source];
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

function rangeOf(declared: Declared): { readonly first: number; readonly last: number } | undefined {
  if (declared.role === "netns") return undefined;
  return declared.role === "node" ? declared.group.name.range : declared.pod.name.range;
}

/** How many namespaces one plain member name stands for: a pod has one in every node of its group. */
function copiesOf(declared: Declared): number {
  return declared.role === "pod" ? memberCount(declared.group.name) : 1;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
