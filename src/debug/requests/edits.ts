import { scenarioThreadId } from "../../lab/protocol.ts";
import type { Arguments } from "../arguments.ts";
import { RequestError } from "../request-error.ts";
import type { Answer, Handlers, RequestContext } from "./request.ts";

/** Requests that change the world by hand. Each change is part of the recording: going back takes it back. */
export function editRequests(context: RequestContext): Handlers {
  return {
    terminateThreads: (args) => terminateThreads(context, args),
  };
}

/** Drops the packets where they are: what would happen without them? */
function terminateThreads(context: RequestContext, args: Arguments): Answer {
  const run = context.standing();
  const threads = args.optionalList("threadIds") ?? [];
  for (const threadId of threads) {
    if (threadId === scenarioThreadId) throw new RequestError("The scenario is no packet: Stop ends the session");
    const refusal = run.lab.dropPacket(Number(threadId));
    if (refusal !== undefined) throw new RequestError(`Thread ${threadId}: ${refusal}`);
  }
  return { afterwards: () => context.invalidate() };
}
