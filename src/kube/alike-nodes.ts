import type { Ipv4Prefix } from "../wire/ipv4-address.ts";
import { broadcastAddress, networkAddress } from "../wire/ipv4-address.ts";
import { type ClusterLayout, memberNodeAddress } from "./layout.ts";
import type { MemberChoice } from "./member-choice.ts";
import { type ClusterModel, memberCount, type NodeGroup } from "./model.ts";

/** A node that is kept, and how many are like it. */
export interface KeptNode {
  /** By its name in the plan. */
  readonly node: string;
  /** Nodes with one number are alike. */
  readonly number: number;
  readonly size: number;
  /** How many of these are kept. */
  readonly built: number;
}

/** Some of a cluster's nodes, such that every other one is like one of these. */
export interface AlikeNodes {
  readonly members: MemberChoice;
  readonly kept: readonly KeptNode[];
}

/** Two of a kind show how they do with each other. */
const keptOfClass = 2;

interface Member {
  readonly group: NodeGroup;
  readonly member: number;
  readonly address: number | undefined;
  readonly block: { readonly first: number; readonly last: number } | undefined;
}

/**
 * Leaves out nodes that are like two others: declared with the same contents, on the same network, and with addresses and
 * blocks between the same two of all the addresses that the file names. What is true of those two is true of all of them,
 * since no table tells them apart.
 */
export function alikeNodes(layout: ClusterLayout): AlikeNodes {
  const members = listMembers(layout);
  const bounds = namedAddresses(layout.model, members);
  const conflicting = conflictingMembers(members);
  const cabled = new Set(layout.model.veths.flatMap(({ ends }) => ends.map(({ netns }) => netns)));
  for (const { stations } of layout.model.hubs) for (const { netns } of stations) cabled.add(netns);
  const shapes = new Map<NodeGroup, string>();
  const classes = new Map<string, Member[]>();
  for (const one of members) {
    const name = layout.names.nodeName(one.group, one.member);
    const isAlone = conflicting.has(one) || [...cabled].some((netns) => netns === name || netns.startsWith(`${name}/`));
    let shape = shapes.get(one.group);
    if (shape === undefined) {
      shape = shapeOf(layout, one.group);
      shapes.set(one.group, shape);
    }
    const key = isAlone ? `alone ${name}` : `${shape} ${placeOf(one, bounds)}`;
    const alike = classes.get(key);
    if (alike === undefined) classes.set(key, [one]);
    else alike.push(one);
  }
  return choose(layout, [...classes.values()]);
}

function choose(layout: ClusterLayout, classes: readonly (readonly Member[])[]): AlikeNodes {
  const chosen = new Map<NodeGroup, number[]>();
  const kept: KeptNode[] = [];
  for (const [number, all] of classes.entries()) {
    const some = all.slice(0, keptOfClass);
    for (const { group, member } of some) {
      const list = chosen.get(group);
      if (list === undefined) chosen.set(group, [member]);
      else list.push(member);
      kept.push({ node: layout.names.nodeName(group, member), number, size: all.length, built: some.length });
    }
  }
  for (const list of chosen.values()) list.sort((a, b) => a - b);
  return { members: (group) => chosen.get(group) ?? [], kept };
}

function listMembers(layout: ClusterLayout): readonly Member[] {
  return layout.model.nodes.flatMap((group) =>
    Array.from({ length: memberCount(group.name) }, (_, member): Member => {
      const cidr = layout.cidrs.of(group, member);
      const block = cidr && { first: networkAddress(cidr), last: broadcastAddress(cidr) };
      return { group, member, address: memberNodeAddress(group, member)?.address, block };
    }),
  );
}

/** What the nodes of a group are, whatever their names, addresses, and places in the file. */
function shapeOf(layout: ClusterLayout, group: NodeGroup): string {
  const { mtu, on, gateway, contents, pods, podCidr, address, mac } = group;
  const { slots, bridge } = layout.nodeLayout(group);
  const base = layout.cidrs.of(group, 0);
  const inside = (value: number) => base !== undefined && value >= base.address && value <= broadcastAddress(base);
  const relative = (key: string, value: unknown) => {
    if (key === "source" || key === "labels") return undefined;
    return typeof value === "number" && base && inside(value) ? `+${value - networkAddress(base)}` : value;
  };
  const podShapes = pods.map(({ name, ...pod }) => [memberCount(name), pod]);
  const offsets = slots.map(({ offset, hostDev }) => [offset, hostDev]);
  const own = [mtu, on?.value, gateway?.value, address?.value.length, podCidr?.value.length, mac === undefined];
  return JSON.stringify([own, contents, podShapes, offsets, bridge?.name, bridge?.gatewayOffset], relative);
}

/** Where a node's addresses lie among those that are named. */
function placeOf({ group, member, address, block }: Member, bounds: readonly number[]): string {
  const length = group.address?.value.length ?? 32;
  const network = address === undefined ? undefined : networkAddress({ address, length });
  const isEdge = address === network || (address !== undefined && address === broadcastAddress({ address, length }));
  const [first, last] = block ? [rank(bounds, block.first), rank(bounds, block.last)] : [0, 0];
  const isSplit = first !== last || (isEdge && length < 31);
  return [network, address && rank(bounds, address), first, isSplit ? `${group.name.base} ${member}` : ""].join();
}

function rank(bounds: readonly number[], address: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle] <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Addresses or blocks that two nodes have. */
function conflictingMembers(members: readonly Member[]): ReadonlySet<Member> {
  const found = new Set<Member>();
  const sorted = (at: (one: Member) => number | undefined) =>
    members.filter((one) => at(one) !== undefined).sort((a, b) => (at(a) as number) - (at(b) as number));
  const byAddress = sorted(({ address }) => address);
  for (let i = 1; i < byAddress.length; i++) {
    if (byAddress[i].address === byAddress[i - 1].address) found.add(byAddress[i]).add(byAddress[i - 1]);
  }
  const byBlock = sorted(({ block }) => block?.first);
  let widest: Member | undefined;
  for (const one of byBlock) {
    if (widest?.block && one.block && one.block.first <= widest.block.last) found.add(one).add(widest);
    if (widest === undefined || (one.block?.last ?? 0) > (widest.block?.last ?? 0)) widest = one;
  }
  return found;
}

/**
 * Every address at which some table's answer may change: prefixes that the file names, and any other number in it that may be
 * an address. A number that is none only keeps a node apart that need not be.
 */
function namedAddresses(model: ClusterModel, members: readonly Member[]): readonly number[] {
  const bounds = new Set<number>();
  const add = ({ address, length }: Ipv4Prefix) => {
    const first = networkAddress({ address, length });
    bounds.add(first);
    bounds.add(first + 2 ** (32 - length));
  };
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value === "number" && value >= 2 ** 24 && value < 2 ** 32) add({ address: value, length: 32 });
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (isPrefix(value)) add(value);
    else for (const inner of Object.values(value)) visit(inner);
  };
  const { podCidr, serviceCidr, namespaces, veths, hubs, services, slices } = model;
  visit([podCidr, serviceCidr, namespaces, veths, hubs, services, slices, model.proxy]);
  for (const { group, member } of members) {
    if (member > 0) continue;
    const { gateway, contents, pods } = group;
    visit([gateway, contents, pods.map(({ address, contents: own }) => [address, own])]);
  }
  return [...bounds].sort((a, b) => a - b);
}

function isPrefix(value: object): value is Ipv4Prefix {
  return (
    "address" in value && "length" in value && typeof value.address === "number" && typeof value.length === "number"
  );
}
