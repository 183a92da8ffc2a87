import type { SetEntry } from "../../config/ipset-command.ts";
import type { ConnectionState, Inverted, Match, PortRange, Rule } from "../../config/iptables/rule-set.ts";
import { isInSet } from "../../linux/netfilter/set-membership.ts";
import { ipProtocol } from "../../wire/ipv4.ts";
import { type Ipv4Address, type Ipv4Prefix, prefixContains } from "../../wire/ipv4-address.ts";
import { type AddressTypes, hasAddressType } from "./address-types.ts";
import { all, type Certainty, certain, invertedIf } from "./certainty.ts";
import type { Flow } from "./flow.ts";
import type { NodeSets } from "./node-sets.ts";

/** Whether a rule matches a packet: the first one of a connection, unless the flow says otherwise. */
export function ruleMatches(rule: Rule, flow: Flow, types: AddressTypes, sets?: NodeSets): Certainty {
  const header = [
    () => asked(rule.protocol, (protocol) => certain(protocol === 0 || protocol === flow.protocol)),
    () => asked(rule.source, within(flow.source)),
    () => asked(rule.destination, within(flow.destination)),
    () => asked(rule.inInterface, deviceIs(flow.inDevice)),
    () => asked(rule.outInterface, deviceIs(flow.outDevice)),
    () => asked(rule.fragment, () => "no"),
  ];
  const parts = [...header, ...rule.matches.map((match) => () => matchHolds(match, flow, types, sets))];
  return all(parts, (part) => part());
}

function matchHolds(match: Match, flow: Flow, types: AddressTypes, sets: NodeSets | undefined): Certainty {
  switch (match.match) {
    case "comment":
    case "nfacct":
      return "yes";
    case "addrtype":
      return all(
        [
          () => asked(match.source, (wanted) => certain(hasAddressType(types, flow.source, wanted))),
          () => asked(match.destination, (wanted) => certain(hasAddressType(types, flow.destination, wanted))),
        ],
        (part) => part(),
      );
    case "conntrack":
      return connectionHolds(match, flow);
    case "state":
      return asked(match.states, (states) => certain(hasState(flow, states)));
    case "mark":
      return invertedIf(match.inverted, certain((flow.mark & match.mask) >>> 0 === match.value));
    case "connmark":
      return invertedIf(match.inverted, certain((flow.connectionMark & match.mask) >>> 0 === match.value));
    case "multiport":
      return invertedIf(match.inverted, multiportHolds(match.which, match.ports, flow));
    case "physdev":
      return flow.bridgePorts === undefined ? "maybe" : bridgePortsHold(match, flow.bridgePorts);
    case "recent":
      // Whether the address was seen before is what the node remembers.
      return match.operation === "set" ? "yes" : "maybe";
    case "statistic":
      return invertedIf(match.inverted, chance(match));
    case "set":
      return invertedIf(match.inverted, setHolds(match, flow, sets?.get(match.name)));
    case "limit":
      return "maybe";
    case "tcp":
      return all(
        [
          () => asked(match.sourcePorts, portIn(flow.sourcePort)),
          () => asked(match.destinationPorts, portIn(flow.destinationPort)),
          () => asked(match.flags, ({ mask, set }) => certain(((flow.tcpFlags ?? syn) & mask) === set)),
          () => (match.option === undefined ? "yes" : "maybe"),
        ],
        (part) => part(),
      );
    case "udp":
    case "sctp":
      return all(
        [
          () => asked(match.sourcePorts, portIn(flow.sourcePort)),
          () => asked(match.destinationPorts, portIn(flow.destinationPort)),
        ],
        (part) => part(),
      );
    case "icmp":
      return invertedIf(match.inverted, certain(icmpHolds(match, flow.icmp ?? { type: echoRequest, code: 0 })));
  }
}

/** A connection begins with SYN, a ping with an echo request. */
const syn = 0x02;
const echoRequest = 8;

function asked<Value>(condition: Inverted<Value> | undefined, ask: (value: Value) => Certainty): Certainty {
  return condition === undefined ? "yes" : invertedIf(condition.inverted, ask(condition.value));
}

function within(address: Ipv4Address): (prefix: Ipv4Prefix) => Certainty {
  return (prefix) => certain(prefixContains(prefix, address));
}

function deviceIs(device: string | undefined): (pattern: string) => Certainty {
  return (pattern) => {
    if (pattern === "+") return "yes";
    if (device === undefined) return "maybe";
    return certain(pattern.endsWith("+") ? device.startsWith(pattern.slice(0, -1)) : device === pattern);
  };
}

function portIn(port: number | undefined): (range: PortRange) => Certainty {
  return ({ first, last }) => {
    if (first === 0 && last === 65535) return "yes";
    return port === undefined ? "maybe" : certain(port >= first && port <= last);
  };
}

function multiportHolds(which: "sports" | "dports" | "ports", ranges: readonly PortRange[], flow: Flow): Certainty {
  const ports = { sports: [flow.sourcePort], dports: [flow.destinationPort] };
  const candidates = which === "ports" ? [...ports.sports, ...ports.dports] : ports[which];
  const answers = candidates.flatMap((port) => ranges.map(portIn(port)));
  if (answers.includes("yes")) return "yes";
  return answers.includes("maybe") ? "maybe" : "no";
}

function icmpHolds(match: Extract<Match, { match: "icmp" }>, { type, code }: NonNullable<Flow["icmp"]>): boolean {
  return match.type === 255 || (match.type === type && code >= match.codes.first && code <= match.codes.last);
}

function bridgePortsHold(
  match: Extract<Match, { match: "physdev" }>,
  ports: NonNullable<Flow["bridgePorts"]>,
): Certainty {
  const named = (port: string) => (pattern: string) => (port === "" ? "no" : deviceIs(port)(pattern));
  return all(
    [
      () => asked(match.isBridged, () => certain(ports.out !== "")),
      () => asked(match.isIn, () => certain(ports.in !== "")),
      () => asked(match.isOut, () => certain(ports.out !== "")),
      () => asked(match.in, named(ports.in)),
      () => asked(match.out, named(ports.out)),
    ],
    (part) => part(),
  );
}

function setHolds(
  { sides }: Extract<Match, { match: "set" }>,
  flow: Flow,
  entries: readonly SetEntry[] | undefined,
): Certainty {
  if (entries === undefined) return "maybe";
  const { source, destination, protocol, sourcePort, destinationPort } = flow;
  if (protocol === ipProtocol.icmp) {
    const { type, code } = flow.icmp ?? { type: echoRequest, code: 0 };
    const port = (type << 8) | code;
    return certain(isInSet(entries, sides, { source, destination, protocol, sourcePort: port, destinationPort: port }));
  }
  const asksForSourcePort = entries.some(({ parts }) =>
    parts.some(({ kind }, i) => kind === "port" && sides[i] === "src"),
  );
  if (asksForSourcePort && sourcePort === undefined) return "maybe";
  return certain(isInSet(entries, sides, { source, destination, protocol, sourcePort, destinationPort }));
}

function chance(match: Extract<Match, { match: "statistic" }>): Certainty {
  if (match.mode === "nth") return match.every > 1 ? "maybe" : "yes";
  if (match.probability31 === 0) return "no";
  return match.probability31 >= 2 ** 31 ? "yes" : "maybe";
}

function connectionHolds(match: Extract<Match, { match: "conntrack" }>, flow: Flow): Certainty {
  const { original } = flow;
  return all(
    [
      () => asked(match.states, (states) => certain(hasState(flow, states))),
      () => asked(match.protocol, (protocol) => certain(protocol === flow.protocol)),
      () => asked(match.originalSource, within(original.source)),
      () => asked(match.originalDestination, within(original.destination)),
      // The answer will come from where the packet goes, to where it seems to come from.
      () => asked(match.replySource, within(flow.isReply ? flow.source : flow.destination)),
      () =>
        asked(match.replyDestination, (prefix) =>
          flow.sourceTranslated ? "maybe" : within(flow.isReply ? flow.destination : flow.source)(prefix),
        ),
      () => asked(match.originalSourcePort, portIn(flow.sourcePort)),
      () => asked(match.originalDestinationPort, portIn(original.port)),
      () => asked(match.replySourcePort, portIn(flow.destinationPort)),
      () => asked(match.replyDestinationPort, portIn(flow.sourceTranslated ? undefined : flow.sourcePort)),
      () => asked(match.status, (status) => certain(hasStatus(flow, status))),
      () =>
        match.direction === undefined
          ? "yes"
          : certain(match.direction === (flow.isReply && flow.state === "ESTABLISHED" ? "REPLY" : "ORIGINAL")),
    ],
    (part) => part(),
  );
}

function hasState(flow: Flow, states: readonly ConnectionState[]): boolean {
  if (!flow.tracked) return states.includes("UNTRACKED");
  return (
    states.includes(flow.state ?? "NEW") ||
    (flow.destinationTranslated && states.includes("DNAT")) ||
    (flow.sourceTranslated && states.includes("SNAT"))
  );
}

function hasStatus(flow: Flow, status: readonly string[]): boolean {
  if (flow.state !== "ESTABLISHED") return status.includes("NONE");
  return status.includes("SEEN_REPLY") || status.includes("CONFIRMED");
}
