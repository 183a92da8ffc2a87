import { digest } from "../../sim/digest.ts";
import type { NextEvent } from "../../sim/simulation.ts";
import type { Motion, MotionResult } from "../api.ts";
import type { DataWatch } from "../data/data-watch.ts";
import { printDataChange } from "../data/data-watch.ts";
import { forward } from "../motions.ts";
import { scenarioThreadId } from "../protocol.ts";
import type { Session } from "../session.ts";
import type { Checkpoint } from "./api.ts";

/** To where so many events have been taken. Within the recording nothing stops it on the way; past its end breakpoints do. */
export function goToEvent(session: Session, event: number, description: string): Motion {
  const { sim } = session;
  if (event > sim.recorded) return runTo(session, description, () => sim.position >= event);
  session.leave();
  return {
    advance(maxEvents: number): MotionResult {
      const distance = event - sim.position;
      sim.goTo(sim.position + Math.sign(distance) * Math.min(Math.abs(distance), maxEvents));
      return sim.position === event ? arrived(session, description) : { kind: "more" };
    },
  };
}

/** To a checkpoint, which may have been set in a run before: stops with a sentence where this run does not come there. */
export function toCheckpoint(session: Session, checkpoint: Checkpoint): Motion {
  const { name, event } = checkpoint;
  const motion = goToEvent(session, event, `Went to checkpoint "${name}"`);
  return {
    advance(maxEvents: number): MotionResult {
      const result = motion.advance(maxEvents);
      if (result.kind === "ended") return notReached(session, checkpoint);
      if (result.kind === "more" || result.stop.reason !== "goto" || digest(session.sim) === checkpoint.state)
        return result;
      const description = `Went to event ${event}, but this is not what checkpoint "${name}" was set at: ${otherState(session, checkpoint)}`;
      return { kind: "stopped", stop: { ...result.stop, description } };
    },
  };
}

function notReached(session: Session, { name, event, description }: Checkpoint): MotionResult {
  const stop = `The scenario is over after event ${session.sim.position}: there is no event ${event}, where checkpoint "${name}" was set before ${description}`;
  return {
    kind: "stopped",
    stop: { reason: "goto", threadId: scenarioThreadId, description: stop, breakpointIds: [] },
  };
}

function otherState(session: Session, { description, timeNs }: Checkpoint): string {
  const next = session.next();
  const now = next === undefined ? "the end" : session.describe(next);
  if (now !== description) return `${description} came next, and now it is ${now}`;
  if (timeNs !== session.sim.nowNs) return `${description} comes next as it did, at another time`;
  return `${description} comes next as it did, and the state of the network is another one`;
}

/** On until what comes next is what was meant. */
export function runTo(
  session: Session,
  description: string,
  isReached: (next: NextEvent | undefined) => boolean,
): Motion {
  return forward(session, { isReached, threadId: () => session.threadOfNext(), description, reason: "goto" });
}

/** Back to before the event that last changed what is watched; where the recording holds none, back to where it began to look. */
export function lastChange(session: Session, watch: DataWatch, isEditedAfter: (event: number) => boolean): Motion {
  const { sim } = session;
  const { log } = sim;
  const marks = new Uint8Array(log.ownerCount);
  for (const owner of watch.owners) marks[log.numberOf(owner)] = 1;
  const start = sim.position;
  let event = start - 1;
  session.leave();
  return {
    advance(maxEvents: number): MotionResult {
      for (let looked = 0; looked < maxEvents; looked++, event--) {
        if (event < sim.earliest) return notFound(session, watch, start);
        if (!sim.touched(event, marks)) continue;
        sim.goTo(event + 1);
        const [change] = watch.changesOf(event);
        if (change === undefined) continue;
        sim.goTo(event);
        const next = session.next();
        const hand = isEditedAfter(event) ? ", or by hand right after it" : "";
        const what = next === undefined ? "" : `; it is changed by ${session.describe(next)}${hand}`;
        return arrived(session, `Last change: ${printDataChange(change)}${what}`);
      }
      return { kind: "more" };
    },
  };
}

function notFound(session: Session, watch: DataWatch, start: number): MotionResult {
  const { sim } = session;
  sim.goTo(start);
  const since = sim.earliest === 0 ? "began" : `holds it, from event ${sim.earliest} on`;
  return arrived(session, `Nothing changed ${watch.description} before, since the recording ${since}`);
}

function arrived(session: Session, description: string): MotionResult {
  const threadId = session.threadOfNext();
  session.arrive(threadId);
  return { kind: "stopped", stop: { reason: "goto", threadId, description, breakpointIds: [] } };
}
