import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceRange } from "../base/source-range.ts";
import type { ClusterLayout } from "../kube/layout.ts";
import { compileSync } from "../language/compile.ts";
import type { Choices } from "../linux/choices.ts";
import { stage, stageNames } from "../linux/stage.ts";
import type { World } from "../linux/world.ts";
import type { NetworkPlan } from "../plan/plan.ts";
import type { ScenarioPlan, Statement } from "../plan/statements.ts";
import type { DebugLab, Motion } from "./api.ts";
import { breakpointLocations } from "./breakpoint-locations.ts";
import { Breakpoints } from "./breakpoints.ts";
import { build } from "./build.ts";
import type { ConsoleView } from "./console/api.ts";
import { Console } from "./console/console.ts";
import { DataBreakpoints } from "./data/data-breakpoints.ts";
import { Documents } from "./documents/documents.ts";
import { Edits } from "./edits/edits.ts";
import { consoleUri, StatementsByHand } from "./edits/statements-by-hand.ts";
import { exceptionOf } from "./exception-filters.ts";
import type { Futures } from "./futures/api.ts";
import { FuturesFacet } from "./futures/futures.ts";
import { InlineValues } from "./inline/inline-values.ts";
import { namespaceRows } from "./inspect/modules.ts";
import { scopesFor } from "./inspect/scopes.ts";
import { StateTree } from "./inspect/state-tree.ts";
import type { InspectionTarget } from "./inspect/target.ts";
import { Memory } from "./memory/memory.ts";
import type { NoModel, OpenModel } from "./model/open-model.ts";
import { ModelRows } from "./model/tree-rows.ts";
import * as motions from "./motions.ts";
import { deviceName } from "./names.ts";
import { EventView } from "./observe.ts";
import { Outputs } from "./outputs.ts";
import {
  type BreakpointRow,
  type ExceptionBreakpoint,
  type FrameRow,
  type FunctionBreakpoint,
  type GeneratedDocument,
  type LineBreakpoint,
  type OutputRow,
  type PositionRow,
  type ScopeRow,
  type Stop,
  type StopReason,
  scenarioThreadId,
  type ThreadRow,
  type TreeRow,
} from "./protocol.ts";
import { Recorder } from "./recording/recorder.ts";
import { Scenario } from "./scenario.ts";
import { Session } from "./session.ts";
import { type StepTarget, stepTargets } from "./step-targets.ts";
import { ThreadFilters } from "./threads/thread-filters.ts";
import { ThreadRows } from "./threads/thread-rows.ts";
import { Timeline } from "./timeline/timeline.ts";
import { type WalkFrame, walkOf } from "./walk.ts";
import type { Why } from "./why/api.ts";
import type { Program } from "./why/trial.ts";
import { type LabOrigin, WhyFacet } from "./why/why.ts";

const defaultHistoryBytes = 256 * 1024 * 1024;

export interface LabOptions {
  /** Name of the scenario to run; absent: the first. */
  readonly scenario?: string;
  /** Instead of the scenario's own. */
  readonly seed?: number;
  /** Bytes that the recording may take before its oldest part is dropped. */
  readonly historyBytes?: number;
  /** What has been seen to be drawn at random; absent: all is drawn from the seed. */
  readonly choices?: Choices;
  /** The text that the plan was made from: without it, `why` knows no cures. */
  readonly program?: Program;
  /** Beside those that the world gives rise to. */
  readonly documents?: readonly GeneratedDocument[];
  /** Opens the check of the networking model for the same file; absent where there is no cluster. */
  readonly model?: () => OpenModel | NoModel;
}

/** What a lab has that does not follow from its plan. */
export interface LabExtras {
  /** Beside those that the world gives rise to. */
  readonly documents?: readonly GeneratedDocument[];
  /** Opens the check of the networking model for the same file; absent where there is no cluster. */
  readonly model?: () => OpenModel | NoModel;
  /** Refuses every edit with this reason. */
  readonly whyNoEdits?: string;
}

interface LabLayout {
  /** The cluster that the file declares. */
  readonly layout: () => ClusterLayout | undefined;
}

export type OpenedLab = { readonly lab: Lab } | { readonly problems: readonly Diagnostic[] };

/** Builds the plan's world and sets it to the beginning of a scenario. */
export function openLab(plan: NetworkPlan, options: LabOptions = {}): OpenedLab {
  const chosen = chooseScenario(plan, options.scenario);
  if ("problem" in chosen) return { problems: [chosen.problem] };
  const seed = options.seed ?? chosen.scenario.seed;
  const { historyBytes = defaultHistoryBytes, choices } = options;
  const { world, setUp, problems } = build(plan, { seed, historyBytes, choices });
  if (problems.length > 0) return { problems };
  const outputs = new Outputs(world);
  const layout = layoutOf(options.program);
  const scenario = new Scenario(world, setUp, chosen.scenario, outputs, layout);
  outputs.attach(scenario);
  world.sim.begin();
  const lab = new Lab(world, plan, scenario, outputs, {
    program: options.program,
    layout,
    documents: options.documents,
    model: options.model,
    open: (changed) => {
      const opened = openLab(changed, {
        ...options,
        program: undefined,
        model: undefined,
        scenario: scenario.plan.name,
      });
      return "lab" in opened ? opened.lab : undefined;
    },
  });
  return { lab };
}

function chooseScenario(
  plan: NetworkPlan,
  name: string | undefined,
): { readonly scenario: ScenarioPlan } | { readonly problem: Diagnostic } {
  const scenario = name === undefined ? plan.scenarios[0] : plan.scenarios.find((one) => one.name === name);
  if (scenario !== undefined) return { scenario };
  const names = plan.scenarios.map((one) => `"${one.name}"`).join(", ");
  const message =
    name === undefined
      ? 'This file has no scenario, so there is nothing to run. Add one: scenario "first" { ping A -> B }'
      : `There is no scenario called "${name}". ${names === "" ? "This file has none." : `There is ${names}.`}`;
  const range = { uri: plan.uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return { problem: { severity: "error", message, range, code: "no-scenario" } };
}

/** The cluster that a file declares, compiled when it is first asked for; none where the lab was opened without its text. */
function layoutOf(program: Program | undefined): () => ClusterLayout | undefined {
  let layout: ClusterLayout | undefined;
  return () => {
    if (program !== undefined) layout ??= compileSync(program.text, program.uri, program.imports).layout;
    return layout;
  };
}

/** One run of one scenario. It stands still until someone moves it. */
export class Lab implements DebugLab {
  readonly world: World;
  readonly plan: NetworkPlan;
  readonly stageNames = stageNames.slice(1);
  readonly scenario: Scenario;
  private readonly outputs: Outputs;
  readonly hand: Edits;
  readonly console: Console;
  readonly memory: Memory;
  readonly inline: InlineValues;
  readonly threadFilter: ThreadFilters;
  private readonly byHand: StatementsByHand;
  readonly timeline: Timeline;
  readonly recording: Recorder;
  readonly dataBreakpoints: DataBreakpoints;
  private readonly breakpoints: Breakpoints;
  private readonly session: Session;
  private readonly stateTree: StateTree;
  private readonly documents: Documents;
  /** Why something came as it did, and what would have let it pass. */
  readonly why: Why;
  /** What may come next. */
  readonly futures: Futures;
  private readonly threadRows: ThreadRows;
  private frames: WalkFrame[] = [];

  constructor(
    world: World,
    plan: NetworkPlan,
    scenario: Scenario,
    outputs: Outputs,
    { documents, model, whyNoEdits, layout, ...origin }: LabOrigin & LabExtras & LabLayout,
  ) {
    this.world = world;
    this.plan = plan;
    this.scenario = scenario;
    this.outputs = outputs;
    this.documents = new Documents(world, documents);
    this.breakpoints = new Breakpoints(world, plan, scenario, this.documents, (row) => outputs.add(row));
    this.dataBreakpoints = new DataBreakpoints(world, (row) => outputs.add(row));
    this.session = new Session(world, scenario, this.breakpoints, this.dataBreakpoints);
    this.stateTree = new StateTree(world, model && new ModelRows(model));
    this.byHand = new StatementsByHand(scenario, layout);
    const forget = (position: number) => this.timeline.forgetAfter(position);
    this.hand = new Edits(world, scenario.setUp, this.byHand, forget, whyNoEdits);
    this.timeline = new Timeline(this.session, this.hand);
    const run = (maxEvents: number) => void this.run(maxEvents);
    this.recording = new Recorder({ session: this.session, hand: this.hand, program: origin.program, run });
    this.futures = new FuturesFacet(world, scenario);
    this.why = new WhyFacet({ world, plan, scenario, outputs, layout, ...origin });
    const { hand, stageNames } = this;
    this.memory = new Memory(world, hand);
    this.inline = new InlineValues(world, plan, this.documents);
    this.threadFilter = new ThreadFilters(world);
    this.threadRows = new ThreadRows(world);
    this.console = new Console({ world, scenario, layout, hand, stageNames, at: (view) => this.targetOf(view) });
  }

  /** What the frame in view is about; of the scenario's thread nothing is. */
  private targetOf({ threadId, frameId }: ConsoleView): InspectionTarget {
    const frame = frameId === undefined ? this.packetStack(threadId)[0] : this.frames[frameId - 1];
    const { walker, stageNumber = 0, device = 0 } = frame ?? {};
    const since = this.session.shownSince;
    return { packet: walker?.row ?? 0, data: walker?.data ?? null, stage: stageNumber, device, since };
  }

  /** What statements came to so far. */
  get outcomes(): Pick<Outputs, "results" | "verdicts" | "durationsNs"> {
    return this.outputs;
  }

  get ended(): boolean {
    return this.scenario.ended;
  }

  position(): PositionRow {
    const { sim } = this.world;
    return { scenario: this.scenario.plan.name, event: sim.position, timeNs: sim.nowNs, ended: this.ended };
  }

  threads(limit: number): { readonly threads: readonly ThreadRow[]; readonly total: number } {
    const { test } = this.threadFilter;
    const { walkers, total } =
      test === undefined ? this.session.walkers(limit - 1) : this.session.walkersWhere(test, limit - 1);
    const scenarioThread = { id: scenarioThreadId, name: `scenario "${this.scenario.plan.name}"` };
    return { threads: [scenarioThread, ...walkers.map((one) => this.threadRows.of(one))], total: total + 1 };
  }

  hasThread(threadId: number): boolean {
    return threadId === scenarioThreadId || this.session.walker(threadId - 1) !== undefined;
  }

  stack(
    threadId: number,
    start: number,
    levels: number,
  ): { readonly frames: readonly FrameRow[]; readonly total: number } {
    const all = threadId === scenarioThreadId ? this.scenarioStack() : this.packetStack(threadId);
    const wanted = all.slice(start, levels === 0 ? undefined : start + levels);
    return { frames: wanted.map((frame) => this.frameRow(frame)), total: all.length };
  }

  private scenarioStack(): readonly WalkFrame[] {
    const { plan, currentStatement } = this.scenario;
    const base = { hint: "normal" as const, stageNumber: stage.statement, device: 0 };
    const scenario = { ...base, name: `scenario "${plan.name}"`, source: plan.source };
    if (currentStatement === undefined) return [{ ...scenario, name: `end of scenario "${plan.name}"` }];
    return [{ ...base, name: currentStatement.text, source: currentStatement.source }, scenario];
  }

  private packetStack(threadId: number): readonly WalkFrame[] {
    const walker = this.session.walker(threadId - 1);
    return walker === undefined ? [] : walkOf(this.world, this.documents, this.scenario, walker);
  }

  private frameRow(frame: WalkFrame): FrameRow {
    const id = this.frames.push(frame);
    const { name, source, hint, stage: stageName, event, device, parameters } = frame;
    const { devices, namespaces } = this.world;
    const netns = device === 0 ? undefined : namespaces.name.get(devices.netns.get(device));
    return { id, name, source, hint, stage: stageName, netns, parameters, canRestart: event !== undefined };
  }

  scopes(threadId: number, frameId: number): readonly ScopeRow[] {
    const frame = this.frames[frameId - 1];
    if (frame === undefined) return [];
    return scopesFor(this.world, this.targetOf({ threadId, frameId }));
  }

  setLineBreakpoints(uri: string, lines: readonly (number | LineBreakpoint)[]): readonly BreakpointRow[] {
    return this.breakpoints.setLines(
      uri,
      lines.map((one) => (typeof one === "number" ? { line: one } : one)),
    );
  }

  breakpointLocations(uri: string, firstLine: number, lastLine: number): readonly SourceRange[] {
    return breakpointLocations(this.plan, this.documents, uri, firstLine, lastLine);
  }

  setExceptionBreakpoints(filters: readonly ExceptionBreakpoint[]): readonly BreakpointRow[] {
    return this.breakpoints.setExceptions(filters);
  }

  exceptionAt(threadId: number): { readonly id: string; readonly description: string } | undefined {
    const next = this.session.next();
    if (next === undefined || this.session.threadOf(next) !== threadId) return undefined;
    return exceptionOf(this.world, next);
  }

  setFunctionBreakpoints(names: readonly (string | FunctionBreakpoint)[]): readonly BreakpointRow[] {
    return this.breakpoints.setFunctions(names.map((one) => (typeof one === "string" ? { name: one } : one)));
  }

  continue(): Motion {
    return this.move(motions.forward(this.session));
  }

  reverseContinue(): Motion {
    return this.move(motions.reverseContinue(this.session));
  }

  stepInto(threadId: number, target?: number): Motion {
    const chosen = target === undefined ? undefined : this.targetsOf(threadId)[target];
    if (target === undefined || chosen === undefined) return this.move(motions.stepInto(this.session, threadId));
    if (chosen.kind === "endpoint") this.hand.apply({ do: "choose", packet: threadId - 1, target });
    return this.move(motions.stepIntoTarget(this.session, threadId, chosen));
  }

  restartFrame(frameId: number): Motion | undefined {
    const frame = this.frames[frameId - 1];
    if (frame?.event === undefined || frame.walker === undefined) return undefined;
    return this.move(motions.goBackTo(this.session, frame.walker.number + 1, frame.event));
  }

  stepTargets(threadId: number): readonly string[] {
    return this.targetsOf(threadId).map(({ label }) => label);
  }

  private targetsOf(threadId: number): readonly StepTarget[] {
    const row = threadId === scenarioThreadId ? 0 : this.session.rowOf(this.session.numberOfThread(threadId));
    return row === 0 || this.ended ? [] : stepTargets(this.world, row);
  }

  stepOver(threadId: number): Motion {
    return this.move(motions.stepOver(this.session, threadId));
  }

  stepStage(threadId: number, size: "stage" | "rule"): Motion {
    return this.move(motions.stepStage(this.session, threadId, size));
  }

  namespaces(start: number, count: number): ReturnType<DebugLab["namespaces"]> {
    return namespaceRows(this.world, start, count);
  }

  stepOut(threadId: number): Motion {
    return this.move(motions.stepOut(this.session, threadId));
  }

  stepBack(threadId: number, size: "stage" | "rule" = "rule"): Motion {
    return this.move(motions.stepBack(this.session, threadId, size));
  }

  /** Frames are valid while the lab stands where they were asked for. */
  private move(motion: Motion): Motion {
    this.frames = [];
    return motion;
  }

  stopHere(reason: StopReason): Stop {
    this.session.arrive(this.session.threadOfNext());
    const next = this.world.sim.next();
    const isOver = this.ended || next === undefined;
    const description = isOver ? "The scenario is over" : `Before ${this.session.describe(next)}`;
    return { reason, threadId: this.session.threadOfNext(), description, breakpointIds: [] };
  }

  document(uri: string): GeneratedDocument | undefined {
    return uri === consoleUri ? this.byHand.document : this.documents.any(uri);
  }

  generatedDocuments(): readonly GeneratedDocument[] {
    return [...this.documents.all(), ...(this.byHand.document === undefined ? [] : [this.byHand.document])];
  }

  takeOutput(): readonly OutputRow[] {
    return this.outputs.take();
  }

  expectations(): { readonly held: number; readonly failed: number } {
    return this.scenario.expectations;
  }

  tree(parentId: string, limit: number): readonly TreeRow[] {
    return this.stateTree.children(parentId, limit, this.session.shownSince);
  }

  /**
   * Moves on by at most `maxEvents` events without stopping anywhere, and shows each to `observe` just before it is
   * taken. Answers false when the scenario is over.
   */
  run(maxEvents: number, observe?: (event: EventView) => void): boolean {
    const { sim } = this.world;
    if (observe === undefined) return this.runUnobserved(maxEvents);
    for (let i = 0; i < maxEvents && !this.ended; i++) {
      const next = sim.next();
      if (next === undefined) return false;
      this.outputs.noteNext(next);
      observe(new EventView(this.world, next));
      sim.step();
    }
    return !this.ended;
  }

  private runUnobserved(maxEvents: number): boolean {
    const { sim } = this.world;
    sim.armed.fill(0);
    sim.armed[stage.statement] = 1;
    sim.armed[stage.scenarioEnd] = 1;
    sim.armed[stage.drop] = 1;
    let left = maxEvents;
    while (left > 0 && !this.ended) {
      left -= sim.advance(left);
      if (left <= 0) break;
      const next = sim.next();
      if (next === undefined) return false;
      this.outputs.noteNext(next);
      sim.step();
      left--;
    }
    return !this.ended;
  }

  /** Names of all devices, `pod1/eth0`, in the order in which they were made. */
  deviceNames(): readonly string[] {
    return [...this.world.devices.table.rows()].map((device) => deviceName(this.world, device));
  }

  /** The statement that runs or will run next. */
  get currentStatement(): Statement | undefined {
    return this.scenario.currentStatement;
  }
}
