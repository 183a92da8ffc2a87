import { status } from "../../linux/conntrack/status.ts";
import { getSysctl } from "../../linux/setup/sysctl.ts";
import { socketKind } from "../../linux/sockets.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { printDurationNs } from "../inspect/duration.ts";
import { printSocket } from "../inspect/print.ts";
import { printConnection } from "../inspect/print-connection.ts";
import { type Asked, statementIdea, sysctlIdeas } from "./asked.ts";
import type { Idea, Reasons, Tried } from "./explanation.ts";
import { idea, itemsOf } from "./file-edits.ts";

/** An end of a conversation as the packet names it. */
interface Ports {
  readonly protocol: "tcp" | "udp";
  readonly source: Ipv4Address;
  readonly sourcePort: number;
  readonly destination: Ipv4Address;
  readonly destinationPort: number;
}

/** Nobody here takes it: no listener, or one who talks with somebody else. */
export function becauseNoSocket(asked: Asked): Reasons {
  const { world, netns, ip } = asked;
  if (ip?.payload.kind !== "tcp" && ip?.payload.kind !== "udp") return {};
  const { kind: protocol, sourcePort, destinationPort } = ip.payload;
  const ports = { protocol, source: ip.source, sourcePort, destination: ip.destination, destinationPort };
  const untranslated = skippedTranslation(asked, ports);
  const led = ledHere(asked, ports);
  return {
    tried: triedSockets(world, netns, ports),
    related: [...untranslated.related, ...led.related],
    ideas: [...untranslated.ideas, ...led.ideas, ...listenIdeas(asked, ports)],
  };
}

function triedSockets(world: World, netns: number, ports: Ports): readonly Tried[] {
  const { sockets, namespaces } = world;
  const kinds: readonly number[] = ports.protocol === "udp" ? [socketKind.udp] : [socketKind.tcp, socketKind.tcpListen];
  const rows = [...sockets.table.rows()].filter(
    (row) => sockets.netns.get(row) === netns && kinds.includes(sockets.kind.get(row)),
  );
  if (rows.length === 0)
    return [{ what: `${ports.protocol} sockets of ${namespaces.name.get(netns)}`, missed: "there are none" }];
  return rows.map((row) => ({ what: `socket ${printSocket(world, row)}`, missed: socketMismatch(world, row, ports) }));
}

function socketMismatch({ sockets }: World, row: number, ports: Ports): string {
  if (sockets.localPort.get(row) !== ports.destinationPort) return `the packet is for port ${ports.destinationPort}`;
  const local = sockets.localAddress.get(row);
  if (local !== 0 && local !== ports.destination) return `the packet is for ${formatIpv4(ports.destination)}`;
  return `the packet is from ${formatIpv4(ports.source)}:${ports.sourcePort}`;
}

interface Finding {
  readonly related: readonly string[];
  readonly ideas: readonly Idea[];
}

const nothing: Finding = { related: [], ideas: [] };

/**
 * An answer that should have been translated back: some machine's conntrack knows the connection that it belongs to, and did not
 * see it, as a bridge that does not call iptables hands it on.
 */
function skippedTranslation(asked: Asked, ports: Ports): Finding {
  const { world } = asked;
  const { conntrack, namespaces } = world;
  const number = ports.protocol === "tcp" ? ipProtocol.tcp : ipProtocol.udp;
  const connection = [...conntrack.table.rows()].find((row) => {
    const [original, reply] = [conntrack.original.get(row), conntrack.reply.get(row)];
    const isOurs = reply.source === ports.source && reply.sourcePort === ports.sourcePort && reply.protocol === number;
    const isAsker = original.source === ports.destination && original.sourcePort === ports.destinationPort;
    return isOurs && isAsker && original.destination !== reply.source;
  });
  if (connection === undefined) return nothing;
  const netns = conntrack.netns.get(connection);
  const machine = namespaces.name.get(netns);
  const original = conntrack.original.get(connection);
  const asIf = `${formatIpv4(original.destination)}:${original.destinationPort}`;
  const from = `${formatIpv4(ports.source)}:${ports.sourcePort}`;
  const key = "net.bridge.bridge-nf-call-iptables";
  const isOff = getSysctl(world, netns, key) === 0;
  const way = isOff
    ? `a bridge of ${machine} handed it on without asking netfilter: ${key} is 0`
    : `it did not come through ${machine}'s netfilter`;
  return {
    related: [
      `${machine} translated the request${requestText(world, netns, asked.packet)}: ${printConnection(world, connection)}`,
      `the answer from ${from} would have become one from ${asIf} there; ${way}`,
    ],
    ideas: isOff ? sysctlIdeas(asked, netns, key, 1) : [],
  };
}

/** The latest packet of another that a machine translated before this one was made. */
function requestText({ sim, packets, devices }: World, netns: number, packet: number): string {
  const { events } = sim;
  for (let event = packets.bornAt.get(packet); event >= events.start; event--)
    if (events.stage(event) === stage.natTranslate && devices.netns.get(events.place(event)) === netns)
      return ` at ${printDurationNs(events.read(event).timeNs)}`;
  return "";
}

/** A connection of some machine led it here, since before; the rules may lead elsewhere by now. */
function ledHere(asked: Asked, ports: Ports): Finding {
  const { world, statement } = asked;
  const { conntrack, namespaces } = world;
  const number = ports.protocol === "tcp" ? ipProtocol.tcp : ipProtocol.udp;
  const connection = [...conntrack.table.rows()].findLast((row) => {
    const [original, reply] = [conntrack.original.get(row), conntrack.reply.get(row)];
    const isHere = reply.source === ports.destination && reply.sourcePort === ports.destinationPort;
    return (
      isHere &&
      reply.protocol === number &&
      original.destination !== reply.source &&
      conntrack.has(row, status.confirmed)
    );
  });
  if (connection === undefined || statement === undefined || beganConnection(world, asked.packet)) return nothing;
  const machine = namespaces.name.get(conntrack.netns.get(connection));
  const original = conntrack.original.get(connection);
  const forget = `conntrack ${machine} -D -p ${ports.protocol} --orig-dst ${formatIpv4(original.destination)}`;
  return {
    related: [
      `${machine} led it here by a connection that it keeps: ${printConnection(world, connection)}`,
      "of a connection that is known, the rules of table nat are asked for the first packet only",
    ],
    ideas: statementIdea(asked, forget),
  };
}

/** The packet, or the one that it is a copy of, made a connection somewhere on its way. */
function beganConnection({ sim, packets }: World, packet: number): boolean {
  const { events } = sim;
  const origin = packets.origin.get(packet);
  const numbers = new Set([packets.number.get(packet)]);
  let bornAt = packets.bornAt.get(packet);
  for (let ancestor = origin.copyOf; ancestor !== undefined; ancestor = ancestor.copyOf) {
    numbers.add(ancestor.number);
    bornAt = ancestor.bornAt;
  }
  for (let event = Math.max(bornAt, events.start); event < sim.position; event++)
    if (events.stage(event) === stage.conntrackNew && numbers.has(events.walker(event))) return true;
  return false;
}

/** Somebody listens there, or the Service leads to the port where somebody does. */
function listenIdeas({ world, netns, file, statement }: Asked, ports: Ports): readonly Idea[] {
  const { namespaces, sockets } = world;
  const owner = file?.declarationAt(namespaces.source.get(netns));
  if (file === undefined || owner === undefined) return [];
  const { protocol, destinationPort } = ports;
  const listening = [...sockets.table.rows()].filter(
    (row) =>
      sockets.netns.get(row) === netns &&
      sockets.kind.get(row) === (protocol === "tcp" ? socketKind.tcpListen : socketKind.udp),
  );
  const retargeted = listening.flatMap((row) =>
    file.items("Service").flatMap((service) =>
      file.lines(service, "port").flatMap((line) => {
        const target = new RegExp(`-> ${destinationPort}\\b`);
        return idea(`The Service leads to port ${sockets.localPort.get(row)}`, [
          file.replaceIn(file.rangeOfLine(line).line, target, `-> ${sockets.localPort.get(row)}`),
        ]);
      }),
    ),
  );
  const program = statement?.do === "curl" ? "http" : "echo";
  const listen = `listen ${protocol} ${destinationPort} ${program}`;
  const container = itemsOf(owner).find((item) => item.$type === "Container");
  const edit =
    container === undefined ? file.insert(owner, `container app { ${listen} }`) : file.insert(container, listen);
  return [...retargeted, ...idea(`In ${namespaces.name.get(netns)}: ${listen}`, [edit])];
}
