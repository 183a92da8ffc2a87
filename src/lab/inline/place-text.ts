import type { Target } from "../../config/iptables/rule-set.ts";
import { socketKind } from "../../linux/sockets.ts";
import type { World } from "../../linux/world.ts";
import type { DeclaredPlace, ListenerName } from "../../plan/plan.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { devicesOf, findDeviceByPath, findNetns } from "../inspect/find.ts";
import { operationalState, printCounters, printNeighbour } from "../inspect/print.ts";
import { count } from "../inspect/words.ts";

/** More entries than these are counted. */
const mostEntries = 3;

/** What a declared thing is like now, in a few words; undefined where there is nothing to say, or the line stands for many. */
export function textOfPlace(world: World, place: DeclaredPlace): string | undefined {
  switch (place.kind) {
    case "netns":
      return place.netns.length === 1 ? ofNetns(world, place.netns[0]) : undefined;
    case "bridge":
      return place.interfaces.length === 1 ? ofBridge(world, pathOf(place.interfaces[0])) : undefined;
    case "interface":
      return place.interfaces.length === 1 ? ofInterface(world, pathOf(place.interfaces[0])) : undefined;
    case "listen":
      return place.listeners.length === 1 ? ofListener(world, place.listeners[0]) : undefined;
    case "service":
      return ofService(world, place.chains);
    case "rule":
      return ofRule(world, place.rule);
    default:
      return undefined;
  }
}

function pathOf({ netns, dev }: { readonly netns: string; readonly dev: string }): string {
  return `${netns}/${dev}`;
}

/** `10.244.1.2 · ARP 10.244.1.9 REACHABLE`. */
function ofNetns(world: World, name: string): string | undefined {
  const netns = findNetns(world, name);
  if (netns === 0) return undefined;
  const { addresses, neighbours, namespaces } = world;
  const devices = [...devicesOf(world, netns)].filter((device) => device !== namespaces.loopback.get(netns));
  const own = devices.flatMap((device) =>
    addresses.ofDevice(device).map((row) => formatIpv4(addresses.address.get(row))),
  );
  const entries = devices.flatMap((device) => [...neighbours.ofDevice(device)]);
  const arp =
    entries.length === 0
      ? "ARP empty"
      : entries.length > mostEntries
        ? `ARP ${count(entries.length, "entry")}`
        : `ARP ${entries.map((row) => printNeighbour(world, row).replace(/ dev \S+( lladdr \S+)?/, "")).join(", ")}`;
  return [...(own.length === 0 ? [] : [own.join(" ")]), arp].join(" · ");
}

/** `FDB 4 entries, 2 learned`. */
function ofBridge(world: World, path: string): string | undefined {
  const bridge = findDeviceByPath(world, path);
  if (bridge === 0) return undefined;
  const rows = world.fdb.ofBridge(bridge);
  const learned = rows.filter((row) => world.fdb.isLearned(row)).length;
  return `FDB ${count(rows.length, "entry")}, ${learned} learned`;
}

function ofInterface(world: World, path: string): string | undefined {
  const device = findDeviceByPath(world, path);
  if (device === 0) return undefined;
  const { devices } = world;
  const received = printCounters(devices.rxPackets.get(device), devices.rxBytes.get(device));
  const sent = printCounters(devices.txPackets.get(device), devices.txBytes.get(device));
  return `${operationalState(world, device)} · RX ${received} · TX ${sent}`;
}

/** `LISTEN · 1 connection`; of a datagram socket, that it is there. */
function ofListener(world: World, { netns: name, protocol, port }: ListenerName): string | undefined {
  const { sockets } = world;
  const netns = findNetns(world, name);
  const own = netns === 0 ? [] : [...sockets.ofNetns(netns)].filter((row) => sockets.localPort.get(row) === port);
  if (protocol === "udp") return own.some((row) => sockets.kind.get(row) === socketKind.udp) ? "UNCONN" : "closed";
  const isListening = own.some((row) => sockets.kind.get(row) === socketKind.tcpListen);
  const connections = own.filter((row) => sockets.kind.get(row) === socketKind.tcp).length;
  return `${isListening ? "LISTEN" : "closed"} · ${count(connections, "connection")}`;
}

/** How often each endpoint was chosen, over all nodes: `10.244.1.9:8080 ×3`. */
function ofService(world: World, chains: readonly string[]): string | undefined {
  const { netfilter } = world;
  const names = new Set(chains);
  const chosen = new Map<string, number>();
  for (const chain of netfilter.chains.rows()) {
    if (!names.has(netfilter.chainName.get(chain))) continue;
    for (const row of netfilter.chainRules.get(chain)) {
      const target = netfilter.rule.get(row)?.target;
      const endpoint = endpointOf(world, netfilter.chainNetns.get(chain), target);
      if (endpoint !== undefined) chosen.set(endpoint, (chosen.get(endpoint) ?? 0) + netfilter.rulePackets.get(row));
    }
  }
  if (chosen.size === 0) return undefined;
  const most = [...chosen].sort((a, b) => b[1] - a[1]).slice(0, mostEntries);
  const more = chosen.size > most.length ? `, ${chosen.size - most.length} more` : "";
  return `chosen ${most.map(([endpoint, times]) => `${endpoint} ×${times}`).join(", ")}${more}`;
}

/** Where the chain that a rule leads to translates to. */
function endpointOf({ netfilter }: World, netns: number, target: Target | undefined): string | undefined {
  if (target?.target !== "jump") return undefined;
  const chain = netfilter.findChain(netns, "nat", target.chain);
  for (const row of chain === 0 ? [] : netfilter.chainRules.get(chain)) {
    const translated = netfilter.rule.get(row)?.target;
    if (translated?.target !== "DNAT") continue;
    const { addresses, ports } = translated.range;
    if (addresses !== undefined) return `${formatIpv4(addresses.first)}${ports === undefined ? "" : `:${ports.first}`}`;
  }
  return undefined;
}

/** Packets and bytes of a rule that the file writes, wherever it is loaded. */
function ofRule(world: World, rule: object): string | undefined {
  const { netfilter } = world;
  let found: string | undefined;
  for (const row of netfilter.rules.rows())
    if (netfilter.rule.get(row) === rule) found = `[${netfilter.rulePackets.get(row)}:${netfilter.ruleBytes.get(row)}]`;
  return found;
}
