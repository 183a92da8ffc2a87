import { conf, confOf } from "../../linux/device/conf.ts";
import { fibLookup } from "../../linux/ip/fib.ts";
import { getSysctl } from "../../linux/setup/sysctl.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4, formatPrefix, type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import { devicesOf } from "../inspect/find.ts";
import { printPrefix, printRoute } from "../inspect/print.ts";
import { type Asked, settingIdeas, statementIdea, sysctlIdeas } from "./asked.ts";
import type { Idea, Reasons, Tried } from "./explanation.ts";
import { idea } from "./file-edits.ts";
import { prefixLengthIdeas } from "./prefix-lengths.ts";
import { becauseOfServicePorts } from "./service-ports.ts";

/** Not an address of this machine, and it does not forward. */
export function becauseNotForwarded(asked: Asked): Reasons {
  const { world, netns, packet, ip } = asked;
  const { namespaces, packets, devices } = world;
  if (ip === undefined) return {};
  const own = devices.name.get(packets.device.get(packet));
  const key = namespaces.forwarding.get(netns) === 0 ? "net.ipv4.ip_forward" : `net.ipv4.conf.${own}.forwarding`;
  return {
    tried: [
      ...ownAddresses(world, netns, ip.destination),
      { what: `sysctl ${key}`, missed: "0: what is for others is not handed on" },
    ],
    ideas: sysctlIdeas(asked, netns, key, 1),
  };
}

function ownAddresses(world: World, netns: number, destination: Ipv4Address): readonly Tried[] {
  const { addresses, devices } = world;
  return [...devicesOf(world, netns)].flatMap((device) =>
    addresses.ofDevice(device).map((row) => ({
      what: `address ${printPrefix(world, row)} of ${devices.name.get(device)}`,
      missed: `is not ${formatIpv4(destination)}`,
    })),
  );
}

/** No route covers the destination. */
export function becauseNoRoute(asked: Asked): Reasons {
  const { world, netns, ip } = asked;
  if (ip === undefined) return {};
  const ports = becauseOfServicePorts(asked);
  const { tried = [], ideas = [] } = noRouteTo(asked, netns, ip.destination, world);
  return { tried: [...ports.tried, ...tried], ideas: [...ports.ideas, ...ideas] };
}

export function noRouteTo(asked: Asked, netns: number, destination: Ipv4Address, world: World): Reasons {
  return {
    tried: triedRoutes(world, netns, destination),
    ideas: [
      ...masqueradeIdeas(asked, destination),
      ...prefixLengthIdeas(asked, netns, destination),
      ...routeIdeas(asked, netns, destination),
    ],
  };
}

/** Every route of the namespace, and why it is not the one. */
export function triedRoutes(world: World, netns: number, destination: Ipv4Address): readonly Tried[] {
  const { routes, devices } = world;
  const rows = routes.ofNetns(netns);
  if (rows.length === 0) return [{ what: `routes of ${world.namespaces.name.get(netns)}`, missed: "there are none" }];
  return rows.map((row) => {
    const prefix = { address: routes.network.get(row), length: routes.prefixLength.get(row) };
    const device = routes.device.get(row);
    const isDown = device !== 0 && devices.up.get(device) === 0;
    const covers = prefixContains(prefix, destination);
    const missed = !covers
      ? `${formatPrefix(prefix)} does not cover ${formatIpv4(destination)}`
      : isDown
        ? `${devices.name.get(device)} is down`
        : "another route, or a rule before it, decided";
    return { what: `route ${printRoute(world, row)}`, missed };
  });
}

/** A pod's own address left the cluster: who answers it cannot find back, unless it leaves with the node's. */
function masqueradeIdeas({ file, world }: Asked, destination: Ipv4Address): readonly Idea[] {
  const owner = ownerOf(world, destination);
  if (file === undefined || owner === 0 || world.namespaces.role.get(owner) !== "pod") return [];
  return file
    .items("Cluster")
    .flatMap((cluster) =>
      file
        .lines(cluster, "ipMasq", "off")
        .flatMap((line) =>
          idea("Masquerade what leaves the cluster: ipMasq on", [
            file.replaceIn(file.rangeOfLine(line).line, /\bipMasq\s+off\b/, "ipMasq on"),
          ]),
        ),
    );
}

/** The namespace that has an address; 0 where none has. */
export function ownerOf({ addresses }: World, address: Ipv4Address): number {
  for (const row of addresses.table.rows()) if (addresses.address.get(row) === address) return addresses.netns.get(row);
  return 0;
}

/** A route by a neighbour that is the owner of the address, or knows a way to it and forwards. */
function routeIdeas(asked: Asked, netns: number, destination: Ipv4Address): readonly Idea[] {
  const { world } = asked;
  const name = world.namespaces.name.get(netns);
  return gatewaysTo(world, netns, destination)
    .slice(0, 2)
    .flatMap(({ via, prefix }) =>
      settingIdeas(
        asked,
        netns,
        `route ${prefix}`,
        `via ${formatIpv4(via)}`,
        `ip -n ${name} route add ${prefix} via ${formatIpv4(via)}`,
      ),
    );
}

interface Gateway {
  readonly via: Ipv4Address;
  /** The network there that holds the destination. */
  readonly prefix: string;
}

function gatewaysTo(world: World, netns: number, destination: Ipv4Address): readonly Gateway[] {
  const { addresses, namespaces, routes } = world;
  const found: (Gateway & { readonly isNear: boolean })[] = [];
  for (const row of addresses.table.rows()) {
    const other = addresses.netns.get(row);
    const via = addresses.address.get(row);
    if (other === netns || !isOnLinkOf(world, netns, via)) continue;
    const route = routes.lookup(other, destination);
    const isOwner = addresses.has(other, destination);
    if (!isOwner && (route === 0 || namespaces.forwarding.get(other) === 0)) continue;
    const isNear = isOwner || (route !== 0 && routes.isConnected.get(route) === 1);
    if (!isNear && routes.prefixLength.get(route) === 0) continue;
    const prefix =
      isOwner || route === 0
        ? { address: destination, length: 32 }
        : { address: routes.network.get(route), length: routes.prefixLength.get(route) };
    found.push({ via, prefix: formatPrefix(prefix), isNear });
  }
  return found.sort((a, b) => Number(b.isNear) - Number(a.isNear));
}

function isOnLinkOf(world: World, netns: number, address: Ipv4Address): boolean {
  const route = world.routes.lookup(netns, address);
  return route !== 0 && world.routes.isConnected.get(route) === 1;
}

/** The answer would leave by another interface. */
export function becauseOfWrongWay(asked: Asked): Reasons {
  const { world, packet, ip } = asked;
  if (ip === undefined) return {};
  return wrongWay(asked, world.packets.device.get(packet), ip.source, ip.destination);
}

/** Strict `rp_filter` of the device refuses what comes from `source`. */
export function wrongWay(asked: Asked, device: number, source: Ipv4Address, destination: Ipv4Address): Reasons {
  const { world } = asked;
  const { devices } = world;
  const netns = devices.netns.get(device);
  const name = devices.name.get(device);
  const back = fibLookup(world, netns, source, destination, 0);
  const strict = ["all", name].filter((one) => getSysctl(world, netns, `net.ipv4.conf.${one}.rp_filter`) === 1);
  const way = back === 0 ? "no route leads there" : `the route is ${printRoute(world, back)}`;
  return {
    tried: [
      { what: `the way back to ${formatIpv4(source)}, strict: by ${name}`, missed: way },
      { what: "rp_filter", missed: `it is ${confOf(world, device, conf.rpFilter)}, the larger of all and ${name}` },
    ],
    ideas: strict.flatMap((one) => sysctlIdeas(asked, netns, `net.ipv4.conf.${one}.rp_filter`, back === 0 ? 0 : 2)),
  };
}

/** A route of type blackhole, unreachable or prohibit. */
export function becauseRouteRefuses(asked: Asked): Reasons {
  const { world, netns, ip, file } = asked;
  if (ip === undefined) return {};
  const row = fibLookup(world, netns, ip.destination, ip.source, 0, world.packets.mark.get(asked.packet));
  if (row === 0) return {};
  const source = world.routes.source.get(row) ?? undefined;
  const line = source?.uri === file?.uri ? source?.line : undefined;
  const removal =
    line === undefined || file === undefined
      ? []
      : idea(`Take this route away: ${file.lineText(line).trim()}`, [file.removeLine(line)]);
  const name = world.namespaces.name.get(netns);
  const text = printRoute(world, row);
  return {
    source,
    tried: [{ what: `route ${text}`, missed: "it covers the destination, and refuses" }],
    ideas: [...removal, ...statementIdea(asked, `ip -n ${name} route del ${text}`)],
  };
}
