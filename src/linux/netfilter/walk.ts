import { assert } from "../../base/assert.ts";
import type { Target } from "../../config/iptables/rule-set.ts";
import { confirmPacket, isUnconfirmed } from "../conntrack/confirm.ts";
import { natRulesNeeded } from "../conntrack/nat/setup.ts";
import { isTranslatedAt, natPacket } from "../conntrack/nat/translate.ts";
import { startsConnection, trackPacket } from "../conntrack/track.ts";
import type { Verdict } from "../conntrack/verdict.ts";
import { drop } from "../drop.ts";
import type { DropReason } from "../drop-reason.ts";
import { isFragment, reassemble } from "../ip/fragment.ts";
import { refuseSend } from "../socket/refused-send.ts";
import { stage } from "../stage.ts";
import type { World } from "../world.ts";
import { hookStages } from "./hook.ts";
import { matchesRule } from "./match.ts";
import { evaluateRule } from "./nft/evaluate.ts";
import { ipOf } from "./packet-ip.ts";
import { type Caller, type HookPosition, type HookStep, hook } from "./position.ts";
import { tracksConnections, translatesAddresses } from "./registered.ts";
import { sendRejection } from "./reject.ts";
import { rejectionOf } from "./rejection.ts";
import { policy } from "./rules.ts";
import { type Subject, subjectOf } from "./subject.ts";
import { applyTarget } from "./target.ts";

/** The walk of a packet through what stands at a hook: one event for each rule that is tried. */
export function registerNetfilter(world: World): void {
  const { sim } = world;
  for (const hookStage of hookStages) sim.on(hookStage, (packet) => advance(world, packet, positionOf(world, packet)));
  sim.on(stage.nfRule, (packet) => tryRule(world, packet));
  sim.on(stage.nfReject, (packet) => reject(world, packet));
  for (const lookup of [stage.conntrackLookup, stage.conntrackNew])
    sim.on(lookup, (packet) => runStep(world, packet, () => trackPacket(world, packet)));
  sim.on(stage.conntrackConfirm, (packet) => runStep(world, packet, () => confirmPacket(world, packet)));
  sim.on(stage.natTranslate, (packet) =>
    runStep(world, packet, (at) => natPacket(world, packet, at.hook, at.outDevice)),
  );
}

function positionOf({ packets }: World, packet: number): HookPosition {
  const at = packets.hookAt.get(packet);
  assert(at !== null, "a packet is at a hook and has no position there");
  return at;
}

/** Goes to the next thing at this hook, from `at` on, that has something to do. */
function advance(world: World, packet: number, at: HookPosition): void {
  const { steps } = at;
  for (let step = at.step; step < steps.length; step++)
    if (begin(world, packet, { ...at, step, chain: 0, rule: 0, caller: undefined }, steps[step])) return;
  leave(world, packet, at);
}

/** Puts the packet before what this step does; false if it does nothing with it. */
function begin(world: World, packet: number, at: HookPosition, step: HookStep): boolean {
  const { packets, netfilter } = world;
  const netns = packets.netns.get(packet);
  switch (step) {
    case "defragment":
      return tracksConnections(world, netns) && defragment(world, packet, at);
    case "track":
      // One event, under two names: what begins a connection is what people want to stop at.
      return (
        tracksConnections(world, netns) &&
        wait(world, packet, at, startsConnection(world, packet) ? stage.conntrackNew : stage.conntrackLookup)
      );
    case "confirm":
      return isUnconfirmed(world, packet) && wait(world, packet, at, stage.conntrackConfirm);
    case "translate":
      if (packets.connection.get(packet) === 0 || !translatesAddresses(world, netns)) return false;
      bind(world, packet, at);
      return true;
    default: {
      if (isOfNat(step) && !natRulesNeeded(world, packet, at.hook)) return false;
      const chain = typeof step === "object" ? step.chain : netfilter.baseChain(netns, step, at.hook);
      if (chain !== 0) goOn(world, packet, { ...at, chain });
      return chain !== 0;
    }
  }
}

/** Its rules choose how a new connection is translated. */
function isOfNat(step: HookStep): boolean {
  return step === "nat" || (typeof step === "object" && step.type === "nat");
}

/** The step is an event of its own. */
function wait({ packets }: World, packet: number, at: HookPosition, stageNumber: number): true {
  packets.hookAt.set(packet, at);
  packets.stage.set(packet, stageNumber);
  return true;
}

/** `nf_defrag_ipv4`: connections know whole packets only. */
function defragment(world: World, packet: number, at: HookPosition): boolean {
  const ip = ipOf(world, packet);
  if (!isFragment(ip)) return false;
  reassemble(world, packet, ip, () => advance(world, packet, { ...at, step: at.step + 1 }));
  return true;
}

/** The event of a step that connection tracking or NAT does. */
function runStep(world: World, packet: number, step: (at: HookPosition) => Verdict): void {
  const at = positionOf(world, packet);
  const verdict = step(at);
  if (verdict === "accept") advance(world, packet, { ...at, step: at.step + 1 });
  else refuse(world, packet, at, verdict);
}

/** The rules for it are done: now the packet is translated, where its connection is. */
function bind(world: World, packet: number, at: HookPosition): void {
  if (isTranslatedAt(world, packet, at.hook)) {
    wait(world, packet, { ...at, chain: 0, rule: 0, caller: undefined }, stage.natTranslate);
    return;
  }
  const verdict = natPacket(world, packet, at.hook, at.outDevice);
  if (verdict === "accept") advance(world, packet, { ...at, step: at.step + 1 });
  else refuse(world, packet, at, verdict);
}

/** All that stands here has let it pass. */
function leave(world: World, packet: number, at: HookPosition): void {
  const { packets } = world;
  const isRerouted =
    at.hook === hook.output && (at.isMarkChanged || ipOf(world, packet).destination !== at.destination);
  if (!isRerouted) {
    packets.hookAt.set(packet, null);
    packets.stage.set(packet, at.then);
    return;
  }
  // ip_route_me_harder: routed once more, and not through this hook again.
  packets.nextHop.set(packet, ipOf(world, packet).source);
  packets.stage.set(packet, stage.routeOutput);
}

/** The rule at `at`, or where its chain ends: back to the caller, or the chain's policy. */
function goOn(world: World, packet: number, at: HookPosition): void {
  const { packets, netfilter } = world;
  let { chain, rule, caller } = at;
  while (rule >= netfilter.chainRules.get(chain).length) {
    if (caller === undefined) return decideByPolicy(world, packet, { ...at, chain, rule, caller });
    ({ chain, rule, caller } = caller);
  }
  packets.hookAt.set(packet, { ...at, chain, rule, caller });
  packets.stage.set(packet, stage.nfRule);
}

function decideByPolicy(world: World, packet: number, at: HookPosition): void {
  const { netfilter, packets } = world;
  // A chain that was reached by goto returns to where its caller does; with no caller it is the base chain that ends.
  const step = at.steps[at.step];
  const base =
    typeof step === "object"
      ? step.chain
      : netfilter.baseChain(packets.netns.get(packet), netfilter.tableOf(at.chain), at.hook);
  netfilter.countPolicy(base, ipOf(world, packet).totalLength);
  if (netfilter.chainPolicy.get(base) === policy.drop)
    return refuse(world, packet, { ...at, chain: base, rule: netfilter.chainRules.get(base).length });
  accept(world, packet, at);
}

/** One rule: is the packet what it is about, and what does it do with it? */
function tryRule(world: World, packet: number): void {
  const { netfilter } = world;
  const at = positionOf(world, packet);
  const row = netfilter.chainRules.get(at.chain)[at.rule];
  const rule = netfilter.rule.get(row);
  const subject = subjectOf(world, packet, at);
  const next = { ...at, rule: at.rule + 1 };
  if (rule === null) return tryNftRule(world, row, subject, next);
  if (!matchesRule(world, row, rule, subject)) return goOn(world, packet, next);
  netfilter.count(row, subject.ip.totalLength);
  decide(world, packet, at, next, rule.target);
}

/** One rule of nftables: its statements, and what they decide. */
function tryNftRule(world: World, row: number, subject: Subject, next: HookPosition): void {
  const { packets, netfilter } = world;
  const { packet, at } = subject;
  const rule = netfilter.nftRule.get(row);
  assert(rule !== null, "a chain lists a rule that is not there");
  const outcome = evaluateRule(world, row, rule, subject);
  if (outcome === undefined) return goOn(world, packet, next);
  if ("lost" in outcome) return refuse(world, packet, at, outcome.lost);
  switch (outcome.verdict) {
    case "continue":
      return goOn(world, packet, next);
    case "accept":
      return accept(world, packet, at);
    case "drop":
      return refuse(world, packet, at);
    case "reject":
      packets.hookAt.set(packet, { ...at });
      packets.stage.set(packet, stage.nfReject);
      return;
    case "return":
      return goOn(world, packet, { ...at, rule: Number.MAX_SAFE_INTEGER });
    case "jump":
    case "goto":
      return follow(world, packet, at, next, outcome.verdict, outcome.chain);
  }
}

/** A jump comes back behind its rule, a goto to where its own chain would. */
function follow(
  world: World,
  packet: number,
  at: HookPosition,
  next: HookPosition,
  way: "jump" | "goto",
  chain: string,
): void {
  const caller = way === "jump" ? { chain: next.chain, rule: next.rule, caller: at.caller } : at.caller;
  return goOn(world, packet, enter(world, at, chain, caller));
}

/** `next` is the place after the rule, `at` the rule itself. */
function decide(world: World, packet: number, at: HookPosition, next: HookPosition, target: Target | undefined): void {
  const { packets } = world;
  if (target === undefined) return goOn(world, packet, next);
  switch (target.target) {
    case "ACCEPT":
      return accept(world, packet, at);
    case "DROP":
      return refuse(world, packet, at);
    case "REJECT":
      packets.hookAt.set(packet, { ...at });
      packets.stage.set(packet, stage.nfReject);
      return;
    case "RETURN":
      return goOn(world, packet, { ...at, rule: Number.MAX_SAFE_INTEGER });
    case "jump":
    case "goto":
      return follow(world, packet, at, next, target.target, target.chain);
    default: {
      const verdict = applyTarget(world, subjectOf(world, packet, at), target);
      if (verdict === "continue") return goOn(world, packet, next);
      if (verdict === "accept") return accept(world, packet, at);
      return refuse(world, packet, at, verdict);
    }
  }
}

function enter({ netfilter }: World, at: HookPosition, name: string, caller: Caller | undefined): HookPosition {
  const chain = netfilter.findBeside(at.chain, name);
  assert(chain !== 0, "a rule jumps to a chain that is not there");
  return { ...at, chain, rule: 0, caller };
}

/** The table lets it pass; the next one may not. */
function accept(world: World, packet: number, at: HookPosition): void {
  const step = at.steps[at.step];
  const reroutes = step === "mangle" || (typeof step === "object" && step.type === "route");
  const isMarkChanged = at.isMarkChanged || (reroutes && world.packets.mark.get(packet) !== at.mark);
  advance(world, packet, { ...at, step: at.step + 1, isMarkChanged });
}

/**
 * The packet is lost here; `at` stays with it, as a value of its own, and says which rule did it. What was to leave is lost
 * at the device that it would have left by, and who sent it on this machine hears of it.
 */
function refuse(world: World, packet: number, at: HookPosition, reason: DropReason = "NETFILTER_DROP"): void {
  world.packets.hookAt.set(packet, { ...at });
  drop(world, packet, reason);
  if (at.hook !== hook.output && at.hook !== hook.postrouting) return;
  world.packets.device.set(packet, at.outDevice);
  refuseSend(world, packet);
}

function reject(world: World, packet: number): void {
  const { netfilter } = world;
  const at = positionOf(world, packet);
  const answer = rejectionOf(world, netfilter.chainRules.get(at.chain)[at.rule]);
  assert(answer !== undefined, "a packet is to be rejected by a rule that does not");
  sendRejection(world, packet, at, answer);
  refuse(world, packet, at);
}
