import { stage } from "../../linux/stage.ts";
import type { MadeEdit } from "../edits/edit.ts";
import type { Lab } from "../lab.ts";
import type { OutputRow } from "../protocol.ts";
import type { Recording } from "../recording/recording.ts";
import { Commutation } from "./commute.ts";

/** How far the search goes. */
export interface ExploreLimits {
  /** The most runs, the first one included. */
  readonly maxRuns: number;
  /** The most choices in one run. */
  readonly depth: number;
  /** How many of these may be packets that a link loses. */
  readonly losses: number;
}

/** A run in which an expectation fails. */
export interface FailingRun {
  /** The choices that make it, in their order; none: it fails as it is. */
  readonly edits: readonly MadeEdit[];
  /** Each in words. */
  readonly choices: readonly string[];
  /** When the first expectation failed, in events. */
  readonly failedAt: number;
  readonly failures: readonly OutputRow[];
  /** The run up to the failure, to be opened in the debugger; undefined where the lab was opened without its file. */
  readonly recording: Recording | undefined;
}

export interface Exploration {
  readonly runs: number;
  /** The one with the fewest choices, and of these the shortest. */
  readonly failing: FailingRun | undefined;
  /** Every order within the depth was tried, or need not be. */
  readonly isComplete: boolean;
}

/** A way to be tried: the choices before, and one more. */
interface Branch {
  readonly edits: readonly MadeEdit[];
  readonly choices: readonly string[];
  readonly losses: number;
}

const sliceEvents = 2_000;
/** A run that takes so long is given up. */
const mostEvents = 200_000;

/**
 * Tries the orders that Linux could take, those with one choice first: at each moment at which several things are due, another one
 * of them. Orders that lead to the same are left out. `open` opens the scenario at its beginning; `breathe` is called in between.
 */
export async function explore(
  open: () => Lab,
  limits: ExploreLimits,
  breathe: () => Promise<void>,
): Promise<Exploration> {
  let runs = 0;
  let level: Branch[] = [{ edits: [], choices: [], losses: 0 }];
  for (let depth = 0; depth <= limits.depth; depth++) {
    let best: FailingRun | undefined;
    const next: Branch[] = [];
    for (const branch of level) {
      if (runs === limits.maxRuns) return { runs, failing: best, isComplete: false };
      runs++;
      const lab = open();
      const failed = await live(lab, branch, breathe);
      if (failed !== undefined && (best === undefined || failed.failedAt < best.failedAt)) best = failed;
      if (best === undefined && depth < limits.depth) next.push(...branchesOf(lab, branch, limits));
    }
    if (best !== undefined) return { runs, failing: best, isComplete: true };
    level = next;
  }
  return { runs, failing: undefined, isComplete: true };
}

/** Lives a run with its choices to its end; answers what failed, if something did. */
async function live(lab: Lab, branch: Branch, breathe: () => Promise<void>): Promise<FailingRun | undefined> {
  const { sim } = lab.world;
  let failedAt: number | undefined;
  const note = () => {
    if (failedAt === undefined && lab.expectations().failed > 0) failedAt = sim.position;
  };
  for (const { position, edit } of branch.edits) {
    while (sim.position < position && lab.run(position - sim.position)) note();
    if (lab.hand.apply(edit) !== undefined) return undefined;
  }
  while (sim.position < mostEvents && lab.run(sliceEvents)) {
    note();
    await breathe();
  }
  note();
  if (failedAt === undefined) return undefined;
  const failures = lab.takeOutput().filter(({ expectation }) => expectation === "failed");
  const first = firstFailure(lab, failedAt);
  sim.goTo(first);
  const recording = lab.recording.take(failures[0]?.text);
  return {
    edits: branch.edits,
    choices: branch.choices,
    failedAt: first,
    failures,
    recording: "format" in recording ? recording : undefined,
  };
}

/** The statement event before `until` at which the first expectation failed. */
function firstFailure(lab: Lab, until: number): number {
  const { sim } = lab.world;
  const end = sim.position;
  let first = until;
  for (let event = until - 1; event >= sim.earliest; event--) {
    if (sim.events.stage(event) !== stage.statement) continue;
    sim.goTo(event);
    first = event;
    if (lab.expectations().failed === 0) break;
  }
  sim.goTo(end);
  return first;
}

/** The choices that a run that was lived leaves open after its last one, earliest first. */
function branchesOf(lab: Lab, branch: Branch, limits: ExploreLimits): readonly Branch[] {
  const { sim } = lab.world;
  const commutation = new Commutation(lab.world);
  const end = sim.position;
  const found: Branch[] = [];
  const last = branch.edits.at(-1)?.position ?? 0;
  for (let position = last + 1; position < end; position++) {
    sim.goTo(position);
    found.push(...ordersAt(lab, branch, commutation, position, end));
    if (branch.losses < limits.losses) found.push(...lossAt(lab, branch, position));
  }
  sim.goTo(end);
  return found;
}

function ordersAt(
  lab: Lab,
  branch: Branch,
  commutation: Commutation,
  position: number,
  end: number,
): readonly Branch[] {
  const { world } = lab;
  const [first, ...others] = world.sim.candidates();
  if (first === undefined || others.length === 0) return [];
  const futures = lab.futures.list();
  return others.flatMap((other, index) => {
    const { event, label } = futures[index + 1];
    if (!couldMatter(lab, commutation, first.walker, other.walker, position, end)) return [];
    const edit = { position, edit: { do: "next" as const, event } };
    return [
      {
        ...branch,
        edits: [...branch.edits, edit],
        choices: [...branch.choices, `event ${position}: ${label} before ${futures[0].label}`],
      },
    ];
  });
}

/** Packets are compared with what they did in the run that was lived, until their next wait; everything else may matter. */
function couldMatter(
  lab: Lab,
  commutation: Commutation,
  first: number,
  other: number,
  position: number,
  end: number,
): boolean {
  if (first === 0 || other === 0) return true;
  const { packets, sim } = lab.world;
  const number = packets.number.get(other);
  const until = Math.min(end, position + commutationHorizon);
  let began = position;
  while (began < until && sim.events.walker(began) !== number) began++;
  let stop = began;
  while (stop < until && sim.events.read(stop).timeNs === sim.events.read(position).timeNs) stop++;
  return commutation.matters(position, number, began, stop);
}

const commutationHorizon = 500;

/** The link loses the packet that stands before it. */
function lossAt(lab: Lab, branch: Branch, position: number): readonly Branch[] {
  const { sim, packets } = lab.world;
  const next = sim.next();
  if (next === undefined || next.walker === 0 || next.stage !== stage.vethReceive) return [];
  const edit = { position, edit: { do: "drop" as const, packet: packets.number.get(next.walker) } };
  const choice = `event ${position}: lost, ${lab.futures.list()[0].label}`;
  return [{ edits: [...branch.edits, edit], choices: [...branch.choices, choice], losses: branch.losses + 1 }];
}
