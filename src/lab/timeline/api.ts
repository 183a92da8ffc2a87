import type { SourceRange } from "../../base/source-range.ts";
import type { Motion } from "../api.ts";

/** A place in the recording that somebody has named. */
export interface Checkpoint {
  readonly name: string;
  /** The number of events before it. */
  readonly event: number;
  readonly timeNs: number;
  /** What comes next there: `arp.request of #2 @ pod1/eth0`. */
  readonly description: string;
  /** The digest of the world's whole state there: says whether another run leads to the same. */
  readonly state: string;
}

/** Where a statement of the scenario is, or will be. */
export interface StatementTarget {
  readonly label: string;
  readonly source: SourceRange;
  /** The event that runs it; absent for one that has not run yet. */
  readonly event?: number;
}

export interface Refusal {
  readonly message: string;
}

/** Ways through the recording that do not follow a packet. */
export interface TimelineFacet {
  /** To where so many events have been taken: back or forth in the recording, past its end by running on. */
  goTo(event: number): Motion | Refusal;
  /** Back to before the event that last changed this data: a row or field by its id, or an expression. */
  lastChange(data: string): Motion | Refusal;
  /** The statements on a line: where they ran, or that they can be run to. */
  statementTargets(uri: string, line: number): readonly StatementTarget[];
  goToStatement(target: StatementTarget): Motion | Refusal;

  /** In the order of the recording; those of a future that an edit has made another are gone. */
  readonly checkpoints: readonly Checkpoint[];
  /** Names where the lab stands. A name that is taken moves here; without one, `checkpoint 1` and so on. */
  setCheckpoint(name?: string): Checkpoint;
  /** Takes over those of a run before, as Restart does: they are at events of that run, which may come otherwise in this one. */
  keepCheckpoints(checkpoints: readonly Checkpoint[]): void;
  /** Says so where this run has no such event, or is in another state there. */
  goToCheckpoint(name: string): Motion | Refusal;
  /** False where there is none of that name. */
  deleteCheckpoint(name: string): boolean;
}
