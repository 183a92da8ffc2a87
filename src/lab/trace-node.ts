import { parseRuleSet } from "../config/iptables/parse-rule-set.ts";
import { parseScript } from "../config/nft/parse-script.ts";
import { applyCommands, emptyRuleSet } from "../config/nft/transaction.ts";
import type { ClusterLayout } from "../kube/layout.ts";
import type { NamespaceRef } from "../kube/names.ts";
import { nodeRulesTexts } from "../kube/node-rules.ts";
import type { ProxyMode } from "../kube/service-declaration.ts";
import type { RuleQuestion } from "../reach/netfilter/flow.ts";
import { type RuleReport, reportTrace } from "../reach/netfilter/report.ts";
import { traceRules } from "../reach/netfilter/trace-rules.ts";
import { type Ipv4Address, prefixContains } from "../wire/ipv4-address.ts";

/** The first packet of a connection. */
export type TracedPacket = Pick<RuleQuestion, "source" | "destination" | "protocol" | "destinationPort">;

type NodeRef = Extract<NamespaceRef, { role: "node" }>;

/** A node by its name, or the sentence that says why there is none. */
export function findNode(
  { names, model }: ClusterLayout,
  name: string,
): { readonly node: NodeRef } | { readonly problem: string } {
  const found = names.resolve(name);
  if (found.kind === "found" && found.ref.role === "node") return { node: found.ref };
  const nodes = model.nodes.map((group) => names.nodeName(group, 0));
  const known = nodes.length === 0 ? "the file has no nodes" : `there is ${nodes.join(", ")}`;
  return { problem: `there is no node "${name}"; ${known}` };
}

/** What the rules that a file gives one of its nodes may do with a packet; kube-proxy's mode is the file's where none is said. */
export function traceNode(layout: ClusterLayout, node: NodeRef, packet: TracedPacket, mode?: ProxyMode): RuleReport {
  const { iptables: text, nft: script } = nodeRulesTexts(layout, node.group, node.member, mode);
  const { tables } = parseRuleSet(text);
  const applied = applyCommands(emptyRuleSet, parseScript(script).commands);
  const nft = "ruleSet" in applied ? applied.ruleSet : emptyRuleSet;
  const addresses = layout.addressesOf(node);
  // By another prefix than one of its own, the node's routes would have to be asked.
  const deviceTowards = (address: Ipv4Address) => addresses.find(({ prefix }) => prefixContains(prefix, address))?.dev;
  const localAddresses = addresses.map(({ prefix }) => prefix.address);
  return reportTrace(traceRules(tables, { ...packet, localAddresses, deviceTowards }, nft), { tables, text, nft });
}
