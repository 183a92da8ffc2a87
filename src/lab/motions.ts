import { stage } from "../linux/stage.ts";
import type { NextEvent } from "../sim/simulation.ts";
import type { Motion, MotionResult } from "./api.ts";
import { type Stop, type StopReason, scenarioThreadId } from "./protocol.ts";
import type { Session } from "./session.ts";
import type { StepTarget } from "./step-targets.ts";

/** What a forward motion is waiting for, besides breakpoints. */
interface Goal {
  /** Asked after each event, with the one that would be next; true stops there. */
  isReached(next: NextEvent | undefined): boolean;
  /**
   * Whether the goal must be asked before and after this event; all others are run at full speed, as many packets as there may be.
   * Absent: it must be asked at every event. The event that it is shown is good for that call alone.
   */
  concerns?(event: NextEvent): boolean;
  /** The thread to show; asked when the goal is reached. */
  threadId(): number;
  readonly description: string;
  /** `step` when absent. */
  readonly reason?: StopReason;
}

/** Moves forward to the next breakpoint, to the goal if there is one, or to the end. */
export function forward(session: Session, goal?: Goal): Motion {
  // Whoever stands at a breakpoint wants to go on; whoever has not stood here wants to be stopped.
  let isResuming = session.standsHere;
  session.leave();
  return {
    advance(maxEvents: number): MotionResult {
      if (goal === undefined || goal.concerns !== undefined) {
        const first = isResuming ? takeFirst(session, goal) : undefined;
        isResuming = false;
        return first ?? runFreely(session, maxEvents, goal);
      }
      for (let taken = 0; taken < maxEvents; taken++) {
        const next = session.next();
        if (next === undefined || session.ended) return finish(session);
        const stop = isResuming ? undefined : session.stopAt(next);
        if (stop !== undefined) return { kind: "stopped", stop };
        isResuming = false;
        session.take(next);
        const changed = session.stopAfter();
        if (changed !== undefined) return { kind: "stopped", stop: changed };
        if (goal.isReached(session.next())) return reached(session, goal);
      }
      return { kind: "more" };
    },
  };
}

function takeFirst(session: Session, goal: Goal | undefined): MotionResult | undefined {
  const next = session.next();
  return next === undefined || session.ended ? undefined : takeOne(session, next, goal);
}

/** Takes one event; answers what ends the motion, if something does. */
function takeOne(session: Session, next: NextEvent, goal: Goal | undefined): MotionResult | undefined {
  session.take(next);
  const changed = session.stopAfter();
  if (changed !== undefined) return { kind: "stopped", stop: changed };
  if (session.ended) return finish(session);
  return goal?.isReached(session.next()) ? reached(session, goal) : undefined;
}

/** Runs at full speed between events that somebody waits for. */
function runFreely(session: Session, maxEvents: number, goal: Goal | undefined): MotionResult {
  // After the end of the scenario the kernel's own timers would go on for ever.
  if (session.ended) return finish(session);
  let left = maxEvents;
  session.arm();
  if (goal !== undefined) session.sim.armed.fill(1);
  const stopsBefore =
    goal === undefined
      ? (event: NextEvent) => session.wants(event)
      : (event: NextEvent) => goal.concerns?.(event) || session.wants(event);
  while (left > 0) {
    const taken = session.sim.advanceAsking(left, stopsBefore, session.data.watched);
    left -= taken;
    if (taken > 0 && session.data.touches(session.sim.position - 1)) {
      const changed = session.stopAfter();
      if (changed !== undefined) return { kind: "stopped", stop: changed };
      continue;
    }
    if (left <= 0) break;
    const next = session.next();
    if (next === undefined || session.ended) return finish(session);
    if (goal !== undefined && taken > 0 && goal.isReached(next)) return reached(session, goal);
    const stop = session.stopAt(next);
    if (stop !== undefined) return { kind: "stopped", stop };
    left--;
    const end = takeOne(session, next, goal);
    if (end !== undefined) return end;
  }
  return { kind: "more" };
}

/** The events of one packet, and the first after another's event moved it on or ended it, as the signals of a hub do. */
function ofPacket(session: Session, row: number, number: number): Required<Goal>["concerns"] {
  const { packets } = session.world;
  let device = packets.device.get(row);
  let stageNumber = packets.stage.get(row);
  return ({ walker }) => {
    if (walker === row || !session.isAlive(row, number)) return true;
    if (packets.device.get(row) === device && packets.stage.get(row) === stageNumber) return false;
    device = packets.device.get(row);
    stageNumber = packets.stage.get(row);
    return true;
  };
}

function finish(session: Session): MotionResult {
  session.arrive(scenarioThreadId);
  return { kind: "ended" };
}

function reached(session: Session, goal: Goal): MotionResult {
  const next = session.next();
  const threadId = goal.threadId();
  // A breakpoint where the step ends anyway is reported as hit.
  const hit = next === undefined ? undefined : session.stopAt(next);
  const stop: Stop = {
    reason: goal.reason ?? "step",
    threadId,
    description: goal.description,
    breakpointIds: hit?.breakpointIds ?? [],
  };
  session.arrive(threadId);
  return { kind: "stopped", stop };
}

/** The next stage of this packet; for one that waits for ARP, of the packet it waits for. */
export function stepInto(session: Session, threadId: number): Motion {
  if (threadId === scenarioThreadId) return intoStatement(session);
  const number = session.numberOfThread(threadId);
  const row = session.rowOf(number);
  if (row === 0) return anyStage(session);
  const awaited = session.awaitedBy(number);
  if (awaited !== undefined) return switchTo(session, awaited);
  return forward(session, {
    isReached: () => session.numberTaken() === number || !session.isAlive(row, number),
    concerns: ofPacket(session, row, number),
    threadId: () => number + 1,
    description: "Stepped to the packet's next stage",
  });
}

/** The next event of this packet alone, whatever it waits for; of a hook's rules one, or all at once. */
export function stepStage(session: Session, threadId: number, size: "stage" | "rule"): Motion {
  if (threadId === scenarioThreadId) return overStatement(session);
  const number = session.numberOfThread(threadId);
  const row = session.rowOf(number);
  if (row === 0) return anyStage(session);
  const isAtRule = () => session.world.packets.stage.get(row) === stage.nfRule;
  return forward(session, {
    isReached: () => {
      if (!session.isAlive(row, number)) return true;
      return session.numberTaken() === number && (size === "rule" || !isAtRule());
    },
    concerns: ofPacket(session, row, number),
    threadId: () => number + 1,
    description: size === "rule" ? "Stepped by one rule or stage" : "Stepped by one stage",
  });
}

/** The next stage of this packet where there is a choice: to that copy of a flood, to that endpoint. */
export function stepIntoTarget(session: Session, threadId: number, target: StepTarget): Motion {
  const { packets, netfilter } = session.world;
  const number = session.numberOfThread(threadId);
  const row = session.rowOf(number);
  if (target.kind === "copy") {
    return forward(session, {
      isReached: () => session.numberTaken() === number,
      threadId: () => copyAt(session, number, target.device) + 1,
      description: `Stepped to ${target.label}`,
    });
  }
  const isInside = () => {
    const at = session.isAlive(row, number) ? packets.hookAt.get(row) : null;
    return at === null || at.chain === target.into || !netfilter.areInOneTable(at.chain, target.into);
  };
  return forward(session, {
    isReached: () => session.numberTaken() === number && isInside(),
    threadId: () => threadId,
    description: `Chose ${target.label}`,
  });
}

/** The copy of a packet that is at a device; the packet itself where there is none. */
function copyAt({ world }: Session, number: number, device: number): number {
  const { packets } = world;
  for (const row of packets.table.rows())
    if (packets.device.get(row) === device && packets.origin.get(row).copyOf?.number === number)
      return packets.number.get(row);
  return number;
}

/** To the moment before another packet's next stage: now, where that is the next event anyway. */
function switchTo(session: Session, number: number): Motion {
  const { packets } = session.world;
  return toBefore(session, {
    isReached: (next) => next !== undefined && next.walker !== 0 && packets.number.get(next.walker) === number,
    threadId: () => number + 1,
    description: "The packet waits for ARP; stepped into the ARP packet that it waits for",
  });
}

/** The packet is gone: its story goes on with whatever happens next, which may be the very next event. */
function anyStage(session: Session): Motion {
  return toBefore(session, {
    isReached: (next) => next === undefined || next.walker !== 0 || next.stage === stage.statement,
    threadId: () => session.threadOfNext(),
    description: "The packet was gone; stepped to what happens next",
  });
}

/** Moves to where the goal is reached, and not at all if it is reached here. */
function toBefore(session: Session, goal: Goal): Motion {
  if (session.ended || !goal.isReached(session.next())) return forward(session, goal);
  session.leave();
  return { advance: () => reached(session, goal) };
}

/** Thread 1: the first packet that the statement sends. */
function intoStatement(session: Session): Motion {
  const made = session.packetsMade();
  return forward(session, {
    isReached: (next) =>
      next !== undefined &&
      ((next.walker !== 0 && session.world.packets.number.get(next.walker) > made) || next.stage === stage.statement),
    threadId: () => session.threadOfNext(),
    description: "Stepped into the statement",
  });
}

/** The next hop of this packet: until it is somewhere else, with everything that it causes on the way. */
export function stepOver(session: Session, threadId: number): Motion {
  if (threadId === scenarioThreadId) return overStatement(session);
  const number = session.numberOfThread(threadId);
  const row = session.rowOf(number);
  if (row === 0) return anyStage(session);
  const place = session.placeOf(row);
  return forward(session, {
    isReached: () => !session.isAlive(row, number) || session.placeOf(row) !== place,
    concerns: ofPacket(session, row, number),
    threadId: () => number + 1,
    description: "Stepped to the packet's next hop",
  });
}

function overStatement(session: Session): Motion {
  return forward(session, {
    isReached: (next) => next?.stage === stage.statement,
    concerns: ({ stage: itsStage }) => itsStage === stage.statement,
    threadId: () => scenarioThreadId,
    description: "Stepped to the next statement",
  });
}

/** Until this packet leaves the network namespace it is in. */
export function stepOut(session: Session, threadId: number): Motion {
  if (threadId === scenarioThreadId) return forward(session);
  const number = session.numberOfThread(threadId);
  const row = session.rowOf(number);
  if (row === 0) return anyStage(session);
  const netns = session.world.packets.netns.get(row);
  return forward(session, {
    isReached: () => !session.isAlive(row, number) || session.world.packets.netns.get(row) !== netns,
    concerns: ofPacket(session, row, number),
    threadId: () => number + 1,
    description: "Stepped out of the network namespace",
  });
}

/** The exact inverse: to before the latest event of this thread. */
export function stepBack(session: Session, threadId: number, size: "stage" | "rule"): Motion {
  const { sim } = session;
  const number = threadId === scenarioThreadId ? 0 : session.numberOfThread(threadId);
  const isOwn = (event: number) => {
    const at = sim.events.stage(event);
    if (number === 0) return at === stage.statement;
    return sim.events.walker(event) === number && (size === "rule" || at !== stage.nfRule);
  };
  const bornAt = number === 0 ? 0 : session.bornAt(number);
  session.leave();
  return {
    advance(maxEvents: number): MotionResult {
      for (let i = 0; i < maxEvents; i++) {
        const event = sim.position - 1;
        if (event < sim.earliest) return atBeginning(session);
        sim.goTo(event);
        if (isOwn(event)) return steppedBack(session, threadId);
        if (event <= bornAt) return steppedBack(session, session.threadOfNext());
      }
      return { kind: "more" };
    },
  };
}

function steppedBack(session: Session, threadId: number): MotionResult {
  session.arrive(threadId);
  return { kind: "stopped", stop: { reason: "step", threadId, description: "Stepped back", breakpointIds: [] } };
}

function atBeginning(session: Session): MotionResult {
  session.arrive(session.threadOfNext());
  const isWhole = session.sim.earliest === 0;
  const description = isWhole
    ? "This is the beginning of the scenario"
    : "This is the oldest event that the recording still holds; earlier ones were dropped to bound memory";
  return {
    kind: "stopped",
    stop: { reason: "entry", threadId: session.threadOfNext(), description, breakpointIds: [] },
  };
}

/** Back to the moment before an event of the recording. */
export function goBackTo(session: Session, threadId: number, event: number): Motion {
  session.leave();
  return {
    advance(): MotionResult {
      session.sim.goTo(event);
      session.arrive(threadId);
      const description = "Went back to where the packet was in this frame";
      return { kind: "stopped", stop: { reason: "restart", threadId, description, breakpointIds: [] } };
    },
  };
}

/** Back to the previous breakpoint hit, or to the beginning. */
export function reverseContinue(session: Session): Motion {
  const { sim } = session;
  session.leave();
  return {
    advance(maxEvents: number): MotionResult {
      const watched = session.watchedStages();
      for (let i = 0; i < maxEvents; i++) {
        const event = sim.position - 1;
        if (event < sim.earliest) return atBeginning(session);
        sim.goTo(event);
        const changed = session.stopAfter("backward");
        if (changed !== undefined) return { kind: "stopped", stop: changed };
        if (watched[sim.events.stage(event)] === 0) continue;
        const next = session.next();
        const stop = next === undefined ? undefined : session.stopAt(next, "backward");
        if (stop !== undefined) return { kind: "stopped", stop };
      }
      return { kind: "more" };
    },
  };
}
