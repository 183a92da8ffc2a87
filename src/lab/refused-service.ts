import type { Rule } from "../config/iptables/rule-set.ts";
import { noEndpointElement } from "../linux/netfilter/nft/evaluate.ts";
import type { HookPosition } from "../linux/netfilter/position.ts";
import { subjectOf } from "../linux/netfilter/subject.ts";
import type { World } from "../linux/world.ts";

/** A port of a Service in whose name kube-proxy refuses a packet. */
export interface RefusedService {
  /** `default/web`. */
  readonly service: string;
  /** `default/web:http`, or as the Service where its port has no name. */
  readonly port: string;
  /** There are endpoints, but none on this node, and a policy keeps to it. */
  readonly isLocal: boolean;
}

/**
 * Whose packet it is that a rule of kube-proxy rejects or drops for want of endpoints, as it stands at that rule. iptables' rule says
 * so in its comment; nftables has one rule for all, and what led to it is an element of a map, with the port in its comment.
 */
export function refusedServiceOf(world: World, packet: number): RefusedService | undefined {
  const at = packet === 0 ? null : world.packets.hookAt.get(packet);
  if (at === null || at.chain === 0) return undefined;
  const row = world.netfilter.chainRules.get(at.chain)[at.rule];
  const rule = row === undefined ? null : world.netfilter.rule.get(row);
  return rule === null ? refusedByNft(world, packet, at) : refusedByComment(rule);
}

export function refusalText({ port, isLocal }: RefusedService): string {
  return `${port} has no ${isLocal ? "local " : ""}endpoints`;
}

function refusedByComment({ matches }: Rule): RefusedService | undefined {
  const comment = matches.find((one) => one.match === "comment");
  const found = comment?.match === "comment" ? /^(\S+) has no (local )?endpoints$/.exec(comment.text) : null;
  return found === null ? undefined : refused(found[1], found[2] !== undefined);
}

/** Either the map drops it, or it sends it to the chain that it stands in. */
function refusedByNft(world: World, packet: number, at: HookPosition): RefusedService | undefined {
  const { netfilter, packets } = world;
  const table = netfilter.nftTableOf(at.chain);
  if (table === 0) return undefined;
  const here = netfilter.chainName.get(at.chain);
  const subject = subjectOf(world, packet, at);
  for (const chain of netfilter.allChainsOf(packets.netns.get(packet))) {
    if (netfilter.nftTableOf(chain) !== table) continue;
    for (const row of netfilter.chainRules.get(chain)) {
      const element = noEndpointElement(world, row, subject);
      if (element?.comment === undefined || element.data === undefined || !("verdict" in element.data)) continue;
      const { verdict } = element.data;
      const isHere = "chain" in verdict ? verdict.chain === here : chain === at.chain && verdict.verdict === "drop";
      if (isHere) return refused(element.comment, verdict.verdict === "drop");
    }
  }
  return undefined;
}

function refused(port: string, isLocal: boolean): RefusedService {
  return { service: port.split(":", 1)[0], port, isLocal };
}
