import type { TableChange } from "../../config/iptables/command.ts";
import type { Rule } from "../../config/iptables/rule-set.ts";
import type { NftRule } from "../../config/nft/rule-set.ts";
import type { HookPosition } from "../../linux/netfilter/position.ts";
import { policy } from "../../linux/netfilter/rules.ts";
import { type Subject, subjectOf } from "../../linux/netfilter/subject.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { NetworkPlan } from "../../plan/plan.ts";
import type { Statement } from "../../plan/statements.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { ruleText } from "../inspect/rules.ts";
import { ruleName, tableName } from "../names.ts";
import { positionBefore } from "../walk.ts";
import { type Asked, statementIdea } from "./asked.ts";
import { endpointIdeas } from "./endpoints.ts";
import type { Idea, Reasons, Tried } from "./explanation.ts";
import { type FileEdits, idea } from "./file-edits.ts";
import { ideasForTooBig } from "./links.ts";
import { firstMismatch } from "./mismatch.ts";
import { nftMismatch } from "./nft-mismatch.ts";
import { flat } from "./statements.ts";

/** More rules than these, and nobody reads on. */
const mostRules = 400;

/** A rule or a policy dropped or rejected the packet. */
export function becauseOfRules(asked: Asked): Reasons {
  const { world, packet } = asked;
  const at = world.packets.hookAt.get(packet);
  if (at === null || at.chain === 0) return {};
  const rule = ruleAt(world, at);
  const isPolicy = rule === undefined && world.netfilter.chainPolicy.get(at.chain) === policy.drop;
  return {
    tried: [...triedRules(world, packet, at), ...(isPolicy ? [policyRow(world, at)] : [])],
    source: asked.plan.places.find((place) => place.kind === "rule" && place.rule === rule)?.source,
    ideas: [
      ...endpointIdeas(asked),
      ...(rule === undefined ? [] : withoutRule(asked, rule)),
      ...(isPolicy ? otherPolicy(asked, at) : []),
      ...exception(asked, at),
      ...ideasForTooBig(asked),
    ],
  };
}

function policyRow(world: World, at: HookPosition): Tried {
  const { netfilter } = world;
  const chain = netfilter.chainName.get(at.chain);
  const rules = netfilter.chainRules.get(at.chain).length;
  const missed = rules === 0 ? "the chain has no rule that could accept it" : "no rule before it decided";
  return { what: `${tableName(world, at.chain)} ${chain} policy DROP`, missed };
}

export function ruleAt({ netfilter }: World, at: HookPosition): Rule | NftRule | undefined {
  const row = netfilter.chainRules.get(at.chain)[at.rule];
  return (row === undefined ? undefined : (netfilter.rule.get(row) ?? netfilter.nftRule.get(row))) ?? undefined;
}

/** The rules of one table that the packet was tried on before it stood at `at`, and why those did not match that did not. */
export function triedRules(world: World, packet: number, at: HookPosition): readonly Tried[] {
  const { sim, packets, netfilter } = world;
  const here = sim.position;
  const events = ruleEvents(world, packets.number.get(packet), here, at);
  const tried = events.map((event): Tried => {
    sim.goTo(event);
    const own = packets.hookAt.get(packet) as HookPosition;
    const row = netfilter.chainRules.get(own.chain)[own.rule];
    const what = `${tableName(world, own.chain)} ${ruleName(world, own)}: ${ruleText(world, row)}`;
    return { what, missed: missedOn(world, event, row, subjectOf(world, packet, own)) };
  });
  sim.goTo(here);
  return tried;
}

function missedOn(world: World, event: number, row: number, subject: Subject): string {
  const { netfilter } = world;
  const nft = netfilter.nftRule.get(row);
  if (nft !== null) return nftMismatch(world, row, nft, subject) ?? "matched";
  if (wasCounted(world, event, row)) return "matched";
  return firstMismatch(world, row, netfilter.rule.get(row) as Rule, subject);
}

/** The events at rules of the table at this hook, oldest first. */
function ruleEvents(world: World, number: number, before: number, at: HookPosition): readonly number[] {
  const { events } = world.sim;
  const found: number[] = [];
  for (let event = before - 1; event >= events.start && found.length < mostRules; event--) {
    if (events.walker(event) !== number) continue;
    const itsStage = events.stage(event);
    if (itsStage === stage.nfReject) continue;
    const position = itsStage === stage.nfRule ? positionBefore(world, event) : undefined;
    if (position === undefined || position.hook !== at.hook || !areOfOneStep(position, at)) break;
    found.push(event);
  }
  return found.reverse();
}

/** What is translated was chosen by the rules before that. */
function areOfOneStep({ steps, step }: HookPosition, at: HookPosition): boolean {
  const own = steps[step];
  const isNat = own === "nat" || (typeof own === "object" && own.type === "nat");
  return step === at.step || (isNat && at.steps[at.step] === "translate");
}

/** A rule counts what matches it. */
function wasCounted({ sim, netfilter }: World, event: number, rule: number): boolean {
  const { from, to } = sim.changesOf(event);
  let counted = false;
  sim.log.forEach(from, to, (owner, row) => {
    if (owner === netfilter.rulePackets && row === rule) counted = true;
  });
  return counted;
}

/** Takes a rule away that the file itself writes: its line, or the statement that added it. */
function withoutRule({ plan, file }: Asked, rule: Rule | NftRule): readonly Idea[] {
  const place = plan.places.find((one) => one.kind === "rule" && one.rule === rule);
  const source = place?.source ?? statementOf(plan, rule)?.source;
  if (file === undefined || source === undefined || source.uri !== file.uri) return [];
  const line = file.lineText(source.line);
  const isWholeLine = line.slice(0, source.column - 1).trim() === "" && !line.slice(source.column - 1).includes(";");
  const edit = place !== undefined || isWholeLine ? file.removeLine(source.line) : file.replace(source, "");
  return idea(`Take this rule away: ${line.trim()}`, [edit]);
}

function adds(change: TableChange, rule: Rule | NftRule): boolean {
  return ("rules" in change && change.rules.some((own) => own === rule)) || ("rule" in change && change.rule === rule);
}

/** The statement of a scenario that adds a rule. */
function statementOf(plan: NetworkPlan, rule: Rule | NftRule): Statement | undefined {
  const statements = plan.scenarios.flatMap((scenario) => flat(scenario.statements));
  return statements.find((one) => {
    if (one.do !== "configure") return false;
    return one.commands.some((command) => command.do === "iptables" && adds(command.change, rule));
  });
}

function otherPolicy(asked: Asked, at: HookPosition): readonly Idea[] {
  const { world, file } = asked;
  const { netfilter, namespaces } = world;
  const chain = netfilter.chainName.get(at.chain);
  const table = tableName(world, at.chain);
  const owner = namespaces.name.get(asked.netns);
  if (netfilter.nftTableOf(at.chain) !== 0)
    return statementIdea(asked, `nft -n ${owner} "add chain ${table} ${chain} { policy accept ; }"`);
  const head = file === undefined ? undefined : policyLine(file, asked, chain);
  const declared =
    file === undefined || head === undefined
      ? []
      : idea(`In ${owner}: policy ACCEPT in ${chain}`, [file.replaceIn(head, "DROP", "ACCEPT")]);
  return [...declared, ...statementIdea(asked, `iptables -n ${owner} -t ${table} -P ${chain} ACCEPT`)];
}

/** The line of the file that gives a chain its policy DROP. */
function policyLine(file: FileEdits, { world, netns }: Asked, chain: string): number | undefined {
  const owner = file.declarationAt(world.namespaces.source.get(netns));
  if (owner === undefined) return undefined;
  const { line, endLine } = file.rangeOfLine(owner);
  for (let at = line; at <= endLine; at++) if (file.lineText(at).trim().startsWith(`:${chain} DROP`)) return at;
  return undefined;
}

/** Lets exactly these two speak, before every other rule of the chain. */
function exception(asked: Asked, at: HookPosition): readonly Idea[] {
  const { world, ip } = asked;
  const { netfilter, namespaces } = world;
  if (ip === undefined) return [];
  if (netfilter.nftTableOf(at.chain) !== 0) {
    const chain = `${tableName(world, at.chain)} ${netfilter.chainName.get(at.chain)}`;
    const both = `ip saddr ${formatIpv4(ip.source)} ip daddr ${formatIpv4(ip.destination)}`;
    return statementIdea(asked, `nft -n ${namespaces.name.get(asked.netns)} insert rule ${chain} ${both} accept`);
  }
  if (netfilter.tableOf(at.chain) !== "filter") return [];
  const names = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
  const between = `-s ${formatIpv4(ip.source)} -d ${formatIpv4(ip.destination)}`;
  return statementIdea(
    asked,
    `iptables -n ${namespaces.name.get(asked.netns)} -I ${names[at.hook]} 1 ${between} -j ACCEPT`,
  );
}
