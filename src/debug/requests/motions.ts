import type { DebugLab, Motion } from "../../lab/api.ts";
import type { Arguments } from "../arguments.ts";
import { RequestError } from "../request-error.ts";
import type { Answer, Handlers, RequestContext } from "./request.ts";

/** Requests that set packets going, forwards or backwards, and `pause`. */
export function motionRequests(context: RequestContext): Handlers {
  return {
    continue: (args) => {
      args.integer("threadId");
      context.opened().resume("forward", (lab) => lab.continue());
      return { body: { allThreadsContinued: true } };
    },
    reverseContinue: (args) => {
      args.integer("threadId");
      context.opened().resume("backward", (lab) => lab.reverseContinue());
      return {};
    },
    next: (args) => stepForward(context, args, (lab, thread) => lab.stepOver(thread)),
    stepIn: (args) => stepIn(context, args),
    stepOut: (args) => stepForward(context, args, (lab, thread) => lab.stepOut(thread)),
    restartFrame: (args) => restartFrame(context, args),
    stepBack: (args) => {
      const size = granularityOf(args) === "line" ? "stage" : "rule";
      return step(context, args, "backward", (lab, thread) => lab.stepBack(thread, size));
    },
    pause: (args) => {
      args.integer("threadId");
      context.opened().pause();
      return {};
    },
  };
}

/** The choice is by the number that `stepInTargets` gave it. */
function stepIn(context: RequestContext, args: Arguments): Answer {
  const target = args.optionalInteger("targetId", 1);
  const count = target === undefined ? 0 : context.standing().lab.stepTargets(args.integer("threadId")).length;
  if (target !== undefined && target > count) throw new RequestError(`There is no target ${target} to step into`);
  return stepForward(context, args, (lab, thread) => lab.stepInto(thread, target && target - 1));
}

const granularities = ["statement", "line", "instruction"];

/** A statement is what the step itself stands for; a line is one stage, all rules of a chain in one; an instruction is one rule or stage. */
function stepForward(
  context: RequestContext,
  args: Arguments,
  make: (lab: DebugLab, threadId: number) => Motion,
): Answer {
  const granularity = granularityOf(args);
  if (granularity === "statement") return step(context, args, "forward", make);
  return step(context, args, "forward", (lab, thread) =>
    lab.stepStage(thread, granularity === "line" ? "stage" : "rule"),
  );
}

function granularityOf(args: Arguments): string {
  const granularity = args.optionalString("granularity") ?? "statement";
  if (granularities.includes(granularity)) return granularity;
  throw new RequestError(`granularity must be one of ${granularities.join(", ")}, not "${granularity}"`);
}

function step(
  context: RequestContext,
  args: Arguments,
  direction: "forward" | "backward",
  make: (lab: DebugLab, threadId: number) => Motion,
): Answer {
  const threadId = args.integer("threadId");
  const run = context.opened();
  run.assertStanding();
  if (!run.lab.hasThread(threadId)) throw new RequestError(`There is no thread ${threadId}`);
  run.resume(direction, (lab) => make(lab, threadId));
  return {};
}

function restartFrame(context: RequestContext, args: Arguments): Answer {
  const frameId = args.integer("frameId");
  const run = context.standing();
  const motion = run.lab.restartFrame(frameId);
  if (motion === undefined) throw new RequestError("The recording cannot be taken back to this frame");
  run.resume("backward", () => motion);
  return {};
}
