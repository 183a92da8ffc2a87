import type { World } from "../linux/world.ts";
import type { Configure, Expect, Statement } from "../plan/statements.ts";
import type { ProgramResult } from "../programs/program.ts";
import type { NextEvent } from "../sim/simulation.ts";
import { judge } from "./expressions/expectation.ts";
import { placeName } from "./names.ts";
import type { OutputRow } from "./protocol.ts";
import type { Scenario, ScenarioListener } from "./scenario.ts";
import { isLoopDrop } from "./session.ts";

/** What the run prints. Each line is printed when its event is taken for the first time, not when it is replayed. */
export class Outputs implements ScenarioListener {
  private readonly world: World;
  /** What the programs of statements came to, and whether expectations held, where these are over. */
  readonly results = new Map<Statement, ProgramResult | null>();
  readonly verdicts = new Map<Expect, boolean>();
  /** How long their programs ran. */
  readonly durationsNs = new Map<Statement, number>();
  private readonly startedNs = new Map<Statement, number>();
  private readonly statements = new Map<number, Statement>();
  private rows: OutputRow[] = [];
  private isLoopReported = false;

  constructor(world: World) {
    this.world = world;
  }

  attach(scenario: Scenario): void {
    this.world.listener = {
      printed: (process, text) => this.print(process, text),
      exited: (process) => scenario.processExited(process),
      logged: (netns, text) => this.log(netns, text),
    };
  }

  take(): readonly OutputRow[] {
    const rows = this.rows;
    this.rows = [];
    return rows;
  }

  add(row: OutputRow): void {
    this.rows.push(row);
  }

  started(statement: Statement, process: number): void {
    if (process !== 0) this.statements.set(process, statement);
    this.startedNs.set(statement, this.world.nowNs);
  }

  finished(statement: Statement, result: ProgramResult | null): void {
    this.results.set(statement, result);
    this.durationsNs.set(statement, this.world.nowNs - (this.startedNs.get(statement) ?? this.world.nowNs));
  }

  refused(statement: Configure, message: string): void {
    this.rows.push({ category: "stderr", text: message, source: statement.source });
  }

  judge(statement: Expect, result: ProgramResult | null): boolean {
    const verdict = judge(this.world, statement.expression, result);
    this.verdicts.set(statement, verdict.holds);
    this.rows.push({
      category: verdict.holds ? "stdout" : "stderr",
      text: verdict.holds
        ? `held: expect ${statement.expression}`
        : `failed: expect ${statement.expression}${verdict.why}`,
      source: statement.source,
      expectation: verdict.holds ? "held" : "failed",
    });
    return verdict.holds;
  }

  /** A forwarding loop is said once, when it is found. */
  noteNext(next: NextEvent): void {
    if (this.isLoopReported || !isLoopDrop(this.world, next)) return;
    const { packets } = this.world;
    this.isLoopReported = true;
    const place = placeName(this.world, next.stage, packets.device.get(next.walker));
    const text = `forwarding loop: #${packets.origin.get(next.walker).name} came back to ${place}, which had flooded it before; without spanning tree, Linux would send it round for ever`;
    this.rows.push({ category: "stderr", text, source: undefined });
  }

  /** What `dmesg` would show, with the machine it is from. */
  private log(netns: number, text: string): void {
    const name = this.world.namespaces.name.get(netns);
    this.rows.push({ category: "stdout", text: `${name} kernel: ${text}`, source: undefined });
  }

  private print(process: number, text: string): void {
    this.rows.push({ category: "stdout", text, source: this.statements.get(process)?.source });
  }
}
