import { type Lab, openLab } from "../lab/lab.ts";
import type { EventView } from "../lab/observe.ts";
import type { NetworkPlan } from "../plan/plan.ts";
import { withoutTwin } from "../plan/shell/without-twin.ts";
import type { ScenarioPlan, Statement } from "../plan/statements.ts";
import { formatIpv4 } from "../wire/ipv4-address.ts";
import type { SeenFrame } from "./capture.ts";
import { flatStatements } from "./flat-statements.ts";
import type { Observation, ObservedProgram } from "./observation.ts";
import { ObservedChoices, type Refusal } from "./observed-choices.ts";
import { observedStart, observedStarts } from "./observed-starts.ts";
import { simulatedTables, type Tables } from "./tables.ts";

/** A stretch of simulated time. */
export interface Window {
  readonly fromNs: number;
  readonly toNs: number;
}

/** What the simulated kernel does when everything happens when it happened on Linux. */
export interface SimulatedRun {
  readonly frames: readonly SeenFrame[];
  readonly programs: readonly ObservedProgram[];
  /** For each window: every state that the tables had in it. */
  readonly tables: readonly (readonly Tables[])[];
  /** What Linux was seen to draw, and could not be drawn here. */
  readonly refusals: readonly Refusal[];
}

/** Simulated time goes on for so long after the real scenario's end. */
export const afterEndNs = 300_000_000;
const historyBytes = 16 * 1024 * 1024;

/**
 * Runs the scenario with what Linux chose: the times at which statements began (a real machine needs time between them), and
 * what it drew at random. `windows` are in order and do not overlap.
 */
export function simulate(
  plan: NetworkPlan,
  scenario: ScenarioPlan,
  observation: Observation,
  windows: readonly Window[],
): SimulatedRun {
  const scheduled: ScenarioPlan = {
    ...scenario,
    untilNs: observation.endNs + afterEndNs,
    statements: observation.statements
      .filter(({ statement }) => statement.do !== "wait")
      .map(({ statement, startNs }) => ({
        ...asItRan(statement, startNs, observation),
        atNs: observedStart(statement, startNs, observation.frames),
      })),
  };
  const choices = new ObservedChoices(observation);
  const opened = openLab({ ...plan, scenarios: [scheduled] }, { historyBytes, choices });
  if ("problems" in opened) throw new Error(`k8snet bug: ${opened.problems[0].message}`);
  return { ...new Recording(opened.lab, scheduled, windows).run(), refusals: choices.refusals };
}

/** Real programs are given addresses, and print them; those that run at once begin when they were seen to. */
function asItRan(statement: Statement, startNs: number, observation: Observation): Statement {
  if (statement.do === "parallel") {
    const starts = observedStarts(statement, startNs, observation.frames);
    const statements = statement.statements.map((one, index) => ({
      ...asItRan(one, starts[index], observation),
      atNs: Math.max(starts[index], one.atNs ?? 0),
    }));
    return { ...statement, statements };
  }
  if (statement.do !== "ping" && statement.do !== "traceroute") return statement;
  return { ...statement, destinationText: formatIpv4(statement.destination) };
}

/** Drops that must not, or cannot, happen on a machine that others use. */
const reasonsNotToRun = [
  ["BRIDGE_LOOP", "its bridges form a loop, and a real broadcast storm would occupy this machine"],
  ["NEIGH_CREATEFAIL", "it fills the neighbour table, whose limit (gc_thresh3) is one for the whole machine"],
  ["CONNTRACK_FULL", "it fills the table of connections, whose limit (nf_conntrack_max) is one for the whole machine"],
] as const;

/** From so many entries on, the kernel removes old neighbours. */
const tidyingKey = "net.ipv4.neigh.default.gc_thresh1";

function setsSysctl(plan: NetworkPlan, scenario: ScenarioPlan, key: string): boolean {
  const statements = [...flatStatements(scenario.statements)];
  const changes = statements.flatMap((one) => (one.do === "configure" ? one.commands : []));
  return [...plan.setUp(), ...changes].some((command) => command.do === "sysctl" && command.key === key);
}

/** Why a scenario should not run on a real kernel; found by running it on the simulated one. */
export function reasonNotToRun(plan: NetworkPlan, scenario: ScenarioPlan): string | undefined {
  const [unmatched] = withoutTwin(plan);
  if (unmatched !== undefined) return unmatched.message;
  if (setsSysctl(plan, scenario, tidyingKey)) return `it sets ${tidyingKey}, which is one for the whole machine`;
  const opened = openLab(plan, { scenario: scenario.name, historyBytes });
  if ("problems" in opened) return opened.problems[0].message;
  let reason: string | undefined;
  const look = ({ dropReason }: EventView) => {
    reason ??= reasonsNotToRun.find(([drop]) => dropReason?.startsWith(drop))?.[1];
  };
  while (reason === undefined && opened.lab.run(100, look));
  return reason;
}

class Recording {
  private readonly lab: Lab;
  private readonly statements: readonly Statement[];
  private readonly windows: readonly Window[];
  private readonly frames: SeenFrame[] = [];
  private readonly outputs = new Map<Statement, string>();
  private readonly tables: Tables[][];
  /** Windows before this one are over. */
  private window = 0;

  constructor(lab: Lab, scenario: ScenarioPlan, windows: readonly Window[]) {
    this.lab = lab;
    this.statements = scenario.statements.flatMap((one) => (one.do === "parallel" ? one.statements : [one]));
    this.windows = windows;
    this.tables = windows.map(() => []);
  }

  run(): Omit<SimulatedRun, "refusals"> {
    while (this.lab.run(1000, (event) => this.before(event)));
    this.takePrinted();
    while (this.window < this.windows.length) this.closeWindow();
    const programs = [...this.outputs].map(([statement, output]) => ({ statement, output }));
    return { frames: this.frames, programs, tables: this.tables };
  }

  private before(event: EventView): void {
    this.takePrinted();
    while (this.window < this.windows.length && this.windows[this.window].toNs <= event.timeNs) this.closeWindow();
    const open = this.windows[this.window];
    if (open !== undefined && open.fromNs <= event.timeNs) this.keepTables(open.fromNs, event.timeNs);
    const { frame } = event;
    if (frame !== undefined) this.frames.push(frame);
  }

  private closeWindow(): void {
    const { fromNs, toNs } = this.windows[this.window];
    this.keepTables(fromNs, toNs);
    this.window++;
  }

  /** What has not changed may have become stale meanwhile, which is no event. */
  private keepTables(fromNs: number, toNs: number): void {
    const { world } = this.lab;
    this.tables[this.window].push(simulatedTables(world, fromNs), simulatedTables(world, toNs));
  }

  private takePrinted(): void {
    for (const { text, source, category } of this.lab.takeOutput()) {
      const statement = this.statements.find((one) => one.source === source);
      if (statement === undefined) continue;
      const isRefusal = statement.do === "configure" && category === "stderr";
      this.outputs.set(statement, (this.outputs.get(statement) ?? "") + (isRefusal ? "refused" : text));
    }
  }
}
