import type { NextEvent } from "../../sim/simulation.ts";
import type { Motion, MotionResult } from "../api.ts";
import type { DataWatch } from "../data/data-watch.ts";
import { printDataChange } from "../data/data-watch.ts";
import { forward } from "../motions.ts";
import type { Session } from "../session.ts";

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
