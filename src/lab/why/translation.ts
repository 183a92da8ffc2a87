import { status } from "../../linux/conntrack/status.ts";
import { type HookPosition, hook } from "../../linux/netfilter/position.ts";
import type { World } from "../../linux/world.ts";
import { formatIpv4, formatPrefix, type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import { printConnection } from "../inspect/print-connection.ts";
import { type Asked, ipOf } from "./asked.ts";
import type { Idea, Reasons } from "./explanation.ts";
import { idea } from "./file-edits.ts";
import { ownerOf } from "./routing.ts";
import { triedRules } from "./rules.ts";

/** A packet that stands before its translation: which rule chose it, and whether a pod's packet to a pod should be left alone. */
export function becauseTranslated(asked: Asked): Reasons & { readonly decision: string } {
  const { world, packet } = asked;
  const { packets } = world;
  const at = packets.hookAt.get(packet) as HookPosition;
  const connection = packets.connection.get(packet);
  const tried = triedRules(world, packet, at);
  const breaksModel = breaksPodModel(world, packet, at);
  const decision = breaksModel
    ? "a pod's packet to a pod gets another source: the network model of Kubernetes wants pods to reach each other without NAT"
    : "it is translated as its connection says";
  const related = [printConnection(world, connection)];
  if (tried.length === 0) related.push("no rule was asked: the connection was known, and was translated when it began");
  return { decision, tried, related, ideas: breaksModel ? exceptIdeas(asked) : [], mustStayItself: breaksModel };
}

/** The source of a packet that a pod sends to another pod is about to be changed. */
export function breaksPodModel(world: World, packet: number, at: HookPosition | null): boolean {
  const { packets, conntrack } = world;
  if (at?.hook !== hook.postrouting || !conntrack.has(packets.connection.get(packet), status.sourceNat)) return false;
  const ip = ipOf(world, packet);
  return ip !== undefined && isPod(world, ip.source) && isPod(world, ip.destination) && ip.source !== ip.destination;
}

function isPod(world: World, address: Ipv4Address): boolean {
  const owner = ownerOf(world, address);
  return owner !== 0 && world.namespaces.role.get(owner) === "pod";
}

/** The rules of the file that translate sources leave out what goes to pods. */
function exceptIdeas({ plan, file, world, ip }: Asked): readonly Idea[] {
  if (file === undefined || ip === undefined) return [];
  const pods = podNetwork(world);
  return plan.places.flatMap((place) => {
    if (place.kind !== "rule" || !("matches" in place.rule)) return [];
    const target = place.rule.target?.target;
    if (place.source.uri !== file.uri || (target !== "MASQUERADE" && target !== "SNAT")) return [];
    if (place.rule.destination !== undefined) return [];
    return idea(`The rule leaves out what goes to pods: ! -d ${pods}`, [
      file.replaceIn(place.source.line, / -j /, ` ! -d ${pods} -j `),
    ]);
  });
}

/** The smallest network of whole octets that all pods are in. */
function podNetwork({ addresses, namespaces }: World): string {
  const pods = [...addresses.table.rows()]
    .filter(
      (row) => namespaces.role.get(addresses.netns.get(row)) === "pod" && addresses.address.get(row) >>> 24 !== 127,
    )
    .map((row) => addresses.address.get(row));
  for (const length of [24, 16, 8]) {
    const network = { address: (pods[0] & (-1 << (32 - length))) >>> 0, length };
    if (pods.every((one) => prefixContains(network, one))) return formatPrefix(network);
  }
  return formatIpv4(0);
}
