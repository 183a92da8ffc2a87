import { compileSync, type ImportedFiles } from "../../language/compile.ts";
import { positionAt } from "../../language/source.ts";
import { portsOf } from "../../linux/netfilter/subject.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { NetworkPlan } from "../../plan/plan.ts";
import type { Expect, Statement } from "../../plan/statements.ts";
import type { ProgramResult } from "../../programs/program.ts";
import type { Ipv4Packet } from "../../wire/ipv4.ts";
import type { Lab } from "../lab.ts";
import { ipOf } from "./asked.ts";
import type { Explanation, Idea } from "./explanation.ts";
import { applyEdits, movedOffset } from "./file-edits.ts";

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

/** What must come true: the expectation that failed, or else that the statement succeeds, or at least that the packet arrives. */
export interface Wanted {
  readonly explanation: Explanation;
  readonly expectation?: Expect;
  /** The statement succeeds as the file is, so its success says nothing of a change. */
  readonly succeedsAnyway: boolean;
}

/**
 * Runs the file with a change in it, and answers what was seen where that is what was wanted; undefined where the change does not
 * help. `breathe` is called between slices of events.
 */
export async function tryIdea(
  program: Program,
  open: OpenTrial,
  idea: Idea,
  wanted: Wanted,
  breathe: () => Promise<void>,
): Promise<string | undefined> {
  const { explanation, expectation } = wanted;
  const text = applyEdits(program.text, idea.edits);
  const { plan, diagnostics } = compileSync(text, program.uri, program.imports);
  if (diagnostics.some(({ severity }) => severity === "error")) return undefined;
  const lab = open(plan);
  if (lab === undefined) return undefined;
  const goal = expectation ?? explanation.statement;
  const there = goal === undefined ? undefined : statementThere(plan, text, program, idea, goal);
  if (goal !== undefined && there === undefined) return undefined;
  const arrival = new Arrival(lab, explanation);
  for (let left = mostEvents; left > 0 && !isDone(lab, there); left -= sliceEvents) {
    if (!arrival.run(sliceEvents)) break;
    await breathe();
  }
  return verdict(lab, there, wanted, arrival.isSeen);
}

function isDone(lab: Lab, statement: Statement | undefined): boolean {
  if (statement === undefined) return false;
  const { results, verdicts } = lab.outcomes;
  return statement.do === "expect" ? verdicts.has(statement) : results.has(statement);
}

function verdict(lab: Lab, there: Statement | undefined, wanted: Wanted, arrived: boolean): string | undefined {
  const { explanation, succeedsAnyway } = wanted;
  if (there?.do === "expect")
    return lab.outcomes.verdicts.get(there) === true ? `with it, "${there.text}" holds` : undefined;
  if (explanation.mustStayItself && !arrived) return undefined;
  const result = there === undefined ? undefined : lab.outcomes.results.get(there);
  if (succeeded(result) && !succeedsAnyway) return `with it, "${there?.text}" succeeds`;
  return arrived ? "with it, this packet arrives" : undefined;
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

export function flat(statements: readonly Statement[]): readonly Statement[] {
  return statements.flatMap((one) => (one.do === "parallel" ? [one, ...flat(one.statements)] : [one]));
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
