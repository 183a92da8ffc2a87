import type { World } from "../../linux/world.ts";
import { type EndpointClass, groupEndpoints, shownMembers } from "./classes.ts";
import { findSharedMacs } from "./duplicates.ts";
import { type Endpoint, listEndpoints } from "./endpoints.ts";
import { judgePair, type PairFault } from "./pair.ts";
import { Walker } from "./walker.ts";

/** Nodes that are alike, of which the world has only some: what stands for how many. */
export interface NodeClass {
  /** The node in the world. */
  readonly node: string;
  /** Which class it is of. */
  readonly number: number;
  /** How many nodes there are of the class. */
  readonly size: number;
  /** How many of these are in the world. */
  readonly built: number;
}

/** One reason why the model does not hold, and the pairs that it concerns. */
export interface Finding {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly fault: PairFault;
  /** Ordered pairs like this one, itself included. */
  readonly pairs: number;
  /** Small packets pass: the model holds, but what is large is lost. */
  readonly isBlackHole: boolean;
}

export interface Census {
  readonly pods: number;
  readonly nodes: number;
  /** Ordered pairs that the model speaks of: pod to pod, node to pod, pod to node. */
  readonly pairs: number;
  /** Of these so many were followed; the others are like one of them. */
  readonly followed: number;
}

/**
 * The networking model of Kubernetes, held against a world as its set-up leaves it: every pod reaches every pod, and every
 * node every pod and the other way round, without NAT, so that the address that a pod has is the one that others see. It advances in
 * small steps, since editors cannot wait.
 */
export class ModelCheck {
  readonly #world: World;
  readonly #walker: Walker;
  readonly #classes: readonly EndpointClass[];
  readonly #nodes: ReadonlyMap<number, NodeClass>;
  readonly #pairs: Iterator<Pair>;
  readonly #findings = new Map<string, { -readonly [Key in keyof Finding]: Finding[Key] }>();
  #followed = 0;
  #weight = 0;

  /** `nodes` absent: every node stands for itself. */
  constructor(world: World, nodes: readonly NodeClass[] = []) {
    this.#world = world;
    this.#walker = new Walker(world);
    const endpoints = listEndpoints(world);
    this.#classes = groupEndpoints(world, endpoints);
    const byName = new Map(nodes.map((one) => [one.node, one]));
    const kernels = [...world.nodes.table.rows()];
    this.#nodes = new Map(
      kernels.map((row, i) => {
        const node = world.nodes.name.get(row);
        return [row, byName.get(node) ?? { node, number: -1 - i, size: 1, built: 1 }];
      }),
    );
    this.#pairs = this.#listPairs();
    this.#findShared(endpoints);
  }

  /** Follows so many pairs. True while there are more. */
  advance(pairs: number): boolean {
    for (let i = 0; i < pairs; i++) {
      const next = this.#pairs.next();
      if (next.done === true) return false;
      this.#judge(next.value);
    }
    return true;
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()].map((finding) => ({ ...finding, pairs: Math.round(finding.pairs) }));
  }

  /** Without them the model asks for nothing. */
  get hasPods(): boolean {
    return this.#classes.some(({ members }) => members[0].role === "pod");
  }

  get census(): Census {
    const total = (role: Endpoint["role"]) =>
      this.#classes
        .filter(({ members }) => members[0].role === role)
        .reduce((sum, { node, members }) => sum + members.length * this.#share(node), 0);
    const [pods, nodes] = [Math.round(total("pod")), Math.round(total("node"))];
    return { pods, nodes, pairs: Math.round(this.#weight), followed: this.#followed };
  }

  *#listPairs(): Generator<Pair> {
    for (const one of this.#classes)
      for (const other of this.#classes) {
        if (one.members[0].role === "node" && other.members[0].role === "node") continue;
        for (const from of one.members.slice(0, shownMembers))
          for (const to of other.members.slice(0, shownMembers))
            if (from !== to) yield { from, to, weight: this.#weightOf(one, other) };
      }
  }

  #judge({ from, to, weight }: Pair): void {
    const { faults, blackHole } = judgePair(this.#world, this.#walker, from, to);
    this.#followed++;
    this.#weight += weight;
    for (const fault of faults) this.#note({ from, to, weight }, fault, false);
    if (blackHole !== undefined) this.#note({ from, to, weight }, blackHole, true);
  }

  #note({ from, to, weight }: Pair, fault: PairFault, isBlackHole: boolean): void {
    const { reason, netns, device, rule, route } = fault.loss;
    const cause = rule ? `${rule.table} ${rule.chain} ${rule.rule}` : this.#routeText(route ?? 0);
    const roles = `${from.role} ${to.role} ${fault.protocols ?? ""}`;
    const key = `${roles} ${reason} ${this.#classOf(netns)} ${this.#deviceText(device)} ${cause} ${fault.direction}`;
    const known = this.#findings.get(key);
    if (known !== undefined) known.pairs += weight;
    else this.#findings.set(key, { from, to, fault, pairs: weight, isBlackHole });
  }

  /** Pods of a node, and nodes that are alike, fail for one reason. */
  #classOf(netns: number): string {
    const { namespaces } = this.#world;
    return `${namespaces.role.get(netns)} ${this.#nodes.get(namespaces.node.get(netns))?.number}`;
  }

  #routeText(route: number): string {
    const { routes } = this.#world;
    return route === 0 ? "" : `${routes.network.get(route)}/${routes.prefixLength.get(route)}`;
  }

  #deviceText(device: number): string {
    return device === 0 ? "" : this.#world.devices.name.get(device);
  }

  /** Whoever has a MAC address that another has on the same network is reached by chance. */
  #findShared(endpoints: readonly Endpoint[]): void {
    for (const { owner, loss } of findSharedMacs(this.#world, endpoints)) {
      const from = endpoints.find((one) => one.role === "pod" && one !== owner) ?? endpoints[0];
      this.#note({ from, to: owner, weight: endpoints.length - 1 }, { loss, direction: "there" }, false);
    }
  }

  /** How many nodes of the file this one of the world stands for. */
  #share(node: number): number {
    const known = this.#nodes.get(node);
    return known === undefined ? 1 : known.size / known.built;
  }

  /** How many pairs of the file one pair of the world stands for. */
  #weightOf(one: EndpointClass, other: EndpointClass): number {
    const [a, b] = [one.members.length, other.members.length];
    const [shownA, shownB] = [Math.min(a, shownMembers), Math.min(b, shownMembers)];
    if (one === other) return a < 2 ? 0 : ((a * (a - 1)) / (shownA * (shownA - 1))) * this.#share(one.node);
    return ((a * b) / (shownA * shownB)) * this.#nodePairs(one.node, other.node);
  }

  #nodePairs(one: number, other: number): number {
    if (one === other) return this.#share(one);
    const [a, b] = [this.#nodes.get(one), this.#nodes.get(other)];
    if (a === undefined || b === undefined) return 1;
    if (a.number !== b.number) return this.#share(one) * this.#share(other);
    return (a.size * (a.size - 1)) / (a.built * (a.built - 1));
  }
}

interface Pair {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly weight: number;
}
