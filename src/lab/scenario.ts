import { assert } from "../base/assert.ts";
import type { SourceRange } from "../base/source-range.ts";
import { isSameChange, noChanges, withChange } from "../kube/endpoint-slices.ts";
import { followEndpoints } from "../kube/follow-endpoints.ts";
import type { ClusterLayout } from "../kube/layout.ts";
import { isBroadcastAddress, isLocalAddress } from "../linux/ip/local.ts";
import { startProcess } from "../linux/process/run.ts";
import type { SetUp } from "../linux/setup/apply.ts";
import { askingSource, findDevice } from "../linux/socket/arp-socket.ts";
import { stage } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { NetworkCommand } from "../plan/commands.ts";
import type {
  Configure,
  EndpointChanges,
  EndpointStep,
  Expect,
  Parallel,
  ScenarioPlan,
  Statement,
} from "../plan/statements.ts";
import type { ProgramResult } from "../programs/program.ts";
import type { Int32Column, ReferenceColumn } from "../sim/column.ts";
import { Lane } from "../sim/lane.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, never, type TimerColumn } from "../sim/timers.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";
import { clientFor, isProgramStatement, type ProgramContext, type ProgramStatement } from "./programs.ts";

/** What the scenario tells the lab, while an event is taken for the first time. */
export interface ScenarioListener {
  started(statement: Statement, process: number): void;
  finished(statement: Statement, result: ProgramResult | null): void;
  /** Answers whether the expectation holds. */
  judge(statement: Expect, result: ProgramResult | null): boolean;
  refused(statement: Configure, message: string): void;
}

/**
 * Runs a scenario's statements inside the simulation, one after the other. The main strand runs the scenario, and every
 * statement of a `parallel` block runs in a strand of its own.
 */
export class Scenario {
  readonly plan: ScenarioPlan;
  private readonly world: World;
  /** For changes by name, as the scenario's own statements make them. */
  readonly setUp: SetUp;
  private readonly listener: ScenarioListener;
  private readonly layout: () => ClusterLayout | undefined;

  private readonly strands: Table;
  private readonly statements: ReferenceColumn<readonly Statement[]>;
  /** Index of the statement that runs, or of the next one to run. */
  private readonly index: Int32Column;
  private readonly parent: Int32Column;
  /** The process of the statement that runs, or 0. */
  private readonly process: Int32Column;
  /** Strands of a `parallel` block that are not done. */
  /** Of a process, the strand that started it, as long as that strand's `process` is this one. */
  private readonly strandOfProcess: Int32Column;
  private readonly pending: Int32Column;
  private readonly result: ReferenceColumn<ProgramResult | null>;
  private readonly wait: TimerColumn;
  private readonly end: TimerColumn;
  private readonly ready: Lane;

  private readonly outcome: Table;
  private readonly held: Int32Column;
  private readonly failed: Int32Column;
  private readonly isOver: Int32Column;
  private readonly changes: ReferenceColumn<EndpointChanges>;
  private readonly outcomeRow: number;
  private readonly main: number;

  /** `layout` is the cluster that endpoints are of; of a network without its file there is none. */
  constructor(
    world: World,
    setUp: SetUp,
    plan: ScenarioPlan,
    listener: ScenarioListener,
    layout: () => ClusterLayout | undefined,
  ) {
    const { sim } = world;
    this.world = world;
    this.setUp = setUp;
    this.plan = plan;
    this.listener = listener;
    this.layout = layout;
    const table = sim.addTable("strand");
    this.strands = table;
    this.statements = table.reference<readonly Statement[]>("statements", []);
    this.index = table.int32("index");
    this.parent = table.int32("parent");
    this.process = table.int32("process");
    this.strandOfProcess = world.processes.table.int32("strand");
    this.pending = table.int32("pending");
    this.result = table.reference<ProgramResult | null>("result", null);
    this.wait = addTimer(table, sim.log, sim.timers, "wait", stage.statement);
    this.end = addTimer(table, sim.log, sim.timers, "end", stage.scenarioEnd);
    this.ready = sim.addLane(new Lane(sim.log, "statements", 0, stage.statement));
    this.outcome = sim.addTable("outcome");
    this.held = this.outcome.int32("held");
    this.failed = this.outcome.int32("failed");
    this.isOver = this.outcome.int32("isOver");
    this.changes = this.outcome.reference<EndpointChanges>("endpoints", noChanges);
    this.outcomeRow = this.outcome.allocate();
    this.outcome.link(this.outcomeRow);
    sim.on(stage.statement, (strand) => this.run(strand));
    sim.on(stage.scenarioEnd, () => this.isOver.set(this.outcomeRow, 1));
    this.main = this.addStrand(plan.statements, 0);
    this.schedule(this.main);
  }

  get ended(): boolean {
    return this.isOver.get(this.outcomeRow) === 1;
  }

  get expectations(): { readonly held: number; readonly failed: number } {
    return { held: this.held.get(this.outcomeRow), failed: this.failed.get(this.outcomeRow) };
  }

  /** What statements have changed of endpoints up to here: the API server's state. */
  get endpoints(): EndpointChanges {
    return this.changes.get(this.outcomeRow);
  }

  noteEndpoints(step: EndpointStep | undefined): void {
    if (step !== undefined) this.changes.set(this.outcomeRow, withChange(this.endpoints, step.change));
  }

  /** The statement that a strand runs, or will run next; undefined when it is done. */
  statementOf(strand: number): Statement | undefined {
    return this.statements.get(strand)[this.index.get(strand)];
  }

  /** What the latest program of the main strand came to; null before there was one. */
  get lastResult(): ProgramResult | null {
    return this.result.get(this.main);
  }

  /** The statement that the main strand runs, or will run next. */
  get currentStatement(): Statement | undefined {
    return this.statementOf(this.main);
  }

  /** The strand runs the scenario itself, and no statement of a `parallel` block. */
  isMain(strand: number): boolean {
    return strand === this.main;
  }

  /** The statements that begin on a line, those inside `parallel` blocks too. */
  statementsOn(uri: string, line: number): readonly SourceRange[] {
    const found: SourceRange[] = [];
    const visit = (statements: readonly Statement[]) => {
      for (const one of statements) {
        if (one.source.uri === uri && one.source.line === line) found.push(one.source);
        if (one.do === "parallel") visit(one.statements);
      }
    };
    visit(this.plan.statements);
    return found;
  }

  /** The statement that started a process, while it runs. */
  statementOfProcess(process: number): Statement | undefined {
    const strand = this.strandOf(process);
    return strand === 0 ? undefined : this.statementOf(strand);
  }

  /** To be called when a program has exited: its statement is done. */
  processExited(process: number): void {
    const strand = this.strandOf(process);
    if (strand === 0) return;
    const statement = this.statementOf(strand);
    const result = this.world.processes.result.get(process);
    if (statement !== undefined) this.listener.finished(statement, result);
    this.process.set(strand, 0);
    this.result.set(strand, result);
    this.advance(strand);
  }

  private strandOf(process: number): number {
    const strand = this.strandOfProcess.get(process);
    return this.strands.has(strand) && this.process.get(strand) === process ? strand : 0;
  }

  private addStrand(statements: readonly Statement[], parent: number): number {
    const strand = this.strands.allocate();
    this.statements.set(strand, statements);
    this.index.set(strand, 0);
    this.parent.set(strand, parent);
    this.process.set(strand, 0);
    this.pending.set(strand, 0);
    this.result.set(strand, null);
    this.strands.link(strand);
    return strand;
  }

  /** Lets the strand's next statement run: now, or at its time. */
  private schedule(strand: number): void {
    const next = this.statementOf(strand);
    if (next === undefined) return this.strandDone(strand);
    const { nowNs } = this.world;
    if (next.atNs !== undefined && next.atNs > nowNs) this.wait.set(strand, next.atNs);
    else this.ready.push(strand, nowNs);
  }

  private advance(strand: number): void {
    this.index.set(strand, this.index.get(strand) + 1);
    this.schedule(strand);
  }

  private strandDone(strand: number): void {
    if (strand === this.main) return this.finish();
    const parent = this.parent.get(strand);
    if (parent === 0) {
      this.strands.remove(strand);
      if (this.statementOf(this.main) === undefined) this.finish();
      return;
    }
    this.result.set(parent, this.result.get(strand));
    this.strands.remove(strand);
    this.pending.set(parent, this.pending.get(parent) - 1);
    if (this.pending.get(parent) === 0) this.advance(parent);
  }

  /** The scenario ends with its last statement, or at `until`; timers that are then pending do not fire. */
  private finish(): void {
    if (this.hasOthers) return;
    // Its end is an event of its own, so that a run stops there. Time 0 would mean that no end is set.
    this.end.set(this.main, Math.max(this.plan.untilNs ?? 0, this.world.nowNs, 1));
  }

  private run(strand: number): void {
    const statement = this.statementOf(strand);
    // A strand whose last statement is a wait is done when the wait is over.
    if (statement === undefined) return this.strandDone(strand);
    switch (statement.do) {
      case "wait":
        this.listener.started(statement, 0);
        return this.runWait(strand, statement.durationNs);
      case "expect":
        return this.runExpect(strand, statement);
      case "configure":
        return this.runConfigure(strand, statement);
      case "parallel":
        return this.runParallel(strand, statement);
      default:
        return this.runProgram(strand, statement);
    }
  }

  /**
   * Starts a program that somebody asks for by hand, beside what runs. The scenario goes on until it is done, also where it was
   * over.
   */
  startBeside(statement: ProgramStatement): void {
    this.isOver.set(this.outcomeRow, 0);
    this.end.set(this.main, never);
    this.runProgram(this.addStrand([statement], 0), statement);
  }

  /** Programs that were started by hand and are not done. */
  private get hasOthers(): boolean {
    for (const strand of this.strands.rows()) if (strand !== this.main && this.parent.get(strand) === 0) return true;
    return false;
  }

  private runWait(strand: number, durationNs: number): void {
    this.index.set(strand, this.index.get(strand) + 1);
    const untilNs = this.world.nowNs + durationNs;
    this.wait.set(strand, Math.max(untilNs, this.statementOf(strand)?.atNs ?? 0));
  }

  private runExpect(strand: number, statement: Expect): void {
    const counter = this.listener.judge(statement, this.result.get(strand)) ? this.held : this.failed;
    counter.set(this.outcomeRow, counter.get(this.outcomeRow) + 1);
    this.advance(strand);
  }

  private runConfigure(strand: number, statement: Configure): void {
    this.listener.started(statement, 0);
    for (const command of this.commandsOf(statement)) {
      const failure = this.setUp.change(command);
      if (failure !== undefined) this.listener.refused(statement, failure);
    }
    this.noteEndpoints(statement.endpoints);
    this.advance(strand);
  }

  /** Those of its file, unless endpoints were changed by hand, or in another order: then what follows from the ones in force. */
  private commandsOf({ commands, endpoints, source }: Configure): readonly NetworkCommand[] {
    if (endpoints === undefined || isSameChange(endpoints.before, this.endpoints)) return commands;
    const layout = this.layout();
    return layout === undefined ? commands : followEndpoints(layout, this.endpoints, endpoints.change, source);
  }

  private runParallel(strand: number, statement: Parallel): void {
    this.pending.set(strand, statement.statements.length);
    if (statement.statements.length === 0) return this.advance(strand);
    for (const one of statement.statements) this.schedule(this.addStrand([one], strand));
  }

  private runProgram(strand: number, statement: ProgramStatement): void {
    assert(isProgramStatement(statement), `no program for ${statement.do}`);
    const { world } = this;
    const netns = this.setUp.netns(statement.netns);
    const program = clientFor(statement, {
      identifier: () => 1 + world.sim.random.below(0xffff),
      ...arpingContext(world, netns),
    });
    // The strand must know its process before the program's first effects are carried out: it may exit at once.
    startProcess(world, netns, program, "", statement.source, (row) => {
      this.process.set(strand, row);
      this.strandOfProcess.set(row, strand);
      this.listener.started(statement, row);
    });
  }
}

/** What `arping` learns of its namespace from the kernel. */
function arpingContext(world: World, netns: number): Pick<ProgramContext, "ownAddress" | "arpingProblem"> {
  const ownAddress = (dev: string, target: Ipv4Address) => {
    const device = findDevice(world, netns, dev);
    return device === 0 ? undefined : askingSource(world, device, target) || undefined;
  };
  return {
    ownAddress,
    arpingProblem: ({ dev, target, mode }) => {
      const device = findDevice(world, netns, dev);
      if (device === 0) return undefined;
      if (world.devices.up.get(device) === 0) return "down";
      if (mode !== "ask") return isLocalAddress(world, netns, target) ? undefined : "EADDRNOTAVAIL";
      if (isBroadcastAddress(world, device, target)) return "EACCES";
      return ownAddress(dev, target) === undefined ? "no source" : undefined;
    },
  };
}
