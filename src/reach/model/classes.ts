import type { Rule } from "../../config/iptables/rule-set.ts";
import { deviceKind } from "../../linux/devices.ts";
import type { Sysctls } from "../../linux/namespaces.ts";
import { liveRuleSet } from "../../linux/netfilter/nft/setup.ts";
import type { World } from "../../linux/world.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { networkAddress } from "../../wire/ipv4-address.ts";
import type { Endpoint } from "./endpoints.ts";

/** Endpoints of one node that differ in their addresses only, and no table tells these apart. */
export interface EndpointClass {
  readonly node: number;
  readonly members: readonly Endpoint[];
}

/** Two of a class show how its members do with each other. */
export const shownMembers = 2;

/**
 * Groups what behaves alike: pods of one node with the same wiring and settings whose addresses lie between the same two of all
 * the addresses that routes, rules and neighbour tables of any machine name.
 */
export function groupEndpoints(world: World, endpoints: readonly Endpoint[]): readonly EndpointClass[] {
  const grouping = new Grouping(world, endpoints);
  const classes = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const key = `${endpoint.node} ${grouping.signature(endpoint)}`;
    const members = classes.get(key);
    if (members === undefined) classes.set(key, [endpoint]);
    else members.push(endpoint);
  }
  return [...classes.values()].map((members) => ({ node: members[0].node, members }));
}

class Grouping {
  readonly #world: World;
  readonly #bounds: readonly number[];
  /** Names of devices that rules of a namespace ask for, `+` at the end for a beginning. */
  readonly #patterns = new Map<number, readonly string[]>();
  readonly #settings = new Map<Sysctls, number>();
  readonly #addressOwners = new Map<Ipv4Address, number>();
  readonly #macOwners = new Map<number, number>();
  /** Devices that a static entry of some table is about. */
  readonly #pinned = new Set<number>();

  constructor(world: World, endpoints: readonly Endpoint[]) {
    this.#world = world;
    const { devices, addresses, fdb } = world;
    for (const row of addresses.table.rows()) count(this.#addressOwners, addresses.address.get(row));
    for (const device of devices.table.rows())
      if (devices.kind.get(device) !== deviceKind.loopback) count(this.#macOwners, devices.mac.get(device));
    for (const row of fdb.table.rows()) if (fdb.isLocal.get(row) === 0) this.#pinned.add(fdb.port.get(row));
    this.#bounds = this.#findBounds(endpoints);
  }

  signature(endpoint: Endpoint): string {
    const { namespaces, devices, rules } = this.#world;
    const { netns, role, device } = endpoint;
    const alone = `alone ${netns}`;
    const peer = device === 0 ? 0 : devices.peer.get(device);
    if (role === "node" || peer === 0 || namespaces.hooks.get(netns) !== 0) return alone;
    if (rules.ofNetns(netns).length > 0 || !this.#hasOneCable(netns, device)) return alone;
    if (this.#isShared(endpoint) || this.#pinned.has(peer) || devices.netns.get(peer) === netns) return alone;
    return [
      this.#place(endpoint.address),
      this.#settingsOf(netns),
      this.#deviceText(device, netns),
      this.#deviceText(peer, devices.netns.get(peer)),
      this.#routesText(endpoint),
      this.#neighboursText(device),
      this.#wayBack(endpoint, peer),
    ].join(" | ");
  }

  #hasOneCable(netns: number, cable: number): boolean {
    const { namespaces, devices, addresses } = this.#world;
    for (let one = namespaces.firstDevice.get(netns); one !== 0; one = devices.nextInNetns.get(one))
      if (one !== cable && (one !== namespaces.loopback.get(netns) || addresses.ofDevice(one).length > 0)) return false;
    const isPlain = devices.master.get(cable) === 0 && addresses.ofDevice(cable).length === 1;
    return isPlain && addresses.ofDevice(devices.peer.get(cable)).length === 0;
  }

  /** Its address or its MAC address is somebody else's as well. */
  #isShared({ address, device }: Endpoint): boolean {
    const mac = this.#world.devices.mac.get(device);
    return (this.#addressOwners.get(address) ?? 0) > 1 || (this.#macOwners.get(mac) ?? 0) > 1;
  }

  #settingsOf(netns: number): string {
    const sysctls = this.#world.namespaces.sysctls.get(netns);
    let number = this.#settings.get(sysctls);
    if (number === undefined) {
      number = this.#settings.size;
      this.#settings.set(sysctls, number);
    }
    const { forwarding, defaultTtl } = this.#world.namespaces;
    return `${number} ${forwarding.get(netns)} ${defaultTtl.get(netns)}`;
  }

  #deviceText(device: number, netns: number): string {
    const { devices, addresses } = this.#world;
    const { kind, up, mtu, conf, hairpin, master, name } = devices;
    const named = this.#patternsOf(netns).filter((pattern) => isNamed(name.get(device), pattern));
    const lengths = addresses.ofDevice(device).map((row) => addresses.prefixLength.get(row));
    return [kind, up, mtu, conf, hairpin, master].map((column) => column.get(device)).concat(lengths) + named.join();
  }

  #routesText({ netns, address }: Endpoint): string {
    const { routes, devices } = this.#world;
    const { network, prefixLength, gateway, type, metric, preferredSource, device } = routes;
    return routes
      .ofNetns(netns)
      .map((row) => {
        const numbers = [network, prefixLength, gateway, type, metric].map((column) => column.get(row));
        const source = preferredSource.get(row) === address ? "own" : preferredSource.get(row);
        return `${numbers} ${source} ${devices.name.get(device.get(row))} ${routes.tableOf(row)}`;
      })
      .join();
  }

  #neighboursText(device: number): string {
    const { neighbours } = this.#world;
    const { address, mac, state } = neighbours;
    return neighbours
      .ofDevice(device)
      .map((row) => `${address.get(row)} ${mac.get(row)} ${state.get(row)}`)
      .join();
  }

  /** The node's route to this very pod, which is no more special than the others'. */
  #wayBack({ address }: Endpoint, peer: number): string {
    const { routes, devices } = this.#world;
    const rows = routes.find(devices.netns.get(peer), address, 32).filter((row) => routes.device.get(row) === peer);
    return rows.map((row) => [routes.gateway, routes.type, routes.metric].map((column) => column.get(row))).join();
  }

  #place(address: Ipv4Address): number {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#bounds[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #patternsOf(netns: number): readonly string[] {
    const known = this.#patterns.get(netns);
    if (known !== undefined) return known;
    const { rules, netfilter } = this.#world;
    const names = new Set(rules.ofNetns(netns).map((row) => rules.iif.get(row)));
    for (const chain of netfilter.allChainsOf(netns))
      for (const row of netfilter.chainRules.get(chain))
        for (const name of deviceNames(netfilter.rule.get(row))) names.add(name);
    for (const name of wordsOf(liveRuleSet(this.#world, netns).tables)) names.add(name.replace(/\*$/, "+"));
    const list = [...names].filter((name) => name !== "");
    this.#patterns.set(netns, list);
    return list;
  }

  /** Every address at which some table's answer may change. */
  #findBounds(endpoints: readonly Endpoint[]): readonly number[] {
    const bounds = new Set<number>();
    const add = ({ address, length }: Ipv4Prefix) => {
      const first = networkAddress({ address, length });
      bounds.add(first);
      bounds.add(first + 2 ** (32 - length));
    };
    const addOne = (address: Ipv4Address) => add({ address, length: 32 });
    const { routes, rules, neighbours, addresses, netfilter, nftTables } = this.#world;
    const ofPods = new Set(endpoints.filter(({ role }) => role === "pod").map(({ addressRow }) => addressRow));
    for (const row of routes.table.rows()) {
      if (!this.#isOwnRoute(row)) add({ address: routes.network.get(row), length: routes.prefixLength.get(row) });
      addOne(routes.gateway.get(row));
    }
    for (const row of rules.table.rows()) {
      add({ address: rules.from.get(row), length: rules.fromLength.get(row) });
      add({ address: rules.to.get(row), length: rules.toLength.get(row) });
    }
    for (const row of neighbours.table.rows()) addOne(neighbours.address.get(row));
    for (const row of addresses.table.rows()) if (!ofPods.has(row)) addOne(addresses.address.get(row));
    for (const row of netfilter.rules.rows()) for (const prefix of prefixesOf(netfilter.rule.get(row))) add(prefix);
    for (const table of nftTables.tables.rows())
      for (const address of addressesIn(liveRuleSet(this.#world, nftTables.netns.get(table)).tables)) addOne(address);
    return [...bounds].sort((a, b) => a - b);
  }

  /** A node's route to a pod by the pod's own cable. */
  #isOwnRoute(row: number): boolean {
    const { routes, devices, addresses } = this.#world;
    const peer = routes.prefixLength.get(row) === 32 ? devices.peer.get(routes.device.get(row)) : 0;
    return peer !== 0 && addresses.ofDevice(peer).some((one) => addresses.address.get(one) === routes.network.get(row));
  }
}

function count(owners: Map<number, number>, key: number): void {
  owners.set(key, (owners.get(key) ?? 0) + 1);
}

function isNamed(name: string, pattern: string): boolean {
  return pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function deviceNames(rule: Rule | null): readonly string[] {
  if (rule === null) return [];
  const ports = rule.matches.flatMap((match) => (match.match === "physdev" ? [match.in?.value, match.out?.value] : []));
  return [rule.inInterface?.value, rule.outInterface?.value, ...ports].filter((name) => name !== undefined);
}

/** All words of a rule set: those of them that are names of devices are what counts. */
function wordsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(wordsOf) : [];
}

/** All numbers of a rule set that may be addresses, and their followers: a range ends with its last address. */
function addressesIn(value: unknown): readonly Ipv4Address[] {
  if (typeof value === "number") return value >= 2 ** 24 && value < 2 ** 32 ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(addressesIn) : [];
}

function prefixesOf(rule: Rule | null): readonly Ipv4Prefix[] {
  if (rule === null) return [];
  const ofConnection = rule.matches.flatMap((match) =>
    match.match === "conntrack"
      ? [match.originalSource, match.originalDestination, match.replySource, match.replyDestination]
      : [],
  );
  return [rule.source, rule.destination, ...ofConnection].flatMap((asked) => asked?.value ?? []);
}
