import { conf, confOf } from "../../linux/device/conf.ts";
import { routeOutput } from "../../linux/ip/source.ts";
import { neighbourSettings } from "../../linux/neighbour/settings.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { ArpPacket } from "../../wire/arp.ts";
import type { EthernetFrame } from "../../wire/ethernet.ts";
import { icmpType, unreachableCode } from "../../wire/icmp.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { printAddress, printFdbRow, printNeighbour, printRoute } from "../inspect/print.ts";
import { deviceName } from "../names.ts";
import { type Asked, interfaceIdeas, statementIdea } from "./asked.ts";
import type { Idea, Reasons, Tried } from "./explanation.ts";
import { idea } from "./file-edits.ts";
import { prefixLengthIdeas } from "./prefix-lengths.ts";
import { ownerOf } from "./routing.ts";
import { becauseOwnerKeptSilent } from "./silent-owner.ts";

/** Its destination is behind the port that it came from. */
export function becauseOfSamePort(asked: Asked): Reasons {
  const { world, packet, netns } = asked;
  const { devices, packets, fdb, namespaces } = world;
  const port = packets.outDevice.get(packet);
  const frame = packets.data.get(packet) as EthernetFrame;
  const entry = fdb.find(devices.master.get(port), frame.destination);
  const name = devices.name.get(port);
  const node = namespaces.name.get(netns);
  return {
    tried: [
      {
        what: `FDB of ${devices.name.get(devices.master.get(port))}: ${entry === 0 ? "no entry" : printFdbRow(world, entry)}`,
        missed: "that is the port that it came in by",
      },
      { what: `hairpin mode of ${name}`, missed: "off: a bridge sends nothing back where it came from" },
    ],
    source: devices.source.get(port) ?? undefined,
    ideas: interfaceIdeas(asked, port, "hairpin", "on", `bridge -n ${node} link set dev ${name} hairpin on`),
  };
}

/** Nobody answered for the next hop. */
export function becauseNobodyAnswered(asked: Asked): Reasons {
  const { world, packet, ip } = asked;
  const { packets, neighbours, devices, namespaces } = world;
  const device = packets.outDevice.get(packet);
  const nextHop = packets.nextHop.get(packet);
  const entry = neighbours.find(device, nextHop);
  const owner = ownerOf(world, nextHop);
  const netns = devices.netns.get(device);
  const isNear = ip?.destination === nextHop;
  const since = whenAsked(world, packet, device, entry);
  const heard = requestsHeard(world, nextHop, since);
  const [silent] = [...heard].filter(([place]) => devices.netns.get(place) === owner);
  const silence = silent === undefined ? {} : becauseOwnerKeptSilent(asked, ...silent);
  const howFar = silent === undefined ? howFarItCame(world, nextHop, owner, since) : "and kept silent";
  const who =
    owner === 0
      ? `nobody has the address ${formatIpv4(nextHop)}`
      : `${namespaces.name.get(owner)} has ${formatIpv4(nextHop)}, ${howFar}`;
  return {
    tried: [
      ...(isNear ? askedOnThisLink(world, netns, device, nextHop) : []),
      ...(entry === 0
        ? []
        : [{ what: `neighbour ${printNeighbour(world, entry)}`, missed: "no answer made it known" }]),
      ...whoHeard(world, device, heard, since),
      { what: `who has ${formatIpv4(nextHop)}`, missed: who },
      ...(silence.tried ?? []),
    ],
    ideas: [
      ...(silence.ideas ?? []),
      ...(isNear ? prefixLengthIdeas(asked, netns, nextHop) : []),
      ...gatewayIdeas(asked, device),
      ...(owner === 0 ? [] : linkIdeas(asked, owner)),
    ],
  };
}

/** The route by which no router is asked, wherever the destination may be. */
function askedOnThisLink(world: World, netns: number, device: number, destination: Ipv4Address): readonly Tried[] {
  const { routes, devices } = world;
  const route = routes.lookup(netns, destination);
  if (route === 0 || routes.device.get(route) !== device || routes.gateway.get(route) !== 0) return [];
  const missed = `covers ${formatIpv4(destination)}: ARP asks for it behind ${devices.name.get(device)}, and no router is asked`;
  return [{ what: `route ${printRoute(world, route)}`, missed }];
}

/** Whether the owner of the address received a request for it. */
function howFarItCame(world: World, nextHop: Ipv4Address, owner: number, since: number): string {
  const { sim, devices } = world;
  for (let event = sim.position - 1; event >= since; event--) {
    const isThere =
      sim.events.stage(event) === stage.arpReceive && devices.netns.get(sim.events.place(event)) === owner;
    if (isThere && requestAt(world, event)?.targetIp === nextHop) return "and its answer did not come";
  }
  return "and none of the requests came to it";
}

/** The event since which the requests that the packet waits for were sent: it may have come when the first of them were out. */
function whenAsked(world: World, packet: number, device: number, entry: number): number {
  const { sim, packets } = world;
  const nextHop = packets.nextHop.get(packet);
  let left = entry === 0 ? 0 : neighbourSettings(world, device).multicastSolicits;
  let first = sim.position;
  for (let event = sim.position - 1; event >= sim.events.start && left > 0; event--) {
    if (sim.events.stage(event) !== stage.arpRequest || sim.events.place(event) !== device) continue;
    if (requestAt(world, event)?.targetIp !== nextHop) continue;
    first = event;
    left--;
  }
  return Math.max(sim.events.start, Math.min(first, packets.bornAt.get(packet)));
}

/** Devices at which the ARP requests for the next hop ended without an answer, with the latest of them. */
function requestsHeard(world: World, nextHop: Ipv4Address, since: number): ReadonlyMap<number, ArpPacket> {
  const { sim } = world;
  const heard = new Map<number, ArpPacket>();
  for (let event = sim.position - 1; event >= since; event--) {
    if (sim.events.stage(event) !== stage.arpIgnore || heard.has(sim.events.place(event))) continue;
    const request = requestAt(world, event);
    if (request?.targetIp === nextHop) heard.set(sim.events.place(event), request);
  }
  return heard;
}

function whoHeard(
  world: World,
  device: number,
  heard: ReadonlyMap<number, ArpPacket>,
  since: number,
): readonly Tried[] {
  const { sim, addresses } = world;
  let asked = 0;
  for (let event = sim.position - 1; event >= since; event--)
    if (sim.events.stage(event) === stage.arpRequest && sim.events.place(event) === device) asked++;
  const requests = { what: `ARP requests by ${deviceName(world, device)}`, missed: `${asked} sent, none answered` };
  const stations = [...heard.keys()]
    .sort((a, b) => a - b)
    .map((place): Tried => {
      const own = addresses.ofDevice(place).map((row) => printAddress(world, row));
      return {
        what: `heard by ${deviceName(world, place)}`,
        missed: own.length === 0 ? "has no address" : `has ${own.join(", ")}`,
      };
    });
  return [requests, ...stations];
}

/** The ARP packet that an event of the recording is about. */
function requestAt(world: World, event: number): ArpPacket | undefined {
  const { sim, packets } = world;
  const here = sim.position;
  sim.goTo(event);
  const walker = sim.next()?.walker ?? 0;
  const data = walker === 0 ? null : packets.data.get(walker);
  sim.goTo(here);
  return data !== null && "payload" in data && data.payload.kind === "arp" ? data.payload : undefined;
}

/** Nobody has the next hop's address: the gateway of the route may be misspelt. */
function gatewayIdeas(asked: Asked, device: number): readonly Idea[] {
  const nextHop = asked.world.packets.nextHop.get(asked.packet);
  return asked.ip === undefined || asked.ip.destination === nextHop ? [] : otherGateways(asked, device, nextHop);
}

/** Others on the link that forward, in the place of the gateway of a route by this device. */
export function otherGateways({ world, file }: Asked, device: number, gateway: Ipv4Address): readonly Idea[] {
  const { routes, addresses, namespaces, devices } = world;
  const netns = devices.netns.get(device);
  const route = routes.ofNetns(netns).find((row) => {
    return routes.gateway.get(row) === gateway && routes.device.get(row) === device;
  });
  const source = route === undefined ? null : routes.source.get(route);
  if (file === undefined || route === undefined || source === null || source.uri !== file.uri) return [];
  const others = [...addresses.table.rows()].filter((row) => {
    const other = addresses.netns.get(row);
    const address = addresses.address.get(row);
    const way = routes.lookup(netns, address);
    const isNear =
      other !== netns && way !== 0 && routes.isConnected.get(way) === 1 && routes.device.get(way) === device;
    return isNear && address !== gateway && namespaces.forwarding.get(other) === 1;
  });
  return others.slice(0, 3).flatMap((row) => {
    const via = formatIpv4(addresses.address.get(row));
    const title = `In ${printRoute(world, route)}: the gateway ${via}, ${namespaces.name.get(addresses.netns.get(row))}`;
    return idea(title, [file.replaceIn(source.line, formatIpv4(gateway).replaceAll(".", "\\."), via)]);
  });
}

/** Whoever handed on the frame took this machine for a router: the routers that it could have asked. */
export function senderGateways(asked: Asked): readonly Idea[] {
  const { world, packet, netns } = asked;
  const { devices, addresses, packets } = world;
  const data = packets.data.get(packet);
  if (data === null || "ttl" in data) return [];
  const sender = [...devices.table.rows()].find(
    (row) => devices.mac.get(row) === data.source && devices.netns.get(row) !== netns,
  );
  if (sender === undefined) return [];
  return addresses
    .ofDevice(packets.device.get(packet))
    .flatMap((row) => otherGateways(asked, sender, addresses.address.get(row)));
}

/** The owner's own links that are down. */
function linkIdeas(asked: Asked, owner: number): readonly Idea[] {
  const { world, file } = asked;
  const { devices, namespaces } = world;
  const ideas: Idea[] = [];
  for (let device = namespaces.firstDevice.get(owner); device !== 0; device = devices.nextInNetns.get(device)) {
    for (const end of [device, devices.peer.get(device)]) {
      if (end === 0 || devices.up.get(end) === 1) continue;
      const home = devices.netns.get(end);
      const [netns, dev] = [namespaces.name.get(home), devices.name.get(end)];
      const block = file?.items("Interface").find((one) => "name" in one && one.name === dev);
      const down = block === undefined ? undefined : file?.lines(block, "down")[0];
      if (file !== undefined && down !== undefined)
        ideas.push(...idea(`${netns}/${dev} is up`, [{ range: file.rangeOfLine(down), newText: "up" }]));
      ideas.push(...statementIdea(asked, `ip -n ${netns} link set ${dev} up`));
    }
  }
  return ideas;
}

/** The device is down. */
export function becauseDown(asked: Asked): Reasons {
  const { world, packet } = asked;
  const { devices, packets, namespaces } = world;
  const device = packets.device.get(packet);
  const ends = [device, devices.peer.get(device)].filter((one) => one !== 0 && devices.up.get(one) === 0);
  return {
    tried: ends.map((one) => ({ what: `link ${deviceName(world, one)}`, missed: "DOWN" })),
    ideas: ends.flatMap((one) =>
      statementIdea(asked, `ip -n ${namespaces.name.get(devices.netns.get(one))} link set ${devices.name.get(one)} up`),
    ),
  };
}

/** Larger than the MTU of where it should leave. */
export function becauseTooBig(asked: Asked): Reasons {
  const { world, packet, ip } = asked;
  const { devices, packets } = world;
  const out = packets.outDevice.get(packet);
  if (ip === undefined || out === 0) return {};
  const mtu = devices.mtu.get(out);
  const owner = ownerOf(world, ip.source);
  const way = owner === 0 ? 0 : world.routes.lookup(owner, ip.destination);
  const first = way === 0 ? 0 : world.routes.device.get(way);
  return {
    tried: [
      { what: `MTU of ${deviceName(world, out)}`, missed: `${mtu}, and the packet has ${ip.totalLength} bytes` },
      { what: "fragmentation", missed: "the packet says that it must not be fragmented (DF)" },
      ...(first === 0
        ? []
        : [
            {
              what: `MTU of its sender's ${deviceName(world, first)}`,
              missed: `${devices.mtu.get(first)}: more than fits on the way`,
            },
          ]),
    ],
    ideas: [
      ...(first === 0 || devices.mtu.get(first) <= mtu ? [] : mtuIdeas(asked, first, mtu)),
      ...fragmentIdea(asked),
    ],
  };
}

/** ping knows the MTU of its way, and must not cut what it sends: it sends nothing. */
export function becauseMessageTooLong(asked: Asked, netns: number, destination: Ipv4Address): Reasons {
  const { world } = asked;
  const way = routeOutput(world, netns, destination);
  if (way.kind !== "unicast") return {};
  const own = world.devices.mtu.get(way.device);
  return {
    tried: [
      { what: `MTU of ${deviceName(world, way.device)}`, missed: String(own) },
      ...(way.mtu < own
        ? [{ what: `MTU of the path to ${formatIpv4(destination)}`, missed: `${way.mtu}, as a router has said` }]
        : []),
      { what: "fragmentation", missed: "the packet would say that it must not be fragmented (DF)" },
    ],
    ideas: fragmentIdea(asked),
  };
}

/** A router's "fragmentation needed" was lost: whoever sent the packet it is about does not learn what fits. */
export function ideasForTooBig(asked: Asked): readonly Idea[] {
  const { world, ip } = asked;
  const error = ip?.payload.kind === "icmp-error" ? ip.payload : undefined;
  const isTooBig =
    error?.type === icmpType.destinationUnreachable && error.code === unreachableCode.fragmentationNeeded;
  if (error?.original === undefined || !isTooBig) return [];
  const owner = ownerOf(world, error.original.source);
  const way = owner === 0 ? undefined : routeOutput(world, owner, error.original.destination);
  return [...(way?.kind === "unicast" ? mtuIdeas(asked, way.device, error.rest & 0xffff) : []), ...fragmentIdea(asked)];
}

function mtuIdeas(asked: Asked, device: number, mtu: number): readonly Idea[] {
  const { devices, namespaces } = asked.world;
  const [netns, dev] = [namespaces.name.get(devices.netns.get(device)), devices.name.get(device)];
  return interfaceIdeas(asked, device, "mtu", String(mtu), `ip -n ${netns} link set ${dev} mtu ${mtu}`);
}

/** A ping that may be cut. */
function fragmentIdea({ file, statement }: Asked): readonly Idea[] {
  if (file === undefined || statement?.do !== "ping" || !statement.dontFragment) return [];
  const { endLine, endColumn, uri } = statement.source;
  const end = { uri, line: endLine, column: endColumn, endLine, endColumn };
  return idea("The ping may be fragmented: mayFragment", [file.replace(end, " mayFragment")]);
}

/** Longer than the device at the other end takes. */
export function becauseOfPeerMtu(asked: Asked): Reasons {
  const { world, packet } = asked;
  const { devices, packets } = world;
  const device = packets.device.get(packet);
  const out = packets.outDevice.get(packet);
  const ends = [device, devices.peer.get(device), out].filter((one) => one !== 0);
  const smallest = ends.sort((a, b) => devices.mtu.get(a) - devices.mtu.get(b))[0];
  const largest = Math.max(...ends.map((one) => devices.mtu.get(one)));
  return {
    tried: ends.map((one) => ({ what: `MTU of ${deviceName(world, one)}`, missed: String(devices.mtu.get(one)) })),
    ideas: smallest === undefined ? [] : mtuIdeas(asked, smallest, largest),
  };
}

/** What a setting of the device that it came in by would allow. */
export function becauseOfConf(key: "accept_local" | "route_localnet") {
  return (asked: Asked): Reasons => {
    const { world, packet } = asked;
    const name = world.devices.name.get(world.packets.device.get(packet));
    const value = confOf(
      world,
      world.packets.device.get(packet),
      key === "accept_local" ? conf.acceptLocal : conf.routeLocalnet,
    );
    const full = `net.ipv4.conf.${name}.${key}`;
    return {
      tried: [{ what: full, missed: String(value) }],
      ideas: confIdeas(asked, full),
    };
  };
}

function confIdeas(asked: Asked, key: string): readonly Idea[] {
  const name = asked.world.namespaces.name.get(asked.netns);
  return statementIdea(asked, `sysctl ${name} ${key}=1`);
}
