import { digest } from "../../sim/digest.ts";
import type { Motion, MotionResult } from "../api.ts";
import type { HandFacet } from "../edits/api.ts";
import type { Session } from "../session.ts";
import type { Program } from "../why/trial.ts";
import type { RecordingFacet } from "./api.ts";
import { type RecordedFile, type Recording, recordingVersion } from "./recording.ts";

/** What a recorder needs of its lab. */
export interface RecorderContext {
  readonly session: Session;
  readonly hand: HandFacet;
  /** The text that the lab was made from; absent: it cannot be recorded. */
  readonly program: Program | undefined;
  /** Takes at most so many events. */
  run(maxEvents: number): void;
}

/** Saves runs and lives them again. */
export class Recorder implements RecordingFacet {
  private readonly context: RecorderContext;

  constructor(context: RecorderContext) {
    this.context = context;
  }

  take(title?: string): Recording | { readonly message: string } {
    const { session, hand, program } = this.context;
    if (program === undefined) return { message: "Only a run of a .k8snet file can be saved." };
    return {
      format: "k8snetrun",
      version: recordingVersion,
      ...(title !== undefined && { title }),
      program: { path: baseName(program.uri), text: program.text },
      imports: importsOf(program),
      scenario: session.scenario.plan.name,
      seed: session.world.seed,
      edits: hand.made,
      position: session.sim.position,
      state: digest(session.sim),
    };
  }

  replay(recording: Recording): Motion {
    const { session } = this.context;
    const edits = [...recording.edits];
    session.leave();
    return { advance: (maxEvents) => this.advance(recording, edits, maxEvents) };
  }

  private advance(recording: Recording, edits: Recording["edits"][number][], maxEvents: number): MotionResult {
    const { session, hand } = this.context;
    const { sim } = session;
    const goal = edits[0]?.position ?? Math.max(recording.position, sim.position);
    if (sim.position < goal) {
      const before = sim.position;
      this.context.run(Math.min(maxEvents, goal - sim.position));
      if (sim.position > before) return { kind: "more" };
      return this.arrive(
        `The recording cannot be lived again: it goes on to event ${goal}, and this run is over after ${sim.position}`,
      );
    }
    const next = edits.shift();
    if (next !== undefined) {
      const refusal = hand.apply(next.edit);
      if (refusal === undefined) return { kind: "more" };
      return this.arrive(
        `The recording cannot be lived again: at event ${next.position} the edit "${next.edit.do}" is refused: ${refusal}`,
      );
    }
    sim.goTo(recording.position);
    const isSame = digest(sim) === recording.state;
    const title = recording.title === undefined ? "" : `: ${recording.title}`;
    const doubt = isSame ? "" : ". This k8snet leads to another state here than the one that made the recording";
    return this.arrive(`Event ${recording.position} of the recording${title}${doubt}`);
  }

  private arrive(description: string): MotionResult {
    const { session } = this.context;
    const threadId = session.threadOfNext();
    session.arrive(threadId);
    return { kind: "stopped", stop: { reason: "goto", threadId, description, breakpointIds: [] } };
  }
}

function importsOf({ imports }: Program): readonly RecordedFile[] {
  return [...imports].flatMap(([path, file]) => ("text" in file ? [{ path, text: file.text }] : []));
}

function baseName(uri: string): string {
  const name = uri.slice(uri.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
