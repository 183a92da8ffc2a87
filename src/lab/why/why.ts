import type { ClusterLayout } from "../../kube/layout.ts";
import { parseFile } from "../../language/parse.ts";
import { Problems } from "../../language/problems.ts";
import { stage } from "../../linux/stage.ts";
import type { World } from "../../linux/world.ts";
import type { NetworkPlan } from "../../plan/plan.ts";
import type { Expect, Statement } from "../../plan/statements.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { findNetns } from "../inspect/find.ts";
import type { Outputs } from "../outputs.ts";
import { isProgramStatement } from "../programs.ts";
import { scenarioThreadId } from "../protocol.ts";
import type { Scenario } from "../scenario.ts";
import type { NoAnswer, Why } from "./api.ts";
import { type Asked, ipOf } from "./asked.ts";
import { explainEvent } from "./because.ts";
import type { Cure, Explanation, WhyAnswer } from "./explanation.ts";
import { FileEdits } from "./file-edits.ts";
import { firstLoss, firstUnwantedTranslation, type Period, periodOf, waitingPacket } from "./find-drop.ts";
import { becauseMessageTooLong } from "./links.ts";
import { withNames } from "./names.ts";
import { noRouteTo } from "./routing.ts";
import { flat } from "./statements.ts";
import { whyText } from "./text.ts";
import { improvement, type OpenTrial, type Program, succeeded, tryIdea } from "./trial.ts";

/** What a lab was opened from, so that its file can be changed and opened again. */
export interface LabOrigin {
  readonly program: Program | undefined;
  readonly open: OpenTrial;
}

interface Parts extends LabOrigin {
  readonly world: World;
  readonly plan: NetworkPlan;
  readonly scenario: Scenario;
  readonly outputs: Outputs;
  readonly layout: () => ClusterLayout | undefined;
}

const mostCures = 2;

export class WhyFacet implements Why {
  private readonly parts: Parts;
  private edits: FileEdits | undefined;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  async ask(subject: string | Statement, breathe: () => Promise<void>): Promise<WhyAnswer | NoAnswer> {
    const explanation = this.explain(subject);
    if ("problem" in explanation) return explanation;
    const cures = await this.cures(explanation, breathe);
    return { explanation, cures, text: whyText(explanation, cures) };
  }

  explain(subject: string | Statement): Explanation | NoAnswer {
    if (typeof subject !== "string") return this.explainFound(subject);
    const text = subject.trim();
    if (text === "") return this.explainNext();
    if (/^#\d/.test(text))
      return this.explainPacket((packet) => `#${this.parts.world.packets.origin.get(packet).name}` === text, text);
    const thread = /^thread (\d+)$/.exec(text)?.[1];
    if (thread !== undefined) return this.explainThread(Number(thread));
    return this.explainStatement(text);
  }

  failed(): readonly Expect[] {
    return [...this.parts.outputs.verdicts].filter(([, holds]) => !holds).map(([statement]) => statement);
  }

  async cures(explanation: Explanation, breathe: () => Promise<void>): Promise<readonly Cure[]> {
    const { program, open } = this.parts;
    if (program === undefined || explanation.ideas.length === 0) return [];
    const plain = await tryIdea(program, open, { title: "", edits: [] }, explanation, breathe);
    const found: Cure[] = [];
    for (const idea of plain === undefined ? [] : explanation.ideas) {
      if (found.length === mostCures) break;
      const changed = await tryIdea(program, open, idea, explanation, breathe);
      const seen = plain && changed && improvement(plain, changed, explanation);
      if (seen !== undefined) found.push({ ...idea, seen });
    }
    return found;
  }

  /** The packet that the lab stands before. */
  private explainNext(): Explanation | NoAnswer {
    const { world, scenario } = this.parts;
    const next = world.sim.next();
    if (next !== undefined && next.walker !== 0) return explainEvent(this.asked(next.walker), next);
    const statement = next?.stage === stage.statement ? scenario.statementOf(next.subject) : undefined;
    if (statement?.do === "expect") return this.explainFound(statement);
    return { problem: "The lab does not stand before a packet: ask about a packet (#12.1) or a statement (its line)" };
  }

  private explainThread(threadId: number): Explanation | NoAnswer {
    const { world, scenario } = this.parts;
    if (threadId !== scenarioThreadId)
      return this.explainPacket((packet) => world.packets.number.get(packet) === threadId - 1, `in thread ${threadId}`);
    const statement = scenario.currentStatement ?? flat(scenario.plan.statements).at(-1);
    return statement === undefined ? { problem: "The scenario has no statements" } : this.explainFound(statement);
  }

  private explainPacket(isIt: (packet: number) => boolean, what: string): Explanation | NoAnswer {
    const packet = [...this.parts.world.packets.table.rows()].find(isIt);
    if (packet === undefined) return this.explainGone(isIt, what);
    return explainEvent(this.asked(packet), this.eventOf(packet));
  }

  /** Its next event, whenever that comes. */
  private eventOf(packet: number) {
    const { sim, packets } = this.parts.world;
    return { timeNs: sim.nowNs, stage: packets.stage.get(packet), walker: packet, subject: packet };
  }

  /** A packet that is no more: as it was before its last event, where that was its end. */
  private explainGone(isIt: (packet: number) => boolean, what: string): Explanation | NoAnswer {
    const { sim } = this.parts.world;
    const here = sim.position;
    try {
      const seen = new Set<number>();
      for (let event = here - 1; event >= sim.earliest; event--) {
        const number = sim.events.walker(event);
        if (number === 0 || seen.has(number)) continue;
        seen.add(number);
        sim.goTo(event);
        const next = sim.next();
        if (next === undefined || next.walker === 0) continue;
        if (isIt(next.walker)) return explainEvent(this.asked(next.walker), next);
      }
      return { problem: `The recording has no packet ${what}` };
    } finally {
      sim.goTo(here);
    }
  }

  private explainStatement(text: string): Explanation | NoAnswer {
    const statements = flat(this.parts.scenario.plan.statements);
    const line = /^(?:line )?(\d+)$/.exec(text)?.[1];
    const here = statements.filter((one) =>
      line === undefined ? one.text === text : one.source.line === Number(line),
    );
    const failed = here.find((one) => one.do === "expect" && this.parts.outputs.verdicts.get(one) === false);
    const found = failed ?? here.findLast(isProgramStatement) ?? here[0];
    if (found === undefined)
      return { problem: `"${text}" is no packet (#12.1), and no line or statement of this scenario` };
    return this.explainFound(found);
  }

  private explainFound(statement: Statement): Explanation | NoAnswer {
    const { world, scenario, outputs } = this.parts;
    const asker = statement.do === "expect" ? programBefore(scenario.plan.statements, statement) : statement;
    if (asker === undefined) return { problem: `"${statement.text}" judges no statement that sends something` };
    const ran = periodOf(world, scenario, asker);
    if (ran === undefined)
      return { problem: `"${asker.text}" has not run yet, or so long ago that the recording no longer holds it` };
    const until =
      statement.do === "expect" ? (periodOf(world, scenario, statement)?.from ?? world.sim.position) : ran.to;
    const period = { from: ran.from, to: Math.max(ran.to, until) };
    const explanation = this.explainPeriod(asker, period);
    const expectation = statement.do === "expect" && outputs.verdicts.get(statement) === false ? statement : undefined;
    const named = withNames(
      this.asked(0, asker),
      explanation,
      outputs.results.get(asker),
      outputs.durationsNs.get(asker),
    );
    return { ...named, subject: `"${statement.text}": ${named.subject}`, expectation };
  }

  private explainPeriod(statement: Statement, period: Period): Explanation {
    const { world, scenario, outputs } = this.parts;
    const { sim } = world;
    const here = sim.position;
    const isFine = succeeded(outputs.results.get(statement));
    const translation = isFine ? firstUnwantedTranslation(world, period) : undefined;
    const event = translation ?? firstLoss(world, scenario, statement, period);
    if (event === undefined) return this.stillWaiting(statement, period) ?? this.nothingLost(statement);
    sim.goTo(event);
    const next = sim.next();
    const explanation = next === undefined ? undefined : explainEvent(this.asked(next.walker, statement), next);
    sim.goTo(here);
    return explanation ?? this.nothingLost(statement);
  }

  /** It gave up before the kernel did. */
  private stillWaiting(statement: Statement, { to }: Period): Explanation | undefined {
    const { world, scenario, outputs } = this.parts;
    if (succeeded(outputs.results.get(statement))) return undefined;
    const { sim } = world;
    const here = sim.position;
    sim.goTo(to);
    const packet = waitingPacket(world, scenario, statement);
    const explanation =
      packet === undefined ? undefined : explainEvent(this.asked(packet, statement), this.eventOf(packet));
    sim.goTo(here);
    return explanation;
  }

  /** No packet of it was lost: it may have sent none. */
  private nothingLost(statement: Statement): Explanation {
    const { world, outputs } = this.parts;
    const result = outputs.results.get(statement);
    const base = { subject: statement.text, tried: [], related: [], ideas: [], statement, source: statement.source };
    const netns = "netns" in statement ? findNetns(world, statement.netns) : 0;
    if (result === undefined) return { ...base, decision: "it is not over, and none of its packets was lost so far" };
    const unreachable = result?.error === "ENETUNREACH" || result?.error === "EHOSTUNREACH";
    if (unreachable && netns !== 0 && "destination" in statement && typeof statement.destination === "number") {
      const { tried = [], ideas = [] } = noRouteTo(
        this.asked(0, statement, netns),
        netns,
        statement.destination,
        world,
      );
      return {
        ...base,
        decision: `${statement.netns} had no way to ${formatIpv4(statement.destination)}, and sent nothing`,
        tried,
        ideas,
      };
    }
    if (result?.error === "EMSGSIZE" && netns !== 0 && statement.do === "ping") {
      const decision = "it is longer than what fits, must not be fragmented, and was not sent: Message too long";
      return {
        ...base,
        decision,
        ...becauseMessageTooLong(this.asked(0, statement, netns), netns, statement.destination),
      };
    }
    if (succeeded(result))
      return { ...base, isFine: true, decision: "it had success, and none of its packets was lost" };
    return { ...base, decision: `${result?.error ?? "no answer came"}, and none of its packets was lost` };
  }

  private asked(packet: number, statement?: Statement, netns?: number): Asked {
    const { world, scenario, plan, layout } = this.parts;
    const { packets } = world;
    const process = packet === 0 ? 0 : packets.origin.get(packet).process;
    const own = process === 0 ? undefined : scenario.statementOfProcess(process);
    return {
      world,
      packet,
      netns: netns ?? packets.netns.get(packet),
      ip: packet === 0 ? undefined : ipOf(world, packet),
      statement: own ?? statement ?? scenario.currentStatement,
      plan,
      layout,
      file: this.file(),
    };
  }

  private file(): FileEdits | undefined {
    const { program } = this.parts;
    if (program === undefined) return undefined;
    const { uri, text } = program;
    this.edits ??= new FileEdits(uri, text, parseFile(text, uri, new Problems(uri)));
    return this.edits;
  }
}

/** The statement whose result an expectation judges: the last before it that runs a program. */
function programBefore(statements: readonly Statement[], expect: Statement): Statement | undefined {
  const all = flat(statements);
  return all.slice(0, all.indexOf(expect)).findLast(isProgramStatement);
}
