import { dropReasonOf } from "../../linux/drop.ts";
import type { DropReason } from "../../linux/drop-reason.ts";
import { getSysctl } from "../../linux/setup/sysctl.ts";
import { stage } from "../../linux/stage.ts";
import type { NextEvent } from "../../sim/simulation.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { dropExplanation, ignoringSysctl, noWayBack } from "../drop-text.ts";
import { packetText, placeName, ruleName, tableName } from "../names.ts";
import { refusalText, refusedServiceOf } from "../refused-service.ts";
import { eventSource, isWaiting } from "../walk.ts";
import { type Asked, sysctlIdeas } from "./asked.ts";
import { becauseOfClash } from "./clash.ts";
import type { Explanation, Idea, Reasons } from "./explanation.ts";
import { idea } from "./file-edits.ts";
import {
  becauseDown,
  becauseNobodyAnswered,
  becauseOfConf,
  becauseOfPeerMtu,
  becauseOfSamePort,
  becauseTooBig,
  senderGateways,
} from "./links.ts";
import { becauseOfOldMac } from "./misaddressed.ts";
import { becauseNoRoute, becauseNotForwarded, becauseOfWrongWay, becauseRouteRefuses } from "./routing.ts";
import { becauseOfRules, triedRules } from "./rules.ts";
import { becauseNoSocket } from "./sockets.ts";
import { becauseTranslated } from "./translation.ts";
import { becauseNoVtep } from "./tunnel.ts";
import { becauseNoWayBack, isUnanswerable } from "./way-back.ts";
import { becauseOfWrongEntry, becauseOfWrongVtep } from "./wrong-entry.ts";

/** What a reason for a drop leads to. Those without an entry say what they are, and no more. */
const reasons: Readonly<Partial<Record<DropReason, (asked: Asked) => Reasons>>> = {
  IP_INADDRERRORS: (asked) => both({ ideas: senderGateways(asked) }, becauseNotForwarded(asked)),
  IP_INNOROUTES: becauseNoRoute,
  IP_OUTNOROUTES: becauseNoRoute,
  IP_ROUTE_REFUSES: becauseRouteRefuses,
  IP_RPFILTER: becauseOfWrongWay,
  IP_LOCAL_SOURCE: becauseOfConf("accept_local"),
  IP_LOCALNET: becauseOfConf("route_localnet"),
  IP_TTL_EXPIRED: (asked) => ({ ideas: ttlIdea(asked) }),
  PKT_TOO_BIG: becauseTooBig,
  VETH_PEER_MTU: becauseOfPeerMtu,
  BRIDGE_PORT_MTU: becauseOfPeerMtu,
  NEIGH_FAILED: becauseNobodyAnswered,
  NEIGH_CREATEFAIL: (asked) => larger(asked, "net.ipv4.neigh.default.gc_thresh3"),
  CONNTRACK_FULL: (asked) => larger(asked, "net.netfilter.nf_conntrack_max"),
  CONNTRACK_CLASH: becauseOfClash,
  NO_SOCKET: becauseNoSocket,
  OTHERHOST: (asked) => both(becauseOfWrongEntry(asked), becauseOfOldMac(asked)),
  BRIDGE_SAME_PORT: becauseOfSamePort,
  NETFILTER_DROP: becauseOfRules,
  DEV_READY: becauseDown,
  BRIDGE_PORT_DOWN: becauseDown,
  NO_TX_TARGET: becauseNoVtep,
  ICMP_ECHO_IGNORED: becauseEchoIsIgnored,
  NO_WAY_BACK: becauseNoWayBack,
};

/** Why the packet that stands before this event fares as it does. */
export function explainEvent(asked: Asked, next: NextEvent): Explanation {
  const { world, packet, statement, ip } = asked;
  const { packets } = world;
  const data = packets.data.get(packet);
  const place = placeName(world, next.stage, packets.device.get(packet));
  const subject = `#${packets.origin.get(packet).name}${data === null ? "" : ` ${packetText(data)}`} @ ${place}`;
  const { decision, ...found } = decide(asked, next);
  return {
    subject,
    decision,
    source: found.source ?? eventSource(world, next.stage, packets.device.get(packet)),
    tried: found.tried ?? [],
    related: found.related ?? [],
    ideas: found.ideas ?? [],
    statement,
    packet: ip,
    mustStayItself: found.mustStayItself,
  };
}

function decide(asked: Asked, next: NextEvent): Reasons & { readonly decision: string } {
  const { world, packet } = asked;
  if (next.stage === stage.drop) {
    const reason = dropReasonOf(world, packet);
    const explained = dropExplanation(world, packet);
    const decision = `dropped, ${reason}: ${explained}${reason === "NETFILTER_DROP" ? inWhoseName(asked, explained) : ""}`;
    return { decision, ...both(reasons[reason]?.(asked) ?? {}, becauseOfWrongVtep(asked)) };
  }
  if (next.stage === stage.nfReject)
    return { decision: `rejected by ${ruleHere(asked)}${inWhoseName(asked)}`, ...becauseOfRules(asked) };
  if (isUnanswerable(world, next))
    return { decision: noWayBack(world, packet) ?? "it cannot be answered", ...becauseNoWayBack(asked) };
  if (next.stage === stage.natTranslate) return becauseTranslated(asked);
  return underWay(asked);
}

/** Of two that may explain one drop; ideas of the second are the more particular ones. */
function both(one: Reasons, other: Reasons): Reasons {
  return {
    ...one,
    ...other,
    tried: [...(one.tried ?? []), ...(other.tried ?? [])],
    ideas: [...(other.ideas ?? []), ...(one.ideas ?? [])],
  };
}

function ruleHere({ world, packet }: Asked): string {
  const at = world.packets.hookAt.get(packet);
  return at === null || at.chain === 0 ? "a rule" : `${tableName(world, at.chain)} ${ruleName(world, at)}`;
}

/** `: default/web has no endpoints`, where a rule's comment has not said so. */
function inWhoseName({ world, packet }: Asked, said = ""): string {
  const refused = refusedServiceOf(world, packet);
  if (refused === undefined || said.includes(refusalText(refused))) return "";
  return `: ${refusalText(refused)}`;
}

/** Nothing is wrong with it yet. */
function underWay(asked: Asked): Reasons & { readonly decision: string } {
  const { world, packet } = asked;
  const at = world.packets.hookAt.get(packet);
  const tried = at === null || at.chain === 0 ? [] : triedRules(world, packet, at);
  if (!isWaiting(world, packet)) return { decision: "nothing has kept it from going on so far", tried };
  const nextHop = formatIpv4(world.packets.nextHop.get(packet));
  return { decision: `it waits for ARP: who has ${nextHop}?`, ...becauseNobodyAnswered(asked) };
}

/** A statement that gives its packets few hops. */
function ttlIdea({ file, statement }: Asked): readonly Idea[] {
  if (file === undefined || statement === undefined || statement.source.uri !== file.uri) return [];
  return idea("The TTL that Linux gives it: 64", [file.replaceIn(statement.source.line, /\bttl\s+\d+/, "ttl 64")]);
}

/** Whoever ignores echo requests says so by a setting. */
function becauseEchoIsIgnored(asked: Asked): Reasons {
  const key = `net.ipv4.${ignoringSysctl(asked.world, asked.netns)}`;
  return { tried: [{ what: `sysctl ${key}`, missed: "1" }], ideas: sysctlIdeas(asked, asked.netns, key, 0) };
}

/** Twice a limit. */
function larger(asked: Asked, key: string): Reasons {
  const value = getSysctl(asked.world, asked.netns, key);
  if (value === undefined) return {};
  return {
    tried: [{ what: `sysctl ${key}`, missed: String(value) }],
    ideas: sysctlIdeas(asked, asked.netns, key, value * 2),
  };
}
