import type { SourceRange } from "../base/source-range.ts";
import type { Program, ProgramInput, ProgramResult } from "../programs/program.ts";
import type { Float64Column, Int32Column, ReferenceColumn } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import { addTimer, type TimerColumn } from "../sim/timers.ts";
import { stage } from "./stage.ts";

/** Any program; its state is known only to itself. */
export type AnyProgram = Program<unknown>;

/** Programs that run in namespaces, their timers, and the inputs that are on their way to them. */
export class Processes {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly program: ReferenceColumn<AnyProgram | null>;
  readonly state: ReferenceColumn<unknown>;
  readonly container: ReferenceColumn<string>;
  readonly source: ReferenceColumn<SourceRange | null>;
  /** 1 once it exited. */
  readonly exited: Int32Column;
  readonly status: Int32Column;
  readonly result: ReferenceColumn<ProgramResult | null>;
  /** The descriptor that the next accepted connection gets. */
  readonly nextAccepted: Int32Column;
  /** The latest input that is on its way to it, or 0. */
  readonly latestInput: Int32Column;

  readonly timers: Table;
  readonly timerProcess: Int32Column;
  readonly timerNumber: Float64Column;
  readonly timerDue: TimerColumn;
  readonly byProcessAndTimer: PairIndex;
  private readonly timersByProcess: PairIndex;

  readonly inbox: Table;
  readonly inputProcess: Int32Column;
  readonly input: ReferenceColumn<ProgramInput | null>;

  constructor(sim: Simulation) {
    const table = sim.addTable("process");
    this.table = table;
    this.netns = table.int32("netns");
    this.program = table.reference<AnyProgram | null>("program", null);
    this.state = table.reference<unknown>("state", null);
    this.container = table.reference("container", "");
    this.source = table.reference<SourceRange | null>("source", null);
    this.exited = table.int32("exited");
    this.status = table.int32("status");
    this.result = table.reference<ProgramResult | null>("result", null);
    this.nextAccepted = table.int32("nextAccepted");
    this.latestInput = table.int32("latestInput");
    this.timers = sim.addTable("program timer");
    this.timerProcess = this.timers.int32("process");
    this.timerNumber = this.timers.float64("number");
    this.timerDue = addTimer(this.timers, sim.log, sim.timers, "due", stage.programTimer);
    this.byProcessAndTimer = this.timers.addIndex(new PairIndex(this.timerProcess, this.timerNumber));
    this.timersByProcess = this.timers.addIndex(new PairIndex(this.timerProcess));
    this.inbox = sim.addTable("inbox");
    this.inputProcess = this.inbox.int32("process");
    this.input = this.inbox.reference<ProgramInput | null>("input", null);
  }

  timersOf(process: number): readonly number[] {
    const rows: number[] = [];
    for (let row = this.timersByProcess.find(process, 0); row !== 0; row = this.timersByProcess.findNext(row))
      rows.push(row);
    return rows.sort((a, b) => a - b);
  }

  add(netns: number, program: AnyProgram, container: string, source: SourceRange | null): number {
    const row = this.table.allocate();
    this.netns.set(row, netns);
    this.program.set(row, program);
    this.state.set(row, null);
    this.container.set(row, container);
    this.source.set(row, source);
    this.exited.set(row, 0);
    this.status.set(row, 0);
    this.result.set(row, null);
    this.nextAccepted.set(row, 1000);
    this.latestInput.set(row, 0);
    this.table.link(row);
    return row;
  }
}
