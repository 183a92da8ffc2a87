import { compileSync, type ImportedFiles } from "../../language/compile.ts";
import { positionAt } from "../../language/source.ts";
import { portsOf } from "../../linux/netfilter/subject.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { NetworkPlan } from "../../plan/plan.ts";
import type { Statement } from "../../plan/statements.ts";
import type { ProgramResult } from "../../programs/program.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import { printDurationNs } from "../inspect/duration.ts";
import type { Lab } from "../lab.ts";
import { ipOf } from "./asked.ts";
import type { Explanation, Idea } from "./explanation.ts";
import { applyEdits, movedOffset } from "./file-edits.ts";
import { flat } from "./statements.ts";

/** Where a lab comes from, so that a changed file can be run in its place. */
export interface Program {
  readonly uri: string;
  readonly text: string;
  readonly imports: ImportedFiles;
}

/** Opens a plan as the lab that is asked was opened. */
export type OpenTrial = (plan: NetworkPlan) => Lab | undefined;

const sliceEvents = 2_000;
/** A change that makes a loop is no cure. */
const mostEvents = 400_000;

/** What came of the statement that is asked about when a changed file was run. */
export interface Outcome {
  /** The statement, or the expectation, as it stands in the changed file. */
  readonly text: string;
  readonly holds: boolean | undefined;
  readonly succeeds: boolean;
  readonly durationNs: number;
  /** Questions that its program asked name servers. */
  readonly queries: number;
  /** The packet that was lost, or one like it, got to whom it was for. */
  readonly arrived: boolean;
}

/**
 * Runs the file with a change in it until what is asked about is over; undefined where the changed file cannot run, or no longer
 * has it. `breathe` is called between slices of events.
 */
export async function tryIdea(
  program: Program,
  open: OpenTrial,
  idea: Idea,
  explanation: Explanation,
  breathe: () => Promise<void>,
): Promise<Outcome | undefined> {
  await breathe();
  const text = applyEdits(program.text, idea.edits);
  const { plan, diagnostics } = compileSync(text, program.uri, program.imports);
  if (diagnostics.some(({ severity }) => severity === "error")) return undefined;
  const lab = open(plan);
  if (lab === undefined) return undefined;
  const goal = explanation.expectation ?? explanation.statement;
  const there = goal === undefined ? undefined : statementThere(plan, text, program, idea, goal);
  if (goal !== undefined && there === undefined) return undefined;
  const arrival = new Arrival(lab, explanation);
  for (let left = mostEvents; left > 0 && !isDone(lab, there); left -= sliceEvents) {
    if (!arrival.run(sliceEvents)) break;
    await breathe();
  }
  return outcomeOf(lab, there, arrival.isSeen);
}

function outcomeOf(lab: Lab, there: Statement | undefined, arrived: boolean): Outcome {
  const { results, verdicts, durationsNs } = lab.outcomes;
  const result = there === undefined ? undefined : results.get(there);
  return {
    text: there?.text ?? "",
    holds: there?.do === "expect" ? verdicts.get(there) === true : undefined,
    succeeds: succeeded(result),
    durationNs: (there === undefined ? undefined : durationsNs.get(there)) ?? 0,
    queries: result?.answer?.queries ?? 0,
    arrived,
  };
}

/** Less than half of the time, where that is worth a word. */
const worthNs = 100_000_000;

/**
 * What is better with a change than without: the expectation that failed holds, the statement succeeds, or does so in less than half of
 * the time or with fewer questions, or at least the packet arrives. Undefined where nothing is.
 */
export function improvement(plain: Outcome, changed: Outcome, { mustStayItself }: Explanation): string | undefined {
  const { text } = changed;
  if (changed.holds !== undefined) return changed.holds ? `with it, "${text}" holds` : undefined;
  if (mustStayItself && !changed.arrived) return undefined;
  if (changed.succeeds && !plain.succeeds) return `with it, "${text}" succeeds`;
  if (changed.succeeds && changed.queries < plain.queries)
    return `with it, ${changed.queries} questions are asked in place of ${plain.queries}`;
  if (changed.succeeds && changed.durationNs * 2 < plain.durationNs && plain.durationNs > worthNs)
    return `with it, "${text}" takes ${printDurationNs(changed.durationNs)} in place of ${printDurationNs(plain.durationNs)}`;
  return changed.arrived && !plain.arrived ? "with it, this packet arrives" : undefined;
}

function isDone(lab: Lab, statement: Statement | undefined): boolean {
  if (statement === undefined) return false;
  const { results, verdicts } = lab.outcomes;
  return statement.do === "expect" ? verdicts.has(statement) : results.has(statement);
}

export function succeeded(result: ProgramResult | null | undefined): boolean {
  return result?.ok === true && result.error === undefined;
}

/** The statement of the changed file that was this one. */
function statementThere(
  plan: NetworkPlan,
  text: string,
  program: Program,
  idea: Idea,
  statement: Statement,
): Statement | undefined {
  const { line, column } = positionAt(text, movedOffset(program.text, idea.edits, statement.source));
  for (const scenario of plan.scenarios)
    for (const one of flat(scenario.statements))
      if (one.source.line === line && one.source.column === column && one.do === statement.do) return one;
  return undefined;
}

const arrivals: ReadonlySet<number> = new Set([stage.icmpReceive, stage.udpReceive, stage.tcpReceive]);

/** Watches for a packet with the addresses and ports of one that was lost: does it, now, get to whom it is for? */
class Arrival {
  isSeen = false;
  private readonly lab: Lab;
  private readonly wanted: string | undefined;
  private readonly mustStayItself: boolean;
  /** Numbers of packets that looked like it once, whatever translations make of them later. */
  private readonly numbers = new Set<number>();

  constructor(lab: Lab, { packet, mustStayItself }: Explanation) {
    this.lab = lab;
    this.mustStayItself = mustStayItself === true;
    this.wanted = packet === undefined ? undefined : signature(packet);
  }

  run(events: number): boolean {
    const { world } = this.lab;
    return this.lab.run(events, (event) => this.look(world, event.packetRow, event.stageNumber));
  }

  private look(world: World, packet: number, stageNumber: number): void {
    if (this.isSeen || packet === 0 || this.wanted === undefined) return;
    const ip = ipOf(world, packet);
    if (ip === undefined) return;
    const number = world.packets.number.get(packet);
    if (signature(ip) === this.wanted) this.numbers.add(number);
    else if (!this.numbers.has(number)) return;
    if (!arrivals.has(stageNumber)) return;
    const isTaken = ip.payload.kind === "icmp-error" || ip.payload.kind === "icmp-echo" || hasSocket(world, packet, ip);
    if (isTaken && (!this.mustStayItself || signature(ip) === this.wanted)) this.isSeen = true;
  }
}

function hasSocket({ sockets, packets }: World, packet: number, ip: Ipv4Packet): boolean {
  const ports = portsOf(ip);
  return ports !== undefined && sockets.byPort.find(packets.netns.get(packet), ports.destination) !== 0;
}

function signature(ip: Ipv4Packet): string {
  const ports = portsOf(ip);
  const { payload } = ip;
  const type = "type" in payload ? payload.type : "";
  return `${payload.kind} ${ip.source} ${ip.destination} ${ports?.source} ${ports?.destination} ${type}`;
}
