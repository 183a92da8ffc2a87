import type { SourceRange } from "../../base/source-range.ts";
import { printRule } from "../../config/iptables/print-rule.ts";
import type { Rule } from "../../config/iptables/rule-set.ts";
import { printNftRule } from "../../config/nft/print-rule.ts";
import type { Compilation } from "../../language/compile.ts";
import { liveRuleSet } from "../../linux/netfilter/nft/setup.ts";
import { ruleTables } from "../../linux/netfilter/rule-tables.ts";
import type { World } from "../../linux/world.ts";
import type { SetUpCommand } from "../../plan/commands.ts";
import type { Finding, ModelCheck } from "../../reach/model/check.ts";
import { anyPort, type Protocol } from "../../reach/model/pair.ts";
import type { RulePlace } from "../../reach/netfilter/flow.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { printRoute } from "../inspect/print.ts";
import { deviceName } from "../names.ts";
import { findCause } from "./cause.ts";

/** What the networking model of Kubernetes says about a file. */
export interface ModelReport {
  /** Every pod reaches every pod, and nodes and pods each other, without NAT. */
  readonly holds: boolean;
  readonly pods: number;
  readonly nodes: number;
  /** Ordered pairs that this is about; of these so many were followed, the others are like one of them. */
  readonly pairs: number;
  readonly followed: number;
  readonly findings: readonly ModelFinding[];
}

/** One reason, with a pair that shows it. */
export interface ModelFinding {
  /** `refuted`: the model does not hold. `black-hole`: it does for small packets. `note`: it does, and this is worth knowing. */
  readonly kind: "refuted" | "black-hole" | "note";
  /** Namespaces by their names in the file. */
  readonly from: string;
  readonly to: string;
  /** Ordered pairs that fail so, this one included. */
  readonly pairs: number;
  /** Those that it is about; absent: all of them. */
  readonly protocols?: readonly Protocol[];
  /** The packet that is lost or changed: the request, or the answer to it. */
  readonly direction: "there" | "back";
  /** As a drop is named, or what is wrong where no kernel drops anything. */
  readonly reason: string;
  /** `node1/cni0`, `node1`: where. */
  readonly at: string;
  /** One or two sentences. */
  readonly message: string;
  /** The rule that decides, as iptables prints it, or the route. */
  readonly row?: string;
  /** The line to look at. */
  readonly range: SourceRange;
  /** Lines for the file that show it in the debugger. */
  readonly scenario: string;
}

export function reportModel(
  world: World,
  check: ModelCheck,
  compilation: Compilation,
  commands: readonly SetUpCommand[],
): ModelReport {
  const findings = check.findings.map((finding) => describe(world, finding, compilation, commands));
  const order = ["refuted", "black-hole", "note"];
  findings.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || b.pairs - a.pairs);
  return { holds: findings.every(({ kind }) => kind !== "refuted"), ...check.census, findings };
}

function describe(
  world: World,
  finding: Finding,
  compilation: Compilation,
  commands: readonly SetUpCommand[],
): ModelFinding {
  const { from, to, pairs, fault } = finding;
  const { loss, direction, protocols } = fault;
  const at = loss.device === 0 ? world.namespaces.name.get(loss.netns) : deviceName(world, loss.device);
  const row = rowOf(world, finding);
  const kind = kindOf(finding);
  const range = findCause(world, finding, ruleAt(world, loss.netns, loss.rule), compilation, commands);
  const told = { kind, from: from.name, to: to.name, pairs, protocols, direction, reason: loss.reason, at, row, range };
  return {
    ...told,
    message: messageOf(told, loss.text, loss.isUncertain === true),
    scenario: scenarioOf(told, compilation, world, finding),
  };
}

/** Flannel masquerades what pods send to nodes, by design, and Kubernetes asks for no more than that the nodes be reached. */
function kindOf({ isBlackHole, to, fault }: Finding): ModelFinding["kind"] {
  if (isBlackHole) return "black-hole";
  return fault.loss.reason === "TRANSLATED" && to.role === "node" ? "note" : "refuted";
}

type Told = Omit<ModelFinding, "message" | "scenario">;

function messageOf(
  { kind, from, to, pairs, protocols, direction, reason, at, row }: Told,
  text: string,
  isUncertain: boolean,
): string {
  const what = direction === "there" ? "" : "the answer is lost: ";
  const more = pairs > 1 ? ` ${grouped(pairs - 1)} more ${pairs === 2 ? "pair is" : "pairs are"} like this one.` : "";
  const because = `${what}at ${at} ${text}${row === undefined ? "" : ` (${row})`}.`;
  const by = byText(protocols);
  const beginnings: Readonly<Record<ModelFinding["kind"], string>> = {
    refuted:
      reason === "TRANSLATED"
        ? `${to} does not see ${from} as it is${by}`
        : `${from} ${isUncertain ? "reaches" : "does not reach"} ${to}${by}${isUncertain ? " only now and then" : ""}`,
    "black-hole": `Large packets from ${from} to ${to} vanish`,
    note: `${from} reaches ${to}${by}, but not as itself`,
  };
  return `${beginnings[kind]}: ${because}${more}`;
}

function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

function rowOf(world: World, { fault: { loss } }: Finding): string | undefined {
  if (loss.rule !== undefined) return printPlace(world, loss.netns, loss.rule);
  if (loss.route === undefined || loss.route === 0 || loss.reason === "NEIGH_FAILED") return undefined;
  return printRoute(world, loss.route);
}

function printPlace(world: World, netns: number, place: RulePlace): string {
  if (place.program === "nft") return printNftPlace(world, netns, place);
  const rule = ruleAt(world, netns, place);
  if (rule === undefined) return `-t ${place.table} -P ${place.chain} DROP`;
  return `-t ${place.table} -A ${place.chain} ${printRule(rule)}`.trimEnd();
}

/** As `nft list ruleset` has it, and where. */
function printNftPlace(world: World, netns: number, { table, chain, rule }: RulePlace): string {
  const found = liveRuleSet(world, netns).tables.find(({ family, name }) => `${family} ${name}` === table);
  const rules = found?.chains.find(({ name }) => name === chain)?.rules;
  const text = rule === undefined || found === undefined ? undefined : rules?.[rule];
  const what = text && found ? printNftRule(text, found.family, "stateless") : "policy drop";
  return `table ${table}, chain ${chain}: ${what}`;
}

function ruleAt(world: World, netns: number, place: RulePlace | undefined): Rule | undefined {
  if (place?.rule === undefined || place.program === "nft") return undefined;
  const table = ruleTables(world, netns).find(({ name }) => name === place.table);
  return table?.chains.find(({ name }) => name === place.chain)?.rules[place.rule];
}

/** A scenario that fails as the finding says; where the debugger should stop stands in a comment. */
function scenarioOf(told: Told, { layout }: Compilation, world: World, { from, to, fault: { loss } }: Finding): string {
  const resolved = layout.names.resolve(to.name);
  const stated = resolved.kind === "found" ? layout.addressesOf(resolved.ref)[0]?.prefix.address : undefined;
  const target = stated === to.address ? to.name : formatIpv4(to.address);
  const size = told.kind === "black-hole" && loss.packet ? ` size ${largestPing(world, from.device)}` : "";
  const [protocol] = told.protocols ?? ["icmp"];
  const by = byText(told.protocols?.slice(0, 1));
  // Nobody listens there, so that who is reached refuses; so does a rule that rejects, and only the debugger tells them apart.
  const sent =
    protocol === "icmp"
      ? [`  ping ${from.name} -> ${target}${size} timeout 1s`, "  expect reply.received"]
      : [`  ${protocol} ${from.name} -> ${target}:${anyPort} timeout 500ms`, '  expect error != "timeout"'];
  return [
    `scenario "${told.kind === "black-hole" ? "large packets from " : ""}${from.name} to ${to.name}${by}" {`,
    `  # Break on ${stopOf(told, world.namespaces.name.get(loss.netns))}`,
    ...sent,
    "}",
  ].join("\n");
}

/** ` by TCP and UDP`. */
function byText(protocols: readonly Protocol[] | undefined): string {
  return protocols === undefined ? "" : ` by ${protocols.map((one) => one.toUpperCase()).join(" and ")}`;
}

function stopOf({ reason, at }: Told, netns: string): string {
  return reason === "TRANSLATED" ? `nat.translate@${netns}` : `drop@${at}`;
}

function largestPing(world: World, device: number): number {
  return world.devices.mtu.get(device) - 28;
}
